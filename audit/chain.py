"""Checking that no event was changed, removed or added behind our back."""

import hashlib
import json
import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from audit.models import ChainHead
from tenants.context import tenant_context

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome of a check: how many events were read and the first sequence number that does not fit."""

    events: int
    broken_at: int | None


_COMPARE = """
    WITH anchor AS (
        SELECT coalesce(max((a.details->>'through')::bigint), 0) AS sequence,
               coalesce((array_agg(a.details->>'hash' ORDER BY a.sequence DESC))[1], '') AS hash
          FROM audit_event a WHERE a.tenant_id = %(tenant)s AND a.subject = %(tenant)s AND a.subject_kind = 'audit'
           AND a.sequence <= %(end)s
    ), placed AS (
        SELECT e.*, anchor.sequence + row_number() OVER (ORDER BY e.sequence) AS place,
               lag(e.hash, 1, anchor.hash) OVER (ORDER BY e.sequence) AS before
          FROM audit_event e, anchor WHERE e.tenant_id = %(tenant)s AND e.sequence <= %(end)s
    )
    SELECT (SELECT sequence FROM anchor), count(*),
           min(p.place) FILTER (WHERE p.sequence <> p.place OR p.previous_hash <> p.before OR p.hash <> (
               SELECT audit_event_hash(e, p.before) FROM audit_event e WHERE e.id = p.id)),
           max(p.hash) FILTER (WHERE p.sequence = %(end)s)
      FROM placed p
"""


def verify(tenant_id: uuid.UUID) -> Verdict:
    """Recompute the tenant's whole chain up to its head row, whose end a cut tail would not match.

    It begins after the events that were let go of, of which the last one's number and hash stand in the chain itself
    (`prune`). The head is read first: events that are recorded meanwhile lie beyond it and are left for the next time.
    """
    head = ChainHead.objects.filter(tenant_id=tenant_id).first()
    end, end_hash = (head.sequence, head.hash) if head else (0, "")
    with connection.cursor() as cursor:
        cursor.execute(_COMPARE, {"tenant": tenant_id, "end": end})
        gone, events, broken_at, last_hash = cursor.fetchone()
    if broken_at is None and (gone + events != end or (last_hash or "") != end_hash):
        broken_at = gone + events + 1
    return Verdict(events=events, broken_at=broken_at)


def prune(*, before: datetime, at_once: int) -> int:
    """Let go of the oldest events of the tenant whose context is open; returns how many.

    Never of one younger than a year, whatever is asked (migration 0002).
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_prune(%s, %s)", [before, at_once])
        gone: int = cursor.fetchone()[0]
    return gone


def verify_all() -> Iterator[tuple[uuid.UUID, Verdict]]:
    """Check every tenant's chain and tell of each at once, so that what stops the check hides nothing found before.

    A broken one is logged as an error.
    """
    for tenant_id in tenants_with_events():
        with tenant_context(tenant_id):
            verdict = verify(tenant_id)
        if verdict.broken_at is not None:
            logger.error("The audit chain of tenant %s is broken at event %s", tenant_id, verdict.broken_at)
        yield tenant_id, verdict


def tenants_with_events() -> list[uuid.UUID]:
    """Every tenant of whom anything was ever recorded, closed ones too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id FROM audit_tenants()")
        return [row[0] for row in cursor.fetchall()]


def fingerprint(value: object) -> str:
    """SHA-256 of a value's canonical JSON: the same content gives the same text."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
