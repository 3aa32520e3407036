"""Phone numbers by country."""

import pytest

from ups.phones import phone_digits


@pytest.mark.parametrize(
    ("phone", "country", "expected"),
    [
        ("+31 20 123 4567", "NL", "31201234567"),
        ("020-1234567", "NL", "31201234567"),
        ("0031 (0)20 123 45 67", "NL", "31201234567"),
        ("+1 (410) 555-0123", "US", "4105550123"),
        ("410 555 0123", "US", "4105550123"),
        ("+44 20 7123 4567", "GB", "442071234567"),
        ("+39 02 1234 5678", "IT", "390212345678"),
    ],
)
def test_number_of_the_country_becomes_digits(phone: str, country: str, expected: str) -> None:
    assert phone_digits(phone, country) == expected


@pytest.mark.parametrize(
    ("phone", "country"),
    [("+32 2 555 12 34", "NL"), ("", "NL"), ("12", "NL"), ("none", "NL"), ("+31 20 123 4567 8901 2345", "NL")],
)
def test_missing_foreign_and_impossible_numbers_are_none(phone: str, country: str) -> None:
    assert phone_digits(phone, country) is None
