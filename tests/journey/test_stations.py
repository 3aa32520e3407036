"""A label that was just made waits at the packing station of its warehouse by itself."""

import pytest

from syncjobs.models import Delivery, PrintJob, Station
from tenants.context import tenant_context
from tests.journey.conftest import Journey

pytestmark = pytest.mark.slow


def test_a_new_label_waits_where_its_warehouse_prints_and_knows_its_shelf(journey: Journey) -> None:
    with tenant_context(journey.tenant.id):
        station = Station.objects.create(tenant=journey.tenant, name="Table 1", warehouse_code="1", takes_new=True)

    item = journey.company.item_with_weight()["id"]
    _, delivery = journey.ship(lines=[{"item_id": item, "quantity": 2, "splits": 2}])

    assert delivery.state == Delivery.State.REPORTED
    with tenant_context(journey.tenant.id):
        waiting = PrintJob.objects.get(station=station)
        assert waiting.taken_at is None
        assert waiting.label.parcel.shipment.delivery_id == delivery.pk
    assert [line["place"] for line in delivery.facts["lines"]] == ["A01", "A02"]
