"""From a goods delivery booked in Exact to its tracking number standing there: the whole path, over real HTTP."""

import pytest

from audit.chain import verify
from audit.models import Event
from syncjobs.labels.files import content_of
from syncjobs.models import Attempt, Delivery, Label, Parcel, Shipment
from tenants.context import tenant_context
from tests.journey.conftest import Journey

pytestmark = pytest.mark.slow


def test_a_booked_delivery_gets_its_tracking_number(journey: Journey) -> None:
    entry_id, delivery = journey.ship()

    in_exact = journey.company.delivery(entry_id)
    with tenant_context(journey.tenant.id):
        attempt = Attempt.objects.get()
        parcel = Parcel.objects.get()
        label = Label.objects.get()
        charge = Shipment.objects.get().charge_amount
        verdict = verify(journey.tenant.id)
        kinds = list(Event.objects.for_subject(delivery.code).values_list("kind", flat=True))

    assert delivery.state == Delivery.State.REPORTED
    assert attempt.state == Attempt.State.CREATED
    assert in_exact["TrackingNumber"] == parcel.tracking_number
    assert (content_of(label) or b"")[:4] == b"GIF8"
    assert charge is not None
    assert verdict.broken_at is None
    assert kinds.count("called") == 6  # delivery, address, items, UPS token, shipment, tracking number
    known = journey.ups.control("GET", f"shipments?reference={attempt.reference}")["shipments"]
    assert len(known) == 1
