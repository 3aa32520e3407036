"""Decide what a delivery is, and commit the decision: skipped, on hold, or a plan that waits to be sent."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from audit.models import Event
from audit.record import Happening, happenings
from connector_site.lib.secrets import seal
from connector_site.lib.wording import said
from exact.client import ExactClient
from exact.records import GoodsDelivery
from syncjobs import packing, queue, selection
from syncjobs.actions.previewing import quote_confirmed
from syncjobs.models import Attempt, Delivery, SyncJob
from syncjobs.models.shipments import MAY_EXIST
from syncjobs.packing import packed_of
from syncjobs.parties import keep_party
from syncjobs.problems import Problem, as_json
from syncjobs.queue import Job
from syncjobs.setup.going_live import content_to_approve
from syncjobs.steps import permission, rechecking
from syncjobs.steps.choices import Choices
from syncjobs.steps.context import Bench, Planned, Step
from syncjobs.steps.discarding import AGAIN
from syncjobs.steps.facts import facts_of, is_further, is_no_obstacle, lock_as_asked, touch
from syncjobs.steps.planning import Plan, Unready, plan
from syncjobs.transitions import delivery_event, move, move_attempt
from syncjobs.translate import Addressee
from tenants.context import tenant_context
from tenants.models import Tenant
from ups.errors import UpsRejected
from ups.services import service_name

NOT_APPROVED: dict[str, Any] = {"approved_at": None, "approved_content": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Where a delivery that is not planned is left, why, and what else is kept of it.

    What would be shipped, where that is known, is `made`; `asks` says that a person is to say yes to it. `to_whom` it
    goes is known where it is ours: she is looked for, and told apart, also while it cannot be shipped.
    """

    to: Delivery.State
    problems: list[Problem]
    changes: dict[str, Any] = field(default_factory=dict)
    made: Plan | None = None
    asks: bool = False
    to_whom: Addressee | None = None


def decide(delivery: Delivery, goods: GoodsDelivery, *, job: Job, step: Step, client: ExactClient, stay: bool) -> None:
    """Plan the shipment, or settle on why there is none. `stay` keeps the next step in this worker."""
    if stays(delivery):
        _leave(delivery, goods, job=job, step=step)
        return
    is_fresh = delivery.asked_again_at is not None or (
        job.kind == SyncJob.Kind.RECHECK and not content_to_approve(delivery)
    )
    bench = step.bench(delivery.connection, client, is_fresh=is_fresh)
    found = foresee(delivery, goods, bench)
    if isinstance(found, Stop):
        _settle(delivery, goods, found, choices=bench.choices, job=job, step=step)
        return
    _commit_plan(delivery, goods, found, choices=bench.choices, job=job, step=step, stay=stay)


def foresee(delivery: Delivery, goods: GoodsDelivery, bench: Bench) -> Plan | Stop:
    """What a delivery as Exact shows it comes to; nothing is written. Raises Exact's errors."""
    if is_no_obstacle(delivery, goods.tracking_number):
        goods = replace(goods, tracking_number="")
    try:
        permission.must_have_begun(delivery, goods, bench.choices)
        made = plan(goods, choices=bench.choices, master=bench.master, packed=packed_of(delivery))
    except selection.NotOurs as skipped:
        return _left_alone(delivery, skipped.reason)
    except Unready as unready:
        changed = any(problem.code == packing.CHANGED for problem in unready.problems)
        return Stop(
            to=Delivery.State.HOLD,
            problems=unready.problems,
            made=unready.but_for_parcels,
            asks=changed,
            to_whom=unready.to,
        )
    return _approval(delivery, made, bench.choices) or made


def _left_alone(delivery: Delivery, reason: Problem) -> Stop:
    """One that UPS had made a shipment of, or may have, is not passed over in silence: a person sees why it waits."""
    past = {Attempt.State.REFUSED, Attempt.State.NOT_SENT}
    with tenant_context(delivery.tenant_id):
        sent = Attempt.objects.filter(tenant_id=delivery.tenant_id, delivery_id=delivery.pk, sent_at__isnull=False)
        was_shipped = sent.exclude(state__in=past).exists()
    if not was_shipped or reason.code in selection.WAITS_FOR_GOING_LIVE:
        return Stop(to=Delivery.State.SKIPPED, problems=[reason])
    if reason.code == "has_tracking_number":
        text = said("Another tracking number stands in Exact Online, so it is not shipped again.")
        reason = replace(reason, text=text, where=said("Clear it in Exact Online, or cancel the delivery here."))
    return Stop(to=Delivery.State.HOLD, problems=[reason])


def _approval(delivery: Delivery, made: Plan, choices: Choices) -> Stop | None:
    """What it waits for where a person has to approve each shipment, or this one; she is shown who it goes to."""
    if not _needs_yes(delivery, choices):
        return None
    asked = permission.approval_needed(delivery, made)
    if asked is None:
        return None
    return Stop(to=Delivery.State.HOLD, problems=[asked], changes=NOT_APPROVED, made=made, asks=True, to_whom=made.to)


def _needs_yes(delivery: Delivery, choices: Choices) -> bool:
    """Whether nothing is sent but with the content that a person said yes to.

    To void a shipment and ship again is a yes to the same content alone.
    """
    if choices.shipping_mode == Tenant.ShippingMode.APPROVAL or is_further(delivery):
        return True
    if delivery.facts_read_at is None:
        return False
    with tenant_context(delivery.tenant_id):
        voided = delivery.attempts.filter(state=Attempt.State.VOIDED, orphaned_at=None)
        return voided.filter(shipment_no=delivery.shipment_no, evidence__then=AGAIN).exists()


def stays(delivery: Delivery) -> bool:
    """Whether only a person starts another shipment: it was ended here, voided at UPS, or lost there again and again.

    Nor is one planned while an earlier one may exist.
    """
    if delivery.stopped_at is not None and delivery.asked_again_at is None:
        return True
    if delivery.facts_read_at is None:
        return False
    with tenant_context(delivery.tenant_id):
        return delivery.attempts.filter(state__in=MAY_EXIST, orphaned_at=None).exists()


def _leave(delivery: Delivery, goods: GoodsDelivery, *, job: Job, step: Step) -> None:
    """It stays as it stands, with what Exact shows now."""
    with tenant_context(job.tenant_id):
        lock_as_asked(delivery)
        queue.finish(job)
        touch(delivery, facts_of(goods, step.read_at or step.at))
        happenings(delivery.tenant_id, step.told(delivery))


def _settle(delivery: Delivery, goods: GoodsDelivery, stop: Stop, *, choices: Choices, job: Job, step: Step) -> None:
    """Skip or hold; a delivery that stays where it was leaves one quiet line only."""
    with tenant_context(job.tenant_id):
        lock_as_asked(delivery)
        permission.must_still_hold(delivery, stop.problems, choices)
        events = [*drop_planned(delivery, last_attempt(delivery)), *step.told(delivery)]
        queue.finish(job)
        changes = _facts(goods, step, stop.made) | {"asked_again_at": None, "stopped_at": None} | stop.changes
        if stop.to_whom is not None:
            keep_party(delivery, stop.to_whom.party, at=step.at, in_exact=stop.to_whom.in_exact)
        if delivery.state != stop.to:
            move(delivery, to=stop.to, at=step.at, problems=stop.problems, changes=changes, events=events)
        else:
            is_new = delivery.problems != as_json(stop.problems)
            touch(delivery, changes | {"problems": as_json(stop.problems)})
            happenings(
                delivery.tenant_id, [*events, *([delivery_event(delivery, Event.Kind.CHANGED)] if is_new else [])]
            )
        if stop.to == Delivery.State.HOLD:
            not_before = step.at + permission.APPROVAL_LOOK if stop.asks else None
            rechecking.schedule(delivery, job=job, at=step.at, not_before=not_before)


def _commit_plan(
    delivery: Delivery, goods: GoodsDelivery, made: Plan, *, choices: Choices, job: Job, step: Step, stay: bool
) -> None:
    with tenant_context(job.tenant_id):
        lock_as_asked(delivery)
        last = last_attempt(delivery)
        if refused_before(last, made, delivery):
            queue.finish(job)
            touch(delivery, _facts(goods, step, made))
            happenings(delivery.tenant_id, step.told(delivery))
            rechecking.schedule(delivery, job=job, at=step.at)
            return
        events = drop_planned(delivery, last)
        keep_party(delivery, made.spec.ship_to, at=step.at, in_exact=made.in_exact)
        attempt_no = last.attempt_no + 1 if last else 1
        attempt = create_attempt(delivery, made, attempt_no=attempt_no, at=min(step.at, choices.read_at))
        queue.finish(job)
        _ask_to_ship(attempt, step, stay=stay)
        changes = _facts(goods, step, made) | {"asked_again_at": None, "stopped_at": None}
        if not _needs_yes(delivery, choices):
            changes |= NOT_APPROVED
        elif made.is_packed and not is_further(delivery):
            changes |= {"approved_at": delivery.packed_at, "approved_content": made.content_hash}
        events += step.told(delivery)
        if delivery.state == Delivery.State.READY:
            touch(delivery, changes)
            happenings(delivery.tenant_id, events)
        else:
            move(delivery, to=Delivery.State.READY, at=step.at, changes=changes, events=events)


def _facts(goods: GoodsDelivery, step: Step, made: Plan | None) -> dict[str, Any]:
    """The columns that a read fills, with what the packing desk shows of the shipment that was planned."""
    changes = facts_of(goods, step.read_at or step.at)
    if made is not None:
        service = service_name(made.spec.origin.country, made.spec.service_code)
        seen = packing.as_facts(made.spec, content=made.unpacked, service=service, is_weighed=made.is_weighed)
        changes["facts"] |= seen
    return changes


def create_attempt(delivery: Delivery, made: Plan, *, attempt_no: int, at: datetime) -> Attempt:
    """The intention to send this request once; with the price that UPS named, where a person was shown one."""
    is_confirmed = is_further(delivery) or delivery.return_of_id is not None
    quoted, currency = quote_confirmed(delivery, made.content_hash) if is_confirmed else (None, "")
    return Attempt.objects.create(
        tenant_id=delivery.tenant_id,
        delivery=delivery,
        account=made.account,
        shipment_no=delivery.shipment_no,
        attempt_no=attempt_no,
        reference=made.reference,
        shipper_number=made.account.shipper_number,
        environment=made.account.environment,
        request=seal(made.body, owner=delivery.code, purpose=made.reference),
        request_hash=made.content_hash,
        packages=len(made.spec.parcels),
        planned_at=at,
        quoted_amount=quoted,
        quoted_currency=currency,
    )


def _ask_to_ship(attempt: Attempt, step: Step, *, stay: bool) -> None:
    delivery = attempt.delivery
    tenant_id, kind = delivery.tenant_id, SyncJob.Kind.SHIP
    if not stay:
        queue.add(tenant_id, kind, delivery.code, due_at=step.at, correlation=delivery.correlation)
        return
    step.hand(delivery, Planned(attempt=attempt, connection=delivery.connection))
    step.follow(queue.add_claimed(tenant_id, kind, delivery.code, at=step.at, correlation=delivery.correlation))


def refused_before(last: Attempt | None, made: Plan, delivery: Delivery) -> bool:
    """The same request was refused already and nobody asked to try it once more: it would be refused again.

    A refusal of the account is another matter: it may have been lifted at UPS without a trace on our side. So is one
    that waited for approval since: where none is asked for any more, it would wait for nothing.
    """
    return (
        last is not None
        and last.state == Attempt.State.REFUSED
        and last.evidence.get("why") == UpsRejected.__name__
        and last.request_hash == made.content_hash
        and delivery.state == Delivery.State.HOLD
        and delivery.asked_again_at is None
        and not content_to_approve(delivery)
    )


def last_attempt(delivery: Delivery) -> Attempt | None:
    """The newest attempt of the shipment at hand; only that one can still be planned. None before the first read."""
    if delivery.facts_read_at is None:
        return None
    attempts = Attempt.objects.filter(tenant_id=delivery.tenant_id, delivery=delivery, shipment_no=delivery.shipment_no)
    return attempts.order_by("-attempt_no").first()


def drop_planned(delivery: Delivery, last: Attempt | None) -> list[Happening]:
    """A plan that was not sent gives way to what Exact shows now; the event is for the caller to record."""
    if last is None or last.state != Attempt.State.PLANNED:
        return []
    last.delivery = delivery
    return [move_attempt(last, to=Attempt.State.CANCELLED)]
