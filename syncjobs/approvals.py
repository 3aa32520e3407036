"""Deliveries that wait for a person's approval. Reads only, inside the tenant's context."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from syncjobs.going_live import APPROVAL, content_to_approve
from syncjobs.models import Delivery
from syncjobs.problems import from_json
from syncjobs.receivers import Receiver, receiver_of, with_receiver

SHOWN_AT_ONCE = 200
"""The page shows so many; the others follow when these are approved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One of them; `content` is the fingerprint of what is approved, `text` says what it would be."""

    delivery: Delivery
    receiver: Receiver | None
    text: str
    content: str
    since: datetime


def approvals(tenant_id: uuid.UUID) -> list[Approval]:
    """Longest waiting first."""
    waiting = Delivery.objects.filter(
        tenant_id=tenant_id,
        state=Delivery.State.HOLD,
        problems__0__code=APPROVAL,
        approved_at=None,
        connection__disconnected_at=None,
    )
    return [_approval(row) for row in with_receiver(waiting).order_by("changed_at", "pk")[:SHOWN_AT_ONCE]]


def _approval(delivery: Delivery) -> Approval:
    return Approval(
        delivery=delivery,
        receiver=receiver_of(delivery),
        text=from_json(delivery.problems)[0].text,
        content=content_to_approve(delivery),
        since=delivery.changed_at,
    )
