"""Calls per minute and day, and the block after too many errors (exact.md 5)."""

from collections import deque
from dataclasses import dataclass, field

from sandbox.core.clock import Clock
from sandbox.exact.errors import RefusedError
from sandbox.exact.grants import AppKey
from sandbox.exact.settings import ERROR_WINDOW_SECONDS, ExactSettings

MINUTE_SECONDS = 60
DAY_SECONDS = 86_400
ErrorKey = tuple[AppKey, str, int | None, str]
"""App, user, company, endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a call may go on, and the headers its answer carries."""

    is_over: bool
    headers: dict[str, str]


@dataclass(slots=True)
class _Windows:
    minute: int = 0
    used_in_minute: int = 0
    day: int = 0
    used_in_day: int = 0


@dataclass(slots=True)
class CallLimits:
    """Whole-minute and whole-UTC-day windows per app and company."""

    clock: Clock
    settings: ExactSettings
    _windows: dict[tuple[AppKey, int], _Windows] = field(default_factory=dict)

    def take(self, app: AppKey, division: int) -> Verdict:
        """Count one call. A refused call carries the headers of the limit that was hit and no others."""
        seconds = int(self.clock.now().timestamp())
        windows = self._current(app, division, seconds)
        daily_left = self.settings.daily_limit - windows.used_in_day
        minutely_left = self.settings.minutely_limit - windows.used_in_minute
        if daily_left <= 0:
            return Verdict(is_over=True, headers=self._daily(0, windows.day))
        if minutely_left <= 0:
            return Verdict(is_over=True, headers=self._minutely(0, windows.minute))
        windows.used_in_day += 1
        windows.used_in_minute += 1
        headers = self._daily(daily_left - 1, windows.day) | self._minutely(minutely_left - 1, windows.minute)
        return Verdict(is_over=False, headers=headers)

    def clear(self) -> None:
        """Forget every count."""
        self._windows.clear()

    def _current(self, app: AppKey, division: int, seconds: int) -> _Windows:
        windows = self._windows.setdefault((app, division), _Windows())
        if windows.minute != seconds // MINUTE_SECONDS:
            windows.minute, windows.used_in_minute = seconds // MINUTE_SECONDS, 0
        if windows.day != seconds // DAY_SECONDS:
            windows.day, windows.used_in_day = seconds // DAY_SECONDS, 0
        return windows

    def _daily(self, left: int, day: int) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.settings.daily_limit),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str((day + 1) * DAY_SECONDS * 1000),
        }

    def _minutely(self, left: int, minute: int) -> dict[str, str]:
        return {
            "X-RateLimit-Minutely-Limit": str(self.settings.minutely_limit),
            "X-RateLimit-Minutely-Remaining": str(left),
            "X-RateLimit-Minutely-Reset": str((minute + 1) * MINUTE_SECONDS * 1000),
        }


@dataclass(slots=True)
class _ErrorRecord:
    at_elapsed: deque[float] = field(default_factory=deque)
    blocked_until: float = 0.0
    blocks: int = 0


@dataclass(slots=True)
class ErrorBudget:
    """Ten error answers in an hour block the endpoint for that app, user and company: an hour, then two, then three."""

    clock: Clock
    settings: ExactSettings
    _records: dict[ErrorKey, _ErrorRecord] = field(default_factory=dict)

    def refuse_blocked(self, key: ErrorKey) -> None:
        """Raise while the endpoint is blocked."""
        if self.is_blocked(key):
            raise RefusedError(
                self.settings.error_block_status,
                "Forbidden - Too many errors, this endpoint is blocked for the application.",
                reason="ErrorLimitExceeded",
            )

    def is_blocked(self, key: ErrorKey) -> bool:
        """Whether too many errors came before."""
        record = self._records.get(key)
        return record is not None and self.clock.monotonic() < record.blocked_until

    def count(self, key: ErrorKey) -> None:
        """One error answer more."""
        record = self._records.setdefault(key, _ErrorRecord())
        elapsed = self.clock.monotonic()
        record.at_elapsed.append(elapsed)
        while record.at_elapsed[0] <= elapsed - ERROR_WINDOW_SECONDS:
            record.at_elapsed.popleft()
        if len(record.at_elapsed) >= self.settings.error_limit:
            record.blocks += 1
            record.blocked_until = elapsed + ERROR_WINDOW_SECONDS * record.blocks
            record.at_elapsed.clear()

    def clear(self) -> None:
        """Forget every error."""
        self._records.clear()
