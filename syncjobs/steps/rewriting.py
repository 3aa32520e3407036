"""Put right what we wrote to Exact: a number that is no longer there, one that was voided since, and our line.

Somebody else's number and text are never touched.
"""

from typing import Any

from django.db.models import F
from django.utils import timezone

from audit.models import Event
from audit.record import happenings
from exact.client import ExactClient
from exact.errors import ExactRejected
from exact.records import GoodsDelivery, GoodsDeliveryChanges
from syncjobs import queue, remarks
from syncjobs.models import Delivery, SyncJob
from syncjobs.queue import Job
from syncjobs.reporting import EXACT_WRITES, reporting_of, shortness_of
from syncjobs.steps import gone, reading
from syncjobs.steps.context import Step
from syncjobs.steps.facts import touch, was_ours
from syncjobs.tracking.progress import lock
from syncjobs.transitions import delivery_event
from syncjobs.wording import words_for
from tenants.context import tenant_context
from tenants.models import Tenant

_NOTHING = GoodsDeliveryChanges()
SAYS_OF_NUMBER = frozenset({Delivery.State.REPORTED, Delivery.State.IN_TRANSIT, Delivery.State.CANCELLED})
"""Where a correction that Exact refused is shown as `Delivery.proof_problem`; later that tells of the proof."""
_WITHOUT_LINE = 2
"""Writes that `put` took when Exact refused our line."""


def write_again(delivery: Delivery, numbers: list[str], client: ExactClient, *, job: Job, step: Step) -> None:
    """Write the first number where Exact shows none, or one of ours that was voided; and the list of several anew."""
    goods = reading.fetch_together(delivery, job=job, step=step, client=client, kind=SyncJob.Kind.REPORT)
    if goods is None:
        gone.handle(delivery, job=job, step=step)
        return
    standing = goods.tracking_number
    is_missing = not standing and delivery.exact_writes < EXACT_WRITES
    is_stale = standing not in numbers and was_ours(delivery, standing)
    line = _changed_line(delivery, numbers)
    wanted = remarks_with(goods, line, delivery) if line is not None else goods.remarks
    changes = GoodsDeliveryChanges(
        tracking_number=numbers[0] if is_missing or is_stale else None,
        remarks=wanted if wanted != goods.remarks else None,
    )
    writes = put(client, delivery, changes) if changes != _NOTHING else 0
    written: dict[str, str] = {}
    if changes.tracking_number is not None:
        written["tracking_number"] = numbers[0]
    if line is not None and writes < _WITHOUT_LINE:
        written["remarks_line"] = line
    details = {"to": "goods delivery", "numbers": numbers if changes.remarks is not None else numbers[:1]}
    _keep(delivery, written, writes, details, job=job, step=step)


def take_out(delivery: Delivery, client: ExactClient, *, job: Job, step: Step) -> None:
    """Take our number and our line out of a delivery whose shipment was voided and that is not shipped any more."""
    goods = reading.fetch_together(delivery, job=job, step=step, client=client, kind=SyncJob.Kind.REPORT)
    if goods is None:
        gone.handle(delivery, job=job, step=step)
        return
    is_ours = was_ours(delivery, goods.tracking_number)
    previous = delivery.written.get("remarks_line", "")
    bare = remarks.without_our_line(goods.remarks, previous=previous)
    changes = GoodsDeliveryChanges(
        tracking_number="" if is_ours else None, remarks=bare if bare != goods.remarks else None
    )
    writes = put(client, delivery, changes) if changes != _NOTHING else 0
    details = {"to": "goods delivery", "taken_out": [goods.tracking_number] if is_ours else []}
    bare_now = {"tracking_number": "", "milestone": ""} | ({} if writes == _WITHOUT_LINE else {"remarks_line": ""})
    _keep(delivery, bare_now, writes, details, job=job, step=step)


def numbers_line(delivery: Delivery, numbers: list[str]) -> tuple[str, int]:
    """All numbers of several parcels in one line, and how short it is; empty for one, and while Exact takes none."""
    if len(numbers) == 1:
        return "", 0
    with tenant_context(delivery.tenant_id):
        shorter = shortness_of(reporting_of(delivery.connection), at=timezone.now())
        language = Tenant.objects.values_list("language", flat=True).get(pk=delivery.tenant_id)
    if shorter is None:
        return "", 0
    return remarks.parcels_line(numbers, words=words_for(language), shorter=shorter), shorter


def remarks_with(goods: GoodsDelivery, line: str, delivery: Delivery) -> str:
    """The remarks with this line in the place of the one we wrote before; an empty one takes that out."""
    previous = delivery.written.get("remarks_line", "")
    if line:
        return remarks.with_our_line(goods.remarks, line, previous=previous)
    return remarks.without_our_line(goods.remarks, previous=previous) if previous else goods.remarks


def put(client: ExactClient, delivery: Delivery, changes: GoodsDeliveryChanges) -> int:
    """Write, and return how many writes that took: two when Exact took the number but not the remarks.

    Their limit is not published (`exact.md` 8.1).
    """
    try:
        client.put_goods_delivery(delivery.exact_key, changes)
    except ExactRejected:
        if changes.remarks is None or changes.tracking_number is None:
            raise
        client.put_goods_delivery(delivery.exact_key, GoodsDeliveryChanges(tracking_number=changes.tracking_number))
        return 2
    return 1


def _changed_line(delivery: Delivery, numbers: list[str]) -> str | None:
    """Our list of numbers where it is another one now; None where it is not, or a status stands in its place."""
    previous = delivery.written.get("remarks_line", "")
    if not previous or remarks.parse_line(previous) is not None:
        return None
    line, _shorter = numbers_line(delivery, numbers)
    return line if line != previous else None


def _keep(
    delivery: Delivery, written: dict[str, str], writes: int, details: dict[str, Any], *, job: Job, step: Step
) -> None:
    """`written` is what stands in Exact now, empty for what does not any more.

    What a status or the proof wrote meanwhile stays known, and so does their line.
    """
    with tenant_context(job.tenant_id):
        now = lock(job.tenant_id, delivery.code)
        if now.written.get("remarks_line") != delivery.written.get("remarks_line"):
            written = {name: text for name, text in written.items() if name != "remarks_line"}
        known = {name: text for name, text in (now.written | written).items() if text or name not in written}
        changes: dict[str, Any] = {} if known == now.written else {"written": known}
        events = step.told(now)
        if writes:
            changes |= {"written_at": step.at, "exact_writes": F("exact_writes") + writes}
            events.append(delivery_event(now, Event.Kind.WROTE, details=details))
        if now.proof_problem and now.state in SAYS_OF_NUMBER:
            changes["proof_problem"] = ""
        if changes:
            touch(now, changes)
        queue.finish(job)
        happenings(job.tenant_id, events)
