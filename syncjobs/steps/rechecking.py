"""Looking again, by ourselves, whether a hold was fixed: no notification tells of addresses or UPS settings."""

from datetime import datetime, timedelta

from syncjobs import queue
from syncjobs.models import Delivery, SyncJob
from syncjobs.queue import Job

STEPS_MINUTES = (2, 5, 15, 30, 60)
"""Each look re-reads the delivery and its master data from Exact; later ones come hourly."""
FOR_DAYS = 14
"""After that only a person's “Check again” goes on; Exact's daily calls are not spent on forgotten deliveries."""


def schedule(delivery: Delivery, *, job: Job, at: datetime, not_before: datetime | None = None) -> None:
    """Plan the next look, in the open transaction."""
    if at - delivery.created_at > timedelta(days=FOR_DAYS):
        return
    looked = SyncJob.objects.filter(
        tenant_id=job.tenant_id, kind=SyncJob.Kind.RECHECK, subject=delivery.code, created_at__gte=delivery.changed_at
    ).count()
    minutes = STEPS_MINUTES[min(looked, len(STEPS_MINUTES) - 1)]
    queue.add(
        job.tenant_id,
        SyncJob.Kind.RECHECK,
        delivery.code,
        due_at=max(at + timedelta(minutes=minutes), not_before or at),
        correlation=delivery.correlation,
        wake=False,
    )
