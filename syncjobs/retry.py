"""The one place that decides what happens after an error: again at a moment, or a person first."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector_site.lib.wording import said
from exact import errors as exact_errors
from syncjobs.models import SyncJob
from syncjobs.problems import Problem
from syncjobs.queue import Job
from ups import errors as ups_errors

MAX_FAILURES = 8
MAX_STARTS = 3
"""Three starts without an end, or eight failures, and a person looks at it (`reliability.md` 4)."""
_BACKOFF_BASE_SECONDS = 2
_UPS_BACKOFF_BASE_SECONDS = 30
_BACKOFF_CAP_SECONDS = 15 * 60
RECONNECT_PAUSE = timedelta(hours=1)
"""A new consent ends this pause (`replay.look_again`)."""
MISSING_RIGHT_PAUSE = timedelta(minutes=30)
"""Each further refusal is one of the ten errors an hour that Exact allows (`reliability.md` 2.3)."""
QUIET_TIME = timedelta(minutes=5)
"""A new record whose making was not answered may still appear: it is looked for before it is made again (`exact.md`
6.4, `reliability.md` 7.1)."""
GAVE_UP_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Try once more at `due_at`.

    `counts` lets the next pause be longer; not so for a mere "not yet". `gives_up` after `MAX_FAILURES`; not so while
    the other side is away, which is no reason to stop waiting.
    """

    due_at: datetime
    counts: bool = True
    gives_up: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A person must do something first; before `not_before` we need not look by ourselves whether it is done."""

    problem: Problem
    not_before: datetime


Verdict = Again | Block
FOR_OUR_TEAM = frozenset({"gave_up", "poison"})
"""Problems that no customer can mend: the operating team is told of each."""


def verdict(error: Exception, job: Job, *, at: datetime) -> Verdict:
    """What to do after `error` ended a step of `job`."""
    found = None
    if isinstance(error, exact_errors.ExactError):
        found = _exact(error, job, at)
    elif isinstance(error, ups_errors.UpsError):
        found = _ups(error, job, at)
    found = found or Again(due_at=backoff(job.failures, at=at))
    if isinstance(found, Again) and found.gives_up and job.failures + 1 >= MAX_FAILURES:
        return Block(problem=_given_up(error), not_before=at + GAVE_UP_PAUSE)
    return found


def safe_text(error: Exception) -> str:
    """What may be stored and shown of an error: our own family's words, of any other its class alone."""
    if isinstance(error, exact_errors.ExactError | ups_errors.UpsError):
        return f"{type(error).__name__}: {error}"
    return type(error).__name__


def backoff(failures: int, *, at: datetime, base_seconds: float = _BACKOFF_BASE_SECONDS) -> datetime:
    """Full jitter: anywhere up to base x 2^failures, at most 15 minutes (`reliability.md` 2.2)."""
    ceiling = min(_BACKOFF_CAP_SECONDS, base_seconds * 2**failures)
    return at + timedelta(seconds=random.uniform(base_seconds / 2, max(base_seconds, ceiling)))  # noqa: S311  jitter


def _exact(error: exact_errors.ExactError, job: Job, at: datetime) -> Verdict | None:
    pause = backoff(job.failures, at=at)
    match error:
        case exact_errors.ExactBudgetSpent() | exact_errors.ExactRefreshUnderWay():
            due_at = max(error.retry_at or at, at + timedelta(seconds=1))
            return Again(due_at=due_at, counts=False, gives_up=False)
        case exact_errors.ExactNeedsReconnect():
            return Again(due_at=at + RECONNECT_PAUSE, counts=False, gives_up=False)
        case exact_errors.ExactScopeMissing() | exact_errors.ExactRightMissing():
            problem = Problem(
                code="exact_right", text=str(error), where=said("Exact Online, user rights and app scopes")
            )
            return Block(problem=problem, not_before=at + MISSING_RIGHT_PAUSE)
        case exact_errors.ExactRejected():
            problem = Problem(code="exact_refused", text=str(error), where=said("the goods delivery in Exact Online"))
            return Block(problem=problem, not_before=at + GAVE_UP_PAUSE)
        case exact_errors.ExactUnavailable():
            return Again(due_at=max(error.retry_at or at, pause), gives_up=False)
    is_lost = isinstance(error, exact_errors.ExactOutcomeUnknown)
    quiet_until = at + QUIET_TIME if job.kind == SyncJob.Kind.PROOF else at
    return Again(due_at=max(pause, quiet_until), gives_up=False) if is_lost else None


def _ups(error: ups_errors.UpsError, job: Job, at: datetime) -> Verdict | None:
    match error:
        case ups_errors.UpsUnavailable():
            wait = timedelta(seconds=error.retry_after_seconds or 0)
            pause = backoff(job.failures, at=at, base_seconds=_UPS_BACKOFF_BASE_SECONDS)
            return Again(due_at=max(at + wait, pause), gives_up=False)
        case ups_errors.UpsRejected():
            return Block(problem=ups_problem(error), not_before=at)
        case ups_errors.UpsCredentialRefused() | ups_errors.UpsProductMissing() | ups_errors.UpsAccountBlocked():
            return Block(problem=ups_problem(error), not_before=at + MISSING_RIGHT_PAUSE)
    return None


def ups_problem(error: ups_errors.UpsError) -> Problem:
    """What UPS said in plain words, with UPS's code, the field, and where to fix it."""
    if isinstance(error, ups_errors.UpsRejected):
        return Problem(code=error.code, text=str(error), where=error.where_to_fix, field=error.field)
    return Problem(code=error.code or "ups_account", text=str(error), where=said("Settings, UPS account"))


def _given_up(error: Exception) -> Problem:
    return Problem(
        code="gave_up",
        text=said("This failed {times} times in a row, last with: {error}", times=MAX_FAILURES, error=safe_text(error)),
        where=said("Use “Try again” when the cause is gone; our team has been told."),
    )
