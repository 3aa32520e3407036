"""Take what UPS pushed into the history of a delivery. Nothing is asked of anybody."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction

from syncjobs import queue
from syncjobs.models import Delivery, Receipt
from syncjobs.queue import Job, LostClaim
from syncjobs.raw_messages import pushed
from syncjobs.steps.context import Step
from syncjobs.tracking.progress import conclude, lock, take_in
from syncjobs.transitions import LostRace
from tenants.context import tenant_context
from ups.track_alert import read_push

logger = logging.getLogger(__name__)

AT_ONCE = 200
"""Receipts in one transaction; more are taken in the next one."""
FAILURES_TOGETHER = 2
"""After so many failures receipts are taken in one by one."""
FAILURES_ALONE = 4
"""After so many the next failure is the receipt's own. Less than `retry.MAX_FAILURES`, which ends the job."""
NOT_TAKEN_IN = "could not be taken in"
NOT_YET = frozenset({Delivery.State.SHIPPING, Delivery.State.LABELLED})
"""News of these is kept, and moves the delivery on when its number stands in Exact."""
_LOOK_AGAIN_SECONDS = 15
_LOOK_AGAIN_MOST = timedelta(minutes=5)


def events(job: Job, step: Step) -> None:
    """The step. A delivery whose number is not in Exact yet is looked at again: it is moved on then.

    What fails time and again is taken in piece by piece, and one receipt that cannot be is left out: it holds no other.
    """
    with tenant_context(job.tenant_id):
        most = AT_ONCE if job.failures < FAILURES_TOGETHER else 1
        delivery = lock(job.tenant_id, job.subject)
        receipts = list(
            Receipt.objects.filter(
                tenant_id=job.tenant_id, subject=job.subject, source="ups", applied_at=None, dead_letter=""
            ).order_by("pk")[:most]
        )
        try:
            with transaction.atomic():
                _take_in(job, delivery, receipts, at=step.at, is_all=len(receipts) < most)
        except (LostClaim, LostRace, OperationalError, InterfaceError):
            raise
        except Exception:
            if job.failures < FAILURES_ALONE or len(receipts) != 1 or not _is_well(job, step.at):
                raise
            logger.exception("A receipt of job %s %s cannot be taken in", job.kind, job.subject)
            _leave_out(job, receipts[0], at=step.at)


def _take_in(job: Job, delivery: Delivery, receipts: Sequence[Receipt], *, at: datetime, is_all: bool) -> None:
    news = [read_push(pushed(receipt)).event for receipt in receipts]
    progress = take_in(delivery, news, at=at)
    Receipt.objects.filter(tenant_id=job.tenant_id, pk__in=[row.pk for row in receipts]).update(applied_at=at)
    if not is_all:
        queue.put_back(job, due_at=at, error="", counts=False)
    elif delivery.state in NOT_YET:
        queue.put_back(job, due_at=look_again_at(delivery, at), error="its number is not in Exact yet", counts=False)
    else:
        queue.finish(job)
    conclude(delivery, progress, at=at)


def _is_well(job: Job, at: datetime) -> bool:
    """Whether news can be taken in at all: if not, no receipt is to blame. Nothing of it stays."""
    try:
        with transaction.atomic():
            delivery = lock(job.tenant_id, job.subject)
            conclude(delivery, take_in(delivery, [], at=at), at=at)
            transaction.set_rollback(True)
    except Exception:  # noqa: BLE001  what is asked is whether there is any
        return False
    return True


def _leave_out(job: Job, receipt: Receipt, *, at: datetime) -> None:
    """Go on without it, as if nothing had failed."""
    Receipt.objects.filter(tenant_id=job.tenant_id, pk=receipt.pk).update(dead_letter=NOT_TAKEN_IN)
    queue.finish(job)
    queue.add(job.tenant_id, job.kind, job.subject, due_at=at, correlation=job.correlation)


def look_again_at(delivery: Delivery, at: datetime) -> datetime:
    """Soon at first; a delivery that waits for a person at Exact is not looked at every moment."""
    return at + max(timedelta(seconds=_LOOK_AGAIN_SECONDS), min(at - delivery.changed_at, _LOOK_AGAIN_MOST))
