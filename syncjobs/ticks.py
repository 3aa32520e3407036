"""Turning the clock's ticks into jobs; a tick that comes twice, late or from two clocks changes nothing."""

from datetime import datetime

from exact.models import Connection
from exact.upkeep import live_connections
from syncjobs import queue
from syncjobs.models import SyncJob
from tenants.context import tenant_context


def plan_reads(*, at: datetime) -> None:
    """For every live connection: read its shipping methods and what changed in its master data."""
    for tenant_id, connection_id in live_connections():
        with tenant_context(tenant_id):
            code = Connection.objects.values_list("code", flat=True).get(tenant_id=tenant_id, pk=connection_id)
            queue.add(tenant_id, SyncJob.Kind.METHODS, code, due_at=at, wake=False)
            queue.add(tenant_id, SyncJob.Kind.MASTER, code, due_at=at)
