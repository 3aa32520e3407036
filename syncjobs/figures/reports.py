"""What shipments became over longer times, added up from what was counted by day (`syncjobs.figures.days`). Reads only.

Every function runs inside the tenant's context. Amounts of different currencies are never added up.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from django.db.models import DateField, Sum
from django.db.models.functions import Trunc

from syncjobs.figures.charts import share_of
from syncjobs.figures.days import figures_of
from syncjobs.models.figures import LABEL_SECONDS
from ups.models import Account
from ups.services import service_name

CLASSES = len(LABEL_SECONDS) + 1
_COUNTS = ("shipments", "parcels", "delivered", "exceptions", "promised", "on_time", "quoted", "label_seconds")
_AMOUNTS = ("charged_amount", "quoted_amount", "charged_of_quoted")
_SUMS = {name: Sum(name) for name in (*_COUNTS, *_AMOUNTS)} | {
    f"class_{place}": Sum(f"label_classes__{place}") for place in range(CLASSES)
}
_DAYS_BY_DAY, _DAYS_BY_WEEK = 31, 184
"""Up to so many days a report goes by day, or by week, where nobody chose."""


class Step(StrEnum):
    """What is added up to one line."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    @classmethod
    def fit(cls, first: date, last: date) -> Self:
        """So that a page holds it."""
        days = (last - first).days + 1
        if days <= _DAYS_BY_DAY:
            return cls("day")
        return cls("week" if days <= _DAYS_BY_WEEK else "month")

    def start_of(self, day: date) -> date:
        """The first day of the day's step; weeks begin on Monday."""
        if self is Step.DAY:
            return day
        return day - timedelta(days=day.weekday()) if self is Step.WEEK else day.replace(day=1)

    def after(self, start: date) -> date:
        """The first day of the next one."""
        return self.start_of(start + timedelta(days={Step.DAY: 1, Step.WEEK: 7, Step.MONTH: 31}[self]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From the first to the last day, both included."""

    first: date
    last: date
    step: Step

    def starts(self) -> Iterator[date]:
        """The first day of each step, the first of which may lie before the period."""
        start = self.step.start_of(self.first)
        while start <= self.last:
            yield start
            start = self.step.after(start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What UPS charged in one currency, and how that compares with what it had quoted for the same shipments."""

    currency: str
    shipments: int
    charged: Decimal
    quoted_shipments: int
    quoted: Decimal
    charged_of_quoted: Decimal

    @property
    def average(self) -> Decimal:
        """Of a shipment."""
        return self.charged / self.shipments

    @property
    def difference(self) -> Decimal:
        """How much more was charged than had been quoted; less than nothing if it was less."""
        return self.charged_of_quoted - self.quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Sums of shipments; `classes` say how many had their label how soon, `costs` has a row for each currency."""

    shipments: int = 0
    parcels: int = 0
    delivered: int = 0
    exceptions: int = 0
    promised: int = 0
    on_time: int = 0
    label_seconds: int = 0
    classes: tuple[int, ...] = (0,) * CLASSES
    costs: tuple[Cost, ...] = ()

    @property
    def on_time_share(self) -> Decimal | None:
        """Of those that arrived and of which UPS had named the day."""
        return share_of(self.on_time, self.promised)

    @property
    def exception_share(self) -> Decimal | None:
        """Of all."""
        return share_of(self.exceptions, self.shipments)

    @property
    def label_average(self) -> Decimal | None:
        """Seconds from the booking to the first label."""
        timed = sum(self.classes)
        return Decimal(self.label_seconds) / timed if timed else None

    @property
    def without_charge(self) -> int:
        """Shipments whose charge UPS did not tell."""
        return self.shipments - sum(cost.shipments for cost in self.costs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A service to a country."""

    service: str
    country: str
    line: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """By time, by service and country (most shipments first), and all together."""

    period: Period
    by_time: tuple[tuple[date, Line], ...]
    lanes: tuple[Lane, ...]
    total: Line


def report_of(tenant_id: UUID, period: Period) -> Report:
    """Three statements, whatever the period holds."""
    rows = figures_of(tenant_id, period.first, period.last)
    by_step = rows.annotate(start=Trunc("day", period.step.value, output_field=DateField()))
    times = _lines(by_step.values("start", "currency").order_by("start").annotate(**_SUMS), ("start",))
    lanes = _lines(rows.values("service_code", "country", "currency").order_by().annotate(**_SUMS), _LANE)
    names = _service_names(tenant_id, {service for service, _country in lanes})
    shown = [Lane(service=names[service], country=country, line=line) for (service, country), line in lanes.items()]
    return Report(
        period=period,
        by_time=tuple((start, times.get((start,), Line())) for start in period.starts()),
        lanes=tuple(sorted(shown, key=lambda lane: (-lane.line.shipments, lane.service, lane.country))),
        total=_total(times.values()),
    )


_LANE = ("service_code", "country")


def detailed(tenant_id: UUID, period: Period) -> Iterator[tuple[date, Lane]]:
    """Each step, service and country, oldest first: for a file. Two statements."""
    rows = figures_of(tenant_id, period.first, period.last)
    by_step = rows.annotate(start=Trunc("day", period.step.value, output_field=DateField()))
    sums = by_step.values("start", *_LANE, "currency").order_by("start", *_LANE).annotate(**_SUMS)
    lines = _lines(sums, ("start", *_LANE))
    names = _service_names(tenant_id, {service for _start, service, _country in lines})
    for (start, service, country), line in lines.items():
        yield start, Lane(service=names[service], country=country, line=line)


def _lines(rows: Iterable[Mapping[str, Any]], keys: tuple[str, ...]) -> dict[tuple[Any, ...], Line]:
    """Rows that differ in nothing but their currency become one line."""
    found: dict[tuple[Any, ...], list[Line]] = defaultdict(list)
    for row in rows:
        found[tuple(row[key] for key in keys)].append(_line(row))
    return {key: _total(lines) for key, lines in found.items()}


def _line(row: Mapping[str, Any]) -> Line:
    classes = tuple(row[f"class_{place}"] for place in range(CLASSES))
    told = Cost(
        currency=row["currency"],
        shipments=row["shipments"],
        charged=row["charged_amount"],
        quoted_shipments=row["quoted"],
        quoted=row["quoted_amount"],
        charged_of_quoted=row["charged_of_quoted"],
    )
    names = (name for name in _COUNTS if name != "quoted")
    return Line(**{name: row[name] for name in names}, classes=classes, costs=(told,) if row["currency"] else ())


def _total(lines: Iterable[Line]) -> Line:
    total = Line()
    for line in lines:
        sums = {name: getattr(total, name) + getattr(line, name) for name in _COUNTS if name != "quoted"}
        classes = tuple(mine + more for mine, more in zip(total.classes, line.classes, strict=True))
        total = Line(**sums, classes=classes, costs=_costs((*total.costs, *line.costs)))
    return total


def _costs(costs: Iterable[Cost]) -> tuple[Cost, ...]:
    """One for each currency, by its name."""
    found: dict[str, Cost] = {}
    for cost in costs:
        known = found.get(cost.currency)
        found[cost.currency] = _added(known, cost) if known else cost
    return tuple(found[currency] for currency in sorted(found))


def _added(one: Cost, other: Cost) -> Cost:
    return replace(
        one,
        shipments=one.shipments + other.shipments,
        charged=one.charged + other.charged,
        quoted_shipments=one.quoted_shipments + other.quoted_shipments,
        quoted=one.quoted + other.quoted,
        charged_of_quoted=one.charged_of_quoted + other.charged_of_quoted,
    )


def _service_names(tenant_id: UUID, codes: Iterable[str]) -> dict[str, str]:
    """What UPS calls the services where the company's parcels start."""
    origins = Account.objects.filter(tenant_id=tenant_id).order_by("pk").values_list("country", flat=True)
    origin = origins.first() or ""
    return {code: service_name(origin, code) for code in codes}
