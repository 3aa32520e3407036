"""A delivery's audit events told in plain words. Reads only, inside the tenant's context."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import CharField, OuterRef, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat, NullIf
from django.utils.translation import get_language

from audit.models import Event
from connector_site.lib.wording import said
from syncjobs.doubts.adopting import RECOVERY
from syncjobs.doubts.evidence import reasons_kept
from syncjobs.models import Attempt, Delivery
from syncjobs.story_words import (
    ACTORS,
    ASKED,
    ATTEMPT_MOVED,
    ATTEMPT_MOVED_FROM,
    ATTENTION,
    CAUSES,
    CHANGED,
    COUNTED,
    DECIDED,
    FAILED,
    FOLDED,
    MILESTONE_LOOKS,
    MOVED,
    MOVED_BECAUSE,
    MOVED_FROM,
    OTHER_CAUSE,
    OTHER_FAILED,
    OTHER_STEP,
    PLAIN,
    PROBLEMS,
    RECEIVED,
    REPAIRED,
    SYSTEMS,
)
from syncjobs.wording import milestone_word, reason_phrase, words_for
from tenants.models import User

D = Delivery.State
A = Attempt.State


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call to an outside system."""

    words: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One line of the story; `calls` holds the outside calls made for it, `actor` is who the trail says it was."""

    at: datetime | None
    words: str
    look: str
    by: str = ""
    more: str = ""
    calls: tuple[Call, ...] = ()
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the trail only points at: names of members by actor, and the words of decisions by their fingerprint."""

    people: dict[str, str]
    reasons: dict[str, str]


def events_of(tenant_id: uuid.UUID, delivery: Delivery) -> list[Event]:
    """What the trail has of it, oldest first, each with the name of the member who did it (`person`)."""
    members = User.objects.filter(memberships__tenant_id=tenant_id)
    actors = members.annotate(actor=Concat(Value("user:"), Cast("code", CharField())))
    names = actors.annotate(shown=Coalesce(NullIf("name", Value("")), "email", output_field=CharField())).filter(
        actor=OuterRef("actor")
    )
    rows = Event.objects.filter(tenant_id=tenant_id).for_subject(delivery.code)
    return list(rows.annotate(person=Subquery(names.values("shown")[:1])))


def story_of(delivery: Delivery, events: Sequence[Event]) -> list[Moment]:
    """Newest first, of `events_of` the delivery; calls stand with the event they led to."""
    known = _Known(people=_people(events), reasons=_reasons_given(delivery, events))
    told: list[Moment] = []
    calls: list[Call] = []
    folded, is_told_made = "", False
    for event in events:
        if event.kind == Event.Kind.CALLED:
            calls.append(_call(event.details))
            continue
        if "attempt" in event.details and (event.from_state, event.to_state) in FOLDED:
            folded = _reference(event.details)
            continue
        if is_told_made and (event.kind, event.to_state) == (Event.Kind.MOVED, D.LABELLED):
            is_told_made = False
            continue
        is_told_made = _tells_made(event) or (is_told_made and event.kind == Event.Kind.CHANGED)
        moment = _moment(event, known, tuple(calls), folded)
        told.append(_of_return(moment, event) if delivery.return_of_id is not None else moment)
        folded = ""
        calls.clear()
    if calls:
        told.append(Moment(at=events[-1].recorded_at, words=said("Looked again"), look="quiet", calls=tuple(calls)))
    return told[::-1]


def _of_return(moment: Moment, event: Event) -> Moment:
    """A return stands in Exact nowhere: its number is written nowhere."""
    is_ready = (event.kind, event.to_state) == (Event.Kind.MOVED, D.REPORTED) and "attempt" not in event.details
    return replace(moment, words=said("The return label is ready")) if is_ready else moment


def words_of(event: Event) -> tuple[str, str, str]:
    """What one event says by itself: its words, their look, and what belongs to them."""
    if event.kind == Event.Kind.CALLED:
        call = _call(event.details)
        return call.words, "quiet", call.outcome
    return _WORDS.get(event.kind, _unknown)(event)


def _tells_made(event: Event) -> bool:
    """Whether the request's own line says that the shipment stands: then the delivery's move would say it again."""
    return "attempt" in event.details and event.to_state == A.CREATED


def _moment(event: Event, known: _Known, calls: tuple[Call, ...], folded: str) -> Moment:
    words, look, more = _WORDS.get(event.kind, _unknown)(event)
    reason = known.reasons.get(str(event.details.get("reason_fingerprint", "")), "")
    more = _joined(more or folded, f"“{reason}”" if reason else "")
    by = known.people.get(event.actor, ACTORS.get(event.actor.split(":")[0], ""))
    return Moment(at=event.recorded_at, words=words, look=look, by=by, more=more, calls=calls, actor=event.actor)


def _moved(event: Event) -> tuple[str, str, str]:
    details = event.details
    if "attempt" in details:
        told = ATTEMPT_MOVED_FROM.get((event.from_state, event.to_state)) or ATTEMPT_MOVED.get(event.to_state)
        words, look = told or OTHER_STEP
        return words, look, _reference(details)
    reason = (event.to_state, next((row.get("code", "") for row in details.get("problems", [])), ""))
    known = MOVED_BECAUSE.get(reason) or MOVED_FROM.get((event.from_state, event.to_state))
    words, look = known or MOVED.get(event.to_state, OTHER_STEP)
    return words, look, _reasons(details)


def _reasons(details: dict[str, Any]) -> str:
    """Why it stopped, where UPS's news stopped it; each reason once."""
    codes = [row.get("code", "") for row in details.get("problems", [])]
    return _joined(*dict.fromkeys(PROBLEMS[code] for code in codes if code in PROBLEMS))


def _received(event: Event) -> tuple[str, str, str]:
    return RECEIVED.get(event.details.get("action", ""), said("Exact Online told of the goods delivery")), "move", ""


def _changed(event: Event) -> tuple[str, str, str]:
    what = str(event.details.get("what", ""))
    details = event.details
    if what == "milestone":
        return _milestone(details)
    if "repair" in details:
        return _repaired(details)
    if what == "labels stored" and details.get("source") == RECOVERY:
        what = "labels fetched"
    told = [_numbers(details), *(str(details.get(name, "")) for name in ("parcel", "why")), _counts(event)]
    more = _joined(*told, _reasons(details))
    return CHANGED.get(what, what.capitalize() or said("The goods delivery was read again")), "quiet", more


def _milestone(details: dict[str, Any]) -> tuple[str, str, str]:
    """A parcel moved on, or something about it calls for attention."""
    words = words_for(get_language() or "")
    reached = str(details.get("to", ""))
    heard = ": ".join(
        part for part in (milestone_word(words, reached), reason_phrase(words, str(details.get("reason", "")))) if part
    )
    attention = ATTENTION.get(str(details.get("attention", "")), "")
    more = _joined(str(details.get("parcel", "")), attention)
    return heard, MILESTONE_LOOKS.get(reached, "move"), more


def _counts(event: Event) -> str:
    """How many there were of what, where the event counts something."""
    named = [(name, event.details.get(name)) for name in COUNTED]
    return ", ".join(COUNTED[name](number) for name, number in named if isinstance(number, int) and number)


def _numbers(details: dict[str, Any]) -> str:
    numbers = details.get("numbers") or [details.get("shipment", "")]
    return ", ".join(str(number) for number in numbers) if isinstance(numbers, list) else ""


def _wrote(event: Event) -> tuple[str, str, str]:
    details = event.details
    if details.get("to") == "documents":
        stood = said("The proof of delivery was stored in Exact Online")
        if details.get("again"):
            stood = said("The proof of delivery stood in Exact Online already")
        return stood, "good", ""
    milestone = str(details.get("milestone", ""))
    if details.get("linked") and not milestone:
        return said("The proof of delivery was linked to the goods delivery in Exact Online"), "good", ""
    if "taken_out" in details:
        return said("Taken out of the goods delivery in Exact Online"), "move", " ".join(details["taken_out"])
    where = said("Written to the goods delivery in Exact Online")
    if milestone:
        word = milestone_word(words_for(get_language() or ""), milestone)
        where = said("Status “{status}” written to the goods delivery in Exact Online", status=word)
    more = said("Exact Online did not take all of it") if details.get("refused") else _numbers(details)
    return where, "good", more


def _asked(event: Event) -> tuple[str, str, str]:
    details = event.details
    if "repair" in details:
        return _repaired(details)
    if details.get("what") != "decision":
        return ASKED.get(str(details.get("what", "")), said("Asked for by a person")), "move", ""
    words = DECIDED.get(str(details.get("decision", "")), said("Decided by a person"))
    return words, "move", str(details.get("number", ""))


def _repaired(details: dict[str, Any]) -> tuple[str, str, str]:
    """A person, or the comparison by itself, had it put right."""
    what = REPAIRED.get(str(details["repair"]), said("it is looked at again"))
    return said("Put right after the comparison: {what}", what=what), "move", ""


def _failed(event: Event) -> tuple[str, str, str]:
    words = FAILED.get(event.details.get("step", ""), OTHER_FAILED)
    more = str(event.details.get("text", "")) or _why(str(event.details.get("why", "")))
    return words, "quiet", more


def _why(cause: str) -> str:
    """A kept cause in plain words: the class of an error, the code of a problem, or a code of UPS."""
    return said("UPS answered with code {code}", code=cause) if cause.isdigit() else CAUSES.get(cause, OTHER_CAUSE)


def _plain(event: Event) -> tuple[str, str, str]:
    return PLAIN[event.kind], "quiet", ""


def _unknown(event: Event) -> tuple[str, str, str]:
    return (*OTHER_STEP, "")


def _reference(details: dict[str, Any]) -> str:
    return said("Reference {reference}", reference=details.get("reference", ""))


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


_WORDS: dict[str, Callable[[Event], tuple[str, str, str]]] = {
    Event.Kind.MOVED: _moved,
    Event.Kind.RECEIVED: _received,
    Event.Kind.CHANGED: _changed,
    Event.Kind.WROTE: _wrote,
    Event.Kind.ASKED: _asked,
    Event.Kind.FAILED: _failed,
    Event.Kind.CONNECTED: _plain,
    Event.Kind.DISCONNECTED: _plain,
    Event.Kind.CALLED: _plain,
}


def _call(details: dict[str, Any]) -> Call:
    system = SYSTEMS.get(details.get("system", ""), details.get("system", ""))
    operation = str(details.get("operation", "")).replace("_", " ")
    status = details.get("status")
    code = details.get("error_code")
    outcome = said("answer {status}", status=status) if status else said("no answer")
    parts = (outcome, said("code {code}", code=code) if code else "", f"{details.get('duration_ms', 0)} ms")
    return Call(words=f"{system}: {operation}", outcome=_joined(*parts))


def _reasons_given(delivery: Delivery, events: Iterable[Event]) -> dict[str, str]:
    """The words of people that decided, which stand beside the trail so that they can be taken away."""
    if not any("reason_fingerprint" in event.details for event in events):
        return {}
    rows = Attempt.objects.filter(tenant_id=delivery.tenant_id, delivery=delivery)
    return reasons_kept(rows.values_list("evidence", flat=True))


def _people(events: Iterable[Any]) -> dict[str, str]:
    """Names of the members that acted; one who left is "a former member"."""
    of_people = [event for event in events if event.actor.startswith("user:")]
    return {event.actor: event.person or said("a former member") for event in of_people}
