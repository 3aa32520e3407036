"""Where a parcel passes through, with the time zone there."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sandbox.ups.shipments import Shipment
from sandbox.ups.travel.script import Where

ZONES = {
    "AT": "Europe/Vienna", "BE": "Europe/Brussels", "BG": "Europe/Sofia", "CH": "Europe/Zurich", "CY": "Asia/Nicosia",
    "CZ": "Europe/Prague", "DE": "Europe/Berlin", "DK": "Europe/Copenhagen", "EE": "Europe/Tallinn",
    "ES": "Europe/Madrid", "FI": "Europe/Helsinki", "FR": "Europe/Paris", "GB": "Europe/London",
    "GR": "Europe/Athens", "HR": "Europe/Zagreb", "HU": "Europe/Budapest", "IC": "Atlantic/Canary",
    "IE": "Europe/Dublin", "IS": "Atlantic/Reykjavik", "IT": "Europe/Rome", "LT": "Europe/Vilnius",
    "LU": "Europe/Luxembourg", "LV": "Europe/Riga", "MT": "Europe/Malta", "NB": "Europe/London",
    "NL": "Europe/Amsterdam", "NO": "Europe/Oslo", "PL": "Europe/Warsaw", "PR": "America/Puerto_Rico",
    "PT": "Europe/Lisbon", "RO": "Europe/Bucharest", "SE": "Europe/Stockholm", "SI": "Europe/Ljubljana",
    "SK": "Europe/Bratislava", "US": "America/New_York", "CA": "America/Toronto",
}  # fmt: skip
_STATE_ZONES = {
    "America/Chicago": "AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI MB SK",
    "America/Denver": "CO ID MT NM UT WY AB",
    "America/Phoenix": "AZ",
    "America/Los_Angeles": "CA NV OR WA BC",
    "America/Anchorage": "AK",
    "Pacific/Honolulu": "HI",
    "America/Halifax": "NB NS PE",
    "America/St_Johns": "NL",
}
ZONE_BY_STATE = {state: zone for zone, states in _STATE_ZONES.items() for state in states.split()}
"""States and provinces of the US and Canada that do not keep eastern time; most of the state decides."""
STATE_ZONE_COUNTRIES = frozenset({"US", "CA"})
HUBS = {
    "AT": ("WIEN", ""), "BE": ("DIEGEM", ""), "CA": ("MISSISSAUGA", "ON"), "CH": ("BASEL", ""), "CZ": ("PRAHA", ""),
    "DE": ("KOELN", ""), "DK": ("KOEBENHAVN", ""), "ES": ("MADRID", ""), "FR": ("CHILLY-MAZARIN", ""),
    "GB": ("CASTLE DONINGTON", ""), "IE": ("DUBLIN", ""), "IT": ("BERGAMO", ""), "NL": ("EINDHOVEN", ""),
    "PL": ("WARSZAWA", ""), "PT": ("LISBOA", ""), "SE": ("MALMOE", ""), "US": ("LOUISVILLE", "KY"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A place as UPS writes it, and its zone."""

    city: str
    state: str
    postal_code: str
    country: str
    zone: ZoneInfo


def stop_at(shipment: Shipment, where: Where) -> Stop:
    """The place on the way of this shipment."""
    origin, destination = shipment.origin, shipment.destination
    if where in {Where.ORIGIN_COUNTRY, Where.NOWHERE}:
        found = ("", "", "", origin if where is Where.ORIGIN_COUNTRY else "")
    elif where is Where.ORIGIN:
        found = (shipment.shipper_place, shipment.shipper_state, "", origin)
    elif where in {Where.ORIGIN_HUB, Where.HUB}:
        country = origin if where is Where.ORIGIN_HUB else destination
        found = (*HUBS.get(country, (shipment.receiver_place, "")), "", country)
    else:
        postal_code = "" if where is Where.DESTINATION else shipment.receiver_postal_code
        found = (shipment.receiver_place, shipment.receiver_state, postal_code, destination)
    city, state, postal_code, country = found
    zone = zone_of(country=country or origin, state=state or _state_of(shipment, country or origin))
    return Stop(city=city.upper(), state=state.upper(), postal_code=postal_code, country=country, zone=zone)


def zone_of(*, country: str, state: str) -> ZoneInfo:
    """The zone of the state, else of the country, else UTC."""
    if country in STATE_ZONE_COUNTRIES and state.upper() in ZONE_BY_STATE:
        return ZoneInfo(ZONE_BY_STATE[state.upper()])
    return ZoneInfo(ZONES.get(country, "UTC"))


def _state_of(shipment: Shipment, country: str) -> str:
    return shipment.shipper_state if country == shipment.origin else shipment.receiver_state
