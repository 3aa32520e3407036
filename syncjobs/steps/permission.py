"""Whether a delivery may be shipped now, as the customer has chosen: live, since when, and with whose approval."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from connector_site.lib.wording import said
from exact.records import GoodsDelivery
from syncjobs import selection
from syncjobs.models import Delivery
from syncjobs.problems import Problem
from syncjobs.setup import going_live
from syncjobs.steps.choices import Choices
from syncjobs.steps.facts import is_further
from syncjobs.steps.planning import Plan
from syncjobs.transitions import LostRace
from tenants import shipping_switch
from tenants.context import tenant_context
from tenants.models import Tenant
from ups.measures import as_sent
from ups.services import service_name
from ups.shipment_spec import ShipmentSpec, WeightUnit

Mode = Tenant.ShippingMode
APPROVAL_LOOK = timedelta(days=1)
"""Our own bound: what waits for approval is read afresh once it is; before that only to show how it stands."""
_ASKED_OF_THE_SWITCH = {*selection.WAITS_FOR_GOING_LIVE, going_live.APPROVAL}


def must_have_begun(delivery: Delivery, goods: GoodsDelivery, choices: Choices) -> None:
    """Raise `NotOurs` for goods that left before we were connected or before shipping began, and before going live.

    When it was booked does not count for one that a person has asked for, nor for one that was found to be ours.
    """
    if _is_new_to_us(delivery):
        if delivery.created_at >= delivery.connection.connected_at:
            selection.must_be_new(goods, connected_at=delivery.connection.connected_at)
        selection.must_be_booked_since(goods, choices.ships_from_at, seen_at=delivery.created_at)
    if choices.shipping_mode == Mode.OFF:
        selection.must_be_ours(goods)
        raise selection.not_live()


def approval_needed(delivery: Delivery, made: Plan) -> Problem | None:
    """What a person is asked to approve; None where she has approved, or packed, just this.

    A further shipment is one whose price she was shown, so packing it is not enough.
    """
    is_packed = made.is_packed and not is_further(delivery)
    is_approved = is_packed or delivery.approved_content == made.content_hash
    return None if is_approved else _what_it_would_be(made)


def must_still_hold(delivery: Delivery, problems: Iterable[Problem], choices: Choices) -> None:
    """In the transaction that leaves a delivery alone: the switch must stand as it was seen, or `LostRace`.

    Otherwise the one who switches would not find the delivery, and it would be left alone for ever.
    """
    if not any(problem.code in _ASKED_OF_THE_SWITCH for problem in problems):
        return
    switch = shipping_switch.read(delivery.tenant_id)
    if (switch.mode, switch.ships_from_at) != (choices.shipping_mode, choices.ships_from_at):
        raise LostRace(f"what the company ships, at delivery {delivery.code}")


def _is_new_to_us(delivery: Delivery) -> bool:
    if delivery.asked_again_at is not None:
        return False
    if delivery.facts_read_at is None:
        return True
    if delivery.state == Delivery.State.HOLD:
        return False
    with tenant_context(delivery.tenant_id):
        return not delivery.attempts.exists()


def _what_it_would_be(made: Plan) -> Problem:
    spec = made.spec
    return Problem(
        code=going_live.APPROVAL,
        text=said(
            "It waits for approval: {service} to {country}, number of parcels: {parcels}, weight: {weight}.",
            service=service_name(spec.origin.country, spec.service_code),
            country=spec.ship_to.country,
            parcels=len(spec.parcels),
            weight=_weight(spec),
        ),
        content=made.content_hash,
    )


def _weight(spec: ShipmentSpec) -> str:
    total = sum((as_sent(parcel.weight) for parcel in spec.parcels if parcel.weight is not None), Decimal())
    unit = spec.parcels[0].weight_unit if spec.parcels else WeightUnit.KILOGRAM
    return f"{total.normalize():f} {unit}"
