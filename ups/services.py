"""UPS services by origin, packagings, label formats (`ups.md` 5.4, 5.5, 5.10)."""

from dataclasses import dataclass
from enum import StrEnum

from connector_site.lib.wording import said
from ups.lanes import EU


class LabelFormat(StrEnum):
    """Label formats of the ship call; PDF is not among them."""

    GIF = "GIF"
    PNG = "PNG"
    ZPL = "ZPL"
    EPL = "EPL"
    SPL = "SPL"


PRINTER_FORMATS = frozenset({LabelFormat.ZPL, LabelFormat.EPL, LabelFormat.SPL})
"""Printer languages: these need a stock size, and only these may name one in Label Recovery (`9801050`)."""
LABEL_HEIGHTS_INCHES = frozenset({6, 8})
LABEL_WIDTH_INCHES = 4

PACKAGINGS = {
    "01": said("UPS Letter"),
    "02": said("Own packaging"),
    "03": said("Tube"),
    "04": said("PAK"),
    "21": said("UPS Express Box"),
    "24": said("UPS 25 KG Box"),
    "25": said("UPS 10 KG Box"),
    "30": said("Pallet"),
    "2a": said("Small Express Box"),
    "2b": said("Medium Express Box"),
    "2c": said("Large Express Box"),
}

_EVERYWHERE = {
    "07": "UPS Express",
    "08": "UPS Expedited",
    "11": "UPS Standard",
    "54": "UPS Express Plus",
    "65": "UPS Express Saver",
    "71": "UPS Worldwide Express Freight Midday",
    "96": "UPS Worldwide Express Freight",
}
_ECONOMY = {"17": "UPS Worldwide Economy DDU", "72": "UPS Worldwide Economy DDP"}
_EUROPE = {**_EVERYWHERE, **_ECONOMY, "70": "UPS Access Point Economy"}
_UNITED_STATES = {
    **_EVERYWHERE,
    **_ECONOMY,
    "01": "UPS Next Day Air",
    "02": "UPS 2nd Day Air",
    "03": "UPS Ground",
    "07": "UPS Worldwide Express",
    "08": "UPS Worldwide Expedited",
    "12": "UPS 3 Day Select",
    "13": "UPS Next Day Air Saver",
    "14": "UPS Next Day Air Early",
    "54": "UPS Worldwide Express Plus",
    "59": "UPS 2nd Day Air A.M.",
    "65": "UPS Worldwide Saver",
    "75": "UPS Heavy Goods",
    "92": "UPS Ground Saver (under 1 lb)",
    "93": "UPS Ground Saver (1 lb and over)",
    "94": "UPS Ground Saver Bound Printed Matter",
    "95": "UPS Ground Saver Media Mail",
}
_CANADA = {
    **_EVERYWHERE,
    "01": "UPS Express",
    "02": "UPS Expedited",
    "12": "UPS 3 Day Select",
    "13": "UPS Express Saver",
    "14": "UPS Express Early",
    "70": "UPS Access Point Economy",
}
_BY_ORIGIN = {
    "US": _UNITED_STATES,
    "PR": {**_EVERYWHERE, "01": "UPS Next Day Air", "02": "UPS 2nd Day Air", "03": "UPS Ground"},
    "CA": _CANADA,
    "MX": {**_EVERYWHERE, "70": "UPS Access Point Economy"},
    "DE": {**_EUROPE, "74": "UPS Express 12:00"},
    "PL": {
        **_EUROPE,
        "82": "UPS Today Standard",
        "83": "UPS Today Dedicated Courier",
        "85": "UPS Today Express",
        "86": "UPS Today Express Saver",
    },
}
_WITHIN_ORIGIN_ONLY = frozenset({("DE", "74"), ("PL", "82"), ("PL", "83"), ("PL", "85"), ("PL", "86")})
_OFFERED_FIRST = {
    "US": ("03", "12", "02", "13", "01", "14", "11", "08", "65", "07", "54"),
    "PR": ("03", "02", "01", "07", "65"),
    "CA": ("11", "02", "13", "01", "14", "12", "08", "65", "07", "54"),
}
_OFFERED_IN_EUROPE = ("11", "65", "07", "54", "08", "70")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A UPS service as it is called where the parcel starts."""

    code: str
    name: str


def find_service(origin_country: str, code: str) -> Service | None:
    """The service this code means in this country, or None where UPS does not have it."""
    name = _services(origin_country).get(code)
    return Service(code=code, name=name) if name else None


def service_name(origin_country: str, code: str) -> str:
    """A name to show; a code that is unknown here is shown as it is."""
    service = find_service(origin_country, code)
    return service.name if service else said("UPS service {code}", code=code)


def offered_services(origin_country: str) -> tuple[Service, ...]:
    """What a shipping rule may choose from, most usual first; Germany and Poland have domestic ones of their own."""
    first = _OFFERED_FIRST.get(origin_country, _OFFERED_IN_EUROPE)
    local = tuple(code for country, code in sorted(_WITHIN_ORIGIN_ONLY) if country == origin_country)
    known = _services(origin_country)
    return tuple(Service(code=code, name=known[code]) for code in (*first, *local) if code in known)


def stays_within_origin(origin_country: str, code: str) -> bool:
    """Whether the service exists only inside its country (`ups.md` 5.4: DE 74, PL 82 to 86)."""
    return (origin_country, code) in _WITHIN_ORIGIN_ONLY


def _services(origin_country: str) -> dict[str, str]:
    if origin_country in _BY_ORIGIN:
        return _BY_ORIGIN[origin_country]
    return _EUROPE if origin_country in EU or origin_country in {"GB", "CH", "NO"} else _EVERYWHERE
