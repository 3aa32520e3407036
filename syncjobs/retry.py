"""The one place that decides what happens after an error: again at a moment, or a person first."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from exact import errors as exact_errors
from syncjobs.problems import Problem
from syncjobs.queue import Job
from ups import errors as ups_errors

MAX_FAILURES = 8
MAX_STARTS = 3
"""Three starts without an end, or eight failures, and a person looks at it (`reliability.md` 4)."""
_BACKOFF_BASE_SECONDS = 2
_UPS_BACKOFF_BASE_SECONDS = 30
_BACKOFF_CAP_SECONDS = 15 * 60
_RECONNECT_SECONDS = 60 * 60
_MISSING_RIGHT_SECONDS = 30 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Try once more at `due_at`; `counts` toward giving up unless it was only a "not yet"."""

    due_at: datetime
    counts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A person must do something first. `recheck_at` says when to look by ourselves, None for never."""

    problem: Problem
    recheck_at: datetime | None = None


Verdict = Again | Block


def verdict(error: Exception, job: Job, *, at: datetime) -> Verdict:
    """What to do after `error` ended a step of `job`."""
    found = _exact(error, job, at) if isinstance(error, exact_errors.ExactError) else None
    if isinstance(error, ups_errors.UpsError):
        found = _ups(error, job, at)
    found = found or Again(due_at=backoff(job.failures, at=at))
    if isinstance(found, Again) and found.counts and job.failures + 1 >= MAX_FAILURES:
        return Block(problem=_given_up(error), recheck_at=None)
    return found


def backoff(failures: int, *, at: datetime, base_seconds: float = _BACKOFF_BASE_SECONDS) -> datetime:
    """Full jitter: anywhere up to base x 2^failures, at most 15 minutes (`reliability.md` 2.2)."""
    ceiling = min(_BACKOFF_CAP_SECONDS, base_seconds * 2**failures)
    return at + timedelta(seconds=random.uniform(base_seconds / 2, max(base_seconds, ceiling)))  # noqa: S311  jitter


def _exact(error: exact_errors.ExactError, job: Job, at: datetime) -> Verdict | None:
    match error:
        case exact_errors.ExactBudgetSpent() | exact_errors.ExactRefreshUnderWay():
            return Again(due_at=max(error.retry_at or at, at + timedelta(seconds=1)), counts=False)
        case exact_errors.ExactNeedsReconnect():
            return Again(due_at=at + timedelta(seconds=_RECONNECT_SECONDS), counts=False)
        case exact_errors.ExactScopeMissing() | exact_errors.ExactRightMissing():
            return Block(
                problem=Problem(code="exact_right", text=str(error), where="Exact Online, user rights and app scopes"),
                recheck_at=at + timedelta(seconds=_MISSING_RIGHT_SECONDS),
            )
        case exact_errors.ExactRejected():
            return Block(
                problem=Problem(code="exact_refused", text=str(error), where="the goods delivery in Exact Online")
            )
        case exact_errors.ExactUnavailable():
            return Again(due_at=max(error.retry_at or at, backoff(job.failures, at=at)), counts=False)
    return None


def _ups(error: ups_errors.UpsError, job: Job, at: datetime) -> Verdict | None:
    match error:
        case ups_errors.UpsUnavailable():
            wait = timedelta(seconds=error.retry_after_seconds or 0)
            return Again(due_at=max(at + wait, backoff(job.failures, at=at, base_seconds=_UPS_BACKOFF_BASE_SECONDS)))
        case ups_errors.UpsRejected():
            return Block(problem=ups_problem(error), recheck_at=at + timedelta(minutes=2))
        case ups_errors.UpsCredentialRefused() | ups_errors.UpsProductMissing() | ups_errors.UpsAccountBlocked():
            return Block(problem=ups_problem(error), recheck_at=at + timedelta(seconds=_MISSING_RIGHT_SECONDS))
    return None


def ups_problem(error: ups_errors.UpsError) -> Problem:
    """What UPS said in plain words, with UPS's code, the field, and where to fix it."""
    if isinstance(error, ups_errors.UpsRejected):
        return Problem(code=error.code, text=str(error), where=error.where_to_fix, field=error.field)
    return Problem(code=error.code or "ups_account", text=str(error), where="Settings, UPS account")


def _given_up(error: Exception) -> Problem:
    return Problem(
        code="gave_up",
        text=f"This failed {MAX_FAILURES} times in a row, last with: {error}",
        where="Use “Try again” when the cause is gone; our team has been told.",
    )
