"""Phone numbers as UPS wants them: digits only, the country's own form in North America, else with country code."""

import phonenumbers

from ups.limits import PHONE_DIGITS, PHONE_DIGITS_LEAST

_NATIONAL_FORM = frozenset({"US", "PR", "CA", "VI"})
"""`ups.md` 5.1: outside these, country code + area code + number."""


def phone_digits(phone: str, country: str) -> str | None:
    """The digits to send for a phone at an address in `country`; None where it is no number of that country.

    UPS refuses a number of another country than the address (`ups.md` 5.1), so such a number counts as none.
    """
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return None
    if number.country_code != phonenumbers.country_code_for_region(country):
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    digits = phonenumbers.national_significant_number(number)
    if country not in _NATIONAL_FORM:
        digits = f"{number.country_code}{digits}"
    return digits if PHONE_DIGITS_LEAST <= len(digits) <= PHONE_DIGITS else None
