"""Which services UPS offers from where to where (ups.md 5.4)."""

from sandbox.ups.geography import EU_COUNTRIES, EUROPE_BY_STANDARD, US_AND_PUERTO_RICO, Lane

ACCESS_POINT_ECONOMY = "70"
EXPRESS_12 = "74"
PALLET_SERVICES = frozenset({"71", "96"})
ECONOMY_EXPORT = frozenset({"17", "72"})
KNOWN_CODES = frozenset(
    "01 02 03 07 08 11 12 13 14 17 54 59 65 70 71 72 74 75 82 83 85 86 92 93 94 95 96".split()  # noqa: SIM905
) | {"M2", "M3", "M4", "M5", "M6", "M7", "C6", "C7", "C8", "T0", "T1"}

_US_INSIDE = {
    "01": "UPS Next Day Air", "02": "UPS 2nd Day Air", "03": "UPS Ground", "12": "UPS 3 Day Select",
    "13": "UPS Next Day Air Saver", "14": "UPS Next Day Air Early", "59": "UPS 2nd Day Air A.M.",
}  # fmt: skip
_US_ABROAD = {
    "07": "UPS Worldwide Express", "08": "UPS Worldwide Expedited", "11": "UPS Standard",
    "17": "UPS Worldwide Economy DDU", "54": "UPS Worldwide Express Plus", "65": "UPS Worldwide Saver",
    "71": "UPS Worldwide Express Freight Midday", "72": "UPS Worldwide Economy DDP",
    "96": "UPS Worldwide Express Freight",
}  # fmt: skip
_CANADA = {
    "01": "UPS Express", "02": "UPS Expedited", "07": "UPS Worldwide Express", "08": "UPS Worldwide Expedited",
    "11": "UPS Standard", "12": "UPS 3 Day Select", "13": "UPS Express Saver", "14": "UPS Express Early",
    "54": "UPS Worldwide Express Plus", "65": "UPS Worldwide Saver", "70": "UPS Access Point Economy",
}  # fmt: skip
_EUROPE = {
    "07": "UPS Express", "08": "UPS Expedited", "11": "UPS Standard", "17": "UPS Worldwide Economy DDU",
    "54": "UPS Express Plus", "65": "UPS Express Saver", "70": "UPS Access Point Economy",
    "71": "UPS Worldwide Express Freight Midday", "72": "UPS Worldwide Economy DDP",
    "96": "UPS Worldwide Express Freight",
}  # fmt: skip
_GERMANY = _EUROPE | {EXPRESS_12: "UPS Express 12:00"}
_POLAND = _EUROPE | {
    "82": "UPS Today Standard", "83": "UPS Today Dedicated Courier", "85": "UPS Today Express",
    "86": "UPS Today Express Saver",
}  # fmt: skip
_ELSEWHERE = {
    "07": "UPS Express", "08": "UPS Expedited", "11": "UPS Standard", "54": "UPS Express Plus",
    "65": "UPS Express Saver",
}  # fmt: skip


def names_from(origin: str) -> dict[str, str]:
    """Service code to name for shippers of this country; the same code has other names elsewhere."""
    if origin in US_AND_PUERTO_RICO:
        return _US_INSIDE | _US_ABROAD
    special = {"CA": _CANADA, "DE": _GERMANY, "PL": _POLAND}
    if origin in special:
        return special[origin]
    return _EUROPE if origin in EU_COUNTRIES | {"GB", "NB"} else _ELSEWHERE


def goes(service: str, lane: Lane) -> bool:
    """Whether a service offered from the origin reaches the destination."""
    if lane.origin in US_AND_PUERTO_RICO:
        return _goes_from_us(service, lane)
    if service in {"12", "13", "01", "02"}:
        return not lane.crosses_border or lane.destination == "US"
    if service == EXPRESS_12 or service in {"82", "83", "85", "86"}:
        return not lane.crosses_border
    if service in ECONOMY_EXPORT:
        return not lane.qualified_domestic
    if service == "11" and lane.origin in EUROPE_BY_STANDARD:
        return lane.destination in EUROPE_BY_STANDARD
    return True


def _goes_from_us(service: str, lane: Lane) -> bool:
    inside = {lane.origin, lane.destination} <= US_AND_PUERTO_RICO
    if service == "11":
        return lane.destination in {"CA", "MX"}
    return (service in _US_INSIDE) == inside or (inside and lane.crosses_border and service in _US_ABROAD)
