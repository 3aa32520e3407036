"""Take what UPS pushed into the history of a delivery. Nothing is asked of anybody."""

from datetime import datetime, timedelta

from syncjobs import queue
from syncjobs.models import Delivery, Receipt
from syncjobs.progress import conclude, lock, take_in
from syncjobs.queue import Job
from syncjobs.steps.context import Step
from tenants.context import tenant_context
from ups.track_alert import read_push

AT_ONCE = 200
"""Receipts in one transaction; more are taken in the next one."""
NOT_YET = frozenset({Delivery.State.SHIPPING, Delivery.State.LABELLED})
"""News of these is kept, and moves the delivery on when its number stands in Exact."""
_LOOK_AGAIN_SECONDS = 15
_LOOK_AGAIN_MOST = timedelta(minutes=5)


def events(job: Job, step: Step) -> None:
    """The step. A delivery whose number is not in Exact yet is looked at again: it is moved on then."""
    with tenant_context(job.tenant_id):
        delivery = lock(job.tenant_id, job.subject)
        receipts = list(
            Receipt.objects.filter(
                tenant_id=job.tenant_id, subject=job.subject, source="ups", applied_at=None, dead_letter=""
            ).order_by("pk")[:AT_ONCE]
        )
        news = [read_push(bytes(receipt.sealed_body)).event for receipt in receipts]
        progress = take_in(delivery, news, at=step.at)
        Receipt.objects.filter(tenant_id=job.tenant_id, pk__in=[row.pk for row in receipts]).update(applied_at=step.at)
        if len(receipts) == AT_ONCE:
            queue.put_back(job, due_at=step.at, error="", counts=False)
        elif delivery.state in NOT_YET:
            queue.put_back(
                job, due_at=look_again_at(delivery, step.at), error="its number is not in Exact yet", counts=False
            )
        else:
            queue.finish(job)
        conclude(delivery, progress, at=step.at)


def look_again_at(delivery: Delivery, at: datetime) -> datetime:
    """Soon at first; a delivery that waits for a person at Exact is not looked at every moment."""
    return at + max(timedelta(seconds=_LOOK_AGAIN_SECONDS), min(at - delivery.changed_at, _LOOK_AGAIN_MOST))
