"""The time zone to estimate with where UPS gives a local time and a country only."""

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

_MAIN_ZONES = {
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "IC": "Atlantic/Canary",
    "KZ": "Asia/Almaty",
    "NB": "Europe/London",
    "RU": "Europe/Moscow",
    "UK": "Europe/London",
    "XK": "Europe/Belgrade",
}
"""Where the first zone of the list is not where most people live, and the codes that UPS and others have made up."""
_COMMENT = "#"


def find_zone(country: str) -> str | None:
    """The name of the main time zone, None for a country that is not known; an estimate where it has several."""
    country = country.strip().upper()
    return _MAIN_ZONES.get(country) or _first_zones().get(country)


@lru_cache(maxsize=1)
def _first_zones() -> Mapping[str, str]:
    """The first zone of each country in the tz database, which tends to put the most populous first."""
    text = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    zones: dict[str, str] = {}
    for line in text.splitlines():
        if line and not line.startswith(_COMMENT):
            country, _, name, *_ = line.split("\t")
            zones.setdefault(country, name)
    return zones
