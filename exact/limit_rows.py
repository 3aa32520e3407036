"""The durable half of the call limiter: which minute was opened, the spare budget, the day's calls, open breakers.

Redis may give at most five sixths of a minute's calls, the rows at most the last sixth. So both together stay within
Exact's limit whoever uses which, and a Redis that lost its memory is not trusted with the same minute again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q

from exact.models import Breaker, CallBudget, Connection
from tenants.context import tenant_context

OPEN_FOR = timedelta(minutes=60)
OPEN_AFTER_REFUSALS = 5
"""Half of Exact's ten an hour (`exact.md` 5, `reliability.md` 2.3)."""
_PROBE_LIFE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """What Redis needs to know to give calls in a new minute."""

    day_calls: dict[str, int]
    opened: dict[str, int]
    blocked_until_at: datetime | None = None


def open_minute(
    tenant_id: UUID, connection_id: int, *, minute: int, day: int, day_calls: dict[str, int]
) -> Seed | None:
    """Let Redis give calls in this minute, once only; None when it was let before and forgot."""
    with tenant_context(tenant_id):
        budget = _locked(tenant_id, connection_id)
        if budget.opened_minute >= minute:
            return None
        stored = budget.day_calls if budget.day_number == day else {}
        merged = {name: max(stored.get(name, 0), day_calls.get(name, 0)) for name in stored.keys() | day_calls.keys()}
        budget.opened_minute, budget.day_number, budget.day_calls = minute, day, merged
        budget.save(update_fields=["opened_minute", "day_number", "day_calls"])
        breakers = Breaker.objects.filter(connection_id=connection_id, opened_at__isnull=False)
        opened = {row.endpoint: int(row.opened_at.timestamp()) for row in breakers if row.opened_at}
        blocked = Connection.objects.values_list("blocked_until_at", flat=True).get(pk=connection_id)
    return Seed(day_calls=merged, opened=opened, blocked_until_at=blocked)


def spend_spare(
    tenant_id: UUID, connection_id: int, *, endpoint: str, minute_limit: int, day_limit: int, share: int, budget: str
) -> datetime | None:
    """Take one of the few calls that need no Redis; returns when to come back where there is none."""
    with tenant_context(tenant_id):
        row = _locked(tenant_id, connection_id)
        now = _clock()
        barred = _barred(connection_id, endpoint, now)
        if barred is not None:
            return barred
        minute, day = int(now.timestamp()) // 60, int(now.timestamp()) // 86_400
        calls = row.spare_calls if row.spare_minute == minute else 0
        if calls >= minute_limit - minute_limit * 5 // 6:
            return datetime.fromtimestamp((minute + 1) * 60, UTC)
        counts = dict(row.day_calls) if row.day_number == day else {}
        if counts.get(budget, 0) >= day_limit * share // 100 or sum(counts.values()) >= day_limit:
            return datetime.fromtimestamp((day + 1) * 86_400, UTC)
        row.spare_minute, row.spare_calls = minute, calls + 1
        row.day_number, row.day_calls = day, counts | {budget: counts.get(budget, 0) + 1}
        row.save(update_fields=["spare_minute", "spare_calls", "day_number", "day_calls"])
    return None


def count_refusal(tenant_id: UUID, connection_id: int, endpoint: str) -> datetime | None:
    """Count a refusal that Redis could not count; returns since when the endpoint is not called, if that is so now."""
    with tenant_context(tenant_id):
        breaker = _breaker(tenant_id, connection_id, endpoint)
        now = _clock()
        recent = [moment for moment in breaker.refused_at if moment > (now - OPEN_FOR).timestamp()]
        breaker.refused_at = [*recent, now.timestamp()]
        if len(breaker.refused_at) >= OPEN_AFTER_REFUSALS or breaker.opened_at is not None:
            breaker.opened_at, breaker.probe_at = now, None
        breaker.save(update_fields=["refused_at", "opened_at", "probe_at"])
    return breaker.opened_at


def open_breaker(tenant_id: UUID, connection_id: int, endpoint: str, *, opened_at: datetime) -> None:
    """Record that an endpoint is not called for an hour."""
    with tenant_context(tenant_id):
        breaker = _breaker(tenant_id, connection_id, endpoint)
        breaker.opened_at, breaker.probe_at = opened_at, None
        breaker.save(update_fields=["opened_at", "probe_at"])


def close_breaker(tenant_id: UUID, connection_id: int, endpoint: str) -> None:
    """The probe went well: call the endpoint as before."""
    with tenant_context(tenant_id):
        Breaker.objects.filter(connection_id=connection_id, endpoint=endpoint).delete()


def forget_breakers(tenant_id: UUID, connection_id: int, *, before: datetime) -> set[str]:
    """Forget the refusals of earlier consents; which endpoints they were about."""
    older = Q(opened_at=None) | Q(opened_at__lt=before)
    with tenant_context(tenant_id):
        rows = Breaker.objects.filter(older, connection_id=connection_id)
        endpoints = set(rows.values_list("endpoint", flat=True))
        rows.delete()
    return endpoints


def note_limits(tenant_id: UUID, connection_id: int, *, minute_limit: int | None, day_limit: int | None) -> None:
    """Keep the limits that Exact's headers named."""
    known = {"minute_limit": minute_limit, "day_limit": day_limit}
    with tenant_context(tenant_id):
        Connection.objects.filter(pk=connection_id).update(
            **{name: value for name, value in known.items() if value is not None}
        )


def note_block(tenant_id: UUID, connection_id: int, until_at: datetime) -> None:
    """Nobody calls before this moment; a later one that is known stays."""
    with tenant_context(tenant_id):
        Connection.objects.filter(Q(blocked_until_at=None) | Q(blocked_until_at__lt=until_at), pk=connection_id).update(
            blocked_until_at=until_at
        )


def _barred(connection_id: int, endpoint: str, now: datetime) -> datetime | None:
    blocked = Connection.objects.values_list("blocked_until_at", flat=True).get(pk=connection_id)
    if blocked is not None and blocked > now:
        return blocked
    breaker = Breaker.objects.filter(connection_id=connection_id, endpoint=endpoint, opened_at__isnull=False).first()
    if breaker is None or breaker.opened_at is None:
        return None
    if now < breaker.opened_at + OPEN_FOR:
        return breaker.opened_at + OPEN_FOR
    if breaker.probe_at is not None and now < breaker.probe_at + _PROBE_LIFE:
        return breaker.probe_at + _PROBE_LIFE
    Breaker.objects.filter(pk=breaker.pk).update(probe_at=now)
    return None


def _locked(tenant_id: UUID, connection_id: int) -> CallBudget:
    CallBudget.objects.bulk_create(
        [CallBudget(tenant_id=tenant_id, connection_id=connection_id)], ignore_conflicts=True
    )
    return CallBudget.objects.select_for_update().get(connection_id=connection_id)


def _breaker(tenant_id: UUID, connection_id: int, endpoint: str) -> Breaker:
    row, _ = Breaker.objects.select_for_update().get_or_create(
        tenant_id=tenant_id, connection_id=connection_id, endpoint=endpoint
    )
    return row


def _clock() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    moment: datetime = row[0]
    return moment
