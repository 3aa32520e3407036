"""Checking that no event was changed, removed or added behind our back."""

import hashlib
import json
import uuid
from dataclasses import dataclass

from django.db import connection

from audit.models import ChainHead


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome of a check: how many events were read and the first sequence number that does not fit."""

    events: int
    broken_at: int | None


_EVENTS = """
    SELECT sequence, hash, audit_event_hash(e, lag(hash, 1, '') OVER (ORDER BY sequence))
      FROM audit_event e WHERE tenant_id = %s ORDER BY sequence
"""


def verify(tenant_id: uuid.UUID) -> Verdict:
    """Recompute the tenant's whole chain and compare its end with the head row, which a cut tail would not match."""
    expected = 0
    last_hash = ""
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, [tenant_id])
        for sequence, stored, computed in cursor.fetchall():
            expected += 1
            if sequence != expected or stored != computed:
                return Verdict(events=expected, broken_at=expected)
            last_hash = stored
    head = ChainHead.objects.filter(tenant_id=tenant_id).first()
    if (head.sequence, head.hash) != (expected, last_hash) if head else expected != 0:
        return Verdict(events=expected, broken_at=expected + 1)
    return Verdict(events=expected, broken_at=None)


def fingerprint(value: object) -> str:
    """SHA-256 of a value's canonical JSON: the same content gives the same text."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
