"""What each lane asks for: from which territory to which, with which service (`ups.md` 5.1 and 5.2)."""

import re
from dataclasses import dataclass
from enum import StrEnum

from connector_site.lib.wording import said

EU = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)
"""The 27 member states."""

_OUTSIDE_EU_VAT = (
    ("ES", r"3[58]\d{3}", "IC"),
    ("ES", r"51\d{3}", "XC"),
    ("ES", r"52\d{3}", "XL"),
    ("IT", r"2304[01]|23030", "IT-LIVIGNO"),
    ("IT", r"2206[01]", "IT-CAMPIONE"),
    ("DE", r"78266", "DE-BUSINGEN"),
    ("DE", r"27498", "DE-HELGOLAND"),
    ("FI", r"22\d{3}", "AX"),
    ("FR", r"97[1-8]\d{2}|98[4-8]\d{2}", "FR-OVERSEAS"),
    ("GB", r"(?i)GY\d.*", "GG"),
    ("GB", r"(?i)JE\d.*", "JE"),
    ("GB", r"(?i)BT\d.*", "NB"),
)
"""Postal codes that lie in another customs or VAT territory than their country (`ups.md` 5.2; directive 2006/112/EC,
article 6). `NB` is Northern Ireland in UPS's tables."""

_UNITED_STATES_PAIR = frozenset({"US", "PR"})
_IMPERIAL_SHIPPERS = frozenset({"US", "PR"})
_CURRENCIES = {
    "GB": "GBP", "PL": "PLN", "CZ": "CZK", "DK": "DKK", "SE": "SEK", "HU": "HUF", "RO": "RON", "US": "USD",
    "PR": "USD", "CA": "CAD", "CH": "CHF", "NO": "NOK",
}  # fmt: skip
STANDARD = "11"
_NEXT_DAY_AIR_EARLY = "14"
LETTER = "01"
_UNITED_ARAB_EMIRATES = "AE"


class Papers(StrEnum):
    """What has to go with the goods."""

    NONE = "none"
    INVOICE = said("customs invoice")
    INVOICE_TOTAL = said("total value of the goods")
    UNCLEAR = said("to be agreed with UPS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A way from one country to another, with the territories their postal codes lie in."""

    origin: str
    destination: str
    origin_country: str
    destination_country: str

    @property
    def is_domestic(self) -> bool:
        """Within one territory."""
        return self.origin == self.destination

    @property
    def is_within_eu(self) -> bool:
        """Both ends in the EU's VAT territory."""
        return self.origin in EU and self.destination in EU

    @property
    def is_qualified_domestic(self) -> bool:
        """No customs between the ends: one territory, both in the EU, or the United States and Puerto Rico."""
        pair = {self.origin, self.destination}
        return self.is_domestic or self.is_within_eu or pair == _UNITED_STATES_PAIR

    @property
    def reference_on_package(self) -> bool:
        """References stand on the parcels on US-US and PR-PR only; the wrong level is `120541` or `120542`."""
        return self.is_domestic and self.origin in _UNITED_STATES_PAIR

    @property
    def papers(self) -> Papers:
        """The papers of a lane for goods; letters and documents take none (`128202`)."""
        if self.is_domestic or self.is_within_eu:
            return Papers.NONE
        if self.origin == "US" and self.destination in {"PR", "CA"}:
            return Papers.INVOICE_TOTAL
        if "NB" in {self.origin, self.destination}:
            return Papers.UNCLEAR
        return Papers.INVOICE

    def needs_contacts(self, service_code: str) -> bool:
        """Attention name and phone on both sides: between countries, and for Next Day Air Early."""
        return self.origin_country != self.destination_country or service_code == _NEXT_DAY_AIR_EARLY

    def needs_description(self, service_code: str, packaging_codes: frozenset[str]) -> bool:
        """A description of the goods: between countries, but for letters and UPS Standard within the EU."""
        if _UNITED_ARAB_EMIRATES in {self.origin_country, self.destination_country}:
            return True
        if self.is_domestic or packaging_codes <= {LETTER}:
            return False
        return not (self.is_within_eu and service_code == STANDARD)


def territory(country: str, postal_code: str) -> str:
    """The customs and VAT territory of an address: its country, unless its postal code lies elsewhere."""
    compact = re.sub(r"[\s-]", "", postal_code)
    for of_country, pattern, name in _OUTSIDE_EU_VAT:
        if country == of_country and re.fullmatch(pattern, compact):
            return name
    return country


def lane(*, origin: tuple[str, str], destination: tuple[str, str]) -> Lane:
    """The lane between two (country, postal code) pairs."""
    return Lane(
        origin=territory(*origin),
        destination=territory(*destination),
        origin_country=origin[0],
        destination_country=destination[0],
    )


def is_qualified_domestic(origin: tuple[str, str], destination: tuple[str, str]) -> bool:
    """Whether no customs lie between two (country, postal code) pairs."""
    return lane(origin=origin, destination=destination).is_qualified_domestic


def ships_imperial(shipper_country: str) -> bool:
    """Whether an account of this country measures in pounds and inches (`120546` to `120548` otherwise)."""
    return shipper_country in _IMPERIAL_SHIPPERS


def currency(shipper_country: str) -> str:
    """The currency UPS charges an account of this country in."""
    return _CURRENCIES.get(shipper_country, "EUR")
