"""What an answer proves about a doubtful shipment, and when UPS is asked: pure, so every moment can be tried."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from syncjobs.doubts.settling import (
    Doubt,
    Outcome,
    Reason,
    Verdict,
    are_too_many,
    judge,
    next_ask,
    next_look,
    next_void,
    next_watch,
)
from ups.answers import ParcelLabel, RecoveryAnswer, RecoveryState

SENT = datetime(2026, 3, 28, 23, 50, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
LABEL = ParcelLabel(tracking_number="1ZA1B2C36800000909", image_format="GIF", content=b"GIF89a")
WAIT, ABSENT = Verdict(outcome=Outcome.WAIT), Verdict(outcome=Outcome.ABSENT)
moments = st.timedeltas(min_value=timedelta(0), max_value=10 * DAY).map(lambda passed: SENT + passed)


def answer(state: RecoveryState, parcels: int = 0) -> RecoveryAnswer:
    return RecoveryAnswer(state=state, parcels=(LABEL,) * parcels)


NOT_FOUND = answer(RecoveryState.NOT_FOUND)


def doubt(*, absences: int = 0, first_absent_at: datetime | None = None, is_known_to_exist: bool = False) -> Doubt:
    """A request for two parcels whose answer did not come within a minute."""
    return Doubt(
        packages=2,
        sent_at=SENT,
        doubt_at=SENT + MINUTE,
        absences=absences,
        first_absent_at=first_absent_at,
        is_known_to_exist=is_known_to_exist,
    )


def review(reason: Reason) -> Verdict:
    return Verdict(outcome=Outcome.REVIEW, reason=reason)


@pytest.mark.parametrize(
    ("heard", "verdict"),
    [
        (answer(RecoveryState.FOUND, 2), Verdict(outcome=Outcome.ADOPT)),
        (answer(RecoveryState.FOUND, 1), review(Reason.COUNT)),
        (answer(RecoveryState.FOUND, 3), review(Reason.COUNT)),
        (answer(RecoveryState.VOIDED), Verdict(outcome=Outcome.VOIDED_THERE)),
        (answer(RecoveryState.SEVERAL), review(Reason.SEVERAL)),
        (answer(RecoveryState.WITHOUT_LABEL), review(Reason.NO_LABEL)),
    ],
)
@pytest.mark.parametrize("passed", [timedelta(0), 20 * MINUTE, 9 * DAY])
def test_positive_evidence_is_believed_at_any_time(heard: RecoveryAnswer, verdict: Verdict, passed: timedelta) -> None:
    unlikely = doubt(absences=9, first_absent_at=SENT + MINUTE, is_known_to_exist=True)

    assert judge(doubt(), heard, at=SENT + passed) == verdict
    assert judge(unlikely, heard, at=SENT + passed) == verdict


@pytest.mark.parametrize("unclear", [None, answer(RecoveryState.UNCLEAR)])
@pytest.mark.parametrize(("minutes", "verdict"), [(0, WAIT), (59.9, WAIT), (60, review(Reason.NO_ANSWER))])
def test_an_hour_without_a_clear_answer_is_told_to_a_person(
    unclear: RecoveryAnswer | None, minutes: float, verdict: Verdict
) -> None:
    asked = doubt(absences=2, first_absent_at=SENT + 2 * MINUTE)

    assert judge(asked, unclear, at=asked.doubt_at + minutes * MINUTE) == verdict


@pytest.mark.parametrize(
    ("absences", "first_minute", "at_minute", "verdict"),
    [
        (1, 15.0, 15.0, WAIT),
        (2, 1.0, 14.9, WAIT),
        (2, 1.0, 15.0, ABSENT),
        (2, 10.1, 15.0, WAIT),
        (2, 10.0, 15.0, ABSENT),
        (9, 14.0, 18.9, WAIT),
        (2, 1.0, 7 * 24 * 60, ABSENT),
        (2, 1.0, 7 * 24 * 60 + 0.1, review(Reason.TOO_OLD)),
    ],
)
def test_absence_needs_two_answers_five_minutes_apart_after_a_quiet_quarter_of_an_hour(
    absences: int, first_minute: float, at_minute: float, verdict: Verdict
) -> None:
    asked = doubt(absences=absences, first_absent_at=SENT + first_minute * MINUTE)

    assert judge(asked, NOT_FOUND, at=SENT + at_minute * MINUTE) == verdict


@given(at=moments, absences=st.integers(min_value=0, max_value=30), first=moments, is_known=st.booleans())
def test_absence_is_never_believed_too_soon_nor_against_a_number_that_ups_named(
    at: datetime, absences: int, first: datetime, *, is_known: bool
) -> None:
    asked = doubt(absences=absences, first_absent_at=first, is_known_to_exist=is_known)

    is_absent = judge(asked, NOT_FOUND, at=at).outcome is Outcome.ABSENT

    is_quiet = at - SENT >= 15 * MINUTE
    is_proven = absences >= 2 and at - first >= 5 * MINUTE and at - SENT <= 7 * DAY
    assert is_absent == (is_quiet and is_proven and not is_known)


@given(at=moments, state=st.sampled_from([state for state in RecoveryState if state is not RecoveryState.NOT_FOUND]))
def test_only_not_found_ever_means_absent(at: datetime, state: RecoveryState) -> None:
    asked = doubt(absences=30, first_absent_at=SENT)

    assert judge(asked, answer(state, 2), at=at).outcome is not Outcome.ABSENT


@pytest.mark.parametrize("minutes", [15, 600, 9 * 24 * 60])
def test_what_ups_named_and_no_longer_knows_is_a_persons_matter(minutes: int) -> None:
    asked = doubt(absences=2, first_absent_at=SENT, is_known_to_exist=True)

    assert judge(asked, NOT_FOUND, at=SENT + 14 * MINUTE) == WAIT
    assert judge(asked, NOT_FOUND, at=SENT + minutes * MINUTE) == review(Reason.REPORTED)


def test_a_doubt_is_asked_at_once_then_ever_more_seldom_and_when_the_quiet_time_ends() -> None:
    asked, at = [], SENT + MINUTE
    for _ in range(8):
        asked.append((at - SENT) / MINUTE)
        at = next_ask(sent_at=SENT, doubt_at=SENT + MINUTE, at=at)

    assert asked == [1, 1.5, 3, 6, 15, 16, 31, 46]


@given(doubt_after=st.timedeltas(timedelta(0), 10 * MINUTE), passed=st.timedeltas(timedelta(0), DAY))
def test_the_next_question_lies_ahead_and_never_further_than_a_quarter_of_an_hour(
    doubt_after: timedelta, passed: timedelta
) -> None:
    doubt_at = SENT + doubt_after
    at = doubt_at + passed

    assert at < next_ask(sent_at=SENT, doubt_at=doubt_at, at=at) <= at + 15 * MINUTE


@given(
    doubt_after=st.timedeltas(timedelta(0), 3 * MINUTE),
    lateness=st.lists(st.timedeltas(timedelta(0), MINUTE), min_size=12, max_size=12),
)
def test_a_request_that_was_lost_is_proven_absent_within_twenty_minutes_of_the_first_question(
    doubt_after: timedelta, lateness: list[timedelta]
) -> None:
    at = SENT + doubt_after
    asked = replace(doubt(), doubt_at=at)
    verdict = WAIT
    for late in lateness:
        at += late
        asked = replace(asked, absences=asked.absences + 1, first_absent_at=asked.first_absent_at or at)
        verdict = judge(asked, NOT_FOUND, at=at)
        if verdict != WAIT:
            break
        at = next_ask(sent_at=SENT, doubt_at=asked.doubt_at, at=at)

    assert verdict == ABSENT
    assert 15 * MINUTE <= at - SENT <= 20 * MINUTE
    assert asked.absences <= 7


def test_what_waits_for_a_person_is_asked_every_quarter_of_an_hour_for_a_day_then_daily() -> None:
    pauses = [next_look(doubt_at=SENT, at=SENT + passed) - (SENT + passed) for passed in (MINUTE, DAY, DAY + MINUTE)]

    assert pauses == [15 * MINUTE, 15 * MINUTE, DAY]


def test_a_reference_found_absent_is_looked_for_three_times_more() -> None:
    looks = [next_watch(done, absent_at=SENT) for done in range(4)]

    assert looks == [SENT + timedelta(hours=1), SENT + timedelta(hours=24), SENT + timedelta(hours=72), None]


def test_a_void_without_an_answer_is_asked_again_for_ever() -> None:
    pauses = [(next_void(tries, at=SENT) - SENT) / MINUTE for tries in (0, 1, 2, 3, 4, 400)]

    assert pauses == [0.5, 2, 5, 15, 15, 15]


def test_all_waiting_shrinks_with_the_clock_of_settling(settings: Settings) -> None:
    settings.SETTLING_MINUTE_SECONDS = 0.5
    asked = doubt(absences=2, first_absent_at=SENT)

    assert judge(asked, NOT_FOUND, at=SENT + timedelta(seconds=7.4)) == WAIT
    assert judge(asked, NOT_FOUND, at=SENT + timedelta(seconds=7.5)) == ABSENT
    assert next_watch(0, absent_at=SENT) == SENT + timedelta(seconds=30)
    assert next_void(0, at=SENT) == SENT + timedelta(seconds=0.25)


@given(st.lists(st.integers(min_value=0, max_value=40), max_size=9))
def test_five_doubts_within_ten_minutes_are_too_many(minutes: list[int]) -> None:
    together = any(max(five) - min(five) <= 10 for five in combinations(minutes, 5))

    assert are_too_many([SENT + minute * MINUTE for minute in minutes]) == together
