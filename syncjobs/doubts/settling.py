"""What an answer about a doubtful shipment proves, and when to ask again (`reliability.md` 1.4). Pure functions.

All waiting is counted in minutes of `SETTLING_MINUTE_SECONDS`, so that a run of days fits into a test.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings

from ups.answers import RecoveryAnswer, RecoveryState

ASK_MINUTES = (0.0, 0.5, 2.0, 5.0, 15.0)
"""After the doubt arose; then every quarter of an hour."""
ASK_EVERY_MINUTES = 15.0
QUIET_MINUTES = 15.0
"""A slow request may land after we gave up waiting: absence counts only so long after it was sent."""
ABSENCES = 2
APART_MINUTES = 5.0
"""So many answers "not found", at least so far apart, prove absence."""
NO_ANSWER_MINUTES = 60.0
"""After so long without any clear answer a person should know."""
TRUSTED_DAYS = 7
"""For so long Label Recovery is believed when it does not know a reference (`ups.md` 7)."""
WATCH_HOURS = (1.0, 24.0, 72.0)
"""When a reference that was found absent is looked for once more."""
REVIEW_EVERY_MINUTES = 15.0
REVIEW_SELDOM_AFTER_MINUTES = 24 * 60.0
REVIEW_SELDOM_MINUTES = 24 * 60.0
"""A person has not decided for a day: UPS is asked once a day from then on."""
VOID_MINUTES = (0.5, 2.0, 5.0, 15.0)
"""Pauses after a void that was not answered; the last one repeats. Voiding again is harmless (`ups.md` 6)."""
MOST_ABSENT = 3
"""Requests of one delivery that UPS lost; then a person looks before another one is sent."""
DOUBTS_AT_ONCE = 5
DOUBTS_WITHIN_MINUTES = 10.0
"""So many doubts of one account, so close together: nothing more is sent for it until one is settled."""
PAUSE_MINUTES = 0.5


class Reason(StrEnum):
    """Why a person must decide; stored in `Attempt.review_reason`."""

    SEVERAL = "several"
    COUNT = "count"
    NO_LABEL = "no_label"
    NO_ANSWER = "no_answer"
    REPORTED = "reported"
    TOO_OLD = "too_old"
    ACCOUNT = "account_changed"
    PLACEHOLDER = "placeholder"
    NUMBER_TAKEN = "number_taken"
    SCANNED = "scanned"
    UNSEEN = "unseen"
    VOID_REFUSED = "void_refused"


ADOPTED_BY_ITSELF = frozenset(
    {Reason.NO_ANSWER, Reason.REPORTED, Reason.NO_LABEL, Reason.TOO_OLD, Reason.PLACEHOLDER, Reason.ACCOUNT}
)
"""Reviews that end without a person when UPS shows the shipment after all: positive evidence is believed (R4)."""
ABSENT_BY_ITSELF = frozenset({Reason.NO_ANSWER})
"""Reviews that end without a person when UPS, able to answer again, twice knows nothing of it."""


class Outcome(StrEnum):
    """What an answer proves."""

    WAIT = "wait"
    ADOPT = "adopt"
    ABSENT = "absent"
    VOIDED_THERE = "voided_there"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """What is known of an attempt whose outcome is not. `absences` and `first_absent_at` count the answer at hand."""

    packages: int
    sent_at: datetime
    doubt_at: datetime
    absences: int
    first_absent_at: datetime | None
    is_known_to_exist: bool
    """UPS named a number at first, or another source shows it: then absence proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to do, and for a review why."""

    outcome: Outcome
    reason: Reason | None = None


def minutes(count: float) -> timedelta:
    """So many minutes of settling time."""
    return timedelta(seconds=count * settings.SETTLING_MINUTE_SECONDS)


def judge(doubt: Doubt, answer: RecoveryAnswer | None, *, at: datetime) -> Verdict:
    """What the answer of Label Recovery proves; None where there was no clear one."""
    match answer.state if answer else RecoveryState.UNCLEAR:
        case RecoveryState.FOUND:
            fits = answer is not None and len(answer.parcels) == doubt.packages
            return Verdict(outcome=Outcome.ADOPT) if fits else _review(Reason.COUNT)
        case RecoveryState.VOIDED:
            return Verdict(outcome=Outcome.VOIDED_THERE)
        case RecoveryState.SEVERAL:
            return _review(Reason.SEVERAL)
        case RecoveryState.WITHOUT_LABEL:
            return _review(Reason.NO_LABEL)
        case RecoveryState.NOT_FOUND:
            return _absence(doubt, at)
    is_long = at - doubt.doubt_at >= minutes(NO_ANSWER_MINUTES)
    return _review(Reason.NO_ANSWER) if is_long else Verdict(outcome=Outcome.WAIT)


def next_ask(*, sent_at: datetime, doubt_at: datetime, at: datetime) -> datetime:
    """When to ask about a doubt again."""
    points = [doubt_at + minutes(after) for after in ASK_MINUTES] + [sent_at + minutes(QUIET_MINUTES)]
    later = [point for point in points if point > at]
    return min(later) if later else at + minutes(ASK_EVERY_MINUTES)


def next_look(*, doubt_at: datetime, at: datetime) -> datetime:
    """When to ask again about one that waits for a person."""
    is_old = at - doubt_at > minutes(REVIEW_SELDOM_AFTER_MINUTES)
    return at + minutes(REVIEW_SELDOM_MINUTES if is_old else REVIEW_EVERY_MINUTES)


def next_watch(watches: int, *, absent_at: datetime) -> datetime | None:
    """When to look once more for one that was absent; None after the last time."""
    return absent_at + minutes(60 * WATCH_HOURS[watches]) if watches < len(WATCH_HOURS) else None


def next_void(tries: int, *, at: datetime) -> datetime:
    """When to ask for a void again that was not answered."""
    return at + minutes(VOID_MINUTES[min(tries, len(VOID_MINUTES) - 1)])


def are_too_many(doubts_at: list[datetime]) -> bool:
    """Whether these unsettled doubts of one account arose too close together to send any more."""
    ordered = sorted(doubts_at)
    pairs = zip(ordered, ordered[DOUBTS_AT_ONCE - 1 :], strict=False)
    return any(last - first <= minutes(DOUBTS_WITHIN_MINUTES) for first, last in pairs)


def _absence(doubt: Doubt, at: datetime) -> Verdict:
    if at - doubt.sent_at < minutes(QUIET_MINUTES):
        return Verdict(outcome=Outcome.WAIT)
    if doubt.is_known_to_exist:
        return _review(Reason.REPORTED)
    if at - doubt.sent_at > minutes(TRUSTED_DAYS * 24 * 60):
        return _review(Reason.TOO_OLD)
    if doubt.absences < ABSENCES or doubt.first_absent_at is None:
        return Verdict(outcome=Outcome.WAIT)
    if at - doubt.first_absent_at < minutes(APART_MINUTES):
        return Verdict(outcome=Outcome.WAIT)
    return Verdict(outcome=Outcome.ABSENT)


def _review(reason: Reason) -> Verdict:
    return Verdict(outcome=Outcome.REVIEW, reason=reason)
