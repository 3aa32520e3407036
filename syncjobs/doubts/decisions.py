"""What a person may decide about a delivery in review, what each decision does and costs, and carrying it out.

One function behind the page and every other door: under the lock of the delivery, with a reason, in the audit trail.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.models import Event
from audit.record import Happening, acting, happenings
from connector_site.lib.wording import said
from syncjobs import queue
from syncjobs.doubts.evidence import decided, number_is_taken, told
from syncjobs.doubts.options import LEAST_REASON, LONGEST_REASON, Decision, NotPossible, Option, cases
from syncjobs.doubts.settling import Reason, next_watch
from syncjobs.finders import mark_of_words
from syncjobs.models import Attempt, Delivery, Parcel, Shipment, SyncJob
from syncjobs.problems import Problem, as_json
from syncjobs.reporting import tell_of_end
from syncjobs.steps.discarding import AGAIN, CANCEL
from syncjobs.steps.facts import touch
from syncjobs.transitions import DELIVERY_MOVES, delivery_event, move, move_attempt
from tenants.context import tenant_context
from ups.numbers import number_typed

_GONE = said("This was settled in the meantime; nothing was done. Open the delivery to see how it stands.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """A decision that is being carried out under the delivery's lock; `events` are recorded with what it changes."""

    delivery: Delivery
    attempt: Attempt | None
    number: str
    events: tuple[Happening, ...]
    at: datetime

    @property
    def there(self) -> Attempt:
        """The attempt that it is about."""
        if self.attempt is None:
            raise NotPossible(_GONE)
        return self.attempt


def decide(
    *,
    actor: str,
    tenant_id: uuid.UUID,
    delivery_code: uuid.UUID,
    attempt_code: uuid.UUID | None,
    decision: Decision,
    reason: str,
    at: datetime,
    number: str = "",
) -> None:
    """Carry a decision out. Raises `Delivery.DoesNotExist` or `NotPossible`; then nothing has happened."""
    with acting(actor), tenant_context(tenant_id):
        delivery = Delivery.objects.select_for_update(of=("self",)).get(tenant_id=tenant_id, code=delivery_code)
        case = next((one for one in cases(tenant_id, delivery) if _code(one.attempt) == attempt_code), None)
        option = next((one for one in case.options if one.decision == decision), None) if case else None
        if case is None or option is None:
            raise NotPossible(_GONE)
        words, named = _worded(reason), _named(option, number)
        attempt = case.attempt or case.shipped
        if named and attempt is not None and number_is_taken(tenant_id, named, but_by=attempt):
            raise NotPossible(
                said("This number belongs to another delivery here. Compare it with the label once more.")
            )
        details = {
            "what": "decision",
            "decision": decision.value,
            "reason_fingerprint": mark_of_words(tenant_id, words),
            "reason_characters": len(words),
        }
        details |= {"number": named} if named else {}
        asked = delivery_event(delivery, Event.Kind.ASKED, details=details)
        _keep_words(attempt or _newest(delivery), decision, words, at)
        _ACTS[decision](_Choice(delivery=delivery, attempt=attempt, number=named, events=(asked,), at=at))


def _code(attempt: Attempt | None) -> uuid.UUID | None:
    return attempt.code if attempt else None


def _newest(delivery: Delivery) -> Attempt | None:
    rows = Attempt.objects.filter(tenant_id=delivery.tenant_id, delivery=delivery)
    return rows.defer("request").order_by("-shipment_no", "-attempt_no").first()


def _worded(reason: str) -> str:
    words = reason.strip()
    if not LEAST_REASON <= len(words) <= LONGEST_REASON:
        raise NotPossible(
            said(
                "Write down why you decide so, in {least} to {most} characters; colleagues will ask.",
                least=LEAST_REASON,
                most=LONGEST_REASON,
            )
        )
    return words


def _keep_words(attempt: Attempt | None, decision: Decision, words: str, at: datetime) -> None:
    """The person's words stand with a request to UPS: every delivery that waits for a decision has one."""
    if attempt is not None:
        attempt.evidence = decided(attempt, decision=decision.value, reason=words, at=at)
        Attempt.objects.filter(tenant_id=attempt.tenant_id, pk=attempt.pk).update(evidence=attempt.evidence)


def _named(option: Option, number: str) -> str:
    """The number that the decision is about."""
    if option.numbers:
        if number in option.numbers:
            return number
        if not number and len(option.numbers) == 1:
            return option.numbers[0]
        raise NotPossible(said("Choose one of the numbers that UPS named."))
    if not option.needs_number:
        return ""
    typed = number_typed(number)
    if not typed:
        raise NotPossible(
            said("Enter the UPS tracking number: 1Z and sixteen letters or digits, as it stands on the label.")
        )
    return typed


def _settle(choice: _Choice) -> None:
    delivery = choice.delivery
    queue.add(
        delivery.tenant_id, SyncJob.Kind.SETTLE, delivery.code, due_at=choice.at, correlation=delivery.correlation
    )


def _adopt(choice: _Choice) -> None:
    """UPS is asked for the labels of that number; when it gives them, the shipment is kept."""
    found, number, at = choice.there, choice.number, choice.at
    evidence = told(found, source="person", said=said("it was made: use it"), numbers=[number], at=at, chosen=number)
    evidence.pop("choice_failed", None)
    Attempt.objects.filter(tenant_id=found.tenant_id, pk=found.pk).update(evidence=evidence, due_at=at)
    _settle(choice)
    happenings(found.tenant_id, choice.events)


def _not_made(choice: _Choice) -> None:
    """A new shipment is planned; the old reference is still looked for."""
    delivery, at = choice.delivery, choice.at
    told_now = [*choice.events, *_given_up(choice, said("it was not made: ship again"))]
    kind = SyncJob.Kind.READ
    queue.add(delivery.tenant_id, kind, delivery.code, due_at=at, correlation=delivery.correlation)
    _move(delivery, to=Delivery.State.RECEIVED, at=at, changes={"asked_again_at": at}, events=told_now)


def _end(choice: _Choice) -> None:
    """Nothing more is done for this delivery."""
    told_now = [*choice.events, *_given_up(choice, said("nothing more is done"))]
    problem = Problem(code="ended_by_person", text=said("A person ended this delivery here."))
    delivery, at = choice.delivery, choice.at
    if delivery.state == Delivery.State.CANCELLED:
        touch(delivery, {"stopped_at": at, "asked_again_at": None, "problems": as_json([problem])})
        tell_of_end(delivery, at)
        happenings(delivery.tenant_id, told_now)
        return
    tell_of_end(delivery, at)
    changes = {"stopped_at": at, "asked_again_at": None, "proof_problem": ""}
    _move(delivery, to=Delivery.State.CANCELLED, at=at, changes=changes, events=told_now, problem=problem)


def _move(
    delivery: Delivery,
    *,
    to: Delivery.State,
    at: datetime,
    changes: dict[str, Any],
    events: list[Happening],
    problem: Problem | None = None,
) -> None:
    """Move it, unless it went somewhere meanwhile from where there is no way."""
    if to not in DELIVERY_MOVES[delivery.state]:
        raise NotPossible(_GONE)
    move(delivery, to=to, at=at, problems=[problem] if problem else [], changes=changes, events=events)


def _given_up(choice: _Choice, words: str) -> list[Happening]:
    """A doubtful attempt counts as not made from now on, and is watched for like any other of that kind."""
    attempt, at = choice.attempt, choice.at
    if attempt is None or attempt.state != Attempt.State.REVIEW:
        return []
    changes: dict[str, Any] = {
        "settled_at": at,
        "due_at": next_watch(0, absent_at=at),
        "watches": 0,
        "review_reason": "",
        "evidence": _without_choice(told(attempt, source="person", said=words, at=at)),
    }
    return [move_attempt(attempt, to=Attempt.State.ABSENT, changes=changes)]


def _without_choice(evidence: dict[str, Any]) -> dict[str, Any]:
    """An earlier choice is taken back with it: from now on only our reference is looked for."""
    return {name: value for name, value in evidence.items() if name not in ("chosen", "choice_failed")}


def _void(choice: _Choice) -> None:
    _begin_void(choice, CANCEL)


def _void_and_ship(choice: _Choice) -> None:
    _begin_void(choice, AGAIN)


def _begin_void(choice: _Choice, then: str) -> None:
    """The intention first; UPS is asked by the step that settles."""
    attempt, number, at = choice.there, choice.number, choice.at
    words = said("void it") if then == CANCEL else said("void it and ship again")
    evidence = told(attempt, source="person", said=words, numbers=[number], at=at, then=then)
    changes = {"void_id": number, "due_at": at, "asks": 0, "review_reason": "", "evidence": evidence}
    event = move_attempt(attempt, to=Attempt.State.VOIDING, changes=changes)
    asked = Parcel.objects.filter(tenant_id=attempt.tenant_id, shipment__attempt=attempt, voided_at=None)
    asked.filter(void_asked_at__isnull=False).update(void_asked_at=None)
    _settle(choice)
    happenings(attempt.tenant_id, [*choice.events, event])


def _is_kept(attempt: Attempt) -> bool:
    """Whether we have its shipment with the labels."""
    return Shipment.objects.filter(tenant_id=attempt.tenant_id, attempt=attempt).exists()


def _fetch(choice: _Choice, attempt: Attempt) -> None:
    """A shipment that we never had the labels of is to be kept: they are fetched from UPS first."""
    at, number = choice.at, attempt.void_id
    evidence = told(attempt, source="person", said=said("keep it"), numbers=[number], at=at, chosen=number)
    changes = {"review_reason": Reason.NO_LABEL.value, "due_at": at, "void_id": "", "evidence": evidence}
    event = move_attempt(attempt, to=Attempt.State.REVIEW, changes=changes)
    _settle(choice)
    happenings(attempt.tenant_id, [*choice.events, event])


def _keep(choice: _Choice) -> None:
    """The shipment stands: its number is written to Exact if it is not there yet, and its parcels are followed."""
    delivery, attempt, at = choice.delivery, choice.attempt, choice.at
    told_now = list(choice.events)
    if attempt is not None and attempt.state == Attempt.State.VOID_REFUSED and not _is_kept(attempt):
        _fetch(choice, attempt)
        return
    if attempt is not None and attempt.state == Attempt.State.VOID_REFUSED:
        told_now.append(move_attempt(attempt, to=Attempt.State.CREATED, changes={"review_reason": ""}))
    if delivery.state != Delivery.State.REVIEW:
        happenings(delivery.tenant_id, told_now)
        return
    is_deleted = any(row["code"] == "deleted_after_label" for row in delivery.problems)
    if delivery.written_at is not None or is_deleted:
        move(delivery, to=Delivery.State.IN_TRANSIT, at=at, events=told_now)
        return
    kind = SyncJob.Kind.REPORT
    queue.add(delivery.tenant_id, kind, delivery.code, due_at=at, correlation=delivery.correlation)
    move(delivery, to=Delivery.State.LABELLED, at=at, changes={"facts_read_at": None}, events=told_now)


def _seen(choice: _Choice) -> None:
    """It is known and stays as it is."""
    found = choice.there
    evidence = told(found, source="person", said=said("seen, left as it is"), at=choice.at, seen=True)
    Attempt.objects.filter(tenant_id=found.tenant_id, pk=found.pk).update(evidence=evidence, review_reason="")
    happenings(found.tenant_id, choice.events)


_ACTS: dict[Decision, Callable[[_Choice], None]] = {
    Decision.ADOPT: _adopt,
    Decision.NOT_MADE: _not_made,
    Decision.VOID: _void,
    Decision.VOID_AND_SHIP: _void_and_ship,
    Decision.KEEP: _keep,
    Decision.END: _end,
    Decision.SEEN: _seen,
}
