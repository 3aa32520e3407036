"""Countries as the rules see them."""

import re
from dataclasses import dataclass

EU_COUNTRIES = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)
EUROPE_BY_STANDARD = EU_COUNTRIES | {"GB", "NB", "CH", "NO", "LI", "MC", "SM", "AD", "VA", "IS", "GG", "JE", "IC", "AX"}
"""Where UPS Standard goes from Europe: `domestic and intra-Europe ground` (ups.md 5.4)."""
US_AND_PUERTO_RICO = frozenset({"US", "PR"})
INCH_COUNTRIES = US_AND_PUERTO_RICO | {"VI"}
STATE_REQUIRED = frozenset({"US", "CA"})
POSTAL_CODE_REQUIRED = US_AND_PUERTO_RICO | {"CA"}
"""Formally optional elsewhere (ups.md 5.1)."""

CURRENCIES = {
    "BG": "EUR", "CA": "CAD", "CH": "CHF", "CZ": "CZK", "DK": "DKK", "GB": "GBP", "HU": "HUF", "NB": "GBP", "NO": "NOK",
    "PL": "PLN", "PR": "USD", "RO": "RON", "SE": "SEK", "US": "USD",
}  # fmt: skip
POSTAL_CODES = {
    country: re.compile(pattern)
    for country, pattern in {
        "AT": r"[1-9]\d{3}", "BE": r"[1-9]\d{3}", "CA": r"[A-Z]\d[A-Z]\d[A-Z]\d", "CH": r"[1-9]\d{3}",
        "CZ": r"\d{3} ?\d{2}", "DE": r"\d{5}", "DK": r"\d{4}", "ES": r"\d{5}", "FI": r"\d{5}", "FR": r"\d{5}",
        "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", "HU": r"\d{4}", "IT": r"\d{5}", "LU": r"\d{4}",
        "NL": r"[1-9]\d{3} ?[A-Z]{2}", "NO": r"\d{4}", "PL": r"\d{2}-?\d{3}", "PR": r"\d{5}(-?\d{4})?",
        "PT": r"\d{4}(-?\d{3})?", "SE": r"\d{3} ?\d{2}", "US": r"\d{5}(-?\d{4})?",
    }.items()
}  # fmt: skip
"""CA without a blank, US 5 or 9 digits, NL with or without a blank (ups.md 5.1)."""
CALLING_CODES = {
    "AT": "43", "BE": "32", "BG": "359", "CH": "41", "CY": "357", "CZ": "420", "DE": "49", "DK": "45", "EE": "372",
    "ES": "34", "FI": "358", "FR": "33", "GB": "44", "GR": "30", "HR": "385", "HU": "36", "IE": "353", "IT": "39",
    "LT": "370", "LU": "352", "LV": "371", "MT": "356", "NL": "31", "NO": "47", "PL": "48", "PT": "351", "RO": "40",
    "SE": "46", "SI": "386", "SK": "421",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """From where to where."""

    origin: str
    destination: str
    in_free_circulation: bool = True

    @property
    def crosses_border(self) -> bool:
        """Two different countries."""
        return self.origin != self.destination

    @property
    def within_eu(self) -> bool:
        """Both ends in the EU's VAT territory; Canary Islands, Ceuta, Åland and the like are outside (ups.md 5.2)."""
        return self.origin in EU_COUNTRIES and self.destination in EU_COUNTRIES

    @property
    def qualified_domestic(self) -> bool:
        """No duties: one country, the EU with goods in free circulation, US and Puerto Rico (ups.md 5.2)."""
        if not self.crosses_border:
            return True
        if {self.origin, self.destination} <= US_AND_PUERTO_RICO:
            return True
        return self.within_eu and self.in_free_circulation

    @property
    def references_on_package(self) -> bool:
        """Reference numbers stand on the package only inside the US and inside Puerto Rico (ups.md 1.3)."""
        return self.origin in US_AND_PUERTO_RICO and not self.crosses_border

    @property
    def needs_invoice(self) -> bool:
        """An invoice for customs; Northern Ireland from Great Britain usually goes without (ups.md 5.2)."""
        if self.qualified_domestic or {self.origin, self.destination} == {"GB", "NB"}:
            return False
        return (self.origin, self.destination) != ("US", "CA")


_TERRITORIES = (
    ("ES", re.compile(r"3[58]\d{3}"), "IC"),
    ("ES", re.compile(r"51\d{3}"), "XC"),
    ("ES", re.compile(r"52\d{3}"), "XL"),
    ("FI", re.compile(r"22\d{3}"), "AX"),
    ("IT", re.compile(r"23041"), "LIVIGNO"),
)


def territory_of(*, country: str, postal_code: str) -> str:
    """The country, or the territory outside EU VAT that the postal code lies in (ups.md 5.2)."""
    for mother_country, postal_codes, territory in _TERRITORIES:
        if country == mother_country and postal_codes.fullmatch(postal_code):
            return territory
    return country


def currency_of(country: str) -> str:
    """The currency UPS bills in for a shipper of this country."""
    return CURRENCIES.get(country, "EUR")
