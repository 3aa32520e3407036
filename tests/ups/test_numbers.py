"""Tracking numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ups.numbers import find_reported, is_shipper_number, is_valid


@pytest.mark.parametrize(
    "number",
    ["1Z2866YYYZ29803881", "1Z0FH3446831744085", "1ZA1B2C36800000016", "1Z023E2X0214323462", "1ZCIETST0111111114"],
)
def test_known_real_numbers_are_valid(number: str) -> None:
    assert is_valid(number)


@pytest.mark.parametrize(
    "number",
    ["", "1ZXXXXXXXXXXXXXXXX", "1Z2866YYYZ29803882", "1z2866yyyz29803881", "1Z2866YYYZ2980388", "1Z2866YYYZ298038811"],
)
def test_placeholder_wrong_digit_and_wrong_shape_are_not_valid(number: str) -> None:
    assert not is_valid(number)


@given(st.integers(min_value=0, max_value=9), st.integers(min_value=0, max_value=9))
def test_exactly_one_check_digit_fits(first: int, second: int) -> None:
    middle = f"A1B2C368000{first}{second}01"

    assert sum(is_valid(f"1Z{middle}{digit}") for digit in range(10)) == 1


def test_reported_number_is_found_in_broken_bytes() -> None:
    assert find_reported(b'{"x": "1ZA1B2C36800000016", "y') == "1ZA1B2C36800000016"
    assert find_reported(b"<html>") == ""


def test_shipper_number_has_six_capitals_or_digits() -> None:
    assert is_shipper_number("A1B2C3")
    assert not is_shipper_number("a1b2c3")
    assert not is_shipper_number("A1B2C")
