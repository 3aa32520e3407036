"""What keeps a connection fresh: shipping methods, master data by sync, grants without traffic."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection as database
from django.utils import timezone

from exact import credentials, master
from exact.changes import FIRST_TIMESTAMP, SyncEndpoint
from exact.client import ExactClient
from exact.errors import ExactRejected
from exact.models import Connection, SyncCursor
from exact.records import Account, Address, Contact, Item, SyncPage
from tenants.context import tenant_context

MASTER_ENDPOINTS = (SyncEndpoint.ITEMS, SyncEndpoint.ADDRESSES, SyncEndpoint.ACCOUNTS, SyncEndpoint.CONTACTS)
MAX_PAGES_AT_ONCE = 20
"""Pages of 1,000 read for one endpoint in one run; the cursor stands where the run ended."""
START_BACK = timedelta(hours=1)
"""A new cursor starts this far back: rows held are younger than the connection."""


def read_shipping_methods(connection: Connection, client: ExactClient) -> None:
    """Read every shipping method, so that the customer can map each one."""
    master.keep_shipping_methods(connection, client.shipping_methods(), at=timezone.now())


def sync_master(connection: Connection, client: ExactClient) -> int:
    """Bring held master data up to date; how many rows changed. Each page commits together with its cursor."""
    return sum(_sync(connection, client, endpoint) for endpoint in MASTER_ENDPOINTS)


def cursor_of(connection: Connection, client: ExactClient, endpoint: SyncEndpoint, *, at: datetime) -> int:
    """Where to go on reading an endpoint; a first run starts a little before now."""
    with tenant_context(connection.tenant_id):
        row = SyncCursor.objects.filter(connection=connection, endpoint=endpoint.value).first()
    if row is not None:
        return row.timestamp
    try:
        first = client.sync_timestamp(endpoint, at - START_BACK)
    except ExactRejected:
        return FIRST_TIMESTAMP
    return FIRST_TIMESTAMP if first is None else first - 1


def move_cursor(connection: Connection, endpoint: SyncEndpoint, page: SyncPage, *, at: datetime) -> None:
    """Keep how far an endpoint was read; in the transaction that keeps the results, within the tenant's context."""
    SyncCursor.objects.update_or_create(
        tenant_id=connection.tenant_id,
        connection=connection,
        endpoint=endpoint.value,
        defaults={"timestamp": page.highest, "read_at": at},
    )


def forget_cursors(connection: Connection) -> None:
    """Start anew: after a move to another database all timestamps restart (`exact.md` 12)."""
    with tenant_context(connection.tenant_id):
        SyncCursor.objects.filter(connection=connection).delete()


def live_connections() -> list[tuple[UUID, int]]:
    """Tenant and id of every live connection."""
    with database.cursor() as cursor:
        cursor.execute("SELECT tenant_id, connection_id FROM exact_live_connections()")
        return [(row[0], row[1]) for row in cursor.fetchall()]


def refresh_idle_grants(at: datetime) -> int:
    """Renew chains without traffic; how many were."""
    return credentials.refresh_idle(at)


def _sync(connection: Connection, client: ExactClient, endpoint: SyncEndpoint) -> int:
    at = timezone.now()
    after = cursor_of(connection, client, endpoint, at=at)
    changed = 0
    for _ in range(MAX_PAGES_AT_ONCE):
        page = client.sync(endpoint, after)
        records = [row.record for row in page.rows if isinstance(row.record, Item | Address | Account | Contact)]
        with tenant_context(connection.tenant_id):
            changed += master.refresh_held(connection, records, at=at)
            move_cursor(connection, endpoint, page, at=at)
        after = page.highest
        if not page.more:
            break
    return changed
