"""Checking that no event was changed, removed or added behind our back."""

import hashlib
import json
import logging
import uuid
from dataclasses import dataclass

from django.db import connection

from audit.models import ChainHead
from tenants.context import tenant_context

logger = logging.getLogger(__name__)


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


def verify_all() -> list[uuid.UUID]:
    """Check every tenant's chain; returns the tenants whose chain is broken, each logged as an error."""
    broken = []
    for tenant_id in _tenants_with_events():
        with tenant_context(tenant_id):
            verdict = verify(tenant_id)
        if verdict.broken_at is not None:
            logger.error("The audit chain of tenant %s is broken at event %s", tenant_id, verdict.broken_at)
            broken.append(tenant_id)
    return broken


def _tenants_with_events() -> list[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id FROM audit_tenants()")
        return [row[0] for row in cursor.fetchall()]


def fingerprint(value: object) -> str:
    """SHA-256 of a value's canonical JSON: the same content gives the same text."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
