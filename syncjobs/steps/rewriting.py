"""Write a tracking number to Exact once more, after it was there and is no longer: a repair, never a habit."""

from django.db.models import F

from audit.models import Event
from audit.record import happenings
from exact.client import ExactClient
from exact.records import GoodsDeliveryChanges
from syncjobs import queue
from syncjobs.models import Delivery, SyncJob
from syncjobs.queue import Job
from syncjobs.reporting import EXACT_WRITES
from syncjobs.steps import gone, reading
from syncjobs.steps.context import Step
from syncjobs.steps.facts import lock, touch
from syncjobs.transitions import delivery_event
from tenants.context import tenant_context


def write_again(delivery: Delivery, numbers: list[str], client: ExactClient, *, job: Job, step: Step) -> None:
    """Write the first number where Exact shows none; where it shows one, ours or another's, nothing is written."""
    goods = reading.fetch_together(delivery, job=job, step=step, client=client, kind=SyncJob.Kind.REPORT)
    if goods is None:
        gone.handle(delivery, job=job, step=step)
        return
    is_missing = not goods.tracking_number and delivery.exact_writes < EXACT_WRITES
    if is_missing:
        client.put_goods_delivery(delivery.exact_entry_id, GoodsDeliveryChanges(tracking_number=numbers[0]))
    with tenant_context(job.tenant_id):
        lock(delivery)
        events = step.told(delivery)
        if is_missing:
            touch(delivery, {"written_at": step.at, "exact_writes": F("exact_writes") + 1})
            details = {"to": "goods delivery", "numbers": numbers[:1]}
            events.append(delivery_event(delivery, Event.Kind.WROTE, details=details))
        queue.finish(job)
        happenings(job.tenant_id, events)
