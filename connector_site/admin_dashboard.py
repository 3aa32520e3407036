"""The admin's first page: how the service does, from counts that cost next to nothing."""

from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.http import HttpRequest
from django.urls import reverse

from connector_site.lib.admin import STAFF_DATABASE

COUNTED_TO = 10_000
"""Our own bound: above it a number tells no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number with the list behind it."""

    name: str
    value: str
    address: str
    is_bad: bool = False


_COUNTS = (
    ("Jobs that are due or at work", "syncjobs_syncjob", "state IN ('due', 'running')", "syncjobs_syncjob", None),
    (
        "Jobs that should have run ten minutes ago",
        "syncjobs_syncjob",
        "state IN ('due', 'running') AND due_at < clock_timestamp() - interval '10 minutes'",
        "syncjobs_syncjob",
        0,
    ),
    (
        "Messages of UPS not taken in yet",
        "syncjobs_receipt",
        "source = 'ups' AND applied_at IS NULL AND dead_letter = ''",
        "syncjobs_receipt",
        None,
    ),
    ("Requests to UPS in doubt", "syncjobs_attempt", "state = 'in_doubt'", "syncjobs_attempt", 0),
    ("Alarms about the service", "syncjobs_systemalarm", "cleared_at IS NULL", "syncjobs_systemalarm", 0),
    ("Alarms of customers", "syncjobs_alarm", "cleared_at IS NULL", "syncjobs_alarm", None),
    ("Live connections to Exact", "exact_connection", "disconnected_at IS NULL", "exact_connection", None),
    ("Customers that pause", "tenants_tenant", "paused_at IS NOT NULL", "tenants_tenant", None),
)
"""What is counted and where, and above how many it is bad. Partial indexes hold it, or the table is small."""
_LARGE = (
    ("Deliveries", "syncjobs_delivery"),
    ("Shipments", "syncjobs_shipment"),
    ("Events of parcels", "syncjobs_trackingevent"),
    ("Messages", "syncjobs_receipt"),
    ("Jobs", "syncjobs_syncjob"),
    ("Events of the audit trail", "audit_event"),
)
_SIGNS = "SELECT name, extract(epoch FROM clock_timestamp() - seen_at)::bigint FROM syncjobs_heartbeat ORDER BY name"


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Called by Unfold for its first page."""
    del request
    with connections[STAFF_DATABASE].cursor() as cursor:
        return context | {"counts": _counts(cursor), "sizes": _sizes(cursor), "signs": _signs(cursor)}


def _counts(cursor: Any) -> list[Figure]:
    parts = ", ".join(
        f"(SELECT count(*) FROM (SELECT FROM {table} WHERE {where} LIMIT {COUNTED_TO}) AS found)"  # noqa: S608
        for _, table, where, _, _ in _COUNTS
    )
    cursor.execute(f"SELECT {parts}")
    numbers = cursor.fetchone()
    return [
        Figure(
            name=name,
            value=f"{number:,}" if number < COUNTED_TO else f"{COUNTED_TO:,} or more",
            address=reverse(f"admin:{model}_changelist"),
            is_bad=bad is not None and number > bad,
        )
        for (name, _, _, model, bad), number in zip(_COUNTS, numbers, strict=True)
    ]


def _sizes(cursor: Any) -> list[Figure]:
    """As PostgreSQL estimated them when it last looked."""
    names = [table for _, table in _LARGE]
    cursor.execute("SELECT relname, greatest(reltuples, 0)::bigint FROM pg_class WHERE relname = ANY(%s)", [names])
    found = dict(cursor.fetchall())
    return [
        Figure(name=name, value=f"about {found.get(table, 0):,}", address=reverse(f"admin:{table}_changelist"))
        for name, table in _LARGE
    ]


def _signs(cursor: Any) -> list[Figure]:
    """How long ago the clock and each queue gave a sign of life."""
    cursor.execute(_SIGNS)
    address = reverse("admin:syncjobs_heartbeat_changelist")
    return [Figure(name=name, value=f"{seconds:,} s ago", address=address) for name, seconds in cursor.fetchall()]
