"""What keeps a connection fresh: shipping methods, master data by sync, grants without traffic."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection as database
from django.utils import timezone

from exact import credentials, cursors, grants, master
from exact.changes import SyncEndpoint
from exact.client import ExactClient
from exact.cursors import Cursor, advance, cursor_of
from exact.models import Connection
from exact.records import Account, Address, Contact, Division, Item
from tenants.context import tenant_context

MASTER_ENDPOINTS = (SyncEndpoint.ITEMS, SyncEndpoint.ADDRESSES, SyncEndpoint.ACCOUNTS, SyncEndpoint.CONTACTS)
MAX_PAGES_AT_ONCE = 20
"""Pages of 1,000 read for one endpoint in one run; the cursor stands where the run ended."""
UNNEEDED_AFTER = timedelta(minutes=45)
"""A company may be chosen for 30 minutes after the consent (`views.choice`), and connecting takes a while."""


def read_shipping_methods(connection: Connection, client: ExactClient) -> None:
    """Read every shipping method, so that the customer can map each one."""
    master.keep_shipping_methods(connection, client.shipping_methods(), at=timezone.now())


def sync_master(connection: Connection, client: ExactClient) -> int:
    """Bring held master data up to date; how many rows changed. Each page commits together with its cursor."""
    return sum(_sync(connection, client, endpoint) for endpoint in MASTER_ENDPOINTS)


def note_company(connection: Connection, division: Division | None, *, at: datetime) -> bool:
    """Keep when Exact says the company was moved or linked anew; whether it was since we last looked (`exact.md` 12).

    Within the tenant's context. After such a move all row versions start anew: then how far was read is forgotten, and
    everything since the look before counts as unread. None for a company that this permission no longer shows. The
    address book without `system/Divisions` tells no dates; an unknown one is no news.
    """
    before_at = connection.division_looked_at
    is_moved = False
    if division is not None:
        told = {"moved_at": division.moved_at, "relinked_at": division.relinked_at}
        for name, moment in told.items():
            is_moved |= moment not in (None, getattr(connection, name)) and before_at is not None
            setattr(connection, name, moment or getattr(connection, name))
    connection.division_looked_at = at
    if is_moved and before_at is not None:
        cursors.forget(connection)
        connection.last_read_at = min(connection.last_read_at or before_at, before_at)
    connection.save(update_fields=["moved_at", "relinked_at", "division_looked_at", "last_read_at"])
    return is_moved


def live_connections() -> list[tuple[UUID, int]]:
    """Tenant and id of every live connection."""
    return _listed("SELECT tenant_id, connection_id FROM exact_live_connections()")


def left_over_connections() -> list[tuple[UUID, int]]:
    """Tenant and id of every ended connection that still holds a permission (`ending.clean_up`)."""
    return _listed("SELECT tenant_id, connection_id FROM exact_left_over_connections()")


def _listed(question: str) -> list[tuple[UUID, int]]:
    with database.cursor() as cursor:
        cursor.execute(question)
        return [(row[0], row[1]) for row in cursor.fetchall()]


def refresh_idle_grants(at: datetime) -> int:
    """Renew chains without traffic; how many were."""
    return credentials.refresh_idle(at)


def forget_unneeded_grants(at: datetime) -> int:
    """Forget permissions that nothing came of: how many there were.

    So whoever gives one and goes away, or is cut off on the way, leaves no tokens that are renewed for ever.
    """
    before = at - UNNEEDED_AFTER
    unneeded = grants.unneeded(before)
    for grant_id in unneeded:
        grants.forget(grant_id, consented_before=before)
    return len(unneeded)


def _sync(connection: Connection, client: ExactClient, endpoint: SyncEndpoint) -> int:
    at = timezone.now()
    cursor: Cursor | None = cursor_of(connection, client, endpoint, since=at)
    changed = 0
    for _ in range(MAX_PAGES_AT_ONCE):
        if cursor is None:
            break
        page = client.sync(endpoint, cursor.timestamp)
        records = [row.record for row in page.rows if isinstance(row.record, Item | Address | Account | Contact)]
        with tenant_context(connection.tenant_id):
            changed += master.refresh_held(connection, records, at=at)
            cursor = advance(connection, cursor, page, at=at)
        if not page.more:
            break
    return changed
