"""The allowed moves of deliveries and attempts, and the two functions that make them.

Compare and set, one row exactly, with the audit event in the same transaction (`style.md` 9). The database refuses a
move of an attempt that is not in its table as well (migrations 0002, 0006 and 0014).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from audit.models import Event
from audit.record import Happening, happenings
from syncjobs.models import Attempt, Delivery
from syncjobs.problems import Problem, as_json

D = Delivery.State
A = Attempt.State

_BEFORE_SHIPPING = {D.SKIPPED, D.HOLD, D.CANCELLED}
DELIVERY_MOVES: dict[str, set[str]] = {
    D.RECEIVED: {D.READY, D.LABELLED, D.REVIEW, *_BEFORE_SHIPPING},
    D.READY: {D.SHIPPING, D.RECEIVED, D.LABELLED, D.REVIEW, *_BEFORE_SHIPPING},
    D.SHIPPING: {D.LABELLED, D.READY, D.RECEIVED, D.HOLD, D.REVIEW},
    D.LABELLED: {D.RECEIVED, D.REPORTED, D.HOLD, D.REVIEW, D.CANCELLED},
    D.REPORTED: {D.RECEIVED, D.IN_TRANSIT, D.DELIVERED, D.HOLD, D.REVIEW, D.CANCELLED},
    D.IN_TRANSIT: {D.RECEIVED, D.DELIVERED, D.REVIEW},
    D.DELIVERED: {D.RECEIVED, D.CLOSED, D.REVIEW},
    D.CLOSED: {D.RECEIVED, D.REVIEW},
    D.SKIPPED: {D.RECEIVED, D.READY, D.LABELLED, D.HOLD, D.CANCELLED, D.REVIEW},
    D.HOLD: {D.RECEIVED, D.READY, D.LABELLED, D.SKIPPED, D.CANCELLED, D.REVIEW},
    D.REVIEW: {D.RECEIVED, D.LABELLED, D.HOLD, D.CANCELLED, D.IN_TRANSIT, D.DELIVERED},
    D.CANCELLED: {D.RECEIVED, D.READY, D.SKIPPED, D.HOLD, D.REVIEW},
}
"""Into review from anywhere: a label that turns up where none was expected is a person's matter, and is never lost.
A cancelled delivery was gone from Exact; it comes back when a read shows it again. From review into transit or
delivered when UPS itself ends what it had reported (`courses`); a closed one is opened by UPS's correction alone.
Labelled before anything is sent: an earlier attempt that was taken for absent turns out to have been made, or a further
shipment that a person had asked for is given up. Received after a label, or after the end: a person has it shipped
again, or has voided what was made."""
ATTEMPT_MOVES: dict[str, set[str]] = {
    A.PLANNED: {A.SENDING, A.CANCELLED},
    A.SENDING: {A.CREATED, A.REFUSED, A.NOT_SENT, A.IN_DOUBT, A.ABANDONED},
    A.IN_DOUBT: {A.CREATED, A.ABSENT, A.VOIDED_THERE, A.REVIEW, A.ABANDONED},
    A.ABSENT: {A.ORPHAN, A.CREATED},
    A.ORPHAN: {A.VOIDING, A.ABANDONED},
    A.CREATED: {A.VOIDING},
    A.VOIDING: {A.VOIDED, A.VOID_REFUSED, A.ABANDONED},
    A.REVIEW: {A.CREATED, A.ABSENT, A.VOIDING, A.VOIDED_THERE, A.ABANDONED},
    A.REFUSED: set(),
    A.NOT_SENT: set(),
    A.VOIDED_THERE: set(),
    A.VOIDED: set(),
    A.VOID_REFUSED: {A.VOIDING, A.CREATED, A.REVIEW},
    A.CANCELLED: set(),
    A.ABANDONED: set(),
}
"""`reliability.md` 1.2. An orphan stays one until it is voided: beside it another attempt is live, and review is a live
state. A refused void may be tried again, or the shipment kept. Abandoned is what may exist at UPS when its customer was
closed and the time for settling is over; the database lets no other attempt go there (migration 0014)."""


class IllegalMove(Exception):
    """A move that no table allows; our code is wrong."""


class LostRace(Exception):
    """The row is no longer in the state that was seen: somebody else moved it, and what we planned does not hold."""


def move(
    delivery: Delivery,
    *,
    to: Delivery.State,
    at: datetime,
    problems: Iterable[Problem] = (),
    changes: dict[str, Any] | None = None,
    events: Iterable[Happening] = (),
) -> None:
    """Move the delivery and write `changes` of its own columns with it; `events` come before the move in the trail.

    Raises `IllegalMove` or `LostRace`; in both cases the caller's transaction must not go on.
    """
    if to not in DELIVERY_MOVES[delivery.state]:
        raise IllegalMove(f"delivery {delivery.state} -> {to}")
    told = as_json(problems)
    columns = {"state": to, "changed_at": at, "problems": told, **(changes or {})}
    mine = Delivery.objects.filter(pk=delivery.pk, tenant_id=delivery.tenant_id, state=delivery.state)
    if mine.update(**columns) != 1:
        raise LostRace(f"delivery {delivery.code}")
    happened = delivery_event(
        delivery,
        Event.Kind.MOVED,
        from_state=delivery.state,
        to_state=to,
        details={"problems": [{"code": row["code"]} for row in told]} if told else {},
    )
    for name, value in columns.items():
        setattr(delivery, name, value)
    happenings(delivery.tenant_id, [*events, happened])


def move_attempt(attempt: Attempt, *, to: Attempt.State, changes: dict[str, Any] | None = None) -> Happening:
    """Move the attempt; the event it returns is to be recorded in the same transaction, with the delivery's move.

    A state that does not end by itself needs its next moment, `due_at`, among the changes.
    """
    if to not in ATTEMPT_MOVES[attempt.state]:
        raise IllegalMove(f"attempt {attempt.state} -> {to}")
    columns = {"state": to, "due_at": None, **(changes or {})}
    mine = Attempt.objects.filter(pk=attempt.pk, tenant_id=attempt.tenant_id, state=attempt.state)
    if mine.update(**columns) != 1:
        raise LostRace(f"attempt {attempt.code}")
    event = Happening(
        kind=Event.Kind.MOVED,
        subject_kind="delivery",
        subject=attempt.delivery.code,
        correlation=attempt.delivery.correlation,
        from_state=attempt.state,
        to_state=to,
        details={"attempt": str(attempt.code), "reference": attempt.reference, "number": attempt.attempt_no},
    )
    for name, value in columns.items():
        setattr(attempt, name, value)
    return event


def delivery_event(
    delivery: Delivery,
    kind: Event.Kind,
    *,
    details: dict[str, Any] | None = None,
    from_state: str = "",
    to_state: str = "",
) -> Happening:
    """An event about this delivery."""
    return Happening(
        kind=kind,
        subject_kind="delivery",
        subject=delivery.code,
        correlation=delivery.correlation,
        from_state=from_state,
        to_state=to_state,
        details=details or {},
    )
