"""Read deliveries from Exact, decide what they are, and plan their shipments. One call serves many deliveries."""

from datetime import timedelta
from uuid import UUID

from audit.models import Event
from audit.record import happenings
from exact.access import open_client
from exact.client import ExactClient
from exact.errors import ExactError
from exact.limits import BudgetClass
from exact.records import GoodsDelivery
from syncjobs import queue
from syncjobs.models import Attempt, Delivery, Parcel, SyncJob
from syncjobs.models.shipments import LIVE_ATTEMPT_STATES
from syncjobs.queue import Job
from syncjobs.steps import gone
from syncjobs.steps.context import Step
from syncjobs.steps.decide import decide
from syncjobs.steps.facts import facts_of, touch
from syncjobs.transitions import delivery_event, move
from tenants.context import tenant_context

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
        entry_ids = {}
        if job.subject not in step.prefetched:
            room = READ_AT_ONCE - 1 - len(step.waiting)
            siblings = queue.claim_siblings(job, connection_id=delivery.connection_id, limit=room)
            entry_ids = _entry_ids(delivery, [job, *siblings, *step.waiting])
    purpose = BudgetClass.COMPARE if job.kind == SyncJob.Kind.RECHECK else BudgetClass.SHIP
    client = open_client(delivery.connection, purpose=purpose, observe=step.observe)
    if entry_ids:
        step.following.extend(siblings)
        _fetch(client, entry_ids, step)
    goods = step.prefetched.pop(job.subject)
    if isinstance(goods, ExactError):
        raise goods
    handle(delivery, goods, job=job, step=step, client=client, stay=not siblings and not step.waiting)


def _entry_ids(delivery: Delivery, jobs: list[Job]) -> dict[UUID, UUID]:
    """Exact's keys of the deliveries of these jobs that can be read in one call with this delivery, by our code."""
    codes = [job.subject for job in jobs if job.kind == SyncJob.Kind.READ and job.tenant_id == delivery.tenant_id]
    rows = Delivery.objects.filter(
        tenant_id=delivery.tenant_id, connection_id=delivery.connection_id, code__in=[delivery.code, *codes]
    )
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


def handle(
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
    if delivery.state not in OPEN_TO_PLANNING or _is_held_with_shipment(delivery):
        _confirm(delivery, goods, job=job, step=step)
        return
    decide(delivery, goods, job=job, step=step, client=client, stay=stay)


def _is_held_with_shipment(delivery: Delivery) -> bool:
    """A hold can come after the label too: then there is nothing to plan, only a number to write."""
    if delivery.state != Delivery.State.HOLD:
        return False
    with tenant_context(delivery.tenant_id):
        return Attempt.objects.filter(
            tenant_id=delivery.tenant_id,
            delivery=delivery,
            shipment_no=delivery.shipment_no,
            state__in=set(LIVE_ATTEMPT_STATES) - {Attempt.State.PLANNED},
        ).exists()


def _confirm(delivery: Delivery, goods: GoodsDelivery, *, job: Job, step: Step) -> None:
    """After the label: see that our number stands there; never write because of a notification (no echo loop)."""
    with tenant_context(job.tenant_id):
        ours = set(
            Parcel.objects.filter(tenant_id=delivery.tenant_id, shipment__delivery=delivery).values_list(
                "tracking_number", flat=True
            )
        )
        touch(delivery, facts_of(goods, step.at))
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
