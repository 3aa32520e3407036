"""The rows of a run and of what it found. Inside the tenant's context, each function one piece of a transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from connector_site.lib.wording import said
from exact.models import Connection
from syncjobs.models import Delivery, Finding, Reconciliation
from syncjobs.reconciling.comparing import OPEN, Difference
from syncjobs.reconciling.kinds import BY_ITSELF, FindingKind
from syncjobs.reconciling.sides import Sides

RESUMED_WITHIN = timedelta(hours=12)
"""A run that did not end is gone on with for so long; after that the next night's is another one."""
NOT_ENDED = said("It was interrupted and did not end; the next one looked at everything again.")
IN_PART = said("There was too much to read in one go: what Exact Online showed was compared, the rest was not.")
_PROBLEM_CHARACTERS = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a run made of the findings; `to_repair` are those that it repairs by itself, `unmended` did so in vain."""

    found: int
    resolved: int
    unmended: int
    to_repair: tuple[UUID, ...]


def begin(connection: Connection, *, since_at: datetime, at: datetime) -> Reconciliation:
    """The run that is under way, as a killed worker or an unreachable Exact left it, or a new one."""
    unended = Reconciliation.objects.filter(tenant_id=connection.tenant_id, connection=connection, ended_at=None)
    unended.filter(began_at__lte=at - RESUMED_WITHIN).update(ended_at=at, problem=NOT_ENDED)
    run = unended.order_by("-began_at").first()
    if run is not None:
        Reconciliation.objects.filter(pk=run.pk).update(since_at=since_at)
        return run
    return Reconciliation.objects.create(
        tenant_id=connection.tenant_id, connection=connection, began_at=at, since_at=since_at
    )


def note_problem(run: Reconciliation, problem: str) -> None:
    """Why it cannot go on now; findings stay as they are."""
    Reconciliation.objects.filter(tenant_id=run.tenant_id, pk=run.pk).update(problem=problem[:_PROBLEM_CHARACTERS])


def end(run: Reconciliation, sides: Sides, *, at: datetime) -> None:
    """The run is over: how many there are on each side."""
    compared = [one for one in sides.deliveries if one.state != Delivery.State.CANCELLED]
    shown = sides.exact.shown
    unknown = Finding.objects.filter(
        tenant_id=run.tenant_id, connection_id=run.connection_id, kind=FindingKind.UNKNOWN_DELIVERY, resolved_at=None
    ).count()
    Reconciliation.objects.filter(tenant_id=run.tenant_id, pk=run.pk).update(
        ended_at=at,
        problem="" if sides.exact.is_whole else IN_PART,
        exact_deliveries=sum(one.entry_id in shown for one in compared) + unknown,
        our_deliveries=sum(one.entry_id in shown or one.state in OPEN for one in compared),
        shipments=sum(shipment.is_live for one in compared for shipment in one.shipments),
        manifests=len(sides.manifests),
    )


def keep(
    run: Reconciliation, differences: Sequence[Difference], *, unsure: Collection[FindingKind] = (), at: datetime
) -> Kept:
    """Bring the open findings in line with what was found.

    One found again stays the same row; one that is gone is resolved, unless this run could not read what would show it
    (`unsure`); one that a person dismissed does not come back while nothing about it has changed.
    """
    rows = Finding.objects.select_for_update().filter(tenant_id=run.tenant_id, resolved_at=None).order_by("pk")
    standing = {(row.kind, row.subject): row for row in rows}
    found = {(one.kind.value, one.subject): one for one in differences}
    dismissed = _dismissed(run, found)
    new = [one for key, one in found.items() if key not in standing and (*key, _frozen(one)) not in dismissed]
    made = Finding.objects.bulk_create(_row(run, one, at) for one in new)
    again = [row for key, row in standing.items() if key in found]
    _see_again(run, again, found, at)
    over = [
        row
        for key, row in standing.items()
        if key not in found and row.connection_id == run.connection_id and row.kind not in unsure
    ]
    _resolve(over, at)
    return Kept(
        found=len(made) + len(again),
        resolved=len(over),
        unmended=sum(row.kind in BY_ITSELF and row.repair_asked_at is not None for row in again),
        to_repair=tuple(row.code for row in [*made, *again] if row.kind in BY_ITSELF),
    )


def _row(run: Reconciliation, one: Difference, at: datetime) -> Finding:
    return Finding(
        tenant_id=run.tenant_id,
        connection_id=run.connection_id,
        reconciliation=run,
        kind=one.kind.value,
        subject=one.subject,
        details=one.details,
        found_at=at,
        seen_at=at,
    )


def _see_again(
    run: Reconciliation, rows: Sequence[Finding], found: Mapping[tuple[str, UUID], Difference], at: datetime
) -> None:
    """One statement for all, and one more for those of which something has changed."""
    keys = [row.pk for row in rows]
    Finding.objects.filter(tenant_id=run.tenant_id, pk__in=keys).update(seen_at=at, reconciliation=run)
    changed = [row for row in rows if row.details != found[row.kind, row.subject].details]
    for row in changed:
        row.details = found[row.kind, row.subject].details
    Finding.objects.bulk_update(changed, ["details"], batch_size=500)


def _dismissed(run: Reconciliation, keys: Collection[tuple[str, UUID]]) -> set[tuple[str, UUID, tuple[object, ...]]]:
    """Those that were dismissed just as they are; people do that seldom, so all of the company's are read."""
    rows = Finding.objects.filter(
        tenant_id=run.tenant_id, connection_id=run.connection_id, resolution=Finding.Resolution.DISMISSED
    )
    same = [row for row in rows if (row.kind, row.subject) in keys]
    return {(row.kind, row.subject, tuple(sorted(row.details.items()))) for row in same}


def _frozen(one: Difference) -> tuple[object, ...]:
    return tuple(sorted(one.details.items()))


def _resolve(over: Sequence[Finding], at: datetime) -> None:
    for row in over:
        row.resolved_at = at
        repaired = row.repair_asked_at is not None
        row.resolution = Finding.Resolution.REPAIRED if repaired else Finding.Resolution.BY_ITSELF
    Finding.objects.bulk_update(over, ["resolved_at", "resolution"], batch_size=500)
