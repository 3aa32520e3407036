"""What a person must fix stops the delivery, says what and where, and goes on by itself once it is fixed."""

import pytest
from django.utils import timezone

from syncjobs.listing import searching
from syncjobs.models import Attempt, Delivery, ShippingRule
from syncjobs.personal import erasure
from syncjobs.replay import NotAllowedNow, reconsider_skipped, run_again
from tenants.context import tenant_context
from tests.journey.conftest import Journey

pytestmark = pytest.mark.slow


def test_an_item_without_weight_holds_the_delivery_until_exact_has_one(journey: Journey) -> None:
    item = journey.company.item_without_weight()
    entry_id, delivery = journey.ship(lines=[{"item_id": item["id"], "quantity": 1}])

    assert delivery.state == Delivery.State.HOLD
    assert [problem["text"] for problem in delivery.problems] == [f"Item {item['code']} has no weight."]
    assert item["code"] in delivery.problems[0]["where"]
    assert journey.shipments_at_ups() == []

    journey.company.change("logistics/Items", item["id"], GrossWeight=1.5)
    journey.make_due()
    journey.work()

    assert journey.refreshed(delivery).state == Delivery.State.REPORTED
    assert journey.refreshed(delivery).problems == []
    assert journey.company.delivery(entry_id)["TrackingNumber"].startswith("1Z")


def test_who_a_delivery_goes_to_is_known_while_her_address_stops_it(journey: Journey) -> None:
    account = journey.company.account_in("NL")
    journey.company.change("crm/Addresses", account["address_id"], City="")
    _entry_id, delivery = journey.ship()
    assert [problem["code"] for problem in delivery.problems] == ["city_missing"]

    with tenant_context(journey.tenant.id):
        (found,) = erasure.find(journey.tenant.id, account["name"])
        listed = searching.find(journey.tenant.id, account["name"])
    assert found.receiver is not None
    assert (found.receiver.name, found.receiver.country, listed) == (account["name"], "NL", [delivery.pk])

    with tenant_context(journey.tenant.id):
        Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.CANCELLED)
        erasure.erase(journey.tenant.id, [delivery.code], at=timezone.now())
        assert searching.find(journey.tenant.id, account["name"]) == []


def test_without_an_address_the_customers_name_is_known(journey: Journey) -> None:
    name = journey.company.account_in("NL")["name"]
    entry_id = journey.company.book()
    journey.company.change("salesorder/GoodsDeliveries", entry_id, DeliveryAddress=None)
    journey.notified(entry_id)
    journey.work()

    with tenant_context(journey.tenant.id):
        (found,) = erasure.find(journey.tenant.id, name)
    assert found.delivery.problems[0]["code"] == "address_missing"
    assert found.receiver is not None
    assert (found.receiver.name, found.receiver.country) == (name, "")


def test_a_refusal_by_ups_is_shown_and_repeated_only_after_a_change(journey: Journey) -> None:
    journey.ups.control(
        "POST",
        "faults",
        {
            "path_regex": "/ship$",
            "action": "status",
            "status": 400,
            "times": 1,
            "body": {"response": {"errors": [{"code": "120206", "message": "Missing or invalid ship to postal code"}]}},
        },
    )
    entry_id, delivery = journey.ship()

    assert delivery.state == Delivery.State.HOLD
    assert delivery.problems[0]["code"] == "120206"
    assert delivery.problems[0]["where"]
    assert [attempt.state for attempt in journey.attempts(delivery)] == [Attempt.State.REFUSED]

    journey.make_due()
    journey.work()
    assert len(journey.attempts(delivery)) == 1

    account = journey.company.account_in("NL")
    journey.company.change("crm/Addresses", account["address_id"], Postcode="3012 BB")
    journey.make_due()
    journey.work()

    assert journey.refreshed(delivery).state == Delivery.State.REPORTED
    references = [attempt.reference for attempt in journey.attempts(delivery)]
    assert len(set(references)) == 2
    assert len(journey.shipments_at_ups()) == 1
    assert journey.company.delivery(entry_id)["TrackingNumber"].startswith("1Z")


def test_asking_to_try_again_sends_an_unchanged_delivery_once_more(journey: Journey) -> None:
    journey.ups.control(
        "POST",
        "faults",
        {
            "path_regex": "/ship$",
            "action": "status",
            "status": 400,
            "times": 1,
            "body": {"response": {"errors": [{"code": "120124", "message": "Service not available"}]}},
        },
    )
    _entry_id, delivery = journey.ship()

    run_again(actor="user:test", tenant_id=journey.tenant.id, delivery_code=delivery.code, at=timezone.now())
    journey.work()

    assert journey.refreshed(delivery).state == Delivery.State.REPORTED
    assert len(journey.shipments_at_ups()) == 1


def test_a_shipped_delivery_cannot_be_run_again(journey: Journey) -> None:
    _entry_id, delivery = journey.ship()

    with pytest.raises(NotAllowedNow, match="nothing is sent to UPS a second time"):
        run_again(actor="user:test", tenant_id=journey.tenant.id, delivery_code=delivery.code, at=timezone.now())

    assert journey.work() == 0
    assert len(journey.shipments_at_ups()) == 1


def test_a_number_that_somebody_entered_meanwhile_is_never_written_over(journey: Journey) -> None:
    journey.company.exact.control("POST", "faults", {"method": "PUT", "action": "status", "status": 503, "times": 1})
    entry_id, delivery = journey.ship()
    assert delivery.state == Delivery.State.LABELLED

    journey.company.change("salesorder/GoodsDeliveries", entry_id, TrackingNumber="3SABCDEF")
    journey.age_reads()
    journey.make_due()
    journey.work()

    assert journey.refreshed(delivery).state == Delivery.State.HOLD
    assert journey.refreshed(delivery).problems[0]["code"] == "foreign_tracking_number"
    assert journey.company.delivery(entry_id)["TrackingNumber"] == "3SABCDEF"

    journey.company.change("salesorder/GoodsDeliveries", entry_id, TrackingNumber=None)
    run_again(actor="user:test", tenant_id=journey.tenant.id, delivery_code=delivery.code, at=timezone.now())
    journey.work()

    assert journey.refreshed(delivery).state == Delivery.State.REPORTED
    assert journey.company.delivery(entry_id)["TrackingNumber"].startswith("1Z")
    assert len(journey.shipments_at_ups()) == 1


@pytest.mark.parametrize(
    ("wishes", "reason"),
    [
        ({"tracking_number": "3SABC"}, "has_tracking_number"),
        ({"shipping_method_id": None}, "no_shipping_method"),
    ],
)
def test_what_is_not_ours_is_skipped_with_its_reason(journey: Journey, wishes: dict[str, object], reason: str) -> None:
    _entry_id, delivery = journey.ship(**wishes)

    assert (delivery.state, delivery.problems[0]["code"]) == (Delivery.State.SKIPPED, reason)
    assert journey.shipments_at_ups() == []


def test_a_method_mapped_later_ships_what_was_skipped(journey: Journey) -> None:
    method = journey.company.method("UPSSAVER")
    _entry_id, delivery = journey.ship(shipping_method_id=str(method))
    assert (delivery.state, delivery.problems[0]["code"]) == (Delivery.State.SKIPPED, "method_not_mapped")

    with tenant_context(journey.tenant.id):
        ShippingRule.objects.create(
            tenant=journey.tenant,
            connection=journey.connection,
            exact_method_id=method,
            account=journey.account,
            service_code="65",
        )
    assert reconsider_skipped(journey.tenant.id, timezone.now()) == 1
    journey.work()

    assert journey.refreshed(delivery).state == Delivery.State.REPORTED


def test_a_heavy_delivery_gets_several_parcels_all_named_in_exact(journey: Journey) -> None:
    item = journey.company.item_with_weight()
    journey.company.change("logistics/Items", item["id"], GrossWeight=40)
    entry_id, delivery = journey.ship(lines=[{"item_id": item["id"], "quantity": 3}], remarks="Ring twice")

    in_exact = journey.company.delivery(entry_id)
    (shipment,) = journey.shipments_at_ups()
    numbers = [package["tracking_number"] for package in shipment["parcels"]]

    assert delivery.state == Delivery.State.REPORTED
    assert len(numbers) == 3
    assert in_exact["TrackingNumber"] == numbers[0]
    assert in_exact["Remarks"] == f"Ring twice\n[UPS] 3 parcels: {' '.join(numbers)}"
