"""Every country has a zone to estimate with, and one that is not known does no harm."""

from zoneinfo import ZoneInfo

import pytest

from ups.countries import NAMES
from ups.zones import find_zone


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        ("NL", "Europe/Amsterdam"),
        ("be", "Europe/Brussels"),
        (" DE ", "Europe/Berlin"),
        ("GB", "Europe/London"),
        ("US", "America/New_York"),
        ("CA", "America/Toronto"),
        ("AU", "Australia/Sydney"),
        ("NB", "Europe/London"),
        ("XK", "Europe/Belgrade"),
        ("IC", "Atlantic/Canary"),
    ],
)
def test_country_has_its_main_zone(country: str, zone: str) -> None:
    assert find_zone(country) == zone


@pytest.mark.parametrize("country", ["", "ZZ", "NLD", "#", "string", "\x00"])
def test_unknown_country_has_none(country: str) -> None:
    assert find_zone(country) is None


@pytest.mark.parametrize("country", NAMES)
def test_every_country_a_parcel_starts_from_has_a_zone_that_exists(country: str) -> None:
    assert ZoneInfo(find_zone(country) or "none").key == find_zone(country)
