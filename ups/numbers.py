"""Tracking numbers: their shape, their check digit, and the test system's placeholder."""

import re

PLACEHOLDER = "1ZXXXXXXXXXXXXXXXX"
"""What the UPS test system answers for every shipment (`ups.md` 2)."""
_SHAPE = re.compile(r"1Z[0-9A-Z]{15}[0-9]")
_REPORTED = re.compile(rb"1Z[0-9A-Z]{16}")
_SHIPPER_NUMBER = re.compile(r"[0-9A-Z]{6}")
_LETTER_OFFSET = 63


def is_valid(number: str) -> bool:
    """Whether this is a 1Z number whose check digit fits (`ups.md` 19, quirk 16)."""
    if not _SHAPE.fullmatch(number):
        return False
    return _check_digit(number[2:17]) == int(number[17])


def number_typed(text: str) -> str:
    """The tracking number that a person typed, with or without spaces and capitals; empty where it is none."""
    number = "".join(text.split()).upper()
    return number if is_valid(number) else ""


def is_shipper_number(number: str) -> bool:
    """Whether this has the shape of a UPS account number (`ups.md` 5.1)."""
    return _SHIPPER_NUMBER.fullmatch(number) is not None


def find_reported(body: bytes) -> str:
    """The first thing in an unusable answer that looks like a tracking number, or an empty text."""
    found = _REPORTED.search(body)
    return found.group().decode("ascii") if found else ""


def _check_digit(middle: str) -> int:
    total = sum(_value(character) * (2 if index % 2 else 1) for index, character in enumerate(middle))
    return (10 - total % 10) % 10


def _value(character: str) -> int:
    return int(character) if character.isdigit() else (ord(character) - _LETTER_OFFSET) % 10
