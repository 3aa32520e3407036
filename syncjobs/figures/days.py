"""Which days have to be counted, and how far a company's figures are.

Counted is what was made and not voided since, returns left out, by the company's own clock (`figures.counting`).
Counting a day writes all its rows anew, so doing it twice, late, or after a crash changes nothing. Every function runs
inside the tenant's context (`tenants.gate.inside`), but `tenants_to_count`, which looks across them.
"""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import TruncDate

from syncjobs.figures import counting
from syncjobs.models import Counting, DayFigures, Shipment
from tenants.models import Tenant

OVERLAP = timedelta(minutes=15)
"""Longer than any transaction: what was written late carries a moment before the one it was counted to."""
CHANGES_DAYS = 120
"""News of older shipments changes no figure: UPS itself has forgotten them by then."""
AGAIN_DAYS = 60
"""So many days are counted anew once a day, whatever changed: nothing that was missed stays missed."""
AT_LEAST_EVERY = timedelta(days=1)
_TO_COUNT = "SELECT tenant_id FROM syncjobs_to_count(make_interval(secs => %s), make_interval(secs => %s))"


def tenants_to_count() -> list[UUID]:
    """Every tenant with changes since it was counted, or that was not counted for a day."""
    with connection.cursor() as cursor:
        cursor.execute(_TO_COUNT, [OVERLAP.total_seconds(), AT_LEAST_EVERY.total_seconds()])
        return [row[0] for row in cursor.fetchall()]


def days_to_count(tenant_id: UUID, *, at: datetime) -> list[date]:
    """The days whose figures may have changed, oldest first.

    Those already counted since the work began are left out, so that work that was cut short goes on where it was.
    """
    zone = _zone(tenant_id)
    today = at.astimezone(zone).date()
    counted_to_at = Counting.objects.filter(tenant_id=tenant_id).values_list("counted_to_at", flat=True).first()
    if counted_to_at is None:
        return _all_days(tenant_id, zone, today)
    changed = _changed_days(tenant_id, zone, since=counted_to_at - OVERLAP, at=at)
    midnight = datetime.combine(today, time(), zone)
    if counted_to_at >= midnight:
        return sorted(changed)
    wanted = changed | {today - timedelta(days=back) for back in range(AGAIN_DAYS)}
    done = DayFigures.objects.filter(tenant_id=tenant_id, day__in=wanted, counted_at__gte=midnight)
    return sorted(wanted - set(done.values_list("day", flat=True)))


def count_days(tenant_id: UUID, days: Collection[date], *, at: datetime) -> None:
    """Count these days of the company's own clock anew."""
    if days:
        counting.count(tenant_id, days, zone=_zone(tenant_id).key, at=at)


def note_counted(tenant_id: UUID, *, at: datetime) -> None:
    """All that changed until then has been counted; never goes back."""
    row, is_new = Counting.objects.get_or_create(tenant_id=tenant_id, defaults={"counted_to_at": at})
    if not is_new:
        Counting.objects.filter(pk=row.pk, tenant_id=tenant_id, counted_to_at__lt=at).update(counted_to_at=at)


def figures_of(tenant_id: UUID, first: date, last: date) -> QuerySet[DayFigures]:
    """What was counted from `first` to `last`, both included; to be added up by whoever asks."""
    return DayFigures.objects.filter(tenant_id=tenant_id, day__range=(first, last))


def _zone(tenant_id: UUID) -> ZoneInfo:
    return ZoneInfo(Tenant.objects.values_list("time_zone", flat=True).get(pk=tenant_id))


def _all_days(tenant_id: UUID, zone: ZoneInfo, today: date) -> list[date]:
    """Every day since the first shipment that has no figures yet, and the newest of those that have."""
    made = Shipment.objects.filter(tenant_id=tenant_id).order_by("created_at").values_list("created_at", flat=True)
    first_at = made.first()
    if first_at is None:
        return []
    first = first_at.astimezone(zone).date()
    done = DayFigures.objects.filter(tenant_id=tenant_id).order_by("-day").values_list("day", flat=True).first()
    begin = max(first, done) if done else first
    return [begin + timedelta(days=on) for on in range((today - begin).days + 1)]


def _changed_days(tenant_id: UUID, zone: ZoneInfo, *, since: datetime, at: datetime) -> set[date]:
    rows = Shipment.objects.filter(
        tenant_id=tenant_id,
        delivery__tenant_id=tenant_id,
        delivery__changed_at__gte=since.astimezone(UTC),
        created_at__gte=at - timedelta(days=CHANGES_DAYS),
    )
    days = rows.annotate(day=TruncDate("created_at", tzinfo=zone)).values_list("day", flat=True).distinct()
    return set(days)
