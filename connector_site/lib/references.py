"""Identifiers that we give out."""

import uuid

from ulid import ULID


def new_code() -> uuid.UUID:
    """A public identifier for a row."""
    return uuid.uuid4()


def new_shipment_reference(environment: str) -> str:
    """A reference that is sent to UPS in one POST only, ever: `P...` for production, `T...` for test.

    One letter and a 26-character ULID; UPS takes 35 at most (`ups.md` 5.6, `reliability.md` 1.1).
    """
    return f"{environment[:1].upper()}{ULID()}"


def new_transaction_id() -> str:
    """The `transId` of one call: a UUID without hyphens, 32 characters (`ups.md` 4.1)."""
    return uuid.uuid4().hex
