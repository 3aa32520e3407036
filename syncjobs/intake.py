"""Notifications coming in: proved, stored, answered. The work they ask for is done later."""

import logging
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from audit.models import Event
from audit.record import Happening, acting, happenings
from connector_site.lib.secrets import Secret
from exact.webhooks import Action, BadSignature, NotANotification, Notification, verify
from syncjobs import queue
from syncjobs.models import Delivery, SyncJob
from tenants.context import tenant_context

logger = logging.getLogger(__name__)

TOPIC = "GoodsDeliveries"
FOUND = "Found"
"""What the trail says in the place of a notification's action where we found a delivery by ourselves."""
ECHO_QUIET_SECONDS = 30
"""After the label, a notification is most likely the echo of our own write: it is confirmed a little later, together
with others in one call (`exact.md` 11.5, `reliability.md` 3, "Echo")."""
_LABELLED_OR_LATER = frozenset(
    {
        Delivery.State.SHIPPING,
        Delivery.State.LABELLED,
        Delivery.State.REPORTED,
        Delivery.State.IN_TRANSIT,
        Delivery.State.DELIVERED,
        Delivery.State.CLOSED,
    }
)
LINE_OF_A_DELIVERY = "line of a delivery"
OK, REFUSED, NOT_UNDERSTOOD = 200, 401, 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a hook address leads."""

    tenant_id: uuid.UUID
    connection_id: int
    site: str
    division: int
    client_id: str
    is_live: bool


def accept_exact(*, hook_code: uuid.UUID, body: bytes) -> int:
    """Store what Exact tells us and return the HTTP status to answer with (`reliability.md` 3).

    An empty body is Exact's check of a new subscription. Nothing is stored of a message that does not prove itself.
    """
    if not body:
        return OK
    route = _route(hook_code)
    if route is None:
        return _unknown_address(body)
    try:
        notification = verify(body, Secret(settings.EXACT_APPS[route.site]["webhook_secret"]))
    except BadSignature:
        logger.warning("A notification with a wrong signature was refused")
        return REFUSED
    except NotANotification:
        return NOT_UNDERSTOOD
    with acting("exact"), tenant_context(route.tenant_id):
        _store(route, notification, body, at=timezone.now())
    return OK


def _route(hook_code: uuid.UUID) -> Route | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenant_id, connection_id, site, division, client_id, live FROM exact_route(%s)", [hook_code]
        )
        row = cursor.fetchone()
    if row is None or row[2] not in settings.EXACT_APPS:
        return None
    return Route(tenant_id=row[0], connection_id=row[1], site=row[2], division=row[3], client_id=row[4], is_live=row[5])


def _unknown_address(body: bytes) -> int:
    """A true notification for an address we no longer know is taken and forgotten: a 4xx would only be repeated."""
    for app in settings.EXACT_APPS.values():
        try:
            verify(body, Secret(app["webhook_secret"]))
        except BadSignature:
            continue
        except NotANotification:
            return NOT_UNDERSTOOD
        return OK
    return REFUSED


_RECEIPT = """
WITH heard AS (UPDATE exact_connection
                  SET missed_hook_at = NULL, hook_validated_at = coalesce(hook_validated_at, clock_timestamp())
                WHERE id = %s AND (missed_hook_at IS NOT NULL OR hook_validated_at IS NULL))
INSERT INTO syncjobs_receipt (code, tenant_id, source, topic, action, subject, fingerprint, body, received_at, repeats,
                              dead_letter)
VALUES (%s, %s, 'exact', %s, %s, %s, %s, %s, %s, 0, %s)
ON CONFLICT (tenant_id, fingerprint) DO UPDATE SET repeats = syncjobs_receipt.repeats + 1
RETURNING repeats = 0
"""
"""A notification that arrives ends what `silence` noted, and proves that Exact reaches us."""


def _store(route: Route, notification: Notification, body: bytes, *, at: datetime) -> None:
    reason = _dead_letter(route, notification)
    with connection.cursor() as cursor:
        cursor.execute(
            _RECEIPT,
            [
                route.connection_id if reason in {"", LINE_OF_A_DELIVERY} else None,
                uuid.uuid4(),
                route.tenant_id,
                notification.topic[:40],
                notification.action[:10],
                notification.key,
                notification.fingerprint,
                body,
                at,
                reason,
            ],
        )
        is_new = cursor.fetchone()[0]
    if not reason:
        _ask_for_work(route, notification, at, is_new=is_new)


def _dead_letter(route: Route, notification: Notification) -> str:
    """Why a proven message leads to no work; empty when it does."""
    if not route.is_live:
        return "disconnected"
    if notification.division != route.division:
        return "another division"
    if notification.client_id.lower() != route.client_id.lower():
        return "another app"
    if notification.topic != TOPIC:
        return "topic not followed"
    if notification.is_about_line and not _may_change_by_line(route, notification):
        return LINE_OF_A_DELIVERY
    return ""


def _may_change_by_line(route: Route, notification: Notification) -> bool:
    """Whether a line's message matters: it names its delivery, and that one was stopped for what its lines were.

    Each new delivery announces its lines as well; those messages lead nowhere, its own does.
    """
    return Delivery.objects.filter(
        tenant_id=route.tenant_id,
        connection_id=route.connection_id,
        exact_entry_id=notification.key,
        state__in=[Delivery.State.SKIPPED, Delivery.State.HOLD],
    ).exists()


_DELIVERY = """
WITH made AS (
    INSERT INTO syncjobs_delivery (code, tenant_id, connection_id, exact_entry_id, delivery_number, order_numbers,
                                   state, problems, shipment_no, facts, written, correlation, created_at, changed_at)
    VALUES (%(code)s, %(tenant)s, %(connection)s, %(key)s, '', '', 'received', '[]', 1, '{}', '{}', %(correlation)s,
            %(at)s, %(at)s)
    ON CONFLICT (tenant_id, connection_id, exact_entry_id) DO NOTHING RETURNING code, state, correlation
)
SELECT code, state, correlation FROM made
UNION ALL
SELECT code, state, correlation FROM syncjobs_delivery
 WHERE tenant_id = %(tenant)s AND connection_id = %(connection)s AND exact_entry_id = %(key)s
 LIMIT 1
"""
"""Takes no lock on a delivery that exists, which a worker may hold while it writes to Exact."""


def take_in(
    tenant_id: uuid.UUID,
    connection_id: int,
    key: uuid.UUID,
    *,
    at: datetime,
    is_deleted: bool = False,
    may_be_echo: bool = False,
    wake: bool = True,
) -> tuple[uuid.UUID, uuid.UUID]:
    """One delivery row and one open job, whoever told of it and however often: code and correlation of the delivery.

    Inside the tenant's context. A deleted one is never read (`reliability.md` 2.3); what may be the echo of our own
    write is read a little later.
    """
    code, state, correlation = _delivery(tenant_id, connection_id, key, at)
    quiet = timedelta(seconds=ECHO_QUIET_SECONDS if may_be_echo and state in _LABELLED_OR_LATER else 0)
    kind = SyncJob.Kind.GONE if is_deleted else SyncJob.Kind.READ
    queue.add(tenant_id, kind, code, due_at=at + quiet, correlation=correlation, wake=wake and not quiet)
    return code, correlation


def _delivery(
    tenant_id: uuid.UUID, connection_id: int, key: uuid.UUID, at: datetime
) -> tuple[uuid.UUID, str, uuid.UUID]:
    """Code, state and correlation of the delivery, made if it is new.

    Where two make it in the same moment the loser's statement sees neither row; its second one sees the winner's.
    """
    values: dict[str, uuid.UUID | int | datetime] = {
        "code": uuid.uuid4(),
        "tenant": tenant_id,
        "connection": connection_id,
        "key": key,
        "correlation": uuid.uuid4(),
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DELIVERY, values)
        row: tuple[uuid.UUID, str, uuid.UUID] | None = cursor.fetchone()
        if row is None:
            cursor.execute(_DELIVERY, values)
            row = cursor.fetchone()
    if row is None:
        raise Delivery.DoesNotExist(f"delivery {key} was made by another process and is not seen")
    return row


def _ask_for_work(route: Route, notification: Notification, at: datetime, *, is_new: bool) -> None:
    """One delivery row and one open job, however many notifications there are: ten lead to one read.

    A repeat asks too: two changes of one delivery may be announced by the very same bytes (`exact.md` 11.3).
    """
    is_deleted = notification.action == Action.DELETE and not notification.is_about_line
    code, correlation = take_in(
        route.tenant_id, route.connection_id, notification.key, at=at, is_deleted=is_deleted, may_be_echo=True
    )
    if not is_new:
        return
    happenings(
        route.tenant_id,
        [
            Happening(
                kind=Event.Kind.RECEIVED,
                subject_kind="delivery",
                subject=code,
                correlation=correlation,
                details={"topic": notification.topic, "action": notification.action},
            )
        ],
    )
