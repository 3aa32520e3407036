"""Who a delivery goes to: kept under a key of its own, and read only here."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from connector_site.lib.record_keys import lock_json, open_json
from syncjobs.finders import finders_of
from syncjobs.models import Delivery, PartyAddress
from ups.shipment_spec import PartySpec

PURPOSE = "ship_to"
_WRITTEN = ["sealed_key", "sealed", "finders", "erased_at", "changed_at"]


def keep_party(delivery: Delivery, party: PartySpec, *, at: datetime, in_exact: Sequence[str] = ()) -> None:
    """Write the receiver, over an earlier one, in the open transaction; `in_exact` are her lines as Exact has them."""
    shown = {
        "name": party.name,
        "attention": party.attention,
        "phone": party.phone,
        "lines": list(party.address_lines),
        "postal_code": party.postal_code,
        "city": party.city,
        "state": party.state,
        "country": party.country,
        "email": party.email,
        "in_exact": list(in_exact),
    }
    locked = lock_json(shown, owner=delivery.code, purpose=PURPOSE)
    row = PartyAddress(
        tenant_id=delivery.tenant_id,
        delivery=delivery,
        sealed_key=locked.sealed_key,
        sealed=locked.sealed,
        finders=finders_of(delivery.tenant_id, shown),
        changed_at=at,
    )
    PartyAddress.objects.bulk_create([row], update_conflicts=True, unique_fields=["delivery"], update_fields=_WRITTEN)


def open_party(
    sealed_key: dict[str, Any] | None, sealed: dict[str, Any] | None, *, delivery_code: UUID
) -> dict[str, Any]:
    """The receiver as kept; raises one of `secrets.UNREADABLE`."""
    opened: dict[str, Any] = open_json(sealed_key, sealed, owner=delivery_code, purpose=PURPOSE)
    return opened
