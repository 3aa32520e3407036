"""Send a planned request to UPS, once, and keep what comes back (`reliability.md` 1.2 and 1.3)."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from audit.models import Event
from audit.record import Happening, happenings
from connector_site.lib.secrets import unseal
from syncjobs import alerting, queue, retry
from syncjobs.looking import WITHOUT_ALERT_HOURS, hours
from syncjobs.models import Attempt, Delivery, Label, Parcel, Shipment, SyncJob
from syncjobs.models.shipments import LIVE_ATTEMPT_STATES
from syncjobs.problems import Problem
from syncjobs.queue import Job
from syncjobs.steps import rechecking
from syncjobs.steps.context import Labelled, Planned, Step
from syncjobs.transitions import DELIVERY_MOVES, delivery_event, move, move_attempt
from tenants.context import tenant_context
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
"""An older plan is made anew: the delivery may have changed without a notification."""
SENDING_LEASE = timedelta(seconds=queue.LEASE_SECONDS)
"""Longer than connecting, reading and committing together (`reliability.md` 1.2)."""
SENDING_PAUSE_SECONDS = 20
"""A process that was paused for longer between its commit and the call must not send any more."""
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
        if step.at - attempt.planned_at > PLAN_GOOD_FOR:
            _plan_anew(attempt, job, step)
            return None
        return attempt


def _live_attempt(job: Job) -> Attempt | None:
    return (
        Attempt.objects.select_related("delivery__connection", "account")
        .filter(tenant_id=job.tenant_id, delivery__code=job.subject)
        .filter(Q(state__in=LIVE_ATTEMPT_STATES))
        .order_by("-shipment_no")
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


def _plan_anew(attempt: Attempt, job: Job, step: Step) -> None:
    delivery = attempt.delivery
    cancelled = move_attempt(attempt, to=Attempt.State.CANCELLED)
    queue.add(job.tenant_id, SyncJob.Kind.READ, delivery.code, due_at=step.at, correlation=delivery.correlation)
    queue.finish(job)
    happenings(job.tenant_id, [cancelled])


def _send(attempt: Attempt, job: Job, step: Step, client: UpsClient) -> None:
    committed_at = time.clock_gettime(time.CLOCK_BOOTTIME)
    with tenant_context(job.tenant_id):
        sent_at = timezone.now()
        sending = move_attempt(
            attempt,
            to=Attempt.State.SENDING,
            changes={"sent_at": sent_at, "lease_until": sent_at + SENDING_LEASE},
        )
        move(attempt.delivery, to=Delivery.State.SHIPPING, at=sent_at, events=[*step.told(attempt.delivery), sending])
        body = unseal(attempt.request, owner=attempt.delivery.code, purpose=attempt.reference)
    if time.clock_gettime(time.CLOCK_BOOTTIME) - committed_at > SENDING_PAUSE_SECONDS:
        late = UpsUnavailable("The worker was paused before the request left; nothing was sent.", operation="ship")
        _not_sent(attempt, late, job, step)
        return
    try:
        answer = client.ship(body)
    except UpsError as error:
        _no_shipment(attempt, error, job, step)
    else:
        _keep(attempt, answer, job, step)


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
    """The outcome is unknown: it stays so, is shown, and nothing is sent again (`reliability.md` R3)."""
    delivery = attempt.delivery
    event = move_attempt(attempt, to=Attempt.State.IN_DOUBT, changes={"evidence": evidence})
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
    at = timezone.now()
    with tenant_context(job.tenant_id):
        delivery, is_to_be_read = _locked(attempt)
        delivery.connection = attempt.delivery.connection
        attempt.delivery = delivery
        created = _created(attempt, at)
        if created is None:
            _keep_late(attempt, answer, job, step)
            return
        shipment = _store(attempt, answer, at)
        _end(job)
        events = [*step.told(delivery), created, _labels_event(delivery, shipment, answer)]
        if Delivery.State.LABELLED not in DELIVERY_MOVES[delivery.state]:
            move(delivery, to=Delivery.State.REVIEW, at=at, problems=[_unexpected_label(shipment)], events=events)
            return
        alerting.want(attempt.account, [parcel.tracking_number for parcel in answer.parcels], at=at)
        move_on = queue.add_claimed(
            job.tenant_id, SyncJob.Kind.REPORT, delivery.code, at=at, correlation=delivery.correlation
        )
        read_at = None if is_to_be_read else delivery.facts_read_at
        move(delivery, to=Delivery.State.LABELLED, at=at, changes={"facts_read_at": read_at}, events=events)
        numbers = [parcel.tracking_number for parcel in answer.parcels]
        step.hand(delivery, Labelled(delivery=delivery, numbers=numbers))
        step.follow(move_on)


def _locked(attempt: Attempt) -> tuple[Delivery, bool]:
    """The delivery, and whether Exact told of a change of it meanwhile: then what was read of it no longer holds."""
    asked = SyncJob.objects.filter(
        tenant_id=attempt.tenant_id,
        kind=SyncJob.Kind.READ,
        subject=OuterRef("code"),
        state__in=[SyncJob.State.DUE, SyncJob.State.RUNNING],
    )
    rows = Delivery.objects.select_for_update().annotate(is_to_be_read=Exists(asked))
    delivery = rows.get(tenant_id=attempt.tenant_id, pk=attempt.delivery_id)
    return delivery, delivery.is_to_be_read


def _created(attempt: Attempt, at: datetime) -> Happening | None:
    """Mark the attempt as done; None when its doubt was settled otherwise before the answer came."""
    attempt.refresh_from_db(fields=["state"])
    if attempt.state not in (Attempt.State.SENDING, Attempt.State.IN_DOUBT):
        return None
    return move_attempt(attempt, to=Attempt.State.CREATED, changes={"settled_at": at})


def _unexpected_label(shipment: Shipment) -> Problem:
    return Problem(
        code="unexpected_label",
        text=f"UPS made shipment {shipment.ups_shipment_id}, but the delivery was stopped in the meantime.",
        where="If the goods leave, use this label and enter its number in Exact; else void the shipment at UPS.",
    )


def _end(job: Job) -> None:
    """End the job unless another worker took it over: the shipment is kept either way."""
    try:
        queue.finish(job)
    except queue.LostClaim:
        return


def _keep_late(attempt: Attempt, answer: ShipmentAnswer, job: Job, step: Step) -> None:
    """An answer that came after the doubt was settled: kept as evidence for a person, never dropped."""
    numbers = [parcel.tracking_number for parcel in answer.parcels]
    late = {"shipment": answer.ups_shipment_id, "numbers": numbers}
    Attempt.objects.filter(pk=attempt.pk, tenant_id=job.tenant_id).update(late_answer=late)
    note = delivery_event(attempt.delivery, Event.Kind.CHANGED, details={"what": "late answer", **late})
    happenings(job.tenant_id, [*step.told(attempt.delivery), note])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Package:
    weight: str
    unit: str


def _packages(attempt: Attempt) -> list[_Package]:
    body = unseal(attempt.request, owner=attempt.delivery.code, purpose=attempt.reference)
    sent = [row.get("PackageWeight", {}) for row in body["ShipmentRequest"]["Shipment"]["Package"]]
    return [
        _Package(weight=row.get("Weight", "0"), unit=row.get("UnitOfMeasurement", {}).get("Code", "")) for row in sent
    ]


def _store(attempt: Attempt, answer: ShipmentAnswer, at: datetime) -> Shipment:
    shipment = Shipment.objects.create(
        tenant_id=attempt.tenant_id,
        attempt=attempt,
        delivery=attempt.delivery,
        ups_shipment_id=answer.ups_shipment_id,
        service_code=_service(attempt),
        charge_amount=answer.charge,
        charge_currency=answer.currency or "",
        alerts=[{"code": alert.code, "text": alert.text} for alert in answer.alerts],
        created_at=at,
    )
    parcels = Parcel.objects.bulk_create(
        Parcel(
            tenant_id=attempt.tenant_id,
            shipment=shipment,
            position=position,
            tracking_number=parcel.tracking_number,
            weight=package.weight,
            weight_unit=package.unit,
            look_at=at + hours(WITHOUT_ALERT_HOURS),
        )
        for position, (parcel, package) in enumerate(zip(answer.parcels, _packages(attempt), strict=True), start=1)
    )
    Label.objects.bulk_create(
        Label(
            tenant_id=attempt.tenant_id,
            parcel=parcel,
            image_format=label.image_format,
            content=label.content,
            created_at=at,
        )
        for parcel, label in zip(parcels, answer.parcels, strict=True)
    )
    return shipment


def _service(attempt: Attempt) -> str:
    body = unseal(attempt.request, owner=attempt.delivery.code, purpose=attempt.reference)
    return str(body["ShipmentRequest"]["Shipment"]["Service"]["Code"])


def _labels_event(delivery: Delivery, shipment: Shipment, answer: ShipmentAnswer) -> Happening:
    numbers = [parcel.tracking_number for parcel in answer.parcels]
    return delivery_event(
        delivery,
        Event.Kind.CHANGED,
        details={"what": "labels stored", "shipment": shipment.ups_shipment_id, "numbers": numbers},
    )
