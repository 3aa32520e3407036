"""The address that a new UPS account begins with."""

import uuid

from exact.models import Connection
from syncjobs.setup.ship_from_drafts import draft_for_all
from ups.shipment_spec import PartySpec


def account_draft(tenant_id: uuid.UUID) -> PartySpec | None:
    """Where the company in Exact ships from, ready for UPS; None where that is not known. In the tenant's context."""
    rows = Connection.objects.filter(tenant_id=tenant_id, disconnected_at=None).order_by("pk")
    drafts = (draft_for_all(connection, {}, [], afresh=True) for connection in rows)
    return next((draft for draft in drafts if draft is not None), None)
