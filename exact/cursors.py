"""How far each endpoint of the sync API was read, and where to begin (`exact.md` 12)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F
from django.db.models.functions import Least

from exact.changes import FIRST_TIMESTAMP, SyncEndpoint
from exact.client import ExactClient
from exact.errors import ExactGone, ExactRejected, ExactRightMissing, ExactScopeMissing
from exact.models import Connection, SyncCursor
from exact.records import SyncPage
from tenants.context import tenant_context

START_BACK = timedelta(hours=1)
"""A new cursor starts this far before the moment from which on all is wanted: clocks and zones may differ."""
WIDER = (timedelta(), timedelta(days=30))
"""Where nothing changed since then Exact names no timestamp: a wider window is asked for (`exact.md` 12)."""
DELETED_KEPT = timedelta(days=60)
"""`sync/Deleted` reaches back two months (`exact.md` 12): an older cursor has missed deletions."""

NOT_TOLD = (ExactGone, ExactRejected, ExactRightMissing, ExactScopeMissing)
"""What a company may answer that does not tell such things; reading what changed does not depend on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where to go on; `row_id` is None for a place that is not kept yet."""

    endpoint: SyncEndpoint
    timestamp: int
    row_id: int | None = None


def cursor_of(connection: Connection, client: ExactClient, endpoint: SyncEndpoint, *, since: datetime) -> Cursor:
    """Where to go on reading an endpoint; a first reading begins a little before `since`."""
    with tenant_context(connection.tenant_id):
        row = SyncCursor.objects.filter(connection=connection, endpoint=endpoint.value).first()
    if row is not None:
        return Cursor(endpoint=endpoint, timestamp=row.timestamp, row_id=row.pk)
    return Cursor(endpoint=endpoint, timestamp=_start(client, endpoint, since))


def advance(connection: Connection, cursor: Cursor, page: SyncPage, *, at: datetime) -> Cursor | None:
    """Keep that a page was read; in the transaction that keeps its results, within the tenant's context.

    None where the cursor was forgotten or moved by somebody else meanwhile: then nothing of this reading may be kept.
    """
    if cursor.row_id is None:
        row, is_ours = SyncCursor.objects.get_or_create(
            tenant_id=connection.tenant_id,
            connection=connection,
            endpoint=cursor.endpoint.value,
            defaults={"timestamp": page.highest, "read_at": at},
        )
        row_id = row.pk
    else:
        row_id = cursor.row_id
        mine = SyncCursor.objects.filter(pk=row_id, timestamp=cursor.timestamp)
        is_ours = mine.update(timestamp=page.highest, read_at=at) == 1
    return Cursor(endpoint=cursor.endpoint, timestamp=page.highest, row_id=row_id) if is_ours else None


def rewind(connection: Connection, endpoints: Iterable[SyncEndpoint], *, to: int) -> None:
    """Read again what was given out after this row version; within the tenant's context.

    Row versions are given to a row when it is written, not when its transaction commits: a late one surfaces below a
    cursor that has passed it. All endpoints of a company count by the same versions of its database.
    """
    names = [endpoint.value for endpoint in endpoints]
    rows = SyncCursor.objects.filter(connection=connection, endpoint__in=names)
    rows.update(timestamp=Least(F("timestamp"), to))


def forget(connection: Connection) -> None:
    """Start anew: after a move to another database all timestamps restart. Within the tenant's context."""
    SyncCursor.objects.filter(connection=connection).delete()


def is_behind_deletions(connection: Connection, *, at: datetime) -> bool:
    """Whether deletions may have been missed; within the tenant's context."""
    rows = SyncCursor.objects.filter(connection=connection, endpoint=SyncEndpoint.DELETED.value)
    return rows.filter(read_at__lt=at - DELETED_KEPT).exists()


def _start(client: ExactClient, endpoint: SyncEndpoint, since: datetime) -> int:
    if endpoint is SyncEndpoint.DELETED:
        return FIRST_TIMESTAMP
    try:
        for wider in WIDER:
            first = client.sync_timestamp(endpoint, since - START_BACK - wider)
            if first is not None:
                return first - 1
    except NOT_TOLD:
        return FIRST_TIMESTAMP
    return FIRST_TIMESTAMP
