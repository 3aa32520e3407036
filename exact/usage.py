"""How much of Exact's limits a company has used, for people to look at. Reads only."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

import redis

from exact.limit_rows import OPEN_FOR
from exact.limits import DEFAULT_DAY_LIMIT, DEFAULT_MINUTE_LIMIT
from exact.models import Breaker, CallBudget, Connection
from exact.quick_store import quick_store

MINUTE_SECONDS = 60
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """An endpoint that refused too often and is not called before a moment."""

    endpoint: str
    until_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Calls of this clock minute and of this day (UTC). `minute_used` is None while it cannot be told."""

    minute_used: int | None
    minute_limit: int
    day_used: int
    day_limit: int
    resting: tuple[Resting, ...]

    @property
    def minute_left(self) -> int | None:
        """What Exact would still take in this minute."""
        return None if self.minute_used is None else max(0, self.minute_limit - self.minute_used)

    @property
    def day_left(self) -> int:
        """What Exact would still take until midnight UTC."""
        return max(0, self.day_limit - self.day_used)


def usage_of(connection: Connection, *, client_id: str) -> Usage:
    """Inside the tenant's context; without Redis the rows tell of the day and nothing of the minute."""
    now = time.time()
    minute_used, day_used = _counted(f"exact:calls:{client_id}:{connection.site}:{connection.division}", now)
    if minute_used is None:
        day_used = _kept(connection, int(now) // DAY_SECONDS)
    return Usage(
        minute_used=minute_used,
        minute_limit=connection.minute_limit or DEFAULT_MINUTE_LIMIT,
        day_used=day_used,
        day_limit=connection.day_limit or DEFAULT_DAY_LIMIT,
        resting=_resting(connection, datetime.fromtimestamp(now, UTC)),
    )


def calls_left_today(connection: Connection, *, client_id: str) -> tuple[int, int]:
    """What Exact would still take until midnight UTC, and of how many; one statement at most."""
    now = time.time()
    minute_used, used = _counted(f"exact:calls:{client_id}:{connection.site}:{connection.division}", now)
    if minute_used is None:
        used = _kept(connection, int(now) // DAY_SECONDS)
    limit = connection.day_limit or DEFAULT_DAY_LIMIT
    return max(0, limit - used), limit


def _counted(base: str, now: float) -> tuple[int | None, int]:
    """As Redis counts (`exact.limit_scripts` says which keys)."""
    try:
        with quick_store().pipeline(transaction=False) as both:
            both.get(f"{base}:m:{int(now) // MINUTE_SECONDS}")
            both.hvals(f"{base}:d:{int(now) // DAY_SECONDS}")
            minute, day = both.execute()
    except redis.RedisError:
        return None, 0
    return int(minute or 0), sum(map(int, day))


def _kept(connection: Connection, day: int) -> int:
    budget = CallBudget.objects.filter(tenant_id=connection.tenant_id, connection=connection, day_number=day).first()
    return sum(budget.day_calls.values()) if budget else 0


def _resting(connection: Connection, at: datetime) -> tuple[Resting, ...]:
    rows = Breaker.objects.filter(tenant_id=connection.tenant_id, connection=connection, opened_at__gt=at - OPEN_FOR)
    return tuple(
        Resting(endpoint=row.endpoint, until_at=row.opened_at + OPEN_FOR)
        for row in rows.order_by("endpoint")
        if row.opened_at is not None
    )
