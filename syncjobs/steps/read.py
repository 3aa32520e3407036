"""Read deliveries from Exact, decide what they are, and plan their shipments. One call serves many deliveries."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from audit.models import Event
from audit.record import happenings
from connector_site.lib.secrets import seal
from exact.access import open_client
from exact.client import ExactClient
from exact.errors import ExactError
from exact.limits import BudgetClass
from exact.records import GoodsDelivery
from syncjobs import queue, selection, translate
from syncjobs.models import Attempt, Delivery, Parcel, PartyAddress, SyncJob
from syncjobs.models.shipments import LIVE_ATTEMPT_STATES
from syncjobs.problems import Problem
from syncjobs.queue import Job
from syncjobs.steps import gone, rechecking
from syncjobs.steps.context import Step
from syncjobs.steps.planning import Plan, Unready, plan
from syncjobs.transitions import delivery_event, move, move_attempt
from tenants.context import tenant_context
from ups.shipment_spec import PartySpec

READ_AT_ONCE = 25
"""Deliveries in one call: their keys fit into a URL of 2,000 characters (`exact.md` 6.1)."""
EMPTY_LINES_SECONDS = 5
EMPTY_LINES_TRIES = 3
"""A delivery may be announced before a read shows its lines (`exact.md` 10)."""
OPEN_TO_PLANNING = frozenset(
    {Delivery.State.RECEIVED, Delivery.State.READY, Delivery.State.SKIPPED, Delivery.State.HOLD}
)


def read(job: Job, step: Step) -> None:
    """The step: this delivery and, in the same call, others of the same connection whose reads are due too.

    The others are handed back as jobs of their own with what was read, so that one's failure is not another's.
    """
    with tenant_context(job.tenant_id):
        delivery = _load(job)
        siblings = []
        if job.subject not in step.prefetched:
            siblings = queue.claim_siblings(job, connection_id=delivery.connection_id, limit=READ_AT_ONCE - 1)
            entry_ids = _entry_ids(job, siblings)
    client = open_client(delivery.connection, purpose=BudgetClass.SHIP, observe=step.observe)
    if job.subject not in step.prefetched:
        step.following.extend(siblings)
        _fetch(client, entry_ids, step)
    goods = step.prefetched.pop(job.subject)
    if isinstance(goods, ExactError):
        raise goods
    handle(delivery, goods, job=job, step=step, client=client, stay=not siblings and not step.prefetched)


def _entry_ids(job: Job, siblings: list[Job]) -> dict[UUID, UUID]:
    codes = [job.subject, *(sibling.subject for sibling in siblings)]
    rows = Delivery.objects.filter(tenant_id=job.tenant_id, code__in=codes)
    return dict(rows.values_list("code", "exact_entry_id"))


def _fetch(client: ExactClient, entry_ids: dict[UUID, UUID], step: Step) -> None:
    try:
        found = {goods.entry_id: goods for goods in client.goods_deliveries(list(entry_ids.values()))}
    except ExactError as error:
        step.prefetched.update(dict.fromkeys(entry_ids, error))
        return
    for code, entry_id in entry_ids.items():
        step.prefetched[code] = found.get(entry_id)


def _load(job: Job) -> Delivery:
    return Delivery.objects.select_related("connection", "connection__grant").get(
        tenant_id=job.tenant_id, code=job.subject
    )


def handle(  # noqa: PLR0913  one delivery in a batch
    delivery: Delivery, goods: GoodsDelivery | None, *, job: Job, step: Step, client: ExactClient, stay: bool
) -> None:
    """Bring one delivery up to what Exact shows. `stay` keeps its next step in this worker."""
    if goods is None:
        gone.handle(delivery, job=job, step=step)
        return
    if not goods.lines and job.failures < EMPTY_LINES_TRIES:
        with tenant_context(job.tenant_id):
            queue.put_back(
                job, due_at=step.at + timedelta(seconds=EMPTY_LINES_SECONDS), error="no lines yet", counts=True
            )
        return
    if delivery.state not in OPEN_TO_PLANNING or _has_shipment(delivery):
        _confirm(delivery, goods, job=job, step=step)
        return
    _plan(delivery, goods, job=job, step=step, client=client, stay=stay)


def _has_shipment(delivery: Delivery) -> bool:
    with tenant_context(delivery.tenant_id):
        return Attempt.objects.filter(
            tenant_id=delivery.tenant_id,
            delivery=delivery,
            shipment_no=delivery.shipment_no,
            state__in=set(LIVE_ATTEMPT_STATES) - {Attempt.State.PLANNED},
        ).exists()


def _plan(  # noqa: PLR0913  one delivery in a batch
    delivery: Delivery, goods: GoodsDelivery, *, job: Job, step: Step, client: ExactClient, stay: bool
) -> None:
    fresh = job.kind == SyncJob.Kind.RECHECK or delivery.asked_again_at is not None
    try:
        made = plan(delivery.connection, goods, client=client, own_numbers=set(), fresh=fresh)
    except selection.NotOurs as skipped:
        _settle(delivery, goods, Delivery.State.SKIPPED, [skipped.reason], job=job, step=step)
    except Unready as unready:
        _settle(delivery, goods, Delivery.State.HOLD, unready.problems, job=job, step=step)
    else:
        _commit_plan(delivery, goods, made, job=job, step=step, stay=stay)


def _settle(  # noqa: PLR0913  one delivery in a batch
    delivery: Delivery,
    goods: GoodsDelivery,
    to: Delivery.State,
    problems: list[Problem],
    *,
    job: Job,
    step: Step,
) -> None:
    """Skip or hold; a delivery that stays where it was leaves one quiet line only."""
    with tenant_context(job.tenant_id):
        _drop_planned(delivery)
        changes = facts_of(goods, step.at) | {"asked_again_at": None}
        if delivery.state == to and delivery.problems == [_row(problem) for problem in problems]:
            _touch(delivery, changes)
            happenings(delivery.tenant_id, step.told(delivery))
        elif delivery.state == to:
            _touch(delivery, changes | {"problems": [_row(problem) for problem in problems]})
            happenings(delivery.tenant_id, [*step.told(delivery), delivery_event(delivery, Event.Kind.CHANGED)])
        else:
            move(delivery, to=to, at=step.at, problems=problems, changes=changes, events=step.told(delivery))
        queue.finish(job)
        if to == Delivery.State.HOLD:
            rechecking.schedule(delivery, job=job, at=step.at)


def _commit_plan(  # noqa: PLR0913  one delivery in a batch
    delivery: Delivery, goods: GoodsDelivery, made: Plan, *, job: Job, step: Step, stay: bool
) -> None:
    with tenant_context(job.tenant_id):
        last = (
            Attempt.objects.filter(
                tenant_id=delivery.tenant_id, delivery=delivery, shipment_no=delivery.shipment_no
            )
            .order_by("-attempt_no")
            .first()
        )
        if _refused_before(last, made, delivery):
            _touch(delivery, facts_of(goods, step.at))
            happenings(delivery.tenant_id, step.told(delivery))
            queue.finish(job)
            rechecking.schedule(delivery, job=job, at=step.at)
            return
        _drop_planned(delivery)
        _keep_address(delivery, made.spec.ship_to, step.at)
        Attempt.objects.create(
            tenant_id=delivery.tenant_id,
            delivery=delivery,
            account=made.account,
            shipment_no=delivery.shipment_no,
            attempt_no=last.attempt_no + 1 if last else 1,
            reference=made.reference,
            shipper_number=made.account.shipper_number,
            environment=made.account.environment,
            request=seal(made.body, owner=delivery.code, purpose=made.reference),
            request_hash=made.content_hash,
            packages=len(made.spec.parcels),
            planned_at=step.at,
        )
        changes = facts_of(goods, step.at) | {"asked_again_at": None}
        if delivery.state == Delivery.State.READY:
            _touch(delivery, changes)
            happenings(delivery.tenant_id, step.told(delivery))
        else:
            move(delivery, to=Delivery.State.READY, at=step.at, changes=changes, events=step.told(delivery))
        queue.finish(job)
        if stay:
            step.follow(
                queue.add_claimed(
                    delivery.tenant_id,
                    SyncJob.Kind.SHIP,
                    delivery.code,
                    at=step.at,
                    correlation=delivery.correlation,
                )
            )
        else:
            queue.add(
                delivery.tenant_id,
                SyncJob.Kind.SHIP,
                delivery.code,
                due_at=step.at,
                correlation=delivery.correlation,
            )


def _refused_before(last: Attempt | None, made: Plan, delivery: Delivery) -> bool:
    """The same request was refused already and nobody asked to try it once more: it would be refused again."""
    return (
        last is not None
        and last.state == Attempt.State.REFUSED
        and last.request_hash == made.content_hash
        and delivery.state == Delivery.State.HOLD
        and delivery.asked_again_at is None
    )


def _drop_planned(delivery: Delivery) -> None:
    """A plan that was not sent gives way to what Exact shows now."""
    planned = (
        Attempt.objects.select_related("delivery")
        .filter(
            tenant_id=delivery.tenant_id,
            delivery=delivery,
            shipment_no=delivery.shipment_no,
            state=Attempt.State.PLANNED,
        )
        .first()
    )
    if planned is not None:
        happenings(delivery.tenant_id, [move_attempt(planned, to=Attempt.State.CANCELLED)])


def _confirm(delivery: Delivery, goods: GoodsDelivery, *, job: Job, step: Step) -> None:
    """After the label: see that our number stands there; never write because of a notification (no echo loop)."""
    with tenant_context(job.tenant_id):
        ours = set(
            Parcel.objects.filter(tenant_id=delivery.tenant_id, shipment__delivery=delivery).values_list(
                "tracking_number", flat=True
            )
        )
        _touch(delivery, facts_of(goods, step.at))
        events = step.told(delivery)
        reported = delivery.state == Delivery.State.REPORTED
        if reported and ours and goods.tracking_number not in ours:
            events.append(delivery_event(delivery, Event.Kind.CHANGED, details={"what": "tracking number in Exact"}))
        happenings(delivery.tenant_id, events)
        if delivery.state == Delivery.State.HOLD and ours:
            move(delivery, to=Delivery.State.LABELLED, at=step.at)
            queue.add(
                delivery.tenant_id,
                SyncJob.Kind.REPORT,
                delivery.code,
                due_at=step.at,
                correlation=delivery.correlation,
            )
        queue.finish(job)


def facts_of(goods: GoodsDelivery, at: datetime) -> dict[str, Any]:
    """What we keep of the delivery: numbers and identifiers, no name, no address, no text of the customer."""
    orders = ", ".join(str(number) for number in translate.order_numbers(goods))
    return {
        "delivery_number": str(goods.delivery_number or ""),
        "order_numbers": orders[:200],
        "facts_read_at": at,
        "facts": {
            "tracking_number": goods.tracking_number,
            "shipping_method": goods.shipping_method_code,
            "warehouse": goods.warehouse_code,
            "lines": [
                {"item": line.item_code, "quantity": str(line.quantity), "order": line.sales_order_number}
                for line in goods.lines
            ],
        },
    }


def _touch(delivery: Delivery, changes: dict[str, Any]) -> None:
    Delivery.objects.filter(pk=delivery.pk, tenant_id=delivery.tenant_id).update(**changes)
    for name, value in changes.items():
        setattr(delivery, name, value)


def _keep_address(delivery: Delivery, party: PartySpec, at: datetime) -> None:
    shown = {
        "name": party.name,
        "attention": party.attention,
        "phone": party.phone,
        "lines": list(party.address_lines),
        "postal_code": party.postal_code,
        "city": party.city,
        "state": party.state,
        "country": party.country,
    }
    PartyAddress.objects.update_or_create(
        tenant_id=delivery.tenant_id,
        delivery=delivery,
        defaults={"sealed": seal(shown, owner=delivery.code, purpose="ship_to"), "changed_at": at},
    )


def _row(problem: Problem) -> dict[str, str]:
    return {"code": problem.code, "text": problem.text, "where": problem.where, "field": problem.field}


