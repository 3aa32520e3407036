"""From the label to the closed delivery: the news of UPS, and what is written to Exact because of it."""

import pytest

from syncjobs.models import Delivery
from tests.journey.way import Way, way

__all__ = ["way"]

pytestmark = pytest.mark.database


def test_a_delivered_parcel_closes_its_delivery_with_a_line_and_a_proof_in_exact(way: Way) -> None:
    entry_id, delivery = way.ship()
    parcel = way.parcels(delivery)[0]
    way.travel(parcel, "normal")
    way.advance(40)
    way.await_pushes(parcel, 9)

    way.take_in()

    ended = way.journey.refreshed(delivery)
    shown = way.in_exact(entry_id)
    assert (ended.state, ended.milestone) == (Delivery.State.CLOSED, "delivered")
    assert shown["TrackingNumber"] == parcel.tracking_number
    assert shown["Remarks"].startswith("[UPS] Delivered ")
    assert shown["Document"] == str(ended.exact_document_id)
    assert ended.proof_problem == ""
