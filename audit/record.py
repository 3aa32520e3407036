"""Recording: who acts is set once at the edge, each change writes its events in its own transaction."""

import json
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import connection

from audit.models import Event
from connector_site.lib.outside_calls import OutsideCall

SYSTEM = "system"
_actor: ContextVar[str] = ContextVar("audit_actor", default=SYSTEM)


@contextmanager
def acting(actor: str) -> Iterator[None]:
    """Name who does what is recorded inside: `user:<code>`, `worker`, `exact`, `ups`, `system`."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event to be written; details are small and hold no personal data, token or body."""

    kind: Event.Kind
    subject_kind: str
    subject: uuid.UUID
    correlation: uuid.UUID | None = None
    from_state: str = ""
    to_state: str = ""
    details: dict[str, Any] = field(default_factory=dict)


def changes(before: Mapping[str, Any], after: Mapping[str, Any], *, shown: Collection[str] = ()) -> dict[str, Any]:
    """Details of a change: the names of what differs and, of those that may be `shown`, what it was and what it is.

    Shown may be what is neither about a person nor secret nor words that somebody wrote. Empty when nothing differs.
    """
    fields = sorted(name for name, value in after.items() if value != before.get(name))
    if not fields:
        return {}
    told = {name: [before.get(name), after[name]] for name in fields if name in shown}
    return {"fields": fields, **({"changes": told} if told else {})}


_INSERT = """
    INSERT INTO audit_event (code, tenant_id, sequence, actor, correlation, kind, subject_kind, subject,
                             from_state, to_state, details, previous_hash, hash)
    SELECT gen_random_uuid(), %s, 0, %s, e.correlation, e.kind, e.subject_kind, e.subject,
           e.from_state, e.to_state, e.details, '', ''
      FROM jsonb_to_recordset(%s) AS e (correlation uuid, kind text, subject_kind text, subject uuid,
                                        from_state text, to_state text, details jsonb)
"""


def happenings(tenant_id: uuid.UUID, events: Iterable[Happening]) -> None:
    """Write events in the order given, within the transaction that is open, as one statement.

    It locks the end of the tenant's chain until the transaction ends: let it be the last thing that one does, after
    the job. Notifications coming in take their locks in that order too.
    """
    rows = [asdict(event) for event in events]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [tenant_id, _actor.get(), json.dumps(rows, default=str)])


def calls(
    made: Iterable[OutsideCall], *, subject_kind: str, subject: uuid.UUID, correlation: uuid.UUID | None = None
) -> list[Happening]:
    """The events of calls to outside systems, to be written with the change they led to."""
    return [
        Happening(
            kind=Event.Kind.CALLED,
            subject_kind=subject_kind,
            subject=subject,
            correlation=correlation,
            details=call.details(),
        )
        for call in made
    ]
