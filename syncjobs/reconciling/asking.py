"""When a comparison is made: once a night for each company, and when a person asks: once an hour, and after repairs."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from audit.models import Event
from audit.record import Happening, acting, happenings
from connector_site.lib.wording import said
from exact.models import Connection
from syncjobs import queue
from syncjobs.models import Finding, Reconciliation, SyncJob
from syncjobs.reconciling.kinds import KINDS
from tenants.context import tenant_context

NIGHT_BEGINS = timedelta(hours=1)
NIGHT_MINUTES = 240
"""From one to five by the customer's clock; each company has a minute of its own, so that they do not come at once."""
PAUSE = timedelta(hours=1)


class TooSoon(Exception):
    """A comparison is under way, or was made a moment ago; the message says which."""


def tonight_at(connection_code: UUID, zone: ZoneInfo, *, at: datetime) -> datetime:
    """The company's moment on the day that it is there."""
    midnight = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + NIGHT_BEGINS + timedelta(minutes=connection_code.int % NIGHT_MINUTES)


def plan_for(connection: Connection, zone: ZoneInfo, *, at: datetime) -> bool:
    """Ask for the night's comparison once its moment has come; whether it was asked for. Inside the tenant's context.

    A clock that stood still at night is made up for by day. A company connected since waits for its first night.
    """
    due_at = tonight_at(connection.code, zone, at=at)
    if at < due_at or connection.connected_at >= due_at:
        return False
    made = Reconciliation.objects.filter(tenant_id=connection.tenant_id, connection=connection)
    if made.filter(began_at__gte=due_at).exists() or made.filter(ended_at__gte=due_at).exists():
        return False
    queue.add(connection.tenant_id, SyncJob.Kind.RECONCILE, connection.code, due_at=at)
    return True


def ask(*, actor: str, tenant_id: UUID, connection_code: UUID, at: datetime) -> None:
    """Compare now. Raises `Connection.DoesNotExist` or `TooSoon`, and then nothing was done."""
    with acting(actor), tenant_context(tenant_id):
        rows = Connection.objects.select_for_update(of=("self",)).filter(tenant_id=tenant_id, disconnected_at=None)
        connection = rows.get(code=connection_code)
        if is_under_way(connection):
            raise TooSoon(said("A comparison is under way; it takes a minute or two."))
        possible_at = next_possible_at(connection)
        if possible_at is not None and at < possible_at:
            minutes = -(-(possible_at - at) // timedelta(minutes=1))
            raise TooSoon(
                said("The last comparison was made within the hour; the next is possible in one minute.")
                if minutes == 1
                else said(
                    "The last comparison was made within the hour; the next is possible in {minutes} minutes.",
                    minutes=minutes,
                )
            )
        queue.add(tenant_id, SyncJob.Kind.RECONCILE, connection.code, due_at=at)
        event = Happening(
            kind=Event.Kind.ASKED,
            subject_kind="exact_connection",
            subject=connection.code,
            details={"what": "comparison"},
        )
        happenings(tenant_id, [event])


def next_possible_at(connection: Connection) -> datetime | None:
    """From when on a person may compare; None for at any time. Inside the tenant's context.

    Whoever has put something right since the last comparison need not wait to see whether it helped.
    """
    mine = Reconciliation.objects.filter(tenant_id=connection.tenant_id, connection=connection)
    last = mine.order_by("-began_at").first()
    if last is None:
        return None
    by_hand = [kind for kind, about in KINDS.items() if not about.by_itself]
    findings = Finding.objects.filter(tenant_id=connection.tenant_id, connection=connection, kind__in=by_hand)
    if findings.filter(repair_asked_at__gt=last.began_at).exists():
        return None
    return last.began_at + PAUSE


def is_under_way(connection: Connection) -> bool:
    """Whether one is planned for now or at work. Inside the tenant's context."""
    rows = SyncJob.objects.filter(tenant_id=connection.tenant_id, kind=SyncJob.Kind.RECONCILE, subject=connection.code)
    return rows.filter(state__in=[SyncJob.State.DUE, SyncJob.State.RUNNING]).exists()
