"""Find out what became of a shipment whose outcome is unknown, and of those that were given up (`reliability.md` 1.4).

One attempt at a time, the most urgent of its delivery. UPS is asked outside of any transaction; what it said is judged
under the delivery's lock, and only if the attempt still stands as it was seen.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from django.utils import timezone

from audit.record import happenings
from syncjobs.doubts.evidence import begin_doubt, is_placeholder, number_named
from syncjobs.doubts.settling import ABSENT_BY_ITSELF, ADOPTED_BY_ITSELF, Doubt, Outcome, Reason, Verdict, judge
from syncjobs.doubts.witnesses import Heard, ask_others, ask_recovery, numbers_of, recover_numbers
from syncjobs.models import Attempt
from syncjobs.queue import Job
from syncjobs.steps.context import Step
from syncjobs.steps.discarding import discard, void
from syncjobs.steps.outcomes import NumberTaken, absences, absent, adopt, review, voided_there, wait
from syncjobs.steps.unsettled import end, lock
from syncjobs.steps.watching import watch
from tenants.context import tenant_context
from ups.answers import RecoveryAnswer

_OF_SEVERAL = (Reason.SEVERAL, Reason.COUNT)
"""Reviews in which UPS shows too much: another source cannot say which of it is right."""
_MOMENT = timedelta(seconds=1)
"""Our clock may be a little behind the database's, by which work is due."""


def settle(job: Job, step: Step) -> None:
    """The step."""
    with tenant_context(job.tenant_id):
        attempt = _most_urgent(job, step.at)
        if attempt is None:
            end(job, not_before=timezone.now() + _MOMENT)
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


def _doubt(attempt: Attempt, job: Job, step: Step) -> None:
    """Ask, judge, and act on it."""
    account = attempt.account
    if (account.shipper_number, account.environment) != (attempt.shipper_number, attempt.environment):
        review(attempt, Reason.ACCOUNT, None, job, step)
        return
    heard = ask_recovery(attempt, step)
    verdict = _verdict(attempt, heard, step.at)
    if verdict.outcome in (Outcome.ABSENT, Outcome.REVIEW) or _is_undecided_review(attempt, verdict):
        heard, verdict = _with_others(attempt, heard, verdict, step)
    try:
        _act(attempt, verdict, heard, job, step)
    except NumberTaken:
        review(attempt, Reason.NUMBER_TAKEN, heard, job, step)


def _is_undecided_review(attempt: Attempt, verdict: Verdict) -> bool:
    """A person is to decide by what every source shows now."""
    return attempt.state == Attempt.State.REVIEW and verdict.outcome is Outcome.WAIT


def _with_others(attempt: Attempt, heard: Heard, verdict: Verdict, step: Step) -> tuple[Heard, Verdict]:
    """What second sources add: what they show exists, that they show nothing proves nothing."""
    others = ask_others(attempt, step)
    heard = replace(heard, beside=others)
    numbers = numbers_of(others)
    if not numbers or len(numbers) > attempt.packages or verdict.reason in _OF_SEVERAL:
        return heard, verdict
    found = recover_numbers(attempt, numbers, step)
    if found is not None:
        shown = replace(heard, answer=found)
        return shown, _verdict(attempt, shown, step.at)
    if verdict.outcome is Outcome.ABSENT:
        return heard, Verdict(outcome=Outcome.REVIEW, reason=Reason.NO_LABEL)
    return heard, verdict


def _verdict(attempt: Attempt, heard: Heard, at: datetime) -> Verdict:
    """What was heard proves; in a review only what ends that review without a person, or what she has chosen."""
    if heard.is_chosen:
        return Verdict(outcome=Outcome.ADOPT)
    verdict = _judged(attempt, heard.answer, at)
    if is_placeholder(attempt) and verdict.outcome is not Outcome.ADOPT:
        verdict = Verdict(outcome=Outcome.REVIEW, reason=Reason.PLACEHOLDER)
    if attempt.state == Attempt.State.IN_DOUBT:
        return verdict
    reason, is_decided = attempt.review_reason, bool((attempt.evidence or {}).get("chosen"))
    by_itself = {
        Outcome.ADOPT: reason in ADOPTED_BY_ITSELF,
        Outcome.ABSENT: reason in ABSENT_BY_ITSELF and not is_decided,
        Outcome.VOIDED_THERE: reason in ADOPTED_BY_ITSELF,
    }
    return verdict if by_itself.get(verdict.outcome) else Verdict(outcome=Outcome.WAIT)


def _judged(attempt: Attempt, answer: RecoveryAnswer | None, at: datetime) -> Verdict:
    count, first_at = absences(attempt, answer, at)
    doubt = Doubt(
        packages=attempt.packages,
        sent_at=attempt.sent_at or at,
        doubt_at=attempt.doubt_at or at,
        absences=count,
        first_absent_at=first_at,
        is_known_to_exist=bool(number_named(attempt)),
    )
    return judge(doubt, answer, at=at)


def _act(attempt: Attempt, verdict: Verdict, heard: Heard, job: Job, step: Step) -> None:
    match verdict.outcome:
        case Outcome.ADOPT if heard.answer is not None:
            adopt(attempt, heard, heard.answer, job, step)
        case Outcome.ABSENT:
            absent(attempt, heard, job, step)
        case Outcome.VOIDED_THERE:
            voided_there(attempt, heard, job, step)
        case Outcome.REVIEW if verdict.reason is not None:
            review(attempt, verdict.reason, heard, job, step)
        case _:
            wait(attempt, heard, job, step)


_SETTLERS: dict[Attempt.State, Callable[[Attempt, Job, Step], None]] = {
    Attempt.State.SENDING: _sending,
    Attempt.State.IN_DOUBT: _doubt,
    Attempt.State.REVIEW: _doubt,
    Attempt.State.ABSENT: watch,
    Attempt.State.ORPHAN: discard,
    Attempt.State.VOIDING: void,
}
