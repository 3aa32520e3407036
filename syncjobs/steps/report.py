"""Write the tracking numbers to Exact: read, compare, write; never over somebody else's number."""

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from audit.models import Event
from connector_site.lib.wording import said
from exact.access import open_client
from exact.client import ExactClient
from exact.errors import ExactRejected
from exact.limits import BudgetClass
from exact.records import GoodsDelivery, GoodsDeliveryChanges
from syncjobs import queue, remarks
from syncjobs.courses import FOLLOWED
from syncjobs.models import Delivery, Parcel, SyncJob
from syncjobs.problems import Problem
from syncjobs.queue import Job
from syncjobs.reporting import remember_refusal, reporting_of, shortness_of
from syncjobs.steps import gone, reading
from syncjobs.steps.context import Labelled, Step
from syncjobs.steps.facts import was_ours
from syncjobs.steps.rewriting import write_again
from syncjobs.transitions import delivery_event, move
from syncjobs.wording import words_for
from tenants.context import tenant_context
from tenants.models import Tenant

READ_GOOD_FOR = timedelta(seconds=60)
"""A read of the delivery younger than this is compared with instead of reading once more before the write."""


_STANDING_STILL = frozenset({None, "", Parcel.Milestone.LABEL_CREATED})
_JUST_LABELLED = timedelta(seconds=10)


def report(job: Job, step: Step) -> None:
    """The step, for a delivery whose labels are made; for one reported before, that its number still stands there."""
    handed = step.handed.pop(job.subject, None)
    delivery, numbers = (handed.delivery, handed.numbers) if isinstance(handed, Labelled) else _look(job)
    if not numbers:
        return
    client = open_client(delivery.connection, purpose=BudgetClass.SHIP, observe=step.observe)
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
        if not numbers:
            queue.finish(job)
    return delivery, numbers


def _numbers(delivery: Delivery) -> list[str]:
    return list(
        Parcel.objects.filter(tenant_id=delivery.tenant_id, shipment__delivery=delivery, shipment__voided_at=None)
        .order_by("shipment__created_at", "position")
        .values_list("tracking_number", flat=True)
    )


def _must_read(delivery: Delivery, numbers: list[str], job: Job, step: Step) -> bool:
    """The read that planned the shipment may still be fresh enough to compare with.

    Not so when the remarks must be added to, nor at a second try: then an earlier write may have landed, or somebody
    may have entered a number since.
    """
    if len(numbers) > 1 or delivery.facts_read_at is None or job.starts > 1 or job.failures:
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
    line, shorter = ("", 0) if len(numbers) == 1 or has_status else _line(delivery, numbers)
    wanted = remarks.with_our_line(goods.remarks, line) if goods and line else None
    changes = GoodsDeliveryChanges(
        tracking_number=None if standing == numbers[0] else numbers[0],
        remarks=wanted if goods and wanted != goods.remarks else None,
    )
    wrote = changes != GoodsDeliveryChanges()
    writes = _put(client, delivery, changes) if wrote else 0
    if writes > 1:
        line = ""
        with tenant_context(job.tenant_id):
            remember_refusal(delivery.connection, shorter, at=timezone.now())
    known = delivery.written if has_status else {"remarks_line": line}
    with tenant_context(job.tenant_id):
        events = step.told(delivery)
        if _has_moved(delivery):
            code, correlation = delivery.code, delivery.correlation
            queue.add(job.tenant_id, SyncJob.Kind.EVENTS, code, due_at=step.at, correlation=correlation)
        if wrote:
            events.append(
                delivery_event(delivery, Event.Kind.WROTE, details={"to": "goods delivery", "numbers": numbers})
            )
        move(
            delivery,
            to=Delivery.State.REPORTED,
            at=step.at,
            changes={
                "written": known | {"tracking_number": numbers[0]},
                "written_at": step.at,
                "exact_writes": F("exact_writes") + writes,
            },
            events=events,
        )
        queue.finish(job)


def _line(delivery: Delivery, numbers: list[str]) -> tuple[str, int]:
    """All numbers in one line, and how short it is; empty while Exact takes none."""
    with tenant_context(delivery.tenant_id):
        shorter = shortness_of(reporting_of(delivery.connection), at=timezone.now())
        language = Tenant.objects.values_list("language", flat=True).get(pk=delivery.tenant_id)
    if shorter is None:
        return "", 0
    return remarks.parcels_line(numbers, words=words_for(language), shorter=shorter), shorter


def _has_moved(delivery: Delivery) -> bool:
    """Whether a parcel went its way while its number could not be written; what that means for it comes next.

    A label made a moment ago has not moved. The lock comes first, as everywhere, and shows what was taken in meanwhile.
    """
    if timezone.now() - delivery.changed_at < _JUST_LABELLED:
        return False
    rows = Delivery.objects.select_for_update().filter(pk=delivery.pk, tenant_id=delivery.tenant_id)
    milestone = rows.values_list("milestone", flat=True).first()
    return milestone not in _STANDING_STILL


def _put(client: ExactClient, delivery: Delivery, changes: GoodsDeliveryChanges) -> int:
    """Write, and return how many writes that took: two when Exact took the number but not the remarks.

    Their limit is not published (`exact.md` 8.1).
    """
    try:
        client.put_goods_delivery(delivery.exact_entry_id, changes)
    except ExactRejected:
        if changes.remarks is None or changes.tracking_number is None:
            raise
        client.put_goods_delivery(
            delivery.exact_entry_id, GoodsDeliveryChanges(tracking_number=changes.tracking_number)
        )
        return 2
    return 1


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
