"""What is kept of a goods delivery: numbers, identifiers, what the items are called; no name, no address, no text."""

from datetime import datetime
from typing import Any

from django.db.models import Q

from exact.records import GoodsDelivery
from syncjobs import translate
from syncjobs.models import Delivery, Parcel
from syncjobs.transitions import LostRace
from tenants.context import tenant_context

ORDER_NUMBERS_CHARACTERS = 200
"""Our own column; a delivery of more orders than fit shows the first ones."""
WAREHOUSE_CHARACTERS = 40
"""Our own column, as wide as that of the ship-from addresses."""


def facts_of(goods: GoodsDelivery, at: datetime) -> dict[str, Any]:
    """The columns of a delivery that a read fills."""
    orders = ", ".join(str(number) for number in translate.order_numbers(goods))
    return {
        "delivery_number": str(goods.delivery_number or ""),
        "order_numbers": orders[:ORDER_NUMBERS_CHARACTERS],
        "warehouse_code": (goods.warehouse_code or "")[:WAREHOUSE_CHARACTERS],
        "facts_read_at": at,
        "facts": {
            "tracking_number": goods.tracking_number,
            "shipping_method": goods.shipping_method_code,
            "warehouse": goods.warehouse_code,
            "lines": [
                {
                    "item": line.item_code,
                    "description": line.item_description,
                    "quantity": str(line.quantity),
                    "place": line.storage_location_code,
                    "order": line.sales_order_number,
                }
                for line in goods.lines
            ],
        },
    }


def lock(delivery: Delivery) -> None:
    """Take the delivery's lock before that of a job: the order in which everybody takes them."""
    rows = Delivery.objects.select_for_update().filter(pk=delivery.pk, tenant_id=delivery.tenant_id)
    rows.values_list("pk", flat=True).first()


def lock_as_asked(delivery: Delivery) -> None:
    """The same, if what a person asked for still is what was seen; else `LostRace`: it must not be passed over."""
    rows = Delivery.objects.select_for_update().filter(pk=delivery.pk, tenant_id=delivery.tenant_id)
    now = rows.values_list("asked_again_at", "approved_at", "approved_content", "packed_at").get()
    if now != (delivery.asked_again_at, delivery.approved_at, delivery.approved_content, delivery.packed_at):
        raise LostRace(f"what a person asked for, at delivery {delivery.code}")


def touch(delivery: Delivery, changes: dict[str, Any]) -> None:
    """Write columns that carry no state, if the delivery still is in the state that was seen; else `LostRace`."""
    mine = Delivery.objects.filter(pk=delivery.pk, tenant_id=delivery.tenant_id, state=delivery.state)
    if mine.update(**changes) != 1:
        raise LostRace(f"delivery {delivery.code}")
    for name, value in changes.items():
        setattr(delivery, name, value)


def is_further(delivery: Delivery) -> bool:
    """Whether it is another shipment of a delivery that had one: none is made but with the content a person confirmed.

    In whatever way the company ships.
    """
    return delivery.shipment_no > 1


def is_no_obstacle(delivery: Delivery, number: str) -> bool:
    """Whether a tracking number in Exact does not speak against shipping: it is ours, and voided or known."""
    if not number:
        return False
    with tenant_context(delivery.tenant_id):
        rows = Parcel.objects.filter(tenant_id=delivery.tenant_id, shipment__delivery=delivery, tracking_number=number)
        return rows.exists() if is_further(delivery) else rows.filter(_VOIDED).exists()


def was_ours(delivery: Delivery, number: str) -> bool:
    """Whether this is the number of a parcel of this delivery that was voided since: then it may be written over."""
    if not number:
        return False
    with tenant_context(delivery.tenant_id):
        rows = Parcel.objects.filter(tenant_id=delivery.tenant_id, shipment__delivery=delivery, tracking_number=number)
        return rows.filter(_VOIDED).exists()


_VOIDED = Q(shipment__voided_at__isnull=False) | Q(voided_at__isnull=False)
