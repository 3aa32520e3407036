"""What each source said about an attempt: short words, kept with it for the person who may have to decide."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from audit.record import Happening
from syncjobs.models import Attempt
from syncjobs.transitions import move_attempt
from ups.numbers import PLACEHOLDER, is_valid

MOST_SAID = 20
"""Later words push out the oldest."""
_SAID_CHARACTERS = 250


def told(
    attempt: Attempt, *, source: str, said: str, at: datetime, numbers: Iterable[str] = (), **more: Any
) -> dict[str, Any]:
    """The evidence with one more word of a source; the same words as before only get a new moment."""
    entry = {"source": source, "at": at.isoformat(), "said": said[:_SAID_CHARACTERS], "numbers": [*numbers]}
    before = list((attempt.evidence or {}).get("sources", []))
    if before and all(before[-1].get(name) == entry[name] for name in ("source", "said", "numbers")):
        before.pop()
    return {**(attempt.evidence or {}), "sources": [*before, entry][-MOST_SAID:], **more}


def begin_doubt(attempt: Attempt, *, evidence: dict[str, Any], at: datetime) -> Happening:
    """From now on UPS is asked what became of it; the event is for the caller to record."""
    kept = {**(attempt.evidence or {}), **evidence}
    changes = {"evidence": kept, "doubt_at": at, "due_at": at, "lease_until": None}
    return move_attempt(attempt, to=Attempt.State.IN_DOUBT, changes=changes)


def number_named(attempt: Attempt) -> str:
    """A shipment or tracking number that UPS itself has named for it: it exists, or existed."""
    if attempt.late_answer:
        return str(attempt.late_answer.get("shipment", ""))
    reported = str((attempt.evidence or {}).get("reported_number", ""))
    return reported if is_valid(reported) else ""


def is_placeholder(attempt: Attempt) -> bool:
    """Whether UPS's test system answered, which makes no shipment (`ups.md` 2)."""
    return (attempt.evidence or {}).get("reported_number") == PLACEHOLDER
