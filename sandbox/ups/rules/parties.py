"""Shipper, ship-to and ship-from: names, addresses, phones (ups.md 5.1, 5.12)."""

import re
from dataclasses import dataclass

from sandbox.ups.geography import (
    CALLING_CODES,
    POSTAL_CODE_REQUIRED,
    POSTAL_CODES,
    STATE_REQUIRED,
    Lane,
)
from sandbox.ups.refusals import UpsRefusal
from sandbox.ups.wire import Node

MAX_NAME = 35
MAX_LINE = 35
MAX_LINES = 3
MAX_CITY = 30
MAX_POSTAL_CODE = 9
MAX_STATE = 5
MAX_PHONE = 15
MIN_PHONE = 10
NEXT_DAY_AIR_EARLY = "14"
_COUNTRY = re.compile(r"[A-Z]{2}")
_UNKNOWN_POSTAL_CODE = re.compile(r"9{4,5}.*")
"""All nines pass as a format and stand here for a place nobody knows: a way to see an address refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyCodes:
    """The codes of one party. Lines take three in a row from `first_line`."""

    called: str
    name: str
    attention: str
    first_line: int
    city: str
    state: str
    postal_code: str
    country: str
    phone: str
    phone_too_short: str
    phone_too_long: str
    address_unknown: str


SHIPPER = PartyCodes(
    called="shipper",
    name="120101",
    attention="120110",
    first_line=120102,
    city="120105",
    state="120106",
    postal_code="120107",
    country="120108",
    phone="120109",
    phone_too_short="120115",
    phone_too_long="120109",
    address_unknown="120801",
)
SHIP_TO = PartyCodes(
    called="ship to",
    name="120200",
    attention="120201",
    first_line=120202,
    city="120205",
    state="120206",
    postal_code="120207",
    country="120208",
    phone="120209",
    phone_too_short="120213",
    phone_too_long="120217",
    address_unknown="120802",
)
SHIP_FROM = PartyCodes(
    called="ship from",
    name="120300",
    attention="120301",
    first_line=120302,
    city="120305",
    state="120306",
    postal_code="120307",
    country="120308",
    phone="120309",
    phone_too_short="120313",
    phone_too_long="120309",
    address_unknown="120803",
)


def country_of(party: Node, codes: PartyCodes) -> str:
    """The country of a party's address; refused when it is not two capital letters."""
    country = party.child("Address").text("CountryCode")
    if not _COUNTRY.fullmatch(country):
        raise UpsRefusal(codes.country, f"Missing or invalid {codes.called} country code")
    return country


def check_party(party: Node, codes: PartyCodes) -> None:
    """Name and address of one party."""
    name = party.text("Name")
    if not name or len(name) > MAX_NAME:
        raise UpsRefusal(codes.name, f"Missing or invalid {codes.called} name")
    if len(party.text("AttentionName")) > MAX_NAME:
        raise UpsRefusal(codes.attention, f"Invalid {codes.called} attention name")
    _check_address(party.child("Address"), codes, country=country_of(party, codes))


def _check_address(address: Node, codes: PartyCodes, *, country: str) -> None:
    _check_lines(address.texts("AddressLine"), codes)
    city = address.text("City")
    if not city or len(city) > MAX_CITY:
        raise UpsRefusal(codes.city, f"Missing or invalid {codes.called} city")
    state = address.text("StateProvinceCode")
    if (country in STATE_REQUIRED and not state) or len(state) > MAX_STATE:
        raise UpsRefusal(codes.state, f"Missing or invalid {codes.called} state or province code")
    _check_postal_code(address.text("PostalCode"), codes, country=country)


def _check_lines(lines: list[str], codes: PartyCodes) -> None:
    if not lines:
        raise UpsRefusal(str(codes.first_line), f"Missing or invalid {codes.called} address line 1")
    for place, line in enumerate(lines):
        if not line or len(line) > MAX_LINE or place >= MAX_LINES:
            code = str(codes.first_line + min(place, MAX_LINES - 1))
            raise UpsRefusal(code, f"Missing or invalid {codes.called} address line {place + 1}")


def _check_postal_code(postal_code: str, codes: PartyCodes, *, country: str) -> None:
    pattern = POSTAL_CODES.get(country)
    missing = not postal_code and country in POSTAL_CODE_REQUIRED
    malformed = bool(postal_code) and pattern is not None and not pattern.fullmatch(postal_code)
    if missing or malformed or len(postal_code) > MAX_POSTAL_CODE:
        raise UpsRefusal(codes.postal_code, f"Missing or invalid {codes.called} postal code")
    if _UNKNOWN_POSTAL_CODE.fullmatch(postal_code):
        raise UpsRefusal(codes.address_unknown, f"Address validation error on {codes.called} address")


def check_contact(party: Node, codes: PartyCodes, *, required: bool, country_must_match: bool) -> None:
    """Attention name and phone: always right when given, demanded on some lanes."""
    if required and not party.text("AttentionName"):
        raise UpsRefusal(codes.attention, f"Missing or invalid {codes.called} attention name")
    number = party.child("Phone").text("Number")
    if not number:
        if required or party.child("Phone").has("Number"):
            raise UpsRefusal(codes.phone, f"Missing or invalid {codes.called} phone number")
        return
    if len(number) > MAX_PHONE:
        raise UpsRefusal(codes.phone_too_long, f"The {codes.called} phone number is too long")
    country = country_of(party, codes)
    if len(number) < MIN_PHONE or not (number.isascii() and number.isdecimal()):
        raise UpsRefusal(
            codes.phone_too_short, f"The {codes.called} phone number must be at least {MIN_PHONE} digits, digits only"
        )
    if country_must_match and not number.startswith(CALLING_CODES.get(country, "")):
        raise UpsRefusal(codes.phone_too_short, f"The {codes.called} phone number does not fit the country {country}")


def contact_required(*, lane: Lane, service: str) -> bool:
    """Phone and attention name on both ends when the countries differ, and for Next Day Air Early (ups.md 5.1)."""
    return lane.crosses_border or service == NEXT_DAY_AIR_EARLY


def check_ship_from_country(ship_from: Node, *, shipper_country: str) -> None:
    """A forward shipment leaves from the shipper's country."""
    if country_of(ship_from, SHIP_FROM) != shipper_country:
        raise UpsRefusal("120317", "The ship from country must equal the shipper's country")
