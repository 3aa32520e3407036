"""Checks of a whole chain, kept with what they found; done in portions, so the longest chain needs no long statement.

While a check is under way its row holds how far it came: the number and hash of the last event that was found to fit.
So it is gone on with wherever it was cut off.
"""

import logging
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from audit import chain
from audit.chain import Place
from audit.models import ChainCheck
from tenants.context import tenant_context

logger = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=92)
WORKS_FOR = timedelta(hours=1)
LOOKED_AT = 5
"""Our own: checks whose work was given up stand among them."""


def begin(tenant_id: uuid.UUID, *, at: datetime) -> ChainCheck:
    """A check that has still to be done; old ones go. Inside the tenant's context."""
    ChainCheck.objects.filter(tenant_id=tenant_id, asked_at__lt=at - KEPT_FOR).delete()
    place = chain.beginning_of(tenant_id)
    return ChainCheck.objects.create(
        tenant_id=tenant_id, asked_at=at, events=0, head_sequence=place.sequence, head_hash=place.hash
    )


def go_on(check: ChainCheck, *, ends: float) -> bool:
    """Go on until the verdict is known, or until `ends` on the monotonic clock; whether it is finished.

    Each portion is a transaction of its own. A broken chain is logged as an error.
    """
    while check.finished_at is None:
        with tenant_context(check.tenant_id):
            _next_portion(check)
        if time.monotonic() >= ends:
            break
    if check.finished_at is not None and check.broken_at is not None:
        logger.error("The audit chain of tenant %s is broken at event %s", check.tenant_id, check.broken_at)
    return check.finished_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """The last check that came to its end, and a later one that is still at work."""

    finished: ChainCheck | None
    unfinished: ChainCheck | None


def last_two(tenant_id: uuid.UUID, *, at: datetime) -> Checks:
    """Of those asked for lately; one that was begun more than an hour ago is at work no more."""
    rows = list(ChainCheck.objects.filter(tenant_id=tenant_id).order_by("-asked_at")[:LOOKED_AT])
    open_ones = [row for row in rows if row.finished_at is None and row.asked_at > at - WORKS_FOR]
    finished = next((row for row in rows if row.finished_at is not None), None)
    is_newer = bool(open_ones) and (finished is None or open_ones[0].asked_at > finished.asked_at)
    return Checks(finished=finished, unfinished=open_ones[0] if is_newer else None)


def _next_portion(check: ChainCheck) -> None:
    end = chain.head_of(check.tenant_id)
    after = Place(sequence=check.head_sequence or 0, hash=check.head_hash)
    reached, verdict = chain.compare(check.tenant_id, after=after, end=end)
    check.events = (check.events or 0) + (verdict.events if verdict else reached.sequence - after.sequence)
    check.head_sequence, check.head_hash = reached.sequence, reached.hash
    if verdict is not None:
        check.finished_at, check.broken_at = timezone.now(), verdict.broken_at
        check.head_sequence, check.head_hash = end.sequence, end.hash
    check.save(update_fields=["events", "head_sequence", "head_hash", "finished_at", "broken_at"])
