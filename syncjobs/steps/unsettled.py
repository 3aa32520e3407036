"""What every step that settles an attempt has in common: its lock, its columns, and the end of its job."""

from datetime import datetime
from typing import Any

from syncjobs import queue
from syncjobs.doubts import adopting
from syncjobs.models import Attempt
from syncjobs.queue import Job
from syncjobs.transitions import LostRace


def end(job: Job, *, not_before: datetime | None = None) -> None:
    """End the job, in the open transaction; it comes again when the next attempt of its delivery is due."""
    queue.finish(job)
    rows = Attempt.objects.filter(tenant_id=job.tenant_id, delivery__code=job.subject, due_at__isnull=False)
    due_at = rows.order_by("due_at").values_list("due_at", flat=True).first()
    if due_at is not None:
        due_at = max(due_at, not_before or due_at)
        queue.add(job.tenant_id, job.kind, job.subject, due_at=due_at, correlation=job.correlation)


def lock(attempt: Attempt) -> bool:
    """Lock the delivery; raises `LostRace` where the attempt was moved or decided about since it was seen.

    Returns whether the delivery is to be read from Exact before anything is written there.
    """
    seen = _as_seen(attempt)
    is_to_be_read = adopting.lock(attempt)
    if _as_seen(attempt) != seen:
        raise LostRace(f"attempt {attempt.code}")
    return is_to_be_read


def _as_seen(attempt: Attempt) -> tuple[object, ...]:
    """What a verdict about it rests on: a person's choice and a late answer bring the next look forward."""
    return attempt.state, attempt.due_at, (attempt.evidence or {}).get("chosen")


def note(attempt: Attempt, columns: dict[str, Any]) -> None:
    """Write columns that carry no state; the delivery's lock is held."""
    Attempt.objects.filter(tenant_id=attempt.tenant_id, pk=attempt.pk).update(**columns)
