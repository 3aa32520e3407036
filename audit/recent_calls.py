"""How the last calls to an outside system went, as the trail has them."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from audit.models import ChainHead, Event

LOOKED_AT = 3_000
"""Our own bound: so many of the newest events are looked through, a few milliseconds' work."""
_REFUSED = (400, 401, 403, 404)
"""The answers that Exact counts as errors (`exact.md` 5)."""
_GOOD_BELOW = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentCalls:
    """`refused` counts refusals of the last hour; None is "not among the newest events"."""

    last_good_at: datetime | None
    last_bad_at: datetime | None
    last_bad_status: int | None
    refused: int


def recent_calls(tenant_id: uuid.UUID, system: str, *, at: datetime) -> RecentCalls:
    """Inside the tenant's context."""
    head = ChainHead.objects.filter(tenant_id=tenant_id).values_list("sequence", flat=True).first() or 0
    rows = (
        Event.objects.filter(tenant_id=tenant_id, sequence__gt=head - LOOKED_AT, kind=Event.Kind.CALLED)
        .filter(details__system=system)
        .order_by("-sequence")
        .values_list("recorded_at", "details__status")
    )
    good, bad, bad_status, refused = None, None, None, 0
    for recorded_at, status in rows:
        is_good = isinstance(status, int) and status < _GOOD_BELOW
        if is_good:
            good = good or recorded_at
        elif bad is None:
            bad, bad_status = recorded_at, status
        is_recent = recorded_at is not None and recorded_at > at - timedelta(hours=1)
        refused += status in _REFUSED and is_recent
    return RecentCalls(last_good_at=good, last_bad_at=bad, last_bad_status=bad_status, refused=refused)
