"""1Z numbers with their check digit (ups.md 19.16)."""

import re

SERIAL_DIGITS = 7
SERIALS = 10**SERIAL_DIGITS
_SHAPE = re.compile(r"1Z[0-9A-Z]{16}")
SERVICE_PARTS = {"07": "66", "08": "67", "11": "68", "54": "A0", "65": "04", "70": "91"}
"""The two characters after the account: which service it is; other services stand for themselves."""


def check_digit(number: str) -> str:
    """The digit for the 15 characters after `1Z`: letters count as (code - 63) mod 10, even places double."""
    total = 0
    for place, character in enumerate(number[2:17], start=1):
        value = int(character) if character.isdigit() else (ord(character) - 63) % 10
        total += value if place % 2 else value * 2
    return str((10 - total % 10) % 10)


def tracking_number(*, shipper_number: str, service: str, serial: int) -> str:
    """`1Z`, account, service, seven digits, check digit."""
    part = SERVICE_PARTS.get(service, service.upper().rjust(2, "0"))
    stem = f"1Z{shipper_number}{part}{serial % SERIALS:0{SERIAL_DIGITS}d}"
    return stem + check_digit(stem)


def looks_like_number(text: str) -> bool:
    """18 characters beginning with 1Z; the check digit is not asked for, some real numbers fail it."""
    return _SHAPE.fullmatch(text) is not None
