"""Find out what became of a shipment whose outcome is unknown, and of those that were given up (`reliability.md` 1.4).

One attempt at a time, the most urgent of its delivery. UPS is asked outside of any transaction; what it said is judged
under the delivery's lock, and only if the attempt still stands as it was seen.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.utils import timezone

from audit.models import Event
from audit.record import Happening, happenings
from syncjobs import adopting, doubt_words, queue
from syncjobs.evidence import begin_doubt, is_placeholder, number_named, told
from syncjobs.models import Attempt, Delivery, SyncJob
from syncjobs.problems import Problem
from syncjobs.queue import Job
from syncjobs.settling import (
    ABSENT_BY_ITSELF,
    ADOPTED_BY_ITSELF,
    MOST_ABSENT,
    Doubt,
    Outcome,
    Reason,
    Verdict,
    judge,
    next_ask,
    next_look,
    next_watch,
)
from syncjobs.steps.context import Step
from syncjobs.steps.discarding import discard, end, lock, note, void
from syncjobs.transitions import DELIVERY_MOVES, delivery_event, move, move_attempt
from syncjobs.witnesses import Heard, ask_others, ask_recovery, recover_numbers
from tenants.context import tenant_context
from ups.answers import RecoveryAnswer, RecoveryState

_NUMBER_CONSTRAINTS = ("shipment_number_once", "parcel_tracking_number_once")
_COUNTS = (
    Attempt.State.PLANNED,
    Attempt.State.SENDING,
    Attempt.State.IN_DOUBT,
    Attempt.State.CREATED,
    Attempt.State.REVIEW,
    Attempt.State.VOIDING,
    Attempt.State.VOID_REFUSED,
)
"""A plan, or anything that is or may be a shipment."""


def settle(job: Job, step: Step) -> None:
    """The step."""
    with tenant_context(job.tenant_id):
        attempt = _most_urgent(job, step.at)
        if attempt is None:
            end(job)
            return
    _SETTLERS[Attempt.State(attempt.state)](attempt, job, step)


def _most_urgent(job: Job, at: datetime) -> Attempt | None:
    rows = Attempt.objects.select_related("delivery__connection", "account").filter(
        tenant_id=job.tenant_id, delivery__code=job.subject, due_at__lte=at, state__in=list(_SETTLERS)
    )
    return rows.order_by("due_at", "pk").first()


def _sending(attempt: Attempt, job: Job, step: Step) -> None:
    """The lease of whoever sent it is over and no answer was recorded."""
    with tenant_context(job.tenant_id):
        lock(attempt)
        doubt = {"why": "no answer was recorded before the lease ran out"}
        event = begin_doubt(attempt, evidence=doubt, at=step.at)
        end(job)
        happenings(job.tenant_id, [event])


# --- a doubt ---


def _doubt(attempt: Attempt, job: Job, step: Step) -> None:
    """Ask, judge, and act on it."""
    account = attempt.account
    if (account.shipper_number, account.environment) != (attempt.shipper_number, attempt.environment):
        _review(attempt, Reason.ACCOUNT, None, job, step)
        return
    heard = ask_recovery(attempt, step)
    verdict = _verdict(attempt, heard.answer, step.at)
    if is_placeholder(attempt) and verdict.outcome is not Outcome.ADOPT:
        verdict = Verdict(outcome=Outcome.REVIEW, reason=Reason.PLACEHOLDER)
    if verdict.outcome is Outcome.ABSENT:
        other = ask_others(attempt, step)
        found = recover_numbers(attempt, other.numbers, step) if other else None
        if other is not None:
            heard = Heard(source=other.source, said=other.said, answer=found, numbers=other.numbers)
            verdict = Verdict(outcome=Outcome.REVIEW, reason=Reason.NO_LABEL)
        if found is not None:
            verdict = _verdict(attempt, found, step.at)
    _act(attempt, verdict, heard, job, step)


def _verdict(attempt: Attempt, answer: RecoveryAnswer | None, at: datetime) -> Verdict:
    """What the answer proves; in a review only what ends that review without a person."""
    absences, first_at = _absences(attempt, answer, at)
    doubt = Doubt(
        packages=attempt.packages,
        sent_at=attempt.sent_at or at,
        doubt_at=attempt.doubt_at or at,
        absences=absences,
        first_absent_at=first_at,
        is_known_to_exist=bool(number_named(attempt)),
    )
    verdict = judge(doubt, answer, at=at)
    if attempt.state == Attempt.State.IN_DOUBT:
        return verdict
    is_chosen = bool((attempt.evidence or {}).get("chosen")) and answer is not None
    if is_chosen and answer is not None and answer.state is RecoveryState.FOUND:
        return Verdict(outcome=Outcome.ADOPT)
    reason = attempt.review_reason
    by_itself = {
        Outcome.ADOPT: reason in ADOPTED_BY_ITSELF,
        Outcome.ABSENT: reason in ABSENT_BY_ITSELF,
        Outcome.VOIDED_THERE: reason in ADOPTED_BY_ITSELF,
    }
    return verdict if by_itself.get(verdict.outcome) else Verdict(outcome=Outcome.WAIT)


def _absences(attempt: Attempt, answer: RecoveryAnswer | None, at: datetime) -> tuple[int, datetime | None]:
    """How often it was not found, this answer counted, and since when."""
    if answer is None or answer.state is not RecoveryState.NOT_FOUND:
        return attempt.absent_count, attempt.first_absent_at
    return attempt.absent_count + 1, attempt.first_absent_at or at


def _act(attempt: Attempt, verdict: Verdict, heard: Heard, job: Job, step: Step) -> None:
    match verdict.outcome:
        case Outcome.ADOPT if heard.answer is not None:
            _adopt(attempt, heard, heard.answer, job, step)
        case Outcome.ABSENT:
            _absent(attempt, heard, job, step)
        case Outcome.VOIDED_THERE:
            _voided_there(attempt, heard, job, step)
        case Outcome.REVIEW if verdict.reason is not None:
            _review(attempt, verdict.reason, heard, job, step)
        case _:
            _wait(attempt, heard, job, step)


def _wait(attempt: Attempt, heard: Heard, job: Job, step: Step) -> None:
    """Nothing is proven yet; ask again later."""
    with tenant_context(job.tenant_id):
        lock(attempt)
        note(attempt, _asked(attempt, heard, step.at))
        end(job)
        happenings(job.tenant_id, step.told(attempt.delivery))


def _asked(attempt: Attempt, heard: Heard | None, at: datetime) -> dict[str, Any]:
    """The columns that an answer changes, whatever it proves."""
    doubt_at = attempt.doubt_at or at
    is_doubt = attempt.state == Attempt.State.IN_DOUBT
    due_at = (
        next_ask(sent_at=attempt.sent_at or at, doubt_at=doubt_at, at=at)
        if is_doubt
        else next_look(doubt_at=doubt_at, at=at)
    )
    columns: dict[str, Any] = {"due_at": due_at, "asked_at": at, "asks": attempt.asks + 1}
    if heard is None:
        return columns
    absences, first_at = _absences(attempt, heard.answer, at)
    more: dict[str, Any] = _candidates(attempt, heard)
    if (attempt.evidence or {}).get("chosen") and (heard.answer is None or not heard.answer.parcels):
        more["choice_failed"] = heard.said
    evidence = told(attempt, source=heard.source, said=heard.said, numbers=heard.numbers, at=at, **more)
    return columns | {"evidence": evidence, "absent_count": absences, "first_absent_at": first_at}


def _candidates(attempt: Attempt, heard: Heard) -> dict[str, Any]:
    """The shipments a person may choose from, when UPS names several or one that does not fit."""
    answer = heard.answer
    if answer is None:
        return {"candidates": list(heard.numbers)} if heard.numbers else {}
    if answer.state is RecoveryState.SEVERAL:
        return {"candidates": list(answer.candidates)}
    is_other = answer.state is RecoveryState.FOUND and len(answer.parcels) != attempt.packages
    return {"candidates": [answer.ups_shipment_id]} if is_other else {}


def _adopt(
    attempt: Attempt, heard: Heard, answer: RecoveryAnswer, job: Job, step: Step, also: Iterable[Attempt] = ()
) -> None:
    """The shipment exists and is ours: keep it with the recovered labels."""
    shipment, seen = adopting.recovered(answer), attempt.state
    try:
        with tenant_context(job.tenant_id):
            is_to_be_read = lock(attempt)
            cancelled = [move_attempt(other, to=Attempt.State.CANCELLED) for other in also]
            note(attempt, _asked(attempt, heard, step.at))
            adopting.keep(
                attempt,
                shipment,
                step=step,
                at=timezone.now(),
                end=lambda: end(job),
                is_to_be_read=is_to_be_read,
                also=tuple(cancelled),
            )
    except IntegrityError as error:
        if not any(name in str(error) for name in _NUMBER_CONSTRAINTS):
            raise
        attempt.state = seen
        if seen == Attempt.State.ABSENT:
            _watched(attempt, heard, job, step, due_at=None)
        else:
            _review(attempt, Reason.NUMBER_TAKEN, heard, job, step)


def _absent(attempt: Attempt, heard: Heard, job: Job, step: Step) -> None:
    """Proven not made: the delivery is tried anew, and the reference is looked for three times more."""
    at = step.at
    with tenant_context(job.tenant_id):
        lock(attempt)
        columns = _asked(attempt, heard, at)
        columns |= {"settled_at": at, "due_at": next_watch(0, absent_at=at), "review_reason": "", "watches": 0}
        event = move_attempt(attempt, to=Attempt.State.ABSENT, changes=columns)
        delivery = attempt.delivery
        lost = Attempt.objects.filter(
            tenant_id=job.tenant_id, delivery=delivery, shipment_no=attempt.shipment_no, state=Attempt.State.ABSENT
        )
        events = [*step.told(delivery), event]
        if lost.count() >= MOST_ABSENT:
            _move_if_allowed(delivery, Delivery.State.HOLD, at, [doubt_words.lost_often()], events, lambda: end(job))
            return
        queue.add(job.tenant_id, SyncJob.Kind.READ, delivery.code, due_at=at, correlation=delivery.correlation)
        _move_if_allowed(delivery, Delivery.State.RECEIVED, at, [], events, lambda: end(job))


def _move_if_allowed(
    delivery: Delivery,
    to: Delivery.State,
    at: datetime,
    problems: list[Problem],
    events: list[Happening],
    end: Callable[[], None],
) -> None:
    """A delivery that was cancelled or held meanwhile stays where it is; what happened is recorded all the same."""
    end()
    if to in DELIVERY_MOVES[delivery.state]:
        move(delivery, to=to, at=at, problems=problems, events=events)
    else:
        happenings(delivery.tenant_id, events)


def _voided_there(attempt: Attempt, heard: Heard, job: Job, step: Step) -> None:
    """It was made, and somebody voided it at UPS: whether to ship again is for a person to say."""
    with tenant_context(job.tenant_id):
        lock(attempt)
        columns = _asked(attempt, heard, step.at) | {"settled_at": step.at, "due_at": None, "review_reason": ""}
        event = move_attempt(attempt, to=Attempt.State.VOIDED_THERE, changes=columns)
        events = [*step.told(attempt.delivery), event]
        problems = [doubt_words.was_voided()]
        _move_if_allowed(attempt.delivery, Delivery.State.HOLD, step.at, problems, events, lambda: end(job))


def _review(attempt: Attempt, reason: Reason, heard: Heard | None, job: Job, step: Step) -> None:
    """A person must decide; UPS is still asked now and then, so that the evidence stays fresh."""
    with tenant_context(job.tenant_id):
        lock(attempt)
        delivery = attempt.delivery
        columns = _asked(attempt, heard, step.at) | {"review_reason": reason.value}
        columns["due_at"] = next_look(doubt_at=attempt.doubt_at or step.at, at=step.at)
        events = step.told(delivery)
        if attempt.state != Attempt.State.REVIEW:
            events.append(move_attempt(attempt, to=Attempt.State.REVIEW, changes=columns))
        else:
            note(attempt, columns)
        problems = [doubt_words.review(reason)]
        if delivery.state == Delivery.State.REVIEW:
            end(job)
            happenings(job.tenant_id, events)
            return
        _move_if_allowed(delivery, Delivery.State.REVIEW, step.at, problems, events, lambda: end(job))


# --- absent, and looked for once more ---


def _watch(attempt: Attempt, job: Job, step: Step) -> None:
    """Look once more for a shipment that was found absent: a request may have landed very late."""
    heard = ask_recovery(attempt, step)
    answer = heard.answer
    late = str((attempt.late_answer or {}).get("shipment", ""))
    if answer is not None and answer.state is RecoveryState.FOUND:
        _turned_up(attempt, heard, answer, job, step)
    elif answer is not None and answer.state is RecoveryState.VOIDED:
        _watched(attempt, heard, job, step, due_at=None)
    elif answer is not None and late and _is_one_too_many(attempt):
        _orphaned(attempt, heard, late, job, step)
    elif answer is None or late:
        _watched(attempt, heard, job, step, due_at=next_look(doubt_at=step.at, at=step.at))
    else:
        done = attempt.watches + 1
        due_at = next_watch(done, absent_at=attempt.settled_at or step.at)
        _watched(attempt, heard, job, step, due_at=due_at, watches=done)


def _watched(
    attempt: Attempt, heard: Heard, job: Job, step: Step, *, due_at: datetime | None, watches: int | None = None
) -> None:
    with tenant_context(job.tenant_id):
        lock(attempt)
        columns = _asked(attempt, heard, step.at) | {"due_at": due_at}
        note(attempt, columns | ({"watches": watches} if watches is not None else {}))
        end(job)
        happenings(job.tenant_id, step.told(attempt.delivery))


def _turned_up(attempt: Attempt, heard: Heard, answer: RecoveryAnswer, job: Job, step: Step) -> None:
    """It exists after all. Take it where nothing else was sent; else it is one too many and is voided."""
    if _is_one_too_many(attempt) or len(answer.parcels) != attempt.packages:
        _orphaned(attempt, heard, answer.ups_shipment_id, job, step)
        return
    with tenant_context(job.tenant_id):
        planned = [other for other in _others(attempt) if other.state == Attempt.State.PLANNED]
    _adopt(attempt, heard, answer, job, step, also=planned)


def _is_one_too_many(attempt: Attempt) -> bool:
    """Whether another attempt was sent for the same delivery since."""
    with tenant_context(attempt.tenant_id):
        return any(other.state != Attempt.State.PLANNED for other in _others(attempt))


def _others(attempt: Attempt) -> list[Attempt]:
    """Attempts of the same delivery that count: a plan, or anything that is or may be a shipment."""
    rows = Attempt.objects.select_related("delivery").filter(tenant_id=attempt.tenant_id, delivery=attempt.delivery_id)
    return list(rows.filter(state__in=_COUNTS).exclude(pk=attempt.pk))


def _orphaned(attempt: Attempt, heard: Heard, shipment_id: str, job: Job, step: Step) -> None:
    """One shipment too many: it is voided at once."""
    with tenant_context(job.tenant_id):
        lock(attempt)
        columns = _asked(attempt, heard, step.at)
        columns |= {"due_at": step.at, "orphaned_at": step.at, "void_id": shipment_id}
        event = move_attempt(attempt, to=Attempt.State.ORPHAN, changes=columns)
        details = {"what": "orphan", "shipment": shipment_id}
        found = delivery_event(attempt.delivery, Event.Kind.CHANGED, details=details)
        end(job)
        happenings(job.tenant_id, [*step.told(attempt.delivery), event, found])


_SETTLERS: dict[Attempt.State, Callable[[Attempt, Job, Step], None]] = {
    Attempt.State.SENDING: _sending,
    Attempt.State.IN_DOUBT: _doubt,
    Attempt.State.REVIEW: _doubt,
    Attempt.State.ABSENT: _watch,
    Attempt.State.ORPHAN: discard,
    Attempt.State.VOIDING: void,
}
