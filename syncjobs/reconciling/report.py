"""The comparison as people read it: the last runs, and what is open, by what to do about it. Reads only.

Every function runs inside the tenant's context (`tenants.gate.inside`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Case, Count, Q, QuerySet, Value, When

from connector_site.lib.wording import said
from exact.models import Connection
from syncjobs.models import Delivery, Finding, Reconciliation
from syncjobs.reconciling.asking import is_under_way
from syncjobs.reconciling.kinds import KINDS, SERIOUS, FindingKind, Place, advice_of, text_of

RUNS_SHOWN = 7
SHOWN_AT_MOST = 100
"""Findings of one group; when there are more, the cause is one and the rest is more of the same."""
IN_VAIN_AFTER = timedelta(hours=12)
IN_VAIN = said("It was set going again more than once and that did not help. Tell our team the number of the delivery.")
TITLES = {
    Place.CLICK: said("Can be put right with one click"),
    Place.UPS: said("To be settled at UPS"),
    Place.EXACT: said("To be settled in Exact Online"),
    Place.ITSELF: said("Being put right by itself"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingShown:
    """One open finding. `button` is empty where there is no safe repair; `asked_at` is when it was last repaired."""

    code: UUID
    text: str
    advice: str
    is_serious: bool
    button: str
    delivery: UUID | None
    found_at: datetime
    asked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Findings that are mended in the same place; `more` is how many are not shown."""

    title: str
    findings: tuple[FindingShown, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunShown:
    """One comparison; `found` is how many differences were open when it ended."""

    run: Reconciliation
    found: int

    @property
    def agrees(self) -> bool:
        """Whether all that was compared agreed."""
        return self.run.ended_at is not None and not self.run.problem and self.found == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that the page shows. `last` is the newest run that ended, `open_run` one that has not yet."""

    last: RunShown | None
    open_run: Reconciliation | None
    is_under_way: bool
    groups: tuple[Group, ...]
    runs: tuple[RunShown, ...]


def report_of(connection: Connection) -> Report:
    """The report of a company."""
    mine = Reconciliation.objects.filter(tenant_id=connection.tenant_id, connection=connection)
    ended = mine.filter(ended_at__isnull=False).order_by("-began_at")[:RUNS_SHOWN]
    runs = tuple(RunShown(run=run, found=_open_after(run)) for run in ended)
    return Report(
        last=runs[0] if runs else None,
        open_run=mine.filter(ended_at=None).order_by("-began_at").first(),
        is_under_way=is_under_way(connection),
        groups=_groups(connection),
        runs=runs,
    )


def _open_after(run: Reconciliation) -> int:
    rows = Finding.objects.filter(tenant_id=run.tenant_id, connection_id=run.connection_id, found_at__lte=run.ended_at)
    return rows.filter(Q(resolved_at=None) | Q(resolved_at__gt=run.ended_at)).count()


def _groups(connection: Connection) -> tuple[Group, ...]:
    mine = Finding.objects.filter(tenant_id=connection.tenant_id, connection=connection, resolved_at=None)
    counts = {
        row["kind"]: row["number"]
        for row in mine.filter(kind__in=list(FindingKind)).order_by().values("kind").annotate(number=Count("pk"))
    }
    found = {place: _first(mine, place) for place in Place if any(kind in counts for kind in _kinds_of(place))}
    deliveries = _deliveries(connection.tenant_id, [row for rows in found.values() for row in rows])
    return tuple(
        Group(
            title=TITLES[place],
            findings=tuple(_shown(row, deliveries) for row in rows),
            more=sum(counts.get(kind, 0) for kind in _kinds_of(place)) - len(rows),
        )
        for place, rows in found.items()
    )


def _first(mine: QuerySet[Finding], place: Place) -> list[Finding]:
    """The findings of one group that are shown, the serious before the others and the oldest first."""
    rows = mine.filter(kind__in=_kinds_of(place))
    is_minor = Case(When(kind__in=SERIOUS, then=Value(0)), default=Value(1))
    return list(rows.order_by(is_minor, "found_at", "pk")[:SHOWN_AT_MOST])


def _kinds_of(place: Place) -> list[FindingKind]:
    return [kind for kind, about in KINDS.items() if about.place == place]


def _deliveries(tenant_id: UUID, rows: Iterable[Finding]) -> dict[UUID, UUID]:
    """The pages to link to, by what a finding is about: a delivery, or one that was taken in since."""
    codes = {UUID(row.details["delivery"]) for row in rows if "delivery" in row.details}
    entries = [row.subject for row in rows if row.kind == FindingKind.UNKNOWN_DELIVERY]
    taken_in = Delivery.objects.filter(tenant_id=tenant_id, exact_entry_id__in=entries)
    return {code: code for code in codes} | {delivery.exact_key: delivery.code for delivery in taken_in}


def _shown(row: Finding, deliveries: dict[UUID, UUID]) -> FindingShown:
    kind = FindingKind(row.kind)
    is_in_vain = KINDS[kind].by_itself and row.seen_at - row.found_at > IN_VAIN_AFTER
    about = UUID(row.details["delivery"]) if "delivery" in row.details else row.subject
    return FindingShown(
        code=row.code,
        text=text_of(kind, row.details),
        advice=IN_VAIN if is_in_vain else advice_of(kind, row.details),
        is_serious=KINDS[kind].is_serious,
        button=KINDS[kind].button,
        delivery=deliveries.get(about),
        found_at=row.found_at,
        asked_at=row.repair_asked_at,
    )
