"""Another shipment for a delivery that has one, or had one: confirmed by a person who was shown its price.

Her confirmation holds for the content that she was shown. Should Exact show another one by the time it is planned, it
waits for approval like any shipment that a person has to look at.
"""

import uuid
from datetime import datetime
from typing import Any

from audit.models import Event
from audit.record import acting
from connector_site.lib.wording import said
from syncjobs import queue
from syncjobs.actions.previewing import NO_PRICE, is_good
from syncjobs.actions.rules import Action, Facts, NotAllowed, locked_facts, must_allow
from syncjobs.models import Delivery, Preview, SyncJob
from syncjobs.transitions import delivery_event, move
from tenants import shipping_switch
from tenants.context import tenant_context
from tenants.models import Tenant


def ship_again(
    *,
    actor: str,
    tenant_id: uuid.UUID,
    delivery_code: uuid.UUID,
    preview_code: uuid.UUID,
    at: datetime,
    without_price: bool = False,
) -> None:
    """Make it, as the preview showed it. Raises `Delivery.DoesNotExist` or `NotAllowed`.

    A preview is good for one shipment and for ten minutes, and every other preview of the delivery ends with it: what
    two people confirm at once is made once. Where UPS named no price, she says that she ships it all the same.
    """
    with acting(actor), tenant_context(tenant_id):
        facts = locked_facts(tenant_id, delivery_code)
        must_allow(Action.SHIP_AGAIN, facts)
        preview = _preview(facts.delivery, preview_code, at)
        if _is_overtaken(preview, facts):
            raise NotAllowed(
                said("Something was shipped or voided since you were shown this. Look at the price once more.")
            )
        if preview.quoted_amount is None and not without_price:
            raise NotAllowed(NO_PRICE)
        if shipping_switch.read(tenant_id).mode == Tenant.ShippingMode.OFF:
            raise NotAllowed(said("Shipping has not been switched on here yet."))
        looks = Preview.objects.filter(tenant_id=tenant_id, delivery=facts.delivery, action=Preview.Action.SHIP_AGAIN)
        looks.filter(used_at=None).update(used_at=at)
        _begin(facts, preview, at)


def _preview(delivery: Delivery, code: uuid.UUID, at: datetime) -> Preview:
    rows = Preview.objects.filter(tenant_id=delivery.tenant_id, delivery=delivery, code=code)
    found = rows.filter(action=Preview.Action.SHIP_AGAIN).defer("sealed_result").first()
    if found is None or not is_good(found, at=at):
        raise NotAllowed(
            said("What you were shown is older than ten minutes, or was used already. Look at the price once more.")
        )
    return found


def _is_overtaken(preview: Preview, facts: Facts) -> bool:
    """Whether a shipment was planned, made or voided since she asked for the look: it showed something else."""
    moments: list[datetime | None] = [row.planned_at for row in facts.attempts]
    for row in facts.shipments:
        moments += [row.created_at, row.voided_at, *(parcel.voided_at for parcel in row.parcels.all())]
    return any(moment is not None and moment > preview.asked_at for moment in moments)


def _begin(facts: Facts, preview: Preview, at: datetime) -> None:
    delivery, tenant_id = facts.delivery, facts.delivery.tenant_id
    details: dict[str, Any] = {"what": "ship again", "preview": str(preview.code)}
    if preview.quoted_amount is not None:
        details |= {"quoted": str(preview.quoted_amount), "currency": preview.quoted_currency}
    else:
        details["without_price"] = True
    written = {name: value for name, value in delivery.written.items() if name != "milestone"}
    changes = {
        "shipment_no": facts.next_shipment_no,
        "asked_again_at": at,
        "stopped_at": None,
        "approved_at": at,
        "approved_content": preview.content_hash,
        "milestone": "",
        "written": written,
        "exact_writes": 0,
        "printed_at": None,
    }
    events = [delivery_event(delivery, Event.Kind.ASKED, details=details)]
    queue.add(tenant_id, SyncJob.Kind.READ, delivery.code, due_at=at, correlation=delivery.correlation)
    move(delivery, to=Delivery.State.RECEIVED, at=at, changes=changes, events=events)
