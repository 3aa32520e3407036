"""A look at what would become of the last deliveries: it tells the truth and makes nothing."""

import pytest
from django.utils import timezone

from syncjobs.models import Delivery, SyncJob
from syncjobs.setup import dry_run
from syncjobs.setup.dry_run import Shown
from syncjobs.steps import pricing
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.journey.conftest import Journey

pytestmark = pytest.mark.slow


def look(journey: Journey) -> Shown:
    """Asked for as the button does, done by a worker."""
    assert dry_run.ask(actor="user:somebody", tenant_id=journey.tenant.id, at=timezone.now())
    journey.work()
    with tenant_context(journey.tenant.id):
        return dry_run.shown(journey.tenant.id, at=timezone.now())


def before_going_live(journey: Journey) -> None:
    with tenant_context(journey.tenant.id):
        Tenant.objects.filter(pk=journey.tenant.pk).update(shipping_mode=Tenant.ShippingMode.OFF)


def test_it_says_what_would_be_and_makes_nothing(journey: Journey) -> None:
    before_going_live(journey)
    entry_id, _ = journey.ship()
    number = str(journey.company.delivery(entry_id)["DeliveryNumber"])
    other, _ = journey.ship(shipping_method_id=str(journey.company.method("PICKUP")))
    journey.company.exact.control("DELETE", "calls")
    journey.ups.control("DELETE", "calls")

    shown = look(journey)

    told = {one.number: one for one in shown.deliveries}
    planned = told[number]
    assert (planned.service, planned.currency) == ("UPS Standard", "EUR")
    assert planned.price is not None
    assert planned.price > 0
    assert planned.parcels[0].size == "40 x 30 x 20 cm"
    assert planned.receiver
    left_alone = told[str(journey.company.delivery(other)["DeliveryNumber"])]
    assert (left_alone.is_left_alone, left_alone.problems[0].code) == (True, "method_not_mapped")
    assert {call["method"] for call in journey.exact_calls()} == {"GET"}
    assert not [call for call in journey.ups.calls() if "/shipments/" in call["path"]]
    assert journey.shipments_at_ups() == []
    with tenant_context(journey.tenant.id):
        assert set(Delivery.objects.values_list("state", flat=True)) == {Delivery.State.SKIPPED}


def test_one_that_was_shipped_already_is_shown_as_if_it_were_not(journey: Journey) -> None:
    entry_id, _ = journey.ship()
    number = str(journey.company.delivery(entry_id)["DeliveryNumber"])

    shown = look(journey)

    (seen,) = [one for one in shown.deliveries if one.number == number]
    assert seen.service == "UPS Standard"
    assert len(journey.shipments_at_ups()) == 1


def test_exact_that_cannot_be_reached_is_said_and_nobody_waits_for_ever(journey: Journey) -> None:
    journey.company.exact.control(
        "POST", "faults", {"path_regex": "GoodsDeliveries", "action": "status", "times": None}
    )

    shown = look(journey)

    assert shown.run is not None
    assert shown.run.problem.startswith("Exact Online could not be read:")
    assert not shown.is_under_way
    with tenant_context(journey.tenant.id):
        assert not SyncJob.objects.filter(kind=SyncJob.Kind.DRY_RUN, state__in=["due", "running"]).exists()


def test_prices_that_ups_does_not_tell_are_said_with_the_reason(journey: Journey) -> None:
    journey.ship()
    journey.ups.control("POST", "faults", {"path_regex": "/rating/", "action": "status", "times": None})

    shown = look(journey)

    planned = [one for one in shown.deliveries if one.service]
    assert planned
    assert all(one.price is None and one.no_price for one in planned)


def test_prices_are_not_asked_for_when_the_time_for_them_is_up(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey.ship()
    journey.ups.control("DELETE", "calls")
    monkeypatch.setattr(pricing, "PRICES_FOR_SECONDS", 0)

    shown = look(journey)

    planned = [one for one in shown.deliveries if one.service]
    assert planned
    assert all(one.no_price.startswith("UPS answers slowly") for one in planned)
    assert not [call for call in journey.ups.calls() if "/rating/" in call["path"]]
