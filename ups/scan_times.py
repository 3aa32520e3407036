"""When something happened to a parcel: UPS's dates, times and offsets in all the ways they are written (`ups.md` 8)."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ups.zones import find_zone

_YEARS = range(2000, 2100)
"""A date outside is a placeholder, such as 00010101."""
_OFFSET = re.compile(r"([+-]?)(\d{1,2})[:.]?(\d{2})?")
_GREATEST_OFFSET_MINUTES = 14 * 60
"""The clocks that are furthest ahead, in Kiribati."""
_ZONES_APART = timedelta(minutes=15)
_AMBIGUOUS_DIGITS = 4
_DATE_DIGITS = 8
_STAMP_DIGITS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanTime:
    """The instant, if there is one, the clock on the wall, and whether the instant is more than an estimate."""

    happened_at: datetime | None = None
    local_at: datetime | None = None
    offset_minutes: int | None = None
    zone_known: bool = False


def scan_time(
    *,
    local: tuple[str, str],
    gmt: tuple[str, str] = ("", ""),
    offset: str = "",
    country: str = "",
) -> ScanTime:
    """The time of a scan from its local and its GMT date and time.

    GMT is taken as it stands: the offset is not applied to it again. Without GMT the offset makes local time an
    instant; without an offset the country's zone makes an estimate of it.
    """
    local_at, offset_minutes = _moment(*local), read_offset(offset)
    happened_at = _gmt_moment(*gmt, local_at=local_at, offset_minutes=offset_minutes)
    zone_known = happened_at is not None
    if happened_at is None and local_at is not None and offset_minutes is not None:
        happened_at, zone_known = local_at - timedelta(minutes=offset_minutes), True
    if happened_at is not None:
        happened_at = happened_at.replace(tzinfo=UTC)
    elif local_at is not None:
        happened_at = estimate(local_at, country)
    return ScanTime(happened_at=happened_at, local_at=local_at, offset_minutes=offset_minutes, zone_known=zone_known)


def read_date(text: str) -> date | None:
    """A date written `20261014`, `2026-10-14`, or at the head of fourteen digits; None for anything else."""
    digits = text.replace("-", "")
    if len(digits) == _STAMP_DIGITS:
        digits = digits[:_DATE_DIGITS]
    if len(digits) != _DATE_DIGITS or not _is_number(digits):
        return None
    try:
        found = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    return found if found.year in _YEARS else None


def read_time(text: str) -> time | None:
    """A time written `101500`, `10:15:00`, `1015`, `10:15`, or `91500` for want of its zero; None for anything else."""
    digits = text.replace(":", "")
    if len(digits) not in {4, 5, 6} or not _is_number(digits):
        return None
    digits = digits.rjust(6, "0") if len(digits) != 4 else f"{digits}00"  # noqa: PLR2004  hours and minutes only
    try:
        return time(int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError:
        return None


def read_offset(text: str) -> int | None:
    """Minutes ahead of GMT: `+02:00` in the Tracking API, `+02.00` in pushes (`ups.md` 19.7)."""
    parts = _OFFSET.fullmatch(text)
    if not parts:
        return None
    minutes = int(parts[2]) * 60 + int(parts[3] or 0)
    if minutes > _GREATEST_OFFSET_MINUTES:
        return None
    return -minutes if parts[1] == "-" else minutes


def _moment(date_text: str, time_text: str) -> datetime | None:
    day, hour = read_date(date_text), read_time(time_text)
    return datetime.combine(day, hour) if day and hour is not None else None


def _gmt_moment(
    date_text: str, time_text: str, *, local_at: datetime | None, offset_minutes: int | None
) -> datetime | None:
    """GMT as it stands. Four digits may also be minutes and seconds after midnight that lost their zeros (`ups.md` 8).

    They are when only so the clock on the wall is a whole time zone away.
    """
    stands = _moment(date_text, time_text)
    if local_at is None or len(time_text) != _AMBIGUOUS_DIGITS:
        return stands
    after_midnight = _moment(date_text, f"00{time_text}")

    def fits(moment: datetime | None) -> bool:
        if moment is None:
            return False
        ahead = local_at - moment
        if offset_minutes is not None:
            return ahead == timedelta(minutes=offset_minutes)
        return abs(ahead) <= timedelta(minutes=_GREATEST_OFFSET_MINUTES) and not ahead % _ZONES_APART

    return after_midnight if fits(after_midnight) and not fits(stands) else stands


def estimate(local_at: datetime, country: str) -> datetime:
    """The instant by the country's zone; by GMT where the country is not known, which is at most half a day off."""
    zone = find_zone(country)
    return local_at.replace(tzinfo=ZoneInfo(zone) if zone else UTC).astimezone(UTC)


def _is_number(digits: str) -> bool:
    return digits.isascii() and digits.isdigit()
