"""A delivery leaves from the address of its warehouse, all the way to UPS."""

from dataclasses import replace

import pytest

from connector_site.lib.secrets import unseal
from syncjobs.models import Attempt, Delivery
from syncjobs.setup import ship_from
from tenants.context import tenant_context
from tests.journey.conftest import Journey
from ups.shipment_spec import PartySpec

pytestmark = pytest.mark.slow
DOCK = PartySpec(
    name="Loods Utrecht",
    attention="Laadperron",
    phone="+31 30 212 3456",
    address_lines=("Loodsweg 4",),
    city="Utrecht",
    postal_code="3542AD",
    country="NL",
)


def sent_from(journey: Journey, delivery: Delivery) -> str | None:
    """The postcode of the ship-from address in the request that UPS took."""
    with tenant_context(journey.tenant.id):
        attempt = Attempt.objects.select_related("delivery").get(delivery=delivery, state=Attempt.State.CREATED)
    body = unseal(attempt.request, owner=delivery.code, purpose=attempt.reference)
    shipment = body["ShipmentRequest"]["Shipment"]
    return str(shipment["ShipFrom"]["Address"]["PostalCode"]) if "ShipFrom" in shipment else None


def test_a_delivery_leaves_from_the_address_of_its_own_warehouse(journey: Journey) -> None:
    _, before = journey.ship()
    with tenant_context(journey.tenant.id):
        for warehouse, postcode in (("1", "3542AD"), ("2", "9723AB")):
            place = replace(DOCK, postal_code=postcode)
            ship_from.keep(journey.connection, warehouse, place, problem="", checked_at=None)

    _, after = journey.ship()

    assert (before.state, after.state) == (Delivery.State.REPORTED, Delivery.State.REPORTED)
    assert (sent_from(journey, before), sent_from(journey, after)) == (None, "3542AD")
