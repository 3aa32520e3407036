"""Read deliveries from Exact, decide what they are, and plan their shipments. One call serves many deliveries."""

from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from audit.models import Event
from audit.record import happenings
from exact.access import open_client
from exact.client import ExactClient
from exact.errors import ExactError, ExactRejected, ExactUnexpectedReply
from exact.limits import BudgetClass
from exact.models import Connection
from exact.records import GoodsDelivery
from syncjobs import queue
from syncjobs.models import Attempt, Delivery, Parcel, SyncJob
from syncjobs.models.shipments import LIVE_ATTEMPT_STATES
from syncjobs.queue import Job
from syncjobs.steps import gone, returning
from syncjobs.steps.choices import choices_of
from syncjobs.steps.context import Fetched, Step
from syncjobs.steps.decide import decide
from syncjobs.steps.facts import facts_of, touch
from syncjobs.steps.gathering import gather
from syncjobs.steps.reading import READ_AT_ONCE
from syncjobs.tracking.courses import FOLLOWED
from syncjobs.transitions import delivery_event, move
from tenants.context import tenant_context
from tenants.models import Tenant

NOT_YET_SECONDS = 5
NOT_YET_FOR = timedelta(seconds=30)
"""A delivery may be announced before a read shows it or its lines (`exact.md` 10): so young, it is read again."""
OPEN_TO_PLANNING = frozenset(
    {
        Delivery.State.RECEIVED,
        Delivery.State.READY,
        Delivery.State.SKIPPED,
        Delivery.State.HOLD,
        Delivery.State.CANCELLED,
    }
)
"""A cancelled delivery was gone from Exact; when a read shows it again, it is one to ship after all."""


def read(job: Job, step: Step) -> None:
    """The step: this delivery and, in the same call, others of the same connection whose reads are due too.

    The others are handed back as jobs of their own with what was read, so that one's failure is not another's.
    """
    alone = False
    if job.subject not in step.fetched:
        back = _fetch(job, step)
        if back is not None:
            returning.plan_again(back, job=job, step=step)
            return
        alone = not step.following and not step.waiting
    found = step.fetched.pop(job.subject)
    step.read_at = found.read_at
    if isinstance(found.goods, ExactError):
        raise found.goods
    client = _client(found.delivery.connection, job, step)
    handle(found.delivery, found.goods, job=job, step=step, client=client, stay=alone)


def _fetch(job: Job, step: Step) -> Delivery | None:
    """Read this delivery with others; what Exact refuses, or answers strangely, for many is asked for each alone.

    A return is given back instead: it stands in Exact nowhere.
    """
    with tenant_context(job.tenant_id):
        first = _rows(job.tenant_id, [job.subject]).get()
        if first.return_of_id is not None:
            return first
        siblings = _siblings(job, first, step)
        along = [] if step.reads_alone else [*siblings, *step.waiting]
        codes = [other.subject for other in along if _goes_along(other, job)]
        others = _rows(job.tenant_id, codes).filter(connection_id=first.connection_id, return_of=None) if codes else ()
        rows = [first, *others]
        client = _client(first.connection, job, step)
        if _are_for_planning(rows, job) and first.connection_id not in step.benches:
            step.keep_bench(first.connection, client, choices_of(first.connection))
    step.following.extend(siblings)
    read_at = timezone.now()
    try:
        goods = {one.entry_id: one for one in client.goods_deliveries([row.exact_key for row in rows])}
    except (ExactRejected, ExactUnexpectedReply):
        if len(rows) == 1:
            raise
        step.reads_alone = True
        return _fetch(job, step)
    except ExactError as error:
        step.fetched.update({row.code: Fetched(delivery=row, goods=error, read_at=read_at) for row in rows})
        return None
    step.fetched.update(
        {row.code: Fetched(delivery=row, goods=goods.get(row.exact_key), read_at=read_at) for row in rows}
    )
    if _are_for_planning(rows, job):
        bench = step.benches[first.connection_id]
        if bench.choices.shipping_mode != Tenant.ShippingMode.OFF:
            gather(goods.values(), choices=bench.choices, master=bench.master)
    return None


def _siblings(job: Job, delivery: Delivery, step: Step) -> list[Job]:
    if job.kind != SyncJob.Kind.READ or step.reads_alone:
        return []
    room = READ_AT_ONCE - 1 - len(step.waiting)
    return queue.claim_siblings(job, connection_id=delivery.connection_id, limit=room)


def _are_for_planning(rows: list[Delivery], job: Job) -> bool:
    """Whether what is kept will be needed; a look at a hold uses none of it."""
    return job.kind == SyncJob.Kind.READ and any(row.state in OPEN_TO_PLANNING for row in rows)


def _goes_along(other: Job, job: Job) -> bool:
    return other.kind == job.kind == SyncJob.Kind.READ and other.tenant_id == job.tenant_id


def _rows(tenant_id: UUID, codes: list[UUID]) -> QuerySet[Delivery]:
    rows = Delivery.objects.filter(tenant_id=tenant_id, code__in=codes)
    return rows.select_related("connection")


def _client(connection: Connection, job: Job, step: Step) -> ExactClient:
    """Looking again at holds has a share of the daily calls of its own, so that it never keeps others waiting."""
    purpose = BudgetClass.COMPARE if job.kind == SyncJob.Kind.RECHECK else BudgetClass.SHIP
    return open_client(connection, purpose=purpose, observe=step.observe)


def handle(
    delivery: Delivery, goods: GoodsDelivery | None, *, job: Job, step: Step, client: ExactClient, stay: bool
) -> None:
    """Bring one delivery up to what Exact shows. `stay` keeps its next step in this worker."""
    is_young = step.at - delivery.created_at < NOT_YET_FOR
    if is_young and (goods is None or not goods.lines):
        due_at = step.at + timedelta(seconds=NOT_YET_SECONDS)
        with tenant_context(job.tenant_id):
            queue.put_back(job, due_at=due_at, error="not readable yet", counts=False)
            happenings(job.tenant_id, step.told(delivery))
        return
    if goods is None:
        gone.handle(delivery, job=job, step=step)
        return
    if delivery.state not in OPEN_TO_PLANNING or _is_held_with_shipment(delivery):
        _confirm(delivery, goods, job=job, step=step)
        return
    decide(delivery, goods, job=job, step=step, client=client, stay=stay)


def _is_held_with_shipment(delivery: Delivery) -> bool:
    """A hold can come after the label too: then there is nothing to plan, only a number to write.

    Unless a person has asked for a further shipment since: that one has a higher number.
    """
    if delivery.state != Delivery.State.HOLD:
        return False
    with tenant_context(delivery.tenant_id):
        return Attempt.objects.filter(
            tenant_id=delivery.tenant_id,
            delivery=delivery,
            shipment_no__gte=delivery.shipment_no,
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
        touch(delivery, facts_of(goods, step.read_at or step.at) | {"asked_again_at": None})
        changed = delivery.state in FOLLOWED and ours and goods.tracking_number not in ours
        note = [delivery_event(delivery, Event.Kind.CHANGED, details={"what": "tracking number in Exact"})]
        events = [*step.told(delivery), *(note if changed else [])]
        queue.finish(job)
        if delivery.state == Delivery.State.HOLD and ours:
            queue.add(
                delivery.tenant_id,
                SyncJob.Kind.REPORT,
                delivery.code,
                due_at=step.at,
                correlation=delivery.correlation,
            )
            move(delivery, to=Delivery.State.LABELLED, at=step.at, events=events)
        else:
            happenings(delivery.tenant_id, events)
