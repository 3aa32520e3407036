"""What a company's first page shows: today, the last three weeks, what waits, and how the connections are. Reads only.

Every function runs inside the tenant's context and clock (`tenants.gate.inside`), by one statement each but where it
says otherwise; none of them counts more than a day's changes.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from syncjobs.attention import waiting as attention
from syncjobs.attention.kinds import WORDS, Kind, SubjectKind
from syncjobs.desk import Shown, shown_milestone, shown_state
from syncjobs.figures.charts import share_of
from syncjobs.figures.days import figures_of
from syncjobs.models import Delivery
from syncjobs.problems import from_json

DAYS = 21
LATEST = 5
WAITING_SHOWN = 5
_STOPPED = frozenset({Delivery.State.HOLD, Delivery.State.REVIEW})
SEEN_FOR = timedelta(minutes=5)
"""What changes without a delivery, such as the calls that are left, is shown after so long at the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """Since midnight of the company's clock."""

    booked: int
    shipped: int
    arrived: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayShown:
    """What became of a day's shipments."""

    day: date
    shipments: int = 0
    delivered: int = 0
    exceptions: int = 0
    promised: int = 0
    on_time: int = 0

    @property
    def on_time_share(self) -> Decimal | None:
        """Of those that arrived and of which UPS had named the day."""
        return share_of(self.on_time, self.promised)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Something that waits for a person; without a delivery it is told on the page "To do"."""

    kind: str
    since: datetime
    is_urgent: bool
    delivery: Delivery | None
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """A delivery among the newest."""

    delivery: Delivery
    shown: Shown
    milestone: Shown | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """The most urgent of what waits, how many deliveries UPS is in trouble with, as "To do" counts them, the newest."""

    waiting: tuple[Waiting, ...]
    in_trouble: int
    latest: tuple[Latest, ...]


_TODAY = """
SELECT (SELECT count(*) FROM syncjobs_delivery
         WHERE tenant_id = %(tenant)s AND created_at >= %(midnight)s AND return_of_id IS NULL),
       (SELECT count(*) FROM syncjobs_shipment s
         WHERE s.tenant_id = %(tenant)s AND s.created_at >= %(midnight)s AND s.voided_at IS NULL
           AND NOT EXISTS (SELECT FROM syncjobs_delivery d WHERE d.id = s.delivery_id AND d.return_of_id IS NOT NULL)),
       (SELECT count(*) FROM syncjobs_delivery d
         WHERE d.tenant_id = %(tenant)s AND d.changed_at >= %(midnight)s AND d.milestone = 'delivered'
           AND d.return_of_id IS NULL AND EXISTS (
             SELECT FROM syncjobs_shipment s JOIN syncjobs_parcel p ON p.shipment_id = s.id
              WHERE s.delivery_id = d.id AND p.milestone = 'delivered' AND p.milestone_at >= %(midnight)s))
"""
_MARK = """
SELECT (SELECT max(changed_at) FROM syncjobs_delivery WHERE tenant_id = %s),
       (SELECT counted_to_at FROM syncjobs_counting WHERE tenant_id = %s), {waiting}
"""


def mark_of(tenant_id: UUID, *, at: datetime) -> str:
    """Another one whenever the page would show something else; cheap, because an open page asks every few seconds."""
    waiting, values = attention.count_sql(tenant_id, at=at)
    with connection.cursor() as cursor:
        cursor.execute(_MARK.format(waiting=waiting), [tenant_id, tenant_id, *values])
        changed_at, counted_to_at, count = cursor.fetchone()
    moments = (moment.timestamp() if moment else 0 for moment in (changed_at, counted_to_at))
    now = int(at.timestamp() // SEEN_FOR.total_seconds())
    return "-".join(map(str, (*moments, count, now)))


def today_of(tenant_id: UUID, *, at: datetime) -> Today:
    """Live, not from what was counted."""
    midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(_TODAY, {"tenant": tenant_id, "midnight": midnight})
        booked, shipped, arrived = cursor.fetchone()
    return Today(booked=booked, shipped=shipped, arrived=arrived)


def days_of(tenant_id: UUID, today: date) -> tuple[DayShown, ...]:
    """The last three weeks with today, oldest first; a day without shipments is there as well."""
    first = today - timedelta(days=DAYS - 1)
    columns = ("shipments", "delivered", "exceptions", "promised", "on_time")
    sums = {name: Sum(name) for name in columns}
    rows = figures_of(tenant_id, first, today).values("day").order_by("day").annotate(**sums)
    found = {row["day"]: DayShown(**row) for row in rows}
    days = (first + timedelta(days=on) for on in range(DAYS))
    return tuple(found.get(day) or DayShown(day=day) for day in days)


def glance_of(tenant_id: UUID, *, user_id: int, at: datetime) -> Glance:
    """Two statements for all of it."""
    page = attention.items(tenant_id, who=attention.Who.ALL, user_id=user_id, at=at)
    found = page.items[:WAITING_SHOWN]
    codes = [item.subject.code for item in found if item.subject.kind == SubjectKind.DELIVERY]
    mine = Delivery.objects.filter(tenant_id=tenant_id).defer("facts", "packing", "written")
    newest = mine.order_by("-created_at", "-pk")[:LATEST]
    both = mine.filter(code__in=codes).union(newest) if codes else newest
    rows = sorted(both, key=lambda row: (row.created_at, row.pk), reverse=True)
    by_code = {row.code: row for row in rows}
    return Glance(
        waiting=tuple(_waiting(item, by_code.get(item.subject.code)) for item in found),
        in_trouble=page.counts.by_kind.get(Kind.EXCEPTION, 0),
        latest=tuple(_latest(row) for row in rows[:LATEST]),
    )


def _waiting(item: attention.Item, delivery: Delivery | None) -> Waiting:
    problems = from_json(delivery.problems) if delivery and delivery.state in _STOPPED else []
    return Waiting(
        kind=WORDS[item.kind],
        since=item.since,
        is_urgent=item.is_urgent,
        delivery=delivery,
        problem=problems[0].text if problems else "",
    )


def _latest(row: Delivery) -> Latest:
    return Latest(delivery=row, shown=shown_state(row, ()), milestone=shown_milestone(row))
