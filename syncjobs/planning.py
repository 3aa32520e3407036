"""Turning the clock's ticks into jobs; a tick that comes twice, late or from two clocks changes nothing."""

from datetime import datetime

from exact.upkeep import live_connections
from syncjobs import queue
from syncjobs.models import SyncJob
from tenants.context import tenant_context


def plan_reads(*, at: datetime) -> None:
    """For every live connection: read its shipping methods and what changed in its master data."""
    for tenant_id, connection_code in live_connections():
        with tenant_context(tenant_id):
            queue.add(tenant_id, SyncJob.Kind.METHODS, connection_code, due_at=at, wake=False)
            queue.add(tenant_id, SyncJob.Kind.MASTER, connection_code, due_at=at)
