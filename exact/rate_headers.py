"""Exact's rate-limit headers, on every answer and on refusals (`exact.md` 5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_MILLISECONDS_FROM = 10**12
"""Reset values above this are milliseconds, below it seconds (`exact.md` 13, point 15)."""
RESET_SLACK = timedelta(seconds=2)
"""A reset is only exact to the minute and clocks differ (`exact.md` 5)."""
WAIT_WITHOUT_RESET = timedelta(seconds=60)
"""What a 429 without any header calls for at first (`exact.md` 7)."""
_MAX_RETRY_AFTER_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class RateHeaders:
    """What the headers said; absent is not zero."""

    day_limit: int | None
    day_remaining: int | None
    day_reset_at: datetime | None
    minute_limit: int | None
    minute_remaining: int | None
    minute_reset_at: datetime | None
    retry_after: timedelta | None


def read(headers: Mapping[str, str]) -> RateHeaders:
    """The headers of an answer; unreadable values count as absent."""
    found = {name.lower(): value for name, value in headers.items()}
    retry_after = _number(found.get("retry-after"))
    return RateHeaders(
        day_limit=_number(found.get("x-ratelimit-limit")),
        day_remaining=_number(found.get("x-ratelimit-remaining")),
        day_reset_at=_moment(found.get("x-ratelimit-reset")),
        minute_limit=_number(found.get("x-ratelimit-minutely-limit")),
        minute_remaining=_number(found.get("x-ratelimit-minutely-remaining")),
        minute_reset_at=_moment(found.get("x-ratelimit-minutely-reset")),
        retry_after=None if retry_after is None else timedelta(seconds=min(retry_after, _MAX_RETRY_AFTER_SECONDS)),
    )


def blocked_until(limits: RateHeaders, at: datetime) -> datetime | None:
    """Until when a 429 that carried these headers forbids calls; None when it carried nothing to go by."""
    candidates = []
    if limits.retry_after is not None:
        candidates.append(at + limits.retry_after)
    if limits.minute_reset_at is not None and not limits.minute_remaining:
        candidates.append(limits.minute_reset_at + RESET_SLACK)
    elif limits.minute_limit is not None and limits.minute_remaining == 0:
        candidates.append(at + WAIT_WITHOUT_RESET)
    if limits.day_reset_at is not None and not limits.day_remaining:
        candidates.append(limits.day_reset_at + RESET_SLACK)
    return max(candidates, default=None)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.strip().isdecimal() and text.isascii() else None


def _moment(text: str | None) -> datetime | None:
    value = _number(text)
    if not value:
        return None
    seconds = value / 1000 if value > _MILLISECONDS_FROM else float(value)
    return datetime.fromtimestamp(seconds, UTC)
