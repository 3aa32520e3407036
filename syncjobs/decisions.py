"""What a person may decide about a delivery in review, what each decision does and costs, and carrying it out.

One function behind the page and every other door: under the lock of the delivery, with a reason, in the audit trail.
"""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from audit.models import Event
from audit.record import Happening, acting, happenings
from syncjobs import queue
from syncjobs.decision_options import Case, Decision, NotPossible, Option, cases
from syncjobs.evidence import told
from syncjobs.models import Attempt, Delivery, SyncJob
from syncjobs.problems import Problem
from syncjobs.settling import next_watch
from syncjobs.steps.discarding import AGAIN, CANCEL
from syncjobs.transitions import delivery_event, move, move_attempt
from tenants.context import tenant_context
from ups.numbers import is_valid

__all__ = ["Case", "Decision", "NotPossible", "Option", "cases", "decide"]

REASON_CHARACTERS = 500
_GONE = "This was settled in the meantime; nothing was done. Open the delivery to see how it stands."


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
        if not reason.strip():
            raise NotPossible("Write down why you decide so; colleagues will ask.")
        named = _named(option, number)
        attempt = case.attempt or case.shipped
        details = {"what": "decision", "decision": decision.value, "reason": reason.strip()[:REASON_CHARACTERS]}
        details |= {"number": named} if named else {}
        asked = delivery_event(delivery, Event.Kind.ASKED, details=details)
        _ACTS[decision](delivery, attempt, named, [asked], at)


def _code(attempt: Attempt | None) -> uuid.UUID | None:
    return attempt.code if attempt else None


def _named(option: Option, number: str) -> str:
    """The number that the decision is about."""
    wanted = "".join(number.split()).upper()
    if option.numbers:
        if wanted in option.numbers:
            return wanted
        if not wanted and len(option.numbers) == 1:
            return option.numbers[0]
        raise NotPossible("Choose one of the numbers that UPS named.")
    if not option.needs_number:
        return ""
    if not is_valid(wanted):
        raise NotPossible("Enter the UPS tracking number: 1Z and sixteen letters or digits, as it stands on the label.")
    return wanted


def _settle(delivery: Delivery, at: datetime) -> None:
    kind = SyncJob.Kind.SETTLE
    queue.add(delivery.tenant_id, kind, delivery.code, due_at=at, correlation=delivery.correlation)


def _adopt(delivery: Delivery, attempt: Attempt | None, number: str, events: list[Happening], at: datetime) -> None:
    """UPS is asked for the labels of that number; when it gives them, the shipment is kept."""
    found = _there(attempt)
    evidence = told(found, source="person", said="it was made: use it", numbers=[number], at=at, chosen=number)
    evidence.pop("choice_failed", None)
    Attempt.objects.filter(tenant_id=delivery.tenant_id, pk=found.pk).update(evidence=evidence, due_at=at)
    _settle(delivery, at)
    happenings(delivery.tenant_id, events)


def _not_made(delivery: Delivery, attempt: Attempt | None, number: str, events: list[Happening], at: datetime) -> None:
    """A new shipment is planned; the old reference is still looked for."""
    told_now = [*events, *_given_up(attempt, "it was not made: ship again", at)]
    kind = SyncJob.Kind.READ
    queue.add(delivery.tenant_id, kind, delivery.code, due_at=at, correlation=delivery.correlation)
    move(delivery, to=Delivery.State.RECEIVED, at=at, changes={"asked_again_at": at}, events=told_now)


def _end(delivery: Delivery, attempt: Attempt | None, number: str, events: list[Happening], at: datetime) -> None:
    """Nothing more is done for this delivery."""
    told_now = [*events, *_given_up(attempt, "nothing more is done", at)]
    problem = Problem(code="ended_by_person", text="A person ended this delivery here.")
    move(delivery, to=Delivery.State.CANCELLED, at=at, problems=[problem], events=told_now)


def _given_up(attempt: Attempt | None, said: str, at: datetime) -> list[Happening]:
    """A doubtful attempt counts as not made from now on, and is watched for like any other of that kind."""
    if attempt is None or attempt.state != Attempt.State.REVIEW:
        return []
    changes: dict[str, Any] = {
        "settled_at": at,
        "due_at": next_watch(0, absent_at=at),
        "watches": 0,
        "review_reason": "",
        "evidence": told(attempt, source="person", said=said, at=at),
    }
    return [move_attempt(attempt, to=Attempt.State.ABSENT, changes=changes)]


def _void(delivery: Delivery, attempt: Attempt | None, number: str, events: list[Happening], at: datetime) -> None:
    _begin_void(delivery, _there(attempt), number, CANCEL, events, at)


def _void_and_ship(
    delivery: Delivery, attempt: Attempt | None, number: str, events: list[Happening], at: datetime
) -> None:
    _begin_void(delivery, _there(attempt), number, AGAIN, events, at)


def _begin_void(
    delivery: Delivery, attempt: Attempt, number: str, then: str, events: list[Happening], at: datetime
) -> None:
    """The intention first; UPS is asked by the step that settles."""
    said = "void it" if then == CANCEL else "void it and ship again"
    evidence = told(attempt, source="person", said=said, numbers=[number], at=at, then=then)
    changes = {"void_id": number, "due_at": at, "asks": 0, "review_reason": "", "evidence": evidence}
    event = move_attempt(attempt, to=Attempt.State.VOIDING, changes=changes)
    _settle(delivery, at)
    happenings(delivery.tenant_id, [*events, event])


def _keep(delivery: Delivery, attempt: Attempt | None, number: str, events: list[Happening], at: datetime) -> None:
    """The shipment stands: its number is written to Exact if it is not there yet, and its parcels are followed."""
    told_now = list(events)
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


def _seen(delivery: Delivery, attempt: Attempt | None, number: str, events: list[Happening], at: datetime) -> None:
    """It is known and stays as it is."""
    found = _there(attempt)
    evidence = told(found, source="person", said="seen, left as it is", at=at, seen=True)
    Attempt.objects.filter(tenant_id=delivery.tenant_id, pk=found.pk).update(evidence=evidence, review_reason="")
    happenings(delivery.tenant_id, events)


def _there(attempt: Attempt | None) -> Attempt:
    if attempt is None:
        raise NotPossible(_GONE)
    return attempt


_ACTS: dict[Decision, Callable[[Delivery, Attempt | None, str, list[Happening], datetime], None]] = {
    Decision.ADOPT: _adopt,
    Decision.NOT_MADE: _not_made,
    Decision.VOID: _void,
    Decision.VOID_AND_SHIP: _void_and_ship,
    Decision.KEEP: _keep,
    Decision.END: _end,
    Decision.SEEN: _seen,
}
