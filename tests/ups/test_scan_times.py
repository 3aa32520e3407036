"""A scan's instant: GMT as UPS gives it, and an estimate that says so where UPS gives none."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ups.scan_times import ScanTime, read_date, read_offset, read_time, scan_time

LOCAL = ("20261014", "101500")
INSTANT = datetime(2026, 10, 14, 8, 15, tzinfo=UTC)


@pytest.mark.parametrize("gmt_time", ["08:15:00", "081500", "81500", "08:15", "0815"])
@pytest.mark.parametrize("offset", ["+02:00", "+02.00", "+0200", ""])
def test_gmt_is_taken_as_it_stands_and_no_offset_applied_to_it(gmt_time: str, offset: str) -> None:
    when = scan_time(local=LOCAL, gmt=("20261014", gmt_time), offset=offset, country="US")

    assert when.happened_at == INSTANT
    assert when.zone_known
    assert when.local_at == datetime(2026, 10, 14, 10, 15)  # noqa: DTZ001  local time is naive


@pytest.mark.parametrize("offset", ["+01:00", ""])
@pytest.mark.parametrize(
    ("wall", "gmt_time", "instant"),
    [
        (("20261124", "011156"), "1156", datetime(2026, 11, 24, 0, 11, 56, tzinfo=UTC)),
        (("20261124", "015959"), "5959", datetime(2026, 11, 24, 0, 59, 59, tzinfo=UTC)),
        (("20261124", "125600"), "1156", datetime(2026, 11, 24, 11, 56, tzinfo=UTC)),
        (("20261124", "125630"), "1156", datetime(2026, 11, 24, 11, 56, tzinfo=UTC)),
        (("20261124", "011156"), "11156", datetime(2026, 11, 24, 1, 11, 56, tzinfo=UTC)),
        (("", ""), "1156", datetime(2026, 11, 24, 11, 56, tzinfo=UTC)),
    ],
)
def test_a_time_after_midnight_that_lost_its_zeros_is_told_by_the_clock_on_the_wall(
    wall: tuple[str, str], gmt_time: str, instant: datetime, offset: str
) -> None:
    when = scan_time(local=wall, gmt=("20261124", gmt_time), offset=offset, country="NL")

    assert (when.happened_at, when.zone_known) == (instant, True)


def test_offset_makes_local_time_an_instant() -> None:
    assert scan_time(local=LOCAL, offset="+02:00", country="US") == ScanTime(
        happened_at=INSTANT,
        local_at=datetime(2026, 10, 14, 10, 15),  # noqa: DTZ001  local time is naive
        offset_minutes=120,
        zone_known=True,
    )


@pytest.mark.parametrize(
    ("day", "country", "hour"),
    [
        ("20261014", "NL", 8),
        ("20260114", "NL", 9),
        ("20261014", "US", 14),
        ("20261014", "ZZ", 10),
        ("20261014", "", 10),
    ],
)
def test_local_time_alone_is_estimated_by_the_country_and_says_so(day: str, country: str, hour: int) -> None:
    when = scan_time(local=(day, "101500"), country=country)

    assert when.happened_at is not None
    assert (when.happened_at.hour, when.happened_at.tzinfo, when.zone_known) == (hour, UTC, False)


@pytest.mark.parametrize(
    "local",
    [("", ""), ("20261014", ""), ("", "101500"), ("string", "string"), ("20261332", "101500"), ("00010101", "0000")],
)
def test_no_usable_time_is_none(local: tuple[str, str]) -> None:
    assert scan_time(local=local, offset="+02:00", country="NL") == ScanTime(offset_minutes=120)


def test_gmt_without_a_time_falls_back_to_local_time() -> None:
    when = scan_time(local=LOCAL, gmt=("20261014", ""), country="NL")

    assert (when.happened_at, when.zone_known) == (INSTANT, False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("101500", time(10, 15)),
        ("74700", time(7, 47)),
        ("07:47:00", time(7, 47)),
        ("1015", time(10, 15)),
        ("000000", time(0, 0)),
        ("235959", time(23, 59, 59)),
        ("240000", None),
        ("1", None),
        ("", None),
        ("string", None),
    ],
)
def test_times_are_read_in_every_form(text: str, expected: time | None) -> None:
    assert read_time(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20261014", date(2026, 10, 14)),
        ("2026-10-14", date(2026, 10, 14)),
        ("20261014101500", date(2026, 10, 14)),
        ("20260230", None),
        ("00010101", None),
        ("", None),
        ("string", None),
    ],
)
def test_dates_are_read_in_every_form(text: str, expected: date | None) -> None:
    assert read_date(text) == expected


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("+02:00", 120),
        ("-05.00", -300),
        ("+05:30", 330),
        ("00:00", 0),
        ("+2", 120),
        ("+99:00", None),
        ("CET", None),
        ("", None),
    ],
)
def test_offsets_are_read_with_colon_and_dot(text: str, minutes: int | None) -> None:
    assert read_offset(text) == minutes


@given(texts=st.lists(st.text(max_size=15), min_size=5, max_size=5), country=st.sampled_from(["NL", "US", "KI", "??"]))
def test_no_text_whatever_stops_the_reading(texts: list[str], country: str) -> None:
    when = scan_time(local=(texts[0], texts[1]), gmt=(texts[2], texts[3]), offset=texts[4], country=country)

    assert when.happened_at is None or when.happened_at.tzinfo is UTC
