"""What is done with each thing that an answer about a doubtful shipment can prove (`reliability.md` 1.2, 1.4)."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.utils import timezone

from audit.record import Happening, happenings
from syncjobs import queue
from syncjobs.doubts import adopting, words
from syncjobs.doubts.evidence import told
from syncjobs.doubts.settling import MOST_ABSENT, Reason, next_ask, next_look, next_watch
from syncjobs.doubts.witnesses import Heard, numbers_of
from syncjobs.models import Attempt, Delivery, SyncJob
from syncjobs.problems import Problem
from syncjobs.queue import Job
from syncjobs.steps.context import Step
from syncjobs.steps.facts import touch
from syncjobs.steps.unsettled import end, lock, note
from syncjobs.transitions import DELIVERY_MOVES, move, move_attempt
from tenants.context import tenant_context
from ups.answers import RecoveryAnswer, RecoveryState

_NUMBER_CONSTRAINTS = ("shipment_number_once", "parcel_tracking_number_once")


class NumberTaken(Exception):
    """UPS names a number for this shipment that belongs to another one of this customer; nothing was kept."""


def wait(attempt: Attempt, heard: Heard, job: Job, step: Step) -> None:
    """Nothing is proven yet; ask again later."""
    with tenant_context(job.tenant_id):
        lock(attempt)
        note(attempt, asked(attempt, heard, step.at))
        end(job)
        happenings(job.tenant_id, step.told(attempt.delivery))


def asked(attempt: Attempt, heard: Heard | None, at: datetime) -> dict[str, Any]:
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
    count, first_at = absences(attempt, heard.answer, at)
    for other in heard.beside:
        attempt.evidence = told(attempt, source=other.source, said=other.said, numbers=other.numbers, at=at)
    more: dict[str, Any] = _candidates(attempt, heard)
    evidence = told(attempt, source=heard.source, said=heard.said, numbers=heard.numbers, at=at, **more)
    if heard.choice_failed:
        evidence = {**evidence, "choice_failed": heard.choice_failed}
        evidence.pop("chosen", None)
    return columns | {"evidence": evidence, "absent_count": count, "first_absent_at": first_at}


def _candidates(attempt: Attempt, heard: Heard) -> dict[str, Any]:
    """The shipments a person may choose from, when UPS names several, one that does not fit, or none at all."""
    answer, seen = heard.answer, list(numbers_of(heard.beside))
    if answer is not None and answer.state is RecoveryState.SEVERAL and answer.candidates:
        return {"candidates": list(answer.candidates)}
    if answer is not None and answer.state is RecoveryState.FOUND:
        is_other = len(answer.parcels) != attempt.packages
        return {"candidates": [answer.ups_shipment_id]} if is_other else {}
    return {"candidates": seen} if seen else {}


def adopt(
    attempt: Attempt, heard: Heard, answer: RecoveryAnswer, job: Job, step: Step, also: Iterable[Attempt] = ()
) -> None:
    """The shipment exists and is ours: keep it with the recovered labels. Raises `NumberTaken`."""
    shipment, seen = adopting.recovered(answer), attempt.state
    try:
        with tenant_context(job.tenant_id):
            is_to_be_read = lock(attempt)
            cancelled = [move_attempt(other, to=Attempt.State.CANCELLED) for other in also]
            note(attempt, asked(attempt, heard, step.at))
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
        raise NumberTaken(shipment.ups_shipment_id) from error


def absent(attempt: Attempt, heard: Heard, job: Job, step: Step) -> None:
    """Proven not made: the delivery is tried anew, and the reference is looked for three times more."""
    at = step.at
    with tenant_context(job.tenant_id):
        lock(attempt)
        columns = asked(attempt, heard, at)
        columns |= {"settled_at": at, "due_at": next_watch(0, absent_at=at), "review_reason": "", "watches": 0}
        event = move_attempt(attempt, to=Attempt.State.ABSENT, changes=columns)
        delivery = attempt.delivery
        lost = Attempt.objects.filter(
            tenant_id=job.tenant_id, delivery=delivery, shipment_no=attempt.shipment_no, state=Attempt.State.ABSENT
        )
        events = [*step.told(delivery), event]
        if lost.count() >= MOST_ABSENT:
            _stop(delivery, at, words.lost_often(), events, lambda: end(job))
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


def voided_there(attempt: Attempt, heard: Heard, job: Job, step: Step) -> None:
    """It was made, and somebody voided it at UPS: whether to ship again is for a person to say."""
    with tenant_context(job.tenant_id):
        lock(attempt)
        columns = asked(attempt, heard, step.at) | {"settled_at": step.at, "due_at": None, "review_reason": ""}
        event = move_attempt(attempt, to=Attempt.State.VOIDED_THERE, changes=columns)
        events = [*step.told(attempt.delivery), event]
        _stop(attempt.delivery, step.at, words.was_voided(), events, lambda: end(job))


def _stop(delivery: Delivery, at: datetime, problem: Problem, events: list[Happening], end: Callable[[], None]) -> None:
    """Hold it, and send nothing again for it before a person asks for that."""
    touch(delivery, {"stopped_at": at})
    _move_if_allowed(delivery, Delivery.State.HOLD, at, [problem], events, end)


def review(attempt: Attempt, reason: Reason, heard: Heard | None, job: Job, step: Step) -> None:
    """A person must decide; UPS is still asked now and then, so that the evidence stays fresh."""
    with tenant_context(job.tenant_id):
        lock(attempt)
        delivery = attempt.delivery
        columns = asked(attempt, heard, step.at)
        columns["review_reason"] = attempt.review_reason if attempt.state == Attempt.State.REVIEW else reason.value
        columns["due_at"] = next_look(doubt_at=attempt.doubt_at or step.at, at=step.at)
        events = step.told(delivery)
        if attempt.state != Attempt.State.REVIEW:
            events.append(move_attempt(attempt, to=Attempt.State.REVIEW, changes=columns))
        else:
            note(attempt, columns)
        problems = [words.review(reason)]
        if delivery.state == Delivery.State.REVIEW:
            end(job)
            happenings(job.tenant_id, events)
            return
        _move_if_allowed(delivery, Delivery.State.REVIEW, step.at, problems, events, lambda: end(job))


def absences(attempt: Attempt, answer: RecoveryAnswer | None, at: datetime) -> tuple[int, datetime | None]:
    """How often it was not found, this answer counted, and since when."""
    if answer is None or answer.state is not RecoveryState.NOT_FOUND:
        return attempt.absent_count, attempt.first_absent_at
    return attempt.absent_count + 1, attempt.first_absent_at or at
