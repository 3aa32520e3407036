"""Checking that no event was changed, removed or added behind our back."""

import hashlib
import json
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from audit.models import ChainHead, Event

PORTION = 100_000
"""Our own bound: so many events are read by one statement, a fraction of a second's work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome of a check: how many events were read and the first sequence number that does not fit."""

    events: int
    broken_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An event by its number and hash; 0 and nothing before the first one."""

    sequence: int
    hash: str


_ANCHOR = """
    SELECT (a.details->>'through')::bigint, a.details->>'hash' FROM audit_event a
     WHERE a.tenant_id = %(tenant)s AND a.subject = %(tenant)s AND a.subject_kind = 'audit'
       AND a.sequence <= %(end)s AND a.details->>'through' IS NOT NULL
     ORDER BY a.sequence DESC LIMIT 1
"""
_COMPARE = """
    WITH placed AS (
        SELECT e.*, %(after)s::bigint + row_number() OVER (ORDER BY e.sequence) AS place,
               lag(e.hash, 1, %(hash)s::text) OVER (ORDER BY e.sequence) AS before
          FROM audit_event e
         WHERE e.tenant_id = %(tenant)s AND e.sequence > %(after)s AND e.sequence <= %(through)s
    )
    SELECT count(*), max(p.hash) FILTER (WHERE p.sequence = %(through)s),
           min(p.place) FILTER (WHERE p.sequence <> p.place OR p.previous_hash <> p.before OR p.hash <> (
               SELECT audit_event_hash(e, p.before) FROM audit_event e WHERE e.id = p.id))
      FROM placed p
"""


def verify(tenant_id: uuid.UUID) -> Verdict:
    """Recompute the tenant's whole chain up to its head row, whose end a cut tail would not match.

    The head is read first: events that are recorded meanwhile lie beyond it and are left for the next time. Inside the
    tenant's context.
    """
    end, place = head_of(tenant_id), beginning_of(tenant_id)
    events = 0
    while True:
        found, verdict = compare(tenant_id, after=place, end=end)
        events += found.sequence - place.sequence if verdict is None else verdict.events
        if verdict is not None:
            return Verdict(events=events, broken_at=verdict.broken_at)
        place = found


def head_of(tenant_id: uuid.UUID) -> Place:
    """The end of the chain as it is kept apart from the events."""
    head = ChainHead.objects.filter(tenant_id=tenant_id).first()
    return Place(sequence=head.sequence, hash=head.hash) if head else Place(sequence=0, hash="")


def beginning_of(tenant_id: uuid.UUID) -> Place:
    """The last of the events that were let go of, whose number and hash stand in the chain itself (`prune`)."""
    with connection.cursor() as cursor:
        cursor.execute(_ANCHOR, {"tenant": tenant_id, "end": head_of(tenant_id).sequence})
        row = cursor.fetchone()
    return Place(sequence=row[0], hash=row[1]) if row else Place(sequence=0, hash="")


def compare(tenant_id: uuid.UUID, *, after: Place, end: Place) -> tuple[Place, Verdict | None]:
    """Check the next portion: how far the chain is whole now, and the verdict once it is known.

    Its `events` are those of this portion. Old events may be let go of while a check is under way: then what is not
    there any more counts as checked.
    """
    through = min(after.sequence + PORTION, end.sequence)
    with connection.cursor() as cursor:
        cursor.execute(_COMPARE, {"tenant": tenant_id, "after": after.sequence, "hash": after.hash, "through": through})
        events, last_hash, broken_at = cursor.fetchone()
    reached = Place(sequence=through, hash=last_hash or after.hash)
    if broken_at is None and events < through - after.sequence:
        broken_at = after.sequence + events + 1
    if broken_at is not None:
        beginning = beginning_of(tenant_id)
        if beginning.sequence > after.sequence:
            return beginning, None
    elif through < end.sequence:
        return reached, None
    elif reached.hash != end.hash:
        broken_at = end.sequence + 1
    else:
        broken_at = _stray(tenant_id)
    return reached, Verdict(events=events, broken_at=broken_at)


def _stray(tenant_id: uuid.UUID) -> int | None:
    """Where the chain begins, if an event stands before that: those were let go of, so somebody put it there."""
    beginning = beginning_of(tenant_id).sequence
    rows = Event.objects.filter(tenant_id=tenant_id, sequence__lte=beginning)
    return beginning + 1 if rows.exists() else None


def prune(*, before: datetime, at_once: int) -> int:
    """Let go of the oldest events of the tenant whose context is open; returns how many.

    Never of one younger than a year, whatever is asked (migration 0002).
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_prune(%s, %s)", [before, at_once])
        gone: int = cursor.fetchone()[0]
    return gone


def tenants_with_events() -> list[uuid.UUID]:
    """Every tenant of whom anything was ever recorded, closed ones too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id FROM audit_tenants()")
        return [row[0] for row in cursor.fetchall()]


def fingerprint(value: object) -> str:
    """SHA-256 of a value's canonical JSON: the same content gives the same text."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
