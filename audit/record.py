"""Recording: who acts is set once at the edge, each change writes its events in its own transaction."""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

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


def happenings(tenant_id: uuid.UUID, events: Iterable[Happening]) -> None:
    """Write events in the order given, within the transaction that is open."""
    actor = _actor.get()
    Event.objects.bulk_create(
        Event(
            tenant_id=tenant_id,
            actor=actor,
            correlation=event.correlation,
            kind=event.kind,
            subject_kind=event.subject_kind,
            subject=event.subject,
            from_state=event.from_state,
            to_state=event.to_state,
            details=event.details,
        )
        for event in events
    )


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
