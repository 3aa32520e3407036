"""A delivery's audit events told in plain words. Reads only, inside the tenant's context."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.models import Event
from syncjobs.adopting import RECOVERY
from syncjobs.courses import CORRECTED, LOST, RETURNED, VOIDED
from syncjobs.decision_options import Decision
from syncjobs.evidence import reasons_kept
from syncjobs.intake import FOUND
from syncjobs.models import Attempt, Delivery, Parcel
from syncjobs.reconciling.kinds import Repair
from syncjobs.wording import milestone_word, reason_phrase, words_for
from tenants.models import User

D = Delivery.State
A = Attempt.State
_SYSTEMS = {"exact": "Exact Online", "ups": "UPS"}
_STEPS = {
    "read": "Reading from Exact Online",
    "recheck": "Looking again at Exact Online",
    "gone": "Looking after a deletion",
    "ship": "Asking UPS",
    "report": "Writing to Exact Online",
    "events": "Taking in what UPS told",
    "look": "Asking UPS where the parcels are",
    "confirm": "Asking UPS whether a parcel has arrived",
    "status": "Writing the status to Exact Online",
    "proof": "Storing the proof of delivery",
    "settle": "Asking UPS what became of a request",
}
_ACTORS = {"exact": "Exact Online", "ups": "UPS"}
_MOVED: dict[str, tuple[str, str]] = {
    D.RECEIVED: ("Started again", "move"),
    D.READY: ("Read from Exact Online: everything UPS needs is there", "move"),
    D.SHIPPING: ("Asked UPS for the shipment", "move"),
    D.LABELLED: ("UPS made the shipment", "good"),
    D.REPORTED: ("The goods delivery in Exact Online shows the tracking number", "good"),
    D.IN_TRANSIT: ("On the way", "move"),
    D.DELIVERED: ("All parcels were delivered", "good"),
    D.CLOSED: ("Completed", "good"),
    D.SKIPPED: ("Left alone: not ours to ship", "move"),
    D.HOLD: ("Stopped: something needs fixing", "stop"),
    D.REVIEW: ("Stopped: a person must decide", "stop"),
    D.CANCELLED: ("Cancelled", "stop"),
}
_MOVED_FROM: dict[tuple[str, str], tuple[str, str]] = {
    (D.REVIEW, D.LABELLED): ("Goes on with the label that was made", "move"),
}
_ATTEMPT_MOVED: dict[str, tuple[str, str]] = {
    A.CREATED: ("UPS has made the shipment after all; it is used, and nothing is paid twice", "good"),
    A.REFUSED: ("UPS refused the request", "stop"),
    A.NOT_SENT: ("The request never reached UPS; nothing was bought", "quiet"),
    A.IN_DOUBT: ("The answer of UPS was lost; UPS is asked by itself whether it made the shipment", "stop"),
    A.ABSENT: ("UPS made no shipment: asked again and again, it knows none under this reference", "quiet"),
    A.VOIDED_THERE: ("UPS made the shipment, and somebody voided it there", "stop"),
    A.REVIEW: ("UPS could not settle whether it made the shipment", "stop"),
    A.ORPHAN: ("UPS made a shipment after all that had been given up: it is one too many", "stop"),
    A.VOIDING: ("UPS is asked to void the shipment", "move"),
    A.VOIDED: ("UPS has voided the shipment", "quiet"),
    A.VOID_REFUSED: ("UPS did not void the shipment", "stop"),
    A.CANCELLED: ("The planned request was dropped before it was sent", "quiet"),
}
_ATTEMPT_MOVED_FROM: dict[tuple[str, str], tuple[str, str]] = {
    (A.REVIEW, A.ABSENT): ("The request counts as not carried out; UPS is asked about it for three days more", "quiet"),
    (A.ABSENT, A.CREATED): ("UPS made the shipment late; it is used, and no other one is sent", "good"),
    (A.VOID_REFUSED, A.CREATED): ("The shipment is kept", "move"),
}
"""Where the state before makes it another story, here and for the delivery."""
_OTHER_STEP = ("Went on in a way that this version of the site has no words for", "quiet")
"""A newer version may have written the trail before this one was put back."""
_FOLDED = frozenset({(A.PLANNED, A.SENDING), (A.SENDING, A.CREATED)})
"""Moves of a request that the delivery makes with it: told once, with the reference."""
_DECIDED: dict[str, str] = {
    Decision.ADOPT: "Decided: UPS made the shipment, use it",
    Decision.NOT_MADE: "Decided: make a new shipment",
    Decision.VOID: "Decided: void the shipment",
    Decision.VOID_AND_SHIP: "Decided: void the shipment and make a new one",
    Decision.KEEP: "Decided: keep the shipment",
    Decision.END: "Decided: do nothing more for this delivery",
    Decision.SEEN: "Decided: leave the second shipment as it is",
}
_REPAIRED: dict[str, str] = {
    Repair.TAKE_IN: "it is taken in from Exact Online",
    Repair.READ: "it is read again from Exact Online",
    Repair.REPORT: "the tracking number is written to Exact Online now",
    Repair.WRITE: "the tracking number is written to Exact Online again",
    Repair.ASK_UPS: "UPS is asked now what became of the request",
    Repair.GO_ON: "it is set going again",
    Repair.LOOK: "UPS is asked again where the parcels are",
}
_RECEIVED = {
    "Create": "Exact Online told of a new goods delivery",
    "Update": "Exact Online told of a change to the goods delivery",
    "Delete": "Exact Online told that the goods delivery was deleted",
    FOUND: "Found when reading what changed in Exact Online; no notification had told of it",
}
_CHANGED = {
    "labels stored": "The labels were stored",
    "labels fetched": "The labels were fetched from UPS",
    "deleted in Exact": "The goods delivery was deleted in Exact Online",
    "tracking number in Exact": "The tracking number in Exact Online is no longer ours",
    "late answer": "The answer of UPS came after all, late: it made the shipment",
    "orphan": "The shipment that is one too many",
    "voided": "Its parcels are no longer followed",
    "events": "UPS told of the parcels",
    "alerts": "UPS was asked to tell of the parcels by itself",
    "tracking asked": "UPS was asked where the parcels are",
    "alert missing": "UPS does not tell of this parcel by itself; it is asked instead",
    "alerts silent": "UPS took our subscriptions but tells us nothing; it is asked more often instead",
    "alerts heard": "UPS tells us of the parcels by itself again",
    "another problem": "UPS's news made it another matter",
}
_PROBLEMS = {
    RETURNED: "UPS brought it back",
    LOST: "UPS reports it as lost or destroyed",
    CORRECTED: "UPS took back that it was delivered",
    VOIDED: "the shipment was voided at UPS",
}
"""What a person has to decide about, where UPS's news is the reason."""

_CAUSES = {
    "ExactUnavailable": "Exact Online could not be reached; it is tried again",
    "ExactOutcomeUnknown": "The answer of Exact Online was lost; it is looked up",
    "ExactBudgetSpent": "The calls Exact Online allows are used up for now; it goes on later",
    "ExactRefreshUnderWay": "The permission of Exact Online was being renewed; it is tried again",
    "ExactNeedsReconnect": "The permission of Exact Online has ended; connect again",
    "ExactGone": "Exact Online no longer has what was asked for",
    "ExactUnexpectedReply": "Exact Online answered in a way that is not known here",
    "UpsUnavailable": "UPS could not be reached; it is tried again",
    "UpsOutcomeUnknown": "The answer of UPS was lost; UPS is asked about it",
    "UpsUnexpectedReply": "UPS answered in a way that is not known here",
    "exact_right": "A right in Exact Online is missing",
    "exact_refused": "Exact Online refused it",
    "ups_account": "The UPS account needs attention",
    "gave_up": "It failed too many times",
    "poison": "It ended without a result too many times",
    "line_refused": "Exact Online did not take our line; the reason stands beside it",
    "not_taken": "Exact Online did not take all of it; the reason stands beside it",
    "not_filed": "The proof of delivery could not be stored; the reason stands beside it",
}
"""What `engine` keeps of a failure: the class of an error, or the code of a problem."""
_ATTENTION = {value: str(label) for value, label in Parcel.Attention.choices}
_MILESTONE_LOOKS: dict[str, str] = {
    Parcel.Milestone.DELIVERED: "good",
    Parcel.Milestone.EXCEPTION: "stop",
    Parcel.Milestone.RETURNED_TO_SENDER: "stop",
}
_COUNTED = {
    "count": "events",
    "active": "told",
    "renewed": "renewed",
    "refused": "refused",
    "postponed": "put off",
    "failed": "not renewed",
}
_OTHER_CAUSE = "A technical problem; it is tried again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call to an outside system."""

    words: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One line of the story; `calls` holds the outside calls made for it."""

    at: datetime | None
    words: str
    look: str
    by: str = ""
    more: str = ""
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the trail only points at: names of members by actor, and the words of decisions by their fingerprint."""

    people: dict[str, str]
    reasons: dict[str, str]


def story_of(tenant_id: uuid.UUID, delivery: Delivery) -> list[Moment]:
    """Newest first; calls stand with the event they led to."""
    events = list(Event.objects.filter(tenant_id=tenant_id).for_subject(delivery.code))
    known = _Known(people=_people(tenant_id, events), reasons=_reasons_given(delivery, events))
    told: list[Moment] = []
    calls: list[Call] = []
    folded, is_told_made = "", False
    for event in events:
        if event.kind == Event.Kind.CALLED:
            calls.append(_call(event.details))
            continue
        if "attempt" in event.details and (event.from_state, event.to_state) in _FOLDED:
            folded = f"Reference {event.details.get('reference', '')}"
            continue
        if is_told_made and (event.kind, event.to_state) == (Event.Kind.MOVED, D.LABELLED):
            is_told_made = False
            continue
        is_told_made = _tells_made(event) or (is_told_made and event.kind == Event.Kind.CHANGED)
        told.append(_moment(event, known, tuple(calls), folded))
        folded = ""
        calls.clear()
    if calls:
        told.append(Moment(at=events[-1].recorded_at, words="Looked again", look="quiet", calls=tuple(calls)))
    return told[::-1]


def _tells_made(event: Event) -> bool:
    """Whether the request's own line says that the shipment stands: then the delivery's move would say it again."""
    return "attempt" in event.details and event.to_state == A.CREATED


def _moment(event: Event, known: _Known, calls: tuple[Call, ...], folded: str) -> Moment:
    words, look, more = _WORDS.get(event.kind, _unknown)(event)
    said = known.reasons.get(str(event.details.get("reason_fingerprint", "")), "")
    more = _joined(more or folded, f"“{said}”" if said else "")
    by = known.people.get(event.actor, _ACTORS.get(event.actor, ""))
    return Moment(at=event.recorded_at, words=words, look=look, by=by, more=more, calls=calls)


def _moved(event: Event) -> tuple[str, str, str]:
    details = event.details
    if "attempt" in details:
        told = _ATTEMPT_MOVED_FROM.get((event.from_state, event.to_state)) or _ATTEMPT_MOVED.get(event.to_state)
        words, look = told or _OTHER_STEP
        return words, look, f"Reference {details.get('reference', '')}"
    words, look = _MOVED_FROM.get((event.from_state, event.to_state)) or _MOVED.get(event.to_state, _OTHER_STEP)
    return words, look, _reasons(details)


def _reasons(details: dict[str, Any]) -> str:
    """Why it stopped, where UPS's news stopped it; each reason once."""
    codes = [row.get("code", "") for row in details.get("problems", [])]
    told = ", ".join(dict.fromkeys(_PROBLEMS[code] for code in codes if code in _PROBLEMS))
    return told[:1].upper() + told[1:]


def _received(event: Event) -> tuple[str, str, str]:
    return _RECEIVED.get(event.details.get("action", ""), "Exact Online told of the goods delivery"), "move", ""


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
    return _CHANGED.get(what, what.capitalize() or "The goods delivery was read again"), "quiet", more


def _milestone(details: dict[str, Any]) -> tuple[str, str, str]:
    """A parcel moved on, or something about it calls for attention."""
    words = words_for("en")
    reached = str(details.get("to", ""))
    said = ": ".join(
        part for part in (milestone_word(words, reached), reason_phrase(words, str(details.get("reason", "")))) if part
    )
    attention = _ATTENTION.get(str(details.get("attention", "")), "")
    more = _joined(str(details.get("parcel", "")), attention)
    return said, _MILESTONE_LOOKS.get(reached, "move"), more


def _counts(event: Event) -> str:
    """How many there were of what, where the event counts something."""
    named = [(name, event.details.get(name)) for name in _COUNTED]
    return ", ".join(f"{number} {_COUNTED[name]}" for name, number in named if isinstance(number, int) and number)


def _numbers(details: dict[str, Any]) -> str:
    numbers = details.get("numbers") or [details.get("shipment", "")]
    return ", ".join(str(number) for number in numbers) if isinstance(numbers, list) else ""


def _wrote(event: Event) -> tuple[str, str, str]:
    details = event.details
    if details.get("to") == "documents":
        stood = "stood in Exact Online already" if details.get("again") else "was stored in Exact Online"
        return f"The proof of delivery {stood}", "good", ""
    milestone = str(details.get("milestone", ""))
    if details.get("linked") and not milestone:
        return "The proof of delivery was linked to the goods delivery in Exact Online", "good", ""
    status = f"Status “{milestone_word(words_for('en'), milestone)}” written" if milestone else "Written"
    where = f"{status} to the {details.get('to', 'goods delivery')} in Exact Online"
    more = "Exact Online did not take all of it" if details.get("refused") else _numbers(details)
    return where, "good", more


def _asked(event: Event) -> tuple[str, str, str]:
    details = event.details
    if "repair" in details:
        return _repaired(details)
    if details.get("what") != "decision":
        return ("Asked to check again" if details.get("what") == "run again" else "Asked for by a person"), "move", ""
    words = _DECIDED.get(str(details.get("decision", "")), "Decided by a person")
    return words, "move", str(details.get("number", ""))


def _repaired(details: dict[str, Any]) -> tuple[str, str, str]:
    """A person, or the comparison by itself, had it put right."""
    what = _REPAIRED.get(str(details["repair"]), "it is looked at again")
    return f"Put right after the comparison: {what}", "move", ""


def _failed(event: Event) -> tuple[str, str, str]:
    step = _STEPS.get(event.details.get("step", ""), "A step")
    more = str(event.details.get("text", "")) or _why(str(event.details.get("why", "")))
    return f"{step} did not work", "quiet", more


def _why(cause: str) -> str:
    """A kept cause in plain words: the class of an error, the code of a problem, or a code of UPS."""
    return f"UPS answered with code {cause}" if cause.isdigit() else _CAUSES.get(cause, _OTHER_CAUSE)


def _plain(event: Event) -> tuple[str, str, str]:
    return Event.Kind(event.kind).label.capitalize(), "quiet", ""


def _unknown(event: Event) -> tuple[str, str, str]:
    return (*_OTHER_STEP, "")


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
    system = _SYSTEMS.get(details.get("system", ""), details.get("system", ""))
    operation = str(details.get("operation", "")).replace("_", " ")
    status = details.get("status")
    code = details.get("error_code")
    outcome = f"{status}" if status else "no answer"
    return Call(
        words=f"{system}: {operation}",
        outcome=f"{outcome}{f', code {code}' if code else ''}, {details.get('duration_ms', 0)} ms",
    )


def _reasons_given(delivery: Delivery, events: Iterable[Event]) -> dict[str, str]:
    """The words of people that decided, which stand beside the trail so that they can be taken away."""
    if not any("reason_fingerprint" in event.details for event in events):
        return {}
    rows = Attempt.objects.filter(tenant_id=delivery.tenant_id, delivery=delivery)
    return reasons_kept(rows.values_list("evidence", flat=True))


def _people(tenant_id: uuid.UUID, events: Iterable[Event]) -> dict[str, str]:
    """Names of the members that acted; one who left is "a former member"."""
    actors = {event.actor for event in events if event.actor.startswith("user:")}
    if not actors:
        return {}
    codes = {actor: actor.removeprefix("user:") for actor in actors}
    members = User.objects.filter(code__in=codes.values(), memberships__tenant_id=tenant_id)
    names = {str(user.code): user.name or user.email for user in members}
    return {actor: names.get(code, "a former member") for actor, code in codes.items()}
