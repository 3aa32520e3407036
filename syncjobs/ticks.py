"""Turning the clock's ticks into jobs; a tick that comes twice, late or from two clocks changes nothing."""

from datetime import datetime

from django.db import connection

from exact.models import Connection
from exact.upkeep import live_connections
from syncjobs import queue
from syncjobs.models import SyncJob
from tenants.context import tenant_context

TURNED_AT_ONCE = 1_000
"""Rows of each kind that one tick turns into jobs; the next tick takes more."""


def turn_due() -> dict[str, int]:
    """Turn every parcel, subscription and feed that is due into a job, by one statement; returns jobs by kind.

    Pushes that were stored and never taken in, because their job was lost, are due as well after two minutes.

    What it costs grows with what is due, not with what there is (migration 0004).
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, jobs FROM syncjobs_turn_due(%s)", [TURNED_AT_ONCE])
        made = dict(cursor.fetchall())
    for name in {queue.QUEUE_OF[SyncJob.Kind(kind)] for kind in made}:
        queue.nudge(name)
    return made


def plan_reads(*, at: datetime) -> None:
    """For every live connection: read its shipping methods and what changed in its master data."""
    for tenant_id, connection_id in live_connections():
        with tenant_context(tenant_id):
            code = Connection.objects.values_list("code", flat=True).get(tenant_id=tenant_id, pk=connection_id)
            queue.add(tenant_id, SyncJob.Kind.METHODS, code, due_at=at, wake=False)
            queue.add(tenant_id, SyncJob.Kind.MASTER, code, due_at=at)
