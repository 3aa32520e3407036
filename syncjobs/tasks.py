"""What Celery runs: alarm clocks without data. Unknown keywords are accepted, so that old and new workers overlap."""

import logging
from typing import Any

from celery import shared_task
from celery.signals import beat_init, before_task_publish, worker_ready
from django.db import DatabaseError
from django.utils import timezone

from syncjobs import audit_checks, engine, queue, ticks
from syncjobs.alarms import digests, troubles
from syncjobs.alarms.watchdog import Watchdog
from syncjobs.models import SyncJob
from syncjobs.time_limit import last_resort

logger = logging.getLogger(__name__)
SWEEP = "syncjobs.tasks.sweep"


@shared_task(name="syncjobs.tasks.work")
def work(*, queue_name: str, **_: Any) -> None:
    """Run due jobs of one queue."""
    name = SyncJob.Queue(queue_name)
    queue.nudge_arrived(name)
    with last_resort():
        engine.work([name])
    queue.nudge_when_due()


@shared_task(name=SWEEP)
def sweep(**_: Any) -> None:
    """Wake workers for the queues that have due jobs; finds what a lost wake-up left behind."""
    for name in queue.queues_with_due_jobs():
        queue.nudge(name)


@shared_task(name="syncjobs.tasks.turn_due")
def turn_due(**_: Any) -> None:
    """Turn what is due (silent parcels, subscriptions that end, Quantum View) into jobs."""
    ticks.turn_due()


@shared_task(name="syncjobs.tasks.plan_reads")
def plan_reads(**_: Any) -> None:
    """Ask for a fresh look at every connection's shipping methods and master data."""
    ticks.plan_reads(at=timezone.now())


@shared_task(name="syncjobs.tasks.plan_changes")
def plan_changes(**_: Any) -> None:
    """Ask for what changed in Exact, wherever the time for it has come."""
    ticks.plan_changes(at=timezone.now())


@shared_task(name="syncjobs.tasks.plan_reconciliations")
def plan_reconciliations(**_: Any) -> None:
    """Ask for the night's comparison of each company once its moment has come."""
    ticks.plan_reconciliations(at=timezone.now())


@shared_task(name="syncjobs.tasks.canary")
def canary(*, queue_name: str, **_: Any) -> None:
    """Leave a sign of life: a message went all the way through a queue."""
    troubles.leave_sign(troubles.canary_of(SyncJob.Queue(queue_name)))


@shared_task(name="syncjobs.tasks.verify_chains")
def verify_chains(**_: Any) -> None:
    """Check every customer's audit trail; one that was changed raises an alarm. What is left goes into another task."""
    if not audit_checks.verify_chains(at=timezone.now()):
        verify_chains.delay()


@shared_task(name="syncjobs.tasks.plan_figures")
def plan_figures(**_: Any) -> None:
    """Ask for the counting of what shipments became, wherever something changed."""
    ticks.plan_figures(at=timezone.now())


@shared_task(name="syncjobs.tasks.send_digests")
def send_digests(**_: Any) -> None:
    """Send the mail of the day to those whose morning has come."""
    digests.send_due()


@shared_task(name="syncjobs.tasks.plan_retention")
def plan_retention(**_: Any) -> None:
    """Ask for the deletion of what was kept long enough, at every customer."""
    ticks.plan_retention(at=timezone.now())


@before_task_publish.connect(sender=SWEEP)
def clock_ticked(**_: Any) -> None:
    """The clock's own sign of life: it is beat that asks for the sweep, whether or not a worker hears of it."""
    try:
        troubles.leave_sign(troubles.BEAT)
    except DatabaseError as error:
        logger.warning("The clock's sign of life could not be kept: %s", type(error).__name__)


@beat_init.connect
@worker_ready.connect
def keep_watch(**_: Any) -> None:
    """Beat and the main process of each worker look for what is wrong, so that each tells of the other's death."""
    Watchdog().start()
