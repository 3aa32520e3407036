"""Write the tracking numbers to Exact: read, compare, write; never over somebody else's number."""

from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from audit.models import Event
from connector_site.lib.wording import said
from exact.access import open_client
from exact.client import ExactClient
from exact.limits import BudgetClass
from exact.records import GoodsDelivery, GoodsDeliveryChanges
from syncjobs import queue
from syncjobs.models import Delivery, Parcel, SyncJob
from syncjobs.problems import Problem
from syncjobs.queue import Job
from syncjobs.reporting import remember_refusal
from syncjobs.steps import gone, reading, returning
from syncjobs.steps.context import Labelled, Step
from syncjobs.steps.facts import is_further, was_ours
from syncjobs.steps.rewriting import numbers_line, put, remarks_with, take_out, write_again
from syncjobs.tracking.courses import FOLLOWED
from syncjobs.tracking.progress import lock
from syncjobs.transitions import delivery_event, move
from tenants.context import tenant_context

READ_GOOD_FOR = timedelta(seconds=60)
"""A read of the delivery younger than this is compared with instead of reading once more before the write."""


_STANDING_STILL = frozenset({None, "", Parcel.Milestone.LABEL_CREATED})


def report(job: Job, step: Step) -> None:
    """The step, for a delivery whose labels are made; for one reported before, that its number still stands there."""
    handed = step.handed.pop(job.subject, None)
    is_whole = isinstance(handed, Labelled) and not is_further(handed.delivery)
    delivery, numbers = (handed.delivery, handed.numbers) if isinstance(handed, Labelled) and is_whole else _look(job)
    if not numbers and not _is_to_take_out(delivery):
        return
    if delivery.return_of_id is not None:
        returning.label_is_ready(delivery, job=job, step=step)
        return
    client = open_client(delivery.connection, purpose=BudgetClass.SHIP, observe=step.observe)
    if _is_to_take_out(delivery):
        take_out(delivery, client, job=job, step=step)
        return
    if delivery.state in FOLLOWED:
        write_again(delivery, numbers, client, job=job, step=step)
        return
    goods = None
    standing = delivery.facts.get("tracking_number", "")
    if _must_read(delivery, numbers, job, step):
        good_for = READ_GOOD_FOR if len(numbers) == 1 else reading.READ_GOOD_FOR
        goods = reading.fetch_together(
            delivery, job=job, step=step, client=client, kind=SyncJob.Kind.REPORT, good_for=good_for
        )
        if goods is None:
            gone.handle(delivery, job=job, step=step)
            return
        standing = goods.tracking_number
    if standing and standing not in numbers and not was_ours(delivery, standing):
        _hold_foreign(delivery, standing, job=job, step=step)
        return
    _write(delivery, goods, numbers, standing=standing, job=job, step=step, client=client)


def _look(job: Job) -> tuple[Delivery, list[str]]:
    """The delivery and its numbers; none when there is nothing to write, and then the job is finished."""
    with tenant_context(job.tenant_id):
        delivery = Delivery.objects.select_related("connection").get(tenant_id=job.tenant_id, code=job.subject)
        numbers = _numbers(delivery) if delivery.state in FOLLOWED | {Delivery.State.LABELLED} else []
        if not numbers and not _is_to_take_out(delivery):
            queue.finish(job)
    return delivery, numbers


def _is_to_take_out(delivery: Delivery) -> bool:
    """What we wrote of one that was cancelled here is taken out again; a return never stood in Exact."""
    return delivery.state == Delivery.State.CANCELLED and delivery.return_of_id is None


def _numbers(delivery: Delivery) -> list[str]:
    """Of the newest shipment first: its first number is the one that Exact's own field shows."""
    rows = Parcel.objects.filter(
        tenant_id=delivery.tenant_id, shipment__delivery=delivery, shipment__voided_at=None, voided_at=None
    )
    in_order = rows.order_by("-shipment__attempt__shipment_no", "shipment__created_at", "position")
    return list(in_order.values_list("tracking_number", flat=True))


def _must_read(delivery: Delivery, numbers: list[str], job: Job, step: Step) -> bool:
    """The read that planned the shipment may still be fresh enough to compare with.

    Not so when the remarks must be added to, nor at a second try: then an earlier write may have landed, or somebody
    may have entered a number since.
    """
    if len(numbers) > 1 or delivery.facts_read_at is None or job.starts > 1 or job.failures:
        return True
    if delivery.written.get("remarks_line"):
        return True
    return step.at - delivery.facts_read_at > READ_GOOD_FOR


def _write(
    delivery: Delivery,
    goods: GoodsDelivery | None,
    numbers: list[str],
    *,
    standing: str,
    job: Job,
    step: Step,
    client: ExactClient,
) -> None:
    has_status = bool(delivery.written.get("milestone"))
    line, shorter = ("", 0) if has_status else numbers_line(delivery, numbers)
    wanted = remarks_with(goods, line, delivery) if goods and not has_status else None
    changes = GoodsDeliveryChanges(
        tracking_number=None if standing == numbers[0] else numbers[0],
        remarks=wanted if goods and wanted != goods.remarks else None,
    )
    wrote = changes != GoodsDeliveryChanges()
    writes = put(client, delivery, changes) if wrote else 0
    if writes > 1:
        line = ""
        with tenant_context(job.tenant_id):
            remember_refusal(delivery.connection, shorter, at=timezone.now())
    known = delivery.written if has_status else {"remarks_line": line}
    _keep(delivery, known, numbers, writes, job=job, step=step)


def _keep(delivery: Delivery, known: dict[str, str], numbers: list[str], writes: int, *, job: Job, step: Step) -> None:
    """The lock comes first, as everywhere, and shows what was taken in and written while Exact was asked.

    A label whose parcel went its way meanwhile is told of that. Where a status was written beside us nobody knows whose
    line came last: then it counts as not told, and is compared with what stands there once more.
    """
    with tenant_context(job.tenant_id):
        events = step.told(delivery)
        now = lock(job.tenant_id, delivery.code)
        if now.milestone not in _STANDING_STILL:
            _ask(delivery, SyncJob.Kind.EVENTS, step.at)
        if now.written != delivery.written:
            known = {name: text for name, text in now.written.items() if name != "milestone"}
            _ask(delivery, SyncJob.Kind.STATUS, step.at)
        if writes:
            details = {"to": "goods delivery", "numbers": numbers}
            events.append(delivery_event(delivery, Event.Kind.WROTE, details=details))
        changes = {
            "written": known | {"tracking_number": numbers[0]},
            "written_at": step.at,
            "exact_writes": F("exact_writes") + writes,
        }
        move(delivery, to=Delivery.State.REPORTED, at=step.at, changes=changes, events=events)
        queue.finish(job)


def _ask(delivery: Delivery, kind: SyncJob.Kind, at: datetime) -> None:
    queue.add(delivery.tenant_id, kind, delivery.code, due_at=at, correlation=delivery.correlation)


def _hold_foreign(delivery: Delivery, standing: str, *, job: Job, step: Step) -> None:
    problem = Problem(
        code="foreign_tracking_number",
        field="tracking number",
        text=said(
            "Exact already shows the tracking number {number}, which is not ours; we did not write over it.",
            number=standing,
        ),
        where=said("the goods delivery in Exact Online: clear the number, or keep it and void our shipment"),
    )
    with tenant_context(job.tenant_id):
        move(delivery, to=Delivery.State.HOLD, at=step.at, problems=[problem], events=step.told(delivery))
        queue.finish(job)
