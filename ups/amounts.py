"""Amounts in UPS's answers."""

from decimal import Decimal, InvalidOperation


def amount_of(text: str) -> Decimal | None:
    """The number a text says; None where it says none."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
