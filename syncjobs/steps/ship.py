"""Send a planned request to UPS, once, and keep what comes back (`reliability.md` 1.2 and 1.3)."""

import time
from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Q, Subquery
from django.utils import timezone

from audit.models import Event
from audit.record import happenings
from connector_site.lib.secrets import unseal
from connector_site.lib.wording import said
from syncjobs import queue, retry
from syncjobs.doubts import adopting
from syncjobs.doubts.evidence import begin_doubt, told
from syncjobs.doubts.settling import DOUBTS_AT_ONCE, PAUSE_MINUTES, are_too_many, minutes
from syncjobs.models import Attempt, Delivery, SyncJob
from syncjobs.queue import Job
from syncjobs.setup import going_live
from syncjobs.steps import rechecking
from syncjobs.steps.context import Planned, Step
from syncjobs.steps.facts import lock
from syncjobs.transitions import delivery_event, move, move_attempt
from tenants import shipping_switch
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.shipping_switch import Switch
from ups.access import open_client
from ups.client import UpsClient
from ups.errors import (
    UpsAccountBlocked,
    UpsCredentialRefused,
    UpsError,
    UpsProductMissing,
    UpsRejected,
    UpsUnavailable,
)
from ups.shipping import ShipmentAnswer

PLAN_GOOD_FOR = timedelta(minutes=10)
"""An older plan is made anew: the delivery may have changed without a notification.

So is one whose company was disconnected: the new reading waits until it is connected again.
"""
SENDING_LEASE = timedelta(seconds=queue.LEASE_SECONDS)
"""Longer than connecting, reading and committing together (`reliability.md` 1.2)."""
SENDING_PAUSE_SECONDS = queue.LEASE_SECONDS / 6
"""A process that was paused for longer between its commit and the call must not send any more (20 s of 120)."""
LEAST_PAUSE = timedelta(seconds=2)
"""However fast settling goes: a job that waits for others is not looked at all the time."""
Mode = Tenant.ShippingMode
MAX_TRIES = 8
"""Attempts that never reached UPS before a person looks (`reliability.md` 4, poison)."""


def ship(job: Job, step: Step) -> None:
    """The step. A plan is sent; an attempt found half-way is never sent again but becomes in doubt."""
    handed = step.handed.pop(job.subject, None)
    attempt = handed.attempt if isinstance(handed, Planned) else _to_send(job, step)
    if attempt is None:
        return
    client = open_client(attempt.account, observe=step.observe)
    client.prepare()
    _send(attempt, job, step, client)


def _to_send(job: Job, step: Step) -> Attempt | None:
    """The planned attempt; None when there is nothing to send, and then the job has been seen to."""
    with tenant_context(job.tenant_id):
        attempt = _live_attempt(job)
        if attempt is None or attempt.state not in (Attempt.State.PLANNED, Attempt.State.SENDING):
            queue.finish(job)
            return None
        if attempt.state == Attempt.State.SENDING:
            _found_sending(attempt, job, step)
            return None
        lock(attempt.delivery)
        if shipping_switch.read(job.tenant_id).paused_at is not None:
            _hold_back(job, step)
            return None
        if step.at - attempt.planned_at > PLAN_GOOD_FOR or not attempt.delivery.connection.is_live:
            _plan_anew(attempt, job, step)
            return None
        return attempt


_PLANNED_NOW = Q(state=Attempt.State.PLANNED, shipment_no=F("delivery__shipment_no"))


def _live_attempt(job: Job) -> Attempt | None:
    return (
        Attempt.objects.select_related("delivery__connection", "account")
        .filter(tenant_id=job.tenant_id, delivery__code=job.subject)
        .filter(Q(state=Attempt.State.SENDING) | _PLANNED_NOW)
        .order_by("-state", "-shipment_no")
        .first()
    )


def sending_was_found(job: Job, step: Step) -> bool:
    """Settle the attempt of a job that ended without a result too often, if it had begun to send."""
    if job.kind != SyncJob.Kind.SHIP:
        return False
    with tenant_context(job.tenant_id):
        attempt = _live_attempt(job)
        if attempt is None or attempt.state != Attempt.State.SENDING:
            return False
        _found_sending(attempt, job, step)
    return True


def _found_sending(attempt: Attempt, job: Job, step: Step) -> None:
    """A worker died, or is still waiting for its answer: wait for its lease, then the outcome is unknown."""
    if attempt.lease_until and attempt.lease_until > step.at:
        queue.put_back(job, due_at=attempt.lease_until, error="being sent by another worker", counts=False)
        return
    _put_in_doubt(attempt, job, step, {"why": "no answer was recorded before the lease ran out"})


def _plan_anew(attempt: Attempt, job: Job, step: Step, *, is_closed: bool = False) -> None:
    """Give the plan up, under its delivery's lock, and have the delivery read again unless the company has ended."""
    delivery = attempt.delivery
    cancelled = move_attempt(attempt, to=Attempt.State.CANCELLED)
    if not is_closed:
        queue.add(job.tenant_id, SyncJob.Kind.READ, delivery.code, due_at=step.at, correlation=delivery.correlation)
    queue.finish(job)
    happenings(job.tenant_id, [cancelled])


def _send(attempt: Attempt, job: Job, step: Step, client: UpsClient) -> None:
    committed_at = time.clock_gettime(time.CLOCK_BOOTTIME)
    with tenant_context(job.tenant_id):
        if _waits(attempt, job, step):
            return
        sent_at = timezone.now()
        sending = move_attempt(
            attempt,
            to=Attempt.State.SENDING,
            changes={
                "sent_at": sent_at,
                "lease_until": sent_at + SENDING_LEASE,
                "due_at": sent_at + SENDING_LEASE,
            },
        )
        move(attempt.delivery, to=Delivery.State.SHIPPING, at=sent_at, events=[*step.told(attempt.delivery), sending])
        body = unseal(attempt.request, owner=attempt.delivery.code, purpose=attempt.reference)
    if time.clock_gettime(time.CLOCK_BOOTTIME) - committed_at > SENDING_PAUSE_SECONDS:
        late = UpsUnavailable(
            said("The worker was paused before the request left; nothing was sent."), operation="ship"
        )
        _not_sent(attempt, late, job, step)
        return
    try:
        answer = client.ship(body)
    except UpsError as error:
        _no_shipment(attempt, error, job, step)
    else:
        _keep(attempt, answer, job, step)


def _waits(attempt: Attempt, job: Job, step: Step) -> bool:
    """Lock the delivery and the company's switch, and see to the job where nothing may be sent now.

    That is while the company pauses or once it has ended, once it ships otherwise than when this was planned, and while
    its account has left too much unanswered.
    """
    doubts = Attempt.objects.filter(
        tenant_id=attempt.tenant_id, account_id=attempt.account_id, state=Attempt.State.IN_DOUBT
    )
    counted = doubts.order_by().values("account").annotate(number=Count("pk")).values("number")
    rows = Delivery.objects.select_for_update().annotate(doubts=Subquery(counted))
    chosen = rows.values_list("doubts", "approved_content")
    unsettled, approved_content = chosen.get(tenant_id=attempt.tenant_id, pk=attempt.delivery_id)
    switch = shipping_switch.read(attempt.tenant_id)
    if switch.paused_at is not None and switch.closed_at is None:
        _hold_back(job, step)
        return True
    if _is_overtaken(attempt, switch, approved_content):
        _plan_anew(attempt, job, step, is_closed=switch.closed_at is not None)
        return True
    if (unsettled or 0) < DOUBTS_AT_ONCE:
        return False
    if not are_too_many([moment for moment in doubts.values_list("doubt_at", flat=True) if moment is not None]):
        return False
    due_at = step.at + max(minutes(PAUSE_MINUTES), LEAST_PAUSE)
    queue.put_back(job, due_at=due_at, error="too many outcomes at UPS are unknown", counts=False)
    return True


def _is_overtaken(attempt: Attempt, switch: Switch, approved_content: str) -> bool:
    """Whether what was planned is not what the company would have sent now."""
    if switch.closed_at is not None or switch.mode == Mode.OFF:
        return True
    if switch.plans_from_at is not None and attempt.planned_at < switch.plans_from_at:
        return True
    needs_approval = switch.mode == Mode.APPROVAL or attempt.shipment_no > 1
    return needs_approval and approved_content != attempt.request_hash


def _hold_back(job: Job, step: Step) -> None:
    """Let it wait while the company pauses. Under the lock of the switch, so that resuming finds every such job."""
    queue.put_back(job, due_at=step.at + going_live.PAUSED_LOOK, error=going_live.PAUSED, counts=False)


def _no_shipment(attempt: Attempt, error: UpsError, job: Job, step: Step) -> None:
    match error:
        case UpsUnavailable():
            _not_sent(attempt, error, job, step)
        case UpsCredentialRefused():
            _refused(attempt, error, Attempt.State.NOT_SENT, job, step)
        case UpsRejected() | UpsProductMissing() | UpsAccountBlocked():
            _refused(attempt, error, Attempt.State.REFUSED, job, step)
        case _:
            with tenant_context(job.tenant_id):
                _put_in_doubt(attempt, job, step, _evidence(error))


def _not_sent(attempt: Attempt, error: UpsUnavailable, job: Job, step: Step) -> None:
    """Proven not processed: a new attempt with a new reference, later."""
    if _times_not_sent(attempt) >= MAX_TRIES:
        _refused(attempt, error, Attempt.State.NOT_SENT, job, step)
        return
    at = timezone.now()
    wait = timedelta(seconds=error.retry_after_seconds or 0)
    due_at = max(at + wait, retry.backoff(attempt.attempt_no, at=at))
    delivery = attempt.delivery
    with tenant_context(job.tenant_id):
        lock(delivery)
        event = move_attempt(
            attempt, to=Attempt.State.NOT_SENT, changes={"settled_at": at, "evidence": _evidence(error)}
        )
        move(delivery, to=Delivery.State.RECEIVED, at=at, events=[*step.told(delivery), event])
        queue.add(job.tenant_id, SyncJob.Kind.READ, delivery.code, due_at=due_at, correlation=delivery.correlation)
        queue.finish(job)


def _times_not_sent(attempt: Attempt) -> int:
    """How often this shipment did not reach UPS, this time included."""
    with tenant_context(attempt.tenant_id):
        before = attempt.delivery.attempts.filter(shipment_no=attempt.shipment_no, state=Attempt.State.NOT_SENT)
        return before.count() + 1


def _refused(attempt: Attempt, error: UpsError, state: Attempt.State, job: Job, step: Step) -> None:
    """Understood and refused: a person must fix what UPS names; we look again by ourselves."""
    at = timezone.now()
    delivery = attempt.delivery
    with tenant_context(job.tenant_id):
        lock(delivery)
        event = move_attempt(attempt, to=state, changes={"settled_at": at, "evidence": _evidence(error)})
        move(
            delivery,
            to=Delivery.State.HOLD,
            at=at,
            problems=[retry.ups_problem(error)],
            events=[*step.told(delivery), event],
        )
        queue.finish(job)
        rechecking.schedule(delivery, job=job, at=at)


def _put_in_doubt(attempt: Attempt, job: Job, step: Step, evidence: dict[str, Any]) -> None:
    """The outcome is unknown: nothing is sent again, UPS is asked (`reliability.md` R3)."""
    delivery, at = attempt.delivery, timezone.now()
    lock(delivery)
    event = begin_doubt(attempt, evidence=evidence, at=at)
    queue.add(job.tenant_id, SyncJob.Kind.SETTLE, delivery.code, due_at=at, correlation=delivery.correlation)
    queue.finish(job)
    happenings(job.tenant_id, [*step.told(delivery), event])


def _evidence(error: UpsError) -> dict[str, Any]:
    reported = getattr(error, "tracking_number", "")
    found = {"why": type(error).__name__, "status": error.status, "code": error.code, "reported_number": reported}
    return {name: value for name, value in found.items() if value}


def _keep(attempt: Attempt, answer: ShipmentAnswer, job: Job, step: Step) -> None:
    """Store numbers, labels and cost in one commit, before anything else happens (`reliability.md` R2).

    That depends on the attempt alone: whatever became of the delivery or of our claim meanwhile, a label that is paid
    for is kept.
    """
    with tenant_context(job.tenant_id):
        is_to_be_read = adopting.lock(attempt)
        if attempt.state not in adopting.UNSETTLED:
            _keep_late(attempt, answer, job, step)
            return
        made = adopting.made(answer)
        adopting.keep(attempt, made, step=step, at=timezone.now(), end=lambda: _end(job), is_to_be_read=is_to_be_read)


def _end(job: Job) -> None:
    """End the job unless another worker took it over: the shipment is kept either way."""
    try:
        queue.finish(job)
    except queue.LostClaim:
        return


def _keep_late(attempt: Attempt, answer: ShipmentAnswer, job: Job, step: Step) -> None:
    """An answer that came after the doubt was settled: kept as evidence, and settled anew where it says otherwise."""
    at = timezone.now()
    numbers = [parcel.tracking_number for parcel in answer.parcels]
    late = {"shipment": answer.ups_shipment_id, "numbers": numbers}
    changes: dict[str, Any] = {"late_answer": late}
    changes |= {"evidence": told(attempt, source="late_answer", said="made after all", numbers=numbers, at=at)}
    if attempt.state == Attempt.State.ABSENT:
        changes["due_at"] = at
        delivery = attempt.delivery
        queue.add(job.tenant_id, SyncJob.Kind.SETTLE, delivery.code, due_at=at, correlation=delivery.correlation)
    Attempt.objects.filter(pk=attempt.pk, tenant_id=job.tenant_id).update(**changes)
    _end(job)
    note = delivery_event(attempt.delivery, Event.Kind.CHANGED, details={"what": "late answer", **late})
    happenings(job.tenant_id, [*step.told(attempt.delivery), note])
