"""What Celery runs: alarm clocks without data. Unknown keywords are accepted, so that old and new workers overlap."""

from typing import Any

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from syncjobs import engine, queue, ticks
from syncjobs.models import SyncJob

HEARTBEAT_KEY = "beat_seen_at"
HEARTBEAT_SECONDS = 24 * 3600


@shared_task(name="syncjobs.tasks.work")
def work(*, queue_name: str, **_: Any) -> None:
    """Run due jobs of one queue."""
    name = SyncJob.Queue(queue_name)
    queue.nudge_arrived(name)
    engine.work([name])
    queue.nudge_when_due()


@shared_task(name="syncjobs.tasks.sweep")
def sweep(**_: Any) -> None:
    """Wake workers for the queues that have due jobs; finds what a lost wake-up left behind."""
    cache.set(HEARTBEAT_KEY, timezone.now().isoformat(), HEARTBEAT_SECONDS)
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
