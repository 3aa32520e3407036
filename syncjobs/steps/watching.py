"""Looking once more for shipments that were found absent: a request may have landed very late (`reliability.md` 1.4).

Whatever shows that one exists is believed; that it shows nothing only uses up one of the looks.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from audit.models import Event
from audit.record import happenings
from syncjobs.doubts.settling import Reason, next_look, next_watch
from syncjobs.doubts.witnesses import Heard, ask_others, ask_recovery, numbers_of, recover_numbers
from syncjobs.models import Attempt
from syncjobs.queue import Job
from syncjobs.steps.context import Step
from syncjobs.steps.outcomes import NumberTaken, adopt, asked
from syncjobs.steps.unsettled import end, lock, note
from syncjobs.transitions import delivery_event, move_attempt
from tenants.context import tenant_context
from ups.answers import RecoveryAnswer, RecoveryState

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
_EXISTS = (RecoveryState.WITHOUT_LABEL, RecoveryState.SEVERAL)
"""Answers that show a shipment without giving it."""


def watch(attempt: Attempt, job: Job, step: Step) -> None:
    """Look once more for one that was found absent."""
    heard = ask_recovery(attempt, step)
    answer = heard.answer
    if answer is not None and answer.state is RecoveryState.VOIDED:
        _watched(attempt, heard, job, step, due_at=None)
    elif answer is not None and answer.state is RecoveryState.FOUND:
        _turned_up(attempt, heard, answer, job, step)
    elif answer is not None and answer.state is RecoveryState.SEVERAL:
        _orphaned(attempt, heard, "", job, step, reason=Reason.SEVERAL)
    else:
        _look_elsewhere(attempt, heard, job, step)


def _look_elsewhere(attempt: Attempt, heard: Heard, job: Job, step: Step) -> None:
    """Label Recovery does not give it; a late answer, Quantum View or Tracking may have named its number."""
    late = str((attempt.late_answer or {}).get("shipment", ""))
    heard = replace(heard, beside=ask_others(attempt, step))
    numbers = (*((late,) if late else ()), *numbers_of(heard.beside))
    found = recover_numbers(attempt, numbers, step) if numbers else None
    answer = heard.answer
    if found is not None:
        _turned_up(attempt, heard, found, job, step)
    elif numbers and _is_one_too_many(attempt):
        _orphaned(attempt, heard, numbers[0], job, step)
    elif answer is not None and answer.state in _EXISTS and _is_one_too_many(attempt):
        _orphaned(attempt, heard, "", job, step, reason=Reason.NO_LABEL)
    elif answer is None or numbers or answer.state in _EXISTS:
        again_at = next_look(doubt_at=attempt.settled_at or step.at, at=step.at)
        _watched(attempt, heard, job, step, due_at=again_at)
    else:
        done = attempt.watches + 1
        due_at = next_watch(done, absent_at=attempt.settled_at or step.at)
        _watched(attempt, heard, job, step, due_at=due_at, watches=done)


def _watched(
    attempt: Attempt, heard: Heard, job: Job, step: Step, *, due_at: datetime | None, watches: int | None = None
) -> None:
    with tenant_context(job.tenant_id):
        lock(attempt)
        columns = asked(attempt, heard, step.at) | {"due_at": due_at}
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
    try:
        adopt(attempt, heard, answer, job, step, also=planned)
    except NumberTaken:
        _watched(attempt, heard, job, step, due_at=None)


def _is_one_too_many(attempt: Attempt) -> bool:
    """Whether another attempt was sent for the same delivery since."""
    with tenant_context(attempt.tenant_id):
        return any(other.state != Attempt.State.PLANNED for other in _others(attempt))


def _others(attempt: Attempt) -> list[Attempt]:
    """Attempts of the same delivery that count."""
    rows = Attempt.objects.select_related("delivery").filter(tenant_id=attempt.tenant_id, delivery=attempt.delivery_id)
    return list(rows.filter(state__in=_COUNTS).exclude(pk=attempt.pk))


def _orphaned(
    attempt: Attempt, heard: Heard, shipment_id: str, job: Job, step: Step, *, reason: Reason | None = None
) -> None:
    """One shipment too many: it is voided at once, or shown to a person who must say which it is."""
    with tenant_context(job.tenant_id):
        lock(attempt)
        columns: dict[str, Any] = asked(attempt, heard, step.at)
        columns |= {"due_at": step.at, "orphaned_at": step.at, "void_id": shipment_id}
        if reason is not None:
            later = next_look(doubt_at=attempt.settled_at or step.at, at=step.at)
            columns |= {"review_reason": reason.value, "due_at": later}
        event = move_attempt(attempt, to=Attempt.State.ORPHAN, changes=columns)
        details = {"what": "orphan", "shipment": shipment_id}
        found = delivery_event(attempt.delivery, Event.Kind.CHANGED, details=details)
        end(job)
        happenings(job.tenant_id, [*step.told(attempt.delivery), event, found])
