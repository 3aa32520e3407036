"""What follows from each error: again at a moment, or a person first. One row a class."""

import uuid
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from exact import errors as exact_errors
from syncjobs import retry
from syncjobs.models import SyncJob
from syncjobs.queue import Job
from ups import errors as ups_errors

AT = datetime(2026, 5, 4, 9, 15, tzinfo=UTC)
SOON = AT + timedelta(milliseconds=300)
LATER = AT + timedelta(minutes=50)
EXACT_BASE_SECONDS = 2
UPS_BASE_SECONDS = 30
CAP_SECONDS = 15 * 60


def job(*, failures: int = 0) -> Job:
    """A claimed job that failed so often before."""
    return Job(
        id=1,
        tenant_id=uuid.uuid4(),
        kind=SyncJob.Kind.READ,
        subject=uuid.uuid4(),
        starts=1,
        failures=failures,
        lease_until=AT + timedelta(seconds=120),
        correlation=None,
    )


def again(error: Exception, *, failures: int = 0) -> retry.Again:
    """The verdict, which must be to try again."""
    found = retry.verdict(error, job(failures=failures), at=AT)
    assert isinstance(found, retry.Again)
    return found


def block(error: Exception, *, failures: int = 0) -> retry.Block:
    """The verdict, which must be that a person comes first."""
    found = retry.verdict(error, job(failures=failures), at=AT)
    assert isinstance(found, retry.Block)
    return found


NOT_YET = (
    (exact_errors.ExactBudgetSpent("x", retry_at=LATER), LATER),
    (exact_errors.ExactBudgetSpent("x", retry_at=SOON), AT + timedelta(seconds=1)),
    (exact_errors.ExactBudgetSpent("x"), AT + timedelta(seconds=1)),
    (exact_errors.ExactRefreshUnderWay("x", retry_at=LATER), LATER),
    (exact_errors.ExactRefreshUnderWay("x", retry_at=SOON), AT + timedelta(seconds=1)),
    (exact_errors.ExactNeedsReconnect("x"), AT + retry.RECONNECT_PAUSE),
)
BUSY = (
    exact_errors.ExactUnavailable("x"),
    exact_errors.ExactOutcomeUnknown("x"),
    ups_errors.UpsUnavailable("x"),
)
NOT_UNDERSTOOD = (
    exact_errors.ExactError("x"),
    exact_errors.ExactGone("x"),
    exact_errors.ExactUnexpectedReply("x"),
    exact_errors.ExactDivisionRefused("x"),
    ups_errors.UpsError("x"),
    ups_errors.UpsUnexpectedReply("x"),
    ups_errors.UpsOutcomeUnknown("x"),
    ups_errors.SpecInvalid([]),
    ValueError("x"),
)
FOR_A_PERSON = (
    (exact_errors.ExactScopeMissing("x"), "exact_right", retry.MISSING_RIGHT_PAUSE),
    (exact_errors.ExactRightMissing("x"), "exact_right", retry.MISSING_RIGHT_PAUSE),
    (exact_errors.ExactRejected("x"), "exact_refused", retry.GAVE_UP_PAUSE),
    (ups_errors.UpsRejected("x", code="120206"), "120206", timedelta(0)),
    (ups_errors.UpsCredentialRefused("x", code="10401"), "10401", retry.MISSING_RIGHT_PAUSE),
    (ups_errors.UpsProductMissing("x"), "ups_account", retry.MISSING_RIGHT_PAUSE),
    (ups_errors.UpsAccountBlocked("x"), "ups_account", retry.MISSING_RIGHT_PAUSE),
)


def name(value: object) -> str:
    return type(value).__name__


def family(base: type[Exception]) -> set[type[Exception]]:
    """A class with all that descend from it, of the product's own modules."""
    below = {found for child in base.__subclasses__() for found in family(child)}
    return {found for found in {base, *below} if found.__module__.endswith(".errors")}


def test_every_class_of_both_families_has_its_row() -> None:
    rows = [*(error for error, _ in NOT_YET), *BUSY, *NOT_UNDERSTOOD, *(error for error, *_ in FOR_A_PERSON)]

    assert family(exact_errors.ExactError) | family(ups_errors.UpsError) == {type(row) for row in rows} - {ValueError}


@pytest.mark.parametrize("failures", [0, 7, 500])
@pytest.mark.parametrize(("error", "due_at"), NOT_YET, ids=name)
def test_a_mere_not_yet_is_taken_up_at_its_moment_and_never_counts(
    error: Exception, due_at: datetime, failures: int
) -> None:
    assert again(error, failures=failures) == retry.Again(due_at=due_at, counts=False, gives_up=False)


@pytest.mark.parametrize("failures", [0, 7, 500])
@pytest.mark.parametrize("error", BUSY, ids=name)
def test_nobody_gives_up_because_the_other_side_is_away(error: Exception, failures: int) -> None:
    found = again(error, failures=failures)

    assert (found.counts, found.gives_up) == (True, False)
    assert AT < found.due_at <= AT + timedelta(seconds=CAP_SECONDS)


@pytest.mark.parametrize("error", NOT_UNDERSTOOD, ids=name)
def test_what_nobody_understands_is_tried_eight_times(error: Exception) -> None:
    assert (again(error).counts, again(error).gives_up) == (True, True)
    assert again(error, failures=retry.MAX_FAILURES - 2).due_at > AT

    found = block(error, failures=retry.MAX_FAILURES - 1)

    assert retry.MAX_FAILURES == 8
    assert (found.problem.code, found.not_before) == ("gave_up", AT + retry.GAVE_UP_PAUSE)


@pytest.mark.parametrize("failures", [0, 7])
@pytest.mark.parametrize(("error", "code", "pause"), FOR_A_PERSON, ids=name)
def test_what_fails_again_the_same_way_is_a_persons_at_once(
    error: Exception, code: str, pause: timedelta, failures: int
) -> None:
    found = block(error, failures=failures)

    assert (found.problem.code, found.problem.text, found.not_before) == (code, "x", AT + pause)


def test_the_answer_of_ups_is_shown_with_its_field_and_where_to_fix_it() -> None:
    refused = ups_errors.UpsRejected("The postal code is wrong.", code="1", field="postal code", where_to_fix="Exact")

    problem = block(refused).problem

    assert (problem.text, problem.field, problem.where) == ("The postal code is wrong.", "postal code", "Exact")
    assert retry.ups_problem(ups_errors.UpsAccountBlocked("x")).where == "Settings, UPS account"


@pytest.mark.parametrize(
    "error",
    [
        exact_errors.ExactUnavailable("x", retry_at=LATER),
        ups_errors.UpsUnavailable("x", retry_after_seconds=50 * 60),
    ],
    ids=name,
)
def test_a_pause_that_the_other_side_asks_for_is_kept(error: Exception) -> None:
    assert again(error).due_at == LATER


@pytest.mark.parametrize(
    ("error", "base_seconds"),
    [
        (exact_errors.ExactUnavailable("x", retry_at=SOON), EXACT_BASE_SECONDS),
        (exact_errors.ExactOutcomeUnknown("x"), EXACT_BASE_SECONDS),
        (ups_errors.UpsUnavailable("x", retry_after_seconds=1), UPS_BASE_SECONDS),
        (ValueError("x"), EXACT_BASE_SECONDS),
    ],
    ids=name,
)
def test_pauses_grow_by_doubling_up_to_a_quarter_of_an_hour(
    error: Exception, base_seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncjobs.retry.random.uniform", lambda _low, high: high)

    pauses = [(again(error, failures=count).due_at - AT).total_seconds() for count in range(7)]
    late = (retry.backoff(60, at=AT) - AT).total_seconds()

    assert pauses == [min(base_seconds * 2**count, CAP_SECONDS) for count in range(7)]
    assert late == CAP_SECONDS


def test_pauses_are_spread_so_that_not_all_come_back_at_once() -> None:
    found = [(retry.backoff(6, at=AT) - AT).total_seconds() for _ in range(200)]

    assert min(found) >= EXACT_BASE_SECONDS / 2
    assert max(found) <= EXACT_BASE_SECONDS * 2**6
    assert max(found) - min(found) > EXACT_BASE_SECONDS * 2**5
    assert any(one != other for one, other in pairwise(found))


@pytest.mark.parametrize(
    "error",
    [
        ValueError("secret-token-123 of Jansen, Kade 12"),
        KeyError("secret-token-123 of Jansen, Kade 12"),
        ConnectionError("secret-token-123 of Jansen, Kade 12"),
    ],
    ids=name,
)
def test_the_words_of_a_strange_error_are_never_kept_or_shown(error: Exception) -> None:
    given_up = block(error, failures=retry.MAX_FAILURES - 1)

    assert retry.safe_text(error) == type(error).__name__
    assert "secret-token-123" not in given_up.problem.text
    assert given_up.problem.text == f"This failed 8 times in a row, last with: {type(error).__name__}"


def test_the_words_of_our_own_families_are_kept() -> None:
    assert retry.safe_text(exact_errors.ExactUnavailable("Exact is away.")) == "ExactUnavailable: Exact is away."
    assert retry.safe_text(ups_errors.UpsUnavailable("UPS is away.")) == "UpsUnavailable: UPS is away."
