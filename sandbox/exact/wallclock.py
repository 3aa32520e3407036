"""Dates as Exact writes them: milliseconds of the server's wall clock, not of UTC (exact.md 6.3)."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SERVER_ZONE = ZoneInfo("Europe/Amsterdam")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall clock on purpose, the notation has no zone
_ONE_MS = timedelta(milliseconds=1)
_DAY_MS = 86_400_000
_ACCEPTED = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,7})?)?)?")


def to_wall_ms(at: datetime) -> int:
    """The number inside `/Date(...)/` for an instant."""
    return (at.astimezone(SERVER_ZONE).replace(tzinfo=None) - _EPOCH) // _ONE_MS


def date_to_wall_ms(day: date) -> int:
    """A date-only value is midnight in the same notation."""
    return (day - _EPOCH.date()).days * _DAY_MS


def start_of_day_ms(wall_ms: int) -> int:
    """Midnight of the day that holds this moment."""
    return wall_ms - wall_ms % _DAY_MS


def wall_text(wall_ms: int) -> str:
    """`2026-05-04T09:15:27.387`, as in skip tokens and `EventCreatedOn`."""
    return (_EPOCH + timedelta(milliseconds=wall_ms)).isoformat(timespec="milliseconds")


def parse_wall(text: str) -> int | None:
    """Milliseconds for a date or date and time without zone; None when it is neither."""
    if not _ACCEPTED.fullmatch(text):
        return None
    try:
        return (datetime.fromisoformat(text[:26]) - _EPOCH) // _ONE_MS
    except ValueError:
        return None


def utc_offset_seconds(at: datetime) -> int:
    """What `Me.ServerUtcOffset` says at that moment."""
    offset = at.astimezone(SERVER_ZONE).utcoffset() or timedelta()
    return int(offset.total_seconds())


def utc_midnight_after(at: datetime) -> datetime:
    """End of the daily window of calls (exact.md 5)."""
    today = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1)
