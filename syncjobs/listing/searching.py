"""Finding deliveries by what people type: a number, the end of one, a customer's name, a postcode. Reads only.

Every function runs inside the tenant's context (`tenants.gate.inside`).
"""

import uuid
from dataclasses import dataclass

from django.db import connection

from syncjobs import finders

MOST_FOUND = 500
"""Our own bound: who finds more has not said enough yet."""
MOST_CHARACTERS = 60
LEAST_ENDING = 4
"""Fewer last digits than these are shared by too many tracking numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Keys of deliveries, the newest first; `is_cut` where there are more than these."""

    keys: tuple[int, ...]
    is_cut: bool


def find(tenant_id: uuid.UUID, text: str, *, by_receiver: bool = True) -> list[int] | None:
    """Keys of the deliveries that the text may mean, at most `MOST_FOUND`; None where it says nothing."""
    found = search(tenant_id, text, by_receiver=by_receiver)
    return None if found is None else list(found.keys)


def search(tenant_id: uuid.UUID, text: str, *, by_receiver: bool = True) -> Found | None:
    """By the beginning of a delivery, order or tracking number, by the end of a tracking number, or by the receiver.

    The receiver is known by whole words of her name and address, her e-mail address or her phone number. None where
    the text says nothing.
    """
    asked = text.replace("\0", "").strip()[:MOST_CHARACTERS]
    number = "".join(asked.upper().split())
    if not number:
        return None
    ending = number[::-1] if len(number) >= LEAST_ENDING else ""
    ways = [",".join(hashes) for hashes in finders.wanted(tenant_id, asked)] if by_receiver else []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT delivery_id FROM syncjobs_find_deliveries(%s, %s, %s::text[], %s)",
            [number, ending, ways, MOST_FOUND + 1],
        )
        keys = [row[0] for row in cursor.fetchall()]
    return Found(keys=tuple(keys[:MOST_FOUND]), is_cut=len(keys) > MOST_FOUND)
