"""Until when a thing may be put off: a few moments that people name, by the clock of the company."""

from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_AFTERNOON = time(14)
_MORNING = time(8)
_LAST_FOR_AFTERNOON = time(13)
"""Later in the day "this afternoon" would be now, or gone: it is not offered any more."""


class Later(StrEnum):
    """What is offered."""

    HOUR = "hour"
    AFTERNOON = "afternoon"
    TOMORROW = "tomorrow"
    MONDAY = "monday"


def moment_of(later: Later, *, zone: ZoneInfo, at: datetime) -> datetime:
    """When it comes back; "this afternoon" after the noon break means in two hours."""
    here = at.astimezone(zone)
    if later == Later.HOUR:
        return at + timedelta(hours=1)
    if later == Later.AFTERNOON:
        return _on(here, 0, _AFTERNOON) if here.time() < _LAST_FOR_AFTERNOON else at + timedelta(hours=2)
    days = 1 if later == Later.TOMORROW else 7 - here.weekday()
    return _on(here, days, _MORNING)


def offered(*, zone: ZoneInfo, at: datetime) -> tuple[Later, ...]:
    """What can be chosen now."""
    is_early = at.astimezone(zone).time() < _LAST_FOR_AFTERNOON
    return tuple(later for later in Later if later != Later.AFTERNOON or is_early)


def _on(here: datetime, days: int, clock: time) -> datetime:
    return datetime.combine(here.date() + timedelta(days=days), clock, tzinfo=here.tzinfo)
