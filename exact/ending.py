"""Ending a connection: its subscriptions at Exact, the tie and what was kept, then tokens that nobody uses any more."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from audit.models import Event
from audit.record import Happening, happenings
from connector_site.lib.outside_calls import Observer, ignore
from connector_site.lib.secrets import UNREADABLE
from exact import grants, master, subscribing
from exact.access import client_of
from exact.errors import ExactError, ExactOutcomeUnknown, ExactUnavailable
from exact.limits import BudgetClass
from exact.models import Connection
from tenants.context import tenant_context

_UNREADABLE = "unreadable"


def connections_shown(tenant_id: UUID) -> QuerySet[Connection]:
    """Live connections with their permission, of which nothing is opened before it is asked for.

    So one that cannot be read is no obstacle to seeing, ending or replacing the connection.
    """
    sealed = [f"grant__{name}" for name in grants.SEALED]
    rows = Connection.objects.select_related("grant").defer(*sealed)
    return rows.filter(tenant_id=tenant_id, disconnected_at=None).order_by("pk")


def disconnect(connection: Connection, *, observe: Observer = ignore) -> Connection:
    """End a connection, whether Exact can be reached or not, and what was left of earlier ones.

    Where Exact is not there the permission stays until its subscriptions are gone: the clock looks again (`clean_up`).
    """
    with tenant_context(connection.tenant_id):
        happenings(connection.tenant_id, [end_tie(connection, {})])
    clean_up(connection.tenant_id, observe=observe)
    return connection


def end_tie(connection: Connection, details: dict[str, object]) -> Happening:
    """End the tie in the open transaction; the event is for the caller to record.

    The permission stays with the row until `clean_up` has removed the subscriptions, for which it is needed.
    """
    connection.disconnected_at = timezone.now()
    connection.save(update_fields=["disconnected_at"])
    master.forget(connection)
    return _event(connection, Event.Kind.DISCONNECTED, "disconnected", details)


def clean_up(tenant_id: UUID, *, observe: Observer = ignore) -> None:
    """Finish what was left of ended connections.

    What is cut off, what Exact was not there for, and what it gave no answer about is done at the next look.
    """
    with tenant_context(tenant_id):
        ended = list(_left_over(tenant_id).order_by("pk"))
    for row in ended:
        if not _is_left_over(row):
            continue
        try:
            _unsubscribe(row, observe)
        except (ExactUnavailable, ExactOutcomeUnknown):
            continue
        except ExactError as error:
            _release(row, [_left(row, error.reason)])
        except UNREADABLE:
            _release(row, [_left(row, _UNREADABLE)])
        else:
            _release(row, [])


def _left_over(tenant_id: UUID) -> QuerySet[Connection]:
    return Connection.objects.filter(tenant_id=tenant_id, disconnected_at__isnull=False, grant__isnull=False)


def _is_left_over(row: Connection) -> bool:
    """Whether it still is: while Exact was slow over another, somebody may have connected this company again."""
    with tenant_context(row.tenant_id):
        return _left_over(row.tenant_id).filter(pk=row.pk).exists()


def _unsubscribe(connection: Connection, observe: Observer) -> None:
    if connection.grant_id is None:
        return
    client = client_of(connection, grant_id=connection.grant_id, purpose=BudgetClass.RESERVE, observe=observe)
    subscribing.end_subscriptions(connection, client)


def _release(row: Connection, events: Iterable[Happening]) -> None:
    """Let go of the permission, unless the company was connected again meanwhile."""
    with tenant_context(row.tenant_id):
        ended = Connection.objects.filter(tenant_id=row.tenant_id, pk=row.pk, disconnected_at__isnull=False)
        if not ended.update(grant=None):
            return
        happenings(row.tenant_id, events)
    if row.grant_id is not None:
        grants.forget(row.grant_id)


def _left(row: Connection, reason: str) -> Happening:
    details: dict[str, object] = {"what": "subscriptions left", "why": reason}
    return _event(row, Event.Kind.CHANGED, "", details)


def _event(connection: Connection, kind: Event.Kind, state: str, details: dict[str, object]) -> Happening:
    return Happening(
        kind=kind, subject_kind="exact_connection", subject=connection.code, to_state=state, details=details
    )
