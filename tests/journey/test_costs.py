"""What a delivery costs in calls (Exact allows 60 a minute), and that our own writes cost no second one."""

import pytest

from syncjobs.models import Delivery, SyncJob
from tenants.context import tenant_context
from tests.journey.conftest import Journey, wait_for

pytestmark = pytest.mark.slow


def test_a_first_delivery_costs_four_calls_to_exact_and_one_shipment(journey: Journey) -> None:
    journey.company.exact.control("DELETE", "calls")

    journey.ship()

    assert len(journey.exact_calls()) == 4
    assert len(journey.shipments_at_ups()) == 1


def test_a_further_delivery_costs_two_calls_to_exact_and_one_to_ups(journey: Journey) -> None:
    journey.ship()
    journey.company.exact.control("DELETE", "calls")
    journey.ups.control("DELETE", "calls")

    journey.ship()

    assert [call["method"] for call in journey.exact_calls()] == ["GET", "PUT"]
    assert len(journey.ups.calls()) == 1


def echo_arrived(journey: Journey, delivery: Delivery) -> bool:
    """Whether Exact has told us of our own write."""
    with tenant_context(journey.tenant.id):
        return SyncJob.objects.filter(subject=delivery.code, kind=SyncJob.Kind.READ, state=SyncJob.State.DUE).exists()


def test_the_echo_of_our_own_write_costs_one_read_and_no_second_write(journey: Journey) -> None:
    _entry_id, delivery = journey.ship()
    assert wait_for(lambda: echo_arrived(journey, delivery))
    journey.company.exact.control("DELETE", "calls")

    journey.make_due()
    journey.work()

    assert [call["method"] for call in journey.exact_calls()] == ["GET"]
    assert journey.refreshed(delivery).state == Delivery.State.REPORTED
    assert len(journey.shipments_at_ups()) == 1


def test_many_echoes_are_confirmed_by_one_read(journey: Journey) -> None:
    deliveries = [journey.ship()[1] for _ in range(3)]
    assert wait_for(lambda: all(echo_arrived(journey, delivery) for delivery in deliveries))
    journey.company.exact.control("DELETE", "calls")

    journey.make_due()
    journey.work()

    assert [call["method"] for call in journey.exact_calls()] == ["GET"]


def test_deliveries_booked_together_are_read_together(journey: Journey) -> None:
    journey.ship()
    journey.company.exact.control("DELETE", "calls")
    entry_ids = [journey.company.book() for _ in range(5)]
    for entry_id in entry_ids:
        journey.notified(entry_id)

    journey.work()

    assert len(journey.exact_calls("GET")) == 1
    assert len(journey.exact_calls("PUT")) == 5
    numbers = {journey.company.delivery(entry_id)["TrackingNumber"] for entry_id in entry_ids}
    assert len(numbers) == 5
    assert "" not in numbers
