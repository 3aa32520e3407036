"""What each source said about an attempt: short words, kept with it for the person who may have to decide."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from audit.chain import fingerprint
from audit.record import Happening
from syncjobs.finders import mark_of_words
from syncjobs.models import Attempt, Parcel
from syncjobs.transitions import move_attempt
from ups.numbers import PLACEHOLDER, is_valid

REFUSAL = "void_refusal"
"""In `Attempt.evidence`: what UPS said when it refused a void that a person had asked for."""
MOST_SAID = 20
"""Later words push out the oldest."""
_SAID_CHARACTERS = 250


def told(
    attempt: Attempt, *, source: str, said: str, at: datetime, numbers: Iterable[str] = (), **more: Any
) -> dict[str, Any]:
    """The evidence with one more word of a source; what it said the last time as well only gets a new moment.

    Several are asked at each look: without that the looks of a few hours would push out what was said first.
    """
    entry = {"source": source, "at": at.isoformat(), "said": said[:_SAID_CHARACTERS], "numbers": [*numbers]}
    before = list((attempt.evidence or {}).get("sources", []))
    last = next((one for one in reversed(before) if one.get("source") == source), None)
    if last is not None and all(last.get(name) == entry[name] for name in ("said", "numbers")):
        before.remove(last)
    return {**(attempt.evidence or {}), "sources": [*before, entry][-MOST_SAID:], **more}


def decided(attempt: Attempt, *, decision: str, reason: str, at: datetime) -> dict[str, Any]:
    """The evidence with a person's own words for a decision. The trail, which nobody can blank, has their mark only.

    The mark stands beside them, so that they are found also after the key was changed.
    """
    mark = mark_of_words(attempt.tenant_id, reason)
    entry = {"decision": decision, "reason": reason, "at": at.isoformat(), "mark": mark}
    return {**(attempt.evidence or {}), "decisions": [*(attempt.evidence or {}).get("decisions", ()), entry]}


def reasons_kept(evidence: Iterable[dict[str, Any]]) -> dict[str, str]:
    """The words of every decision that is kept, by the mark that the trail has of them."""
    rows = [row for one in evidence for row in (one or {}).get("decisions", ())]
    return {row.get("mark") or fingerprint(row["reason"]): row["reason"] for row in rows}


def without_words(attempt: Attempt) -> dict[str, Any]:
    """The evidence without what people wrote and UPS said, which may name anybody: that, and when, they did stays."""
    kept = {name: value for name, value in (attempt.evidence or {}).items() if name != REFUSAL}
    for name, words in (("decisions", "reason"), ("sources", "said")):
        if name in kept:
            kept[name] = [{**one, words: ""} for one in kept[name]]
    return kept


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


def number_is_taken(tenant_id: UUID, number: str, *, but_by: Attempt) -> bool:
    """Whether this is the number of a shipment or parcel, not voided, of another attempt; in the tenant's context."""
    live = Parcel.objects.filter(tenant_id=tenant_id, shipment__voided_at=None).exclude(shipment__attempt=but_by)
    return live.filter(Q(tracking_number=number) | Q(shipment__ups_shipment_id=number)).exists()
