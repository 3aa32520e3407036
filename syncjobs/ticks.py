"""Turning the clock's ticks into jobs; a tick that comes twice, late or from two clocks changes nothing."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import DatabaseError, connection
from django.db.models import Q

from audit.chain import tenants_with_events
from exact import addresses, grants
from exact.models import Connection
from exact.upkeep import left_over_connections, live_connections
from syncjobs import queue, silence
from syncjobs.figures.days import tenants_to_count
from syncjobs.models import SyncJob
from syncjobs.reconciling import asking
from tenants.context import tenant_context
from tenants.models import Tenant

logger = logging.getLogger(__name__)

TURNED_AT_ONCE = 1_000
"""Rows of each kind that one tick turns into jobs; the next tick takes more."""
CHANGES_EVERY = timedelta(minutes=15)
CHANGES_WHEN_SILENT_EVERY = timedelta(minutes=5)
"""`exact.md` 12: three calls each time, 288 of the 500 a day that comparing may cost."""
CHANGES_SPREAD = timedelta(minutes=4)
"""Companies are read one after the other between two ticks, each always at the same place."""
_TICK_SLACK = timedelta(minutes=2)


def turn_due() -> dict[str, int]:
    """Turn every parcel, subscription and feed that is due into a job, by one statement; returns jobs by kind.

    So is a parcel that is to be voided and of which no open job asks UPS. Pushes that were stored and never taken in,
    because their job was lost, are due as well after two minutes.

    What it costs grows with what is due, not with what there is (migrations 0006 and 0029). While a new version is put
    in place the statement may know kinds that this process does not: those wait for a worker that does.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, jobs FROM syncjobs_turn_due(%s)", [TURNED_AT_ONCE])
        made = dict(cursor.fetchall())
    known = [SyncJob.Kind(kind) for kind in made if kind in SyncJob.Kind.values]
    for name in {queue.QUEUE_OF[kind] for kind in known}:
        queue.nudge(name)
    return made


def plan_reads(*, at: datetime) -> None:
    """For every live connection: read its shipping methods and what changed in its master data; daily, its warehouses.

    For one that ended and still holds its permission: look again, so that what was left of it is finished.
    """

    def read(row: Connection) -> None:
        queue.add(row.tenant_id, SyncJob.Kind.METHODS, row.code, due_at=at, wake=False)
        queue.add(row.tenant_id, SyncJob.Kind.MASTER, row.code, due_at=at)
        if addresses.is_due(row, at=at):
            queue.add(row.tenant_id, SyncJob.Kind.WAREHOUSES, row.code, due_at=at, wake=False)

    def finish(row: Connection) -> None:
        queue.add(row.tenant_id, SyncJob.Kind.METHODS, row.code, due_at=at)

    _for_each(live_connections(), read)
    _for_each(left_over_connections(), finish)


def plan_changes(*, at: datetime) -> None:
    """For every live connection whose time has come: read what changed in Exact."""

    def read(row: Connection) -> None:
        due_at = at + CHANGES_SPREAD * (row.code.int % 1_000 / 1_000)
        if _wants_changes(row, due_at):
            queue.add(row.tenant_id, SyncJob.Kind.CHANGES, row.code, due_at=due_at, wake=False)

    _for_each(live_connections(), read)


def plan_reconciliations(*, at: datetime) -> None:
    """For every live connection whose moment of the night has come: compare Exact, UPS and us."""
    _for_each(live_connections(), lambda row: asking.plan_for(row, ZoneInfo(row.tenant.time_zone), at=at))


def plan_retention(*, at: datetime) -> None:
    """For every customer, closed ones too: delete what was kept long enough."""
    for tenant_id in tenants_with_events():
        with tenant_context(tenant_id):
            code = Tenant.objects.values_list("code", flat=True).get(pk=tenant_id)
            queue.add(tenant_id, SyncJob.Kind.RETAIN, code, due_at=at)


def plan_figures(*, at: datetime) -> None:
    """For every customer with changes since the last time, and for each once a day: count what shipments became."""
    for tenant_id in tenants_to_count():
        with tenant_context(tenant_id):
            code = Tenant.objects.values_list("code", flat=True).get(pk=tenant_id)
            queue.add(tenant_id, SyncJob.Kind.FIGURES, code, due_at=at)


def _for_each(connections: Iterable[tuple[UUID, int]], plan: Callable[[Connection], object]) -> None:
    """Plan each in the context of its tenant; what cannot be planned for one is no obstacle to the next.

    Nothing sealed is read: whoever is to be asked must not depend on a key.
    """
    rows = Connection.objects.select_related("tenant", "grant").defer(*(f"grant__{name}" for name in grants.SEALED))
    for tenant_id, connection_id in connections:
        try:
            with tenant_context(tenant_id):
                plan(rows.get(tenant_id=tenant_id, pk=connection_id))
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001  one customer's rows, whatever is wrong with them
            logger.error("Connection %s could not be planned for: %s", connection_id, type(error).__name__)  # noqa: TRY400  the traceback may hold what the rows hold


def _wants_changes(row: Connection, due_at: datetime) -> bool:
    """Not while nobody may read there, and not again so soon, also where the last time failed."""
    if row.grant is None or row.grant.needs_reconnect_at is not None:
        return False
    every = CHANGES_WHEN_SILENT_EVERY if silence.is_silent(row) else CHANGES_EVERY
    after = due_at - every + _TICK_SLACK
    if row.last_read_at is not None and row.last_read_at > after:
        return False
    asked = SyncJob.objects.filter(tenant_id=row.tenant_id, kind=SyncJob.Kind.CHANGES, subject=row.code)
    return not asked.filter(Q(state__in=["due", "running"]) | Q(created_at__gt=after)).exists()
