"""Asking UPS's Tracking API: numbers it does not know yet, does not know at all, or does not take."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from audit.models import Event
from syncjobs.models import Delivery, Parcel, Shipment
from tenants.context import tenant_context
from tests.journey.way import HOUR_SECONDS, Way, way
from ups.models import Account

__all__ = ["way"]

pytestmark = pytest.mark.database

FRESH_HOURS = 2


def let_labels_age(way: Way, delivery: Delivery, **passed: float) -> None:
    """Let the labels of a delivery be so much older, for us."""
    with tenant_context(way.journey.tenant.id):
        rows = Shipment.objects.filter(delivery=delivery)
        rows.update(created_at=F("created_at") - timedelta(**passed))


def call_of_attention(way: Way, delivery: Delivery) -> str:
    return way.parcel(delivery).attention


def test_a_number_that_ups_does_not_know_yet_is_no_matter_and_is_asked_about_again(way: Way) -> None:
    way.settings(track_not_found_seconds=FRESH_HOURS * HOUR_SECONDS)
    _, delivery = way.ship()
    parcel = way.parcel(delivery)
    way.travel(parcel, "normal", pushes="none")

    way.look_now(delivery)

    assert way.events(parcel) == []
    assert way.parcel(delivery).look_at is not None
    assert call_of_attention(way, delivery) == ""

    way.advance(40)
    way.look_now(delivery)

    assert way.missed(parcel, "track") == []
    assert way.journey.refreshed(delivery).state == Delivery.State.CLOSED


def test_a_parcel_that_ups_never_heard_of_is_shown_to_a_person_after_two_days(way: Way) -> None:
    _, delivery = way.ship()
    way.hide(way.parcels(delivery))

    let_labels_age(way, delivery, hours=47)
    way.look_now(delivery)
    before = call_of_attention(way, delivery)
    let_labels_age(way, delivery, hours=2)
    way.look_now(delivery)

    assert (before, call_of_attention(way, delivery)) == ("", Parcel.Attention.NO_DATA)
    assert way.journey.refreshed(delivery).state == Delivery.State.REPORTED
    with tenant_context(way.journey.tenant.id):
        assert Event.objects.filter(subject=delivery.code, details__attention=Parcel.Attention.NO_DATA).count() == 1

    way.hide(way.parcels(delivery), is_hidden=False)
    way.travel(way.parcel(delivery), "no_news", pushes="none")
    way.advance(10)
    way.look_now(delivery)

    assert call_of_attention(way, delivery) == ""
    assert way.journey.refreshed(delivery).state == Delivery.State.IN_TRANSIT


def test_a_number_that_ups_does_not_take_at_first_is_asked_about_again(way: Way) -> None:
    _, delivery = way.ship()
    parcel = way.parcel(delivery)
    way.travel(parcel, "normal", pushes="none")
    way.advance(40)
    refusal = {"response": {"errors": [{"code": "TV1002", "message": "Invalid inquiry number"}]}}
    way.journey.ups.control(
        "POST", "faults", {"operation": "track", "action": "status", "status": 400, "body": refusal, "times": 1}
    )

    way.look_now(delivery)

    assert way.events(parcel) == []
    assert way.journey.refreshed(delivery).state == Delivery.State.REPORTED

    way.look_now(delivery)

    assert way.journey.refreshed(delivery).state == Delivery.State.CLOSED


def test_a_parcel_is_followed_for_sixty_days_and_then_shown_to_a_person(way: Way) -> None:
    _, delivery = way.ship()
    way.travel(way.parcel(delivery), "no_news", pushes="none")
    way.advance(10)
    way.look_now(delivery)

    let_labels_age(way, delivery, days=60)
    way.look_now(delivery)

    assert call_of_attention(way, delivery) == Parcel.Attention.STOPPED
    assert way.parcel(delivery).look_at is None


def test_news_does_not_put_off_the_look_at_what_was_before_the_news(way: Way) -> None:
    _, delivery = way.ship()
    parcel = way.parcel(delivery)
    way.travel(parcel, "normal")

    way.advance(1)
    way.take_in_pushes_of(parcel)

    look_at = way.parcel(delivery).look_at
    assert look_at is not None
    assert look_at - timezone.now() < timedelta(minutes=2)


def test_no_more_than_its_share_is_asked_in_one_go_and_every_parcel_is_asked(way: Way) -> None:
    item = way.journey.company.item_with_weight()
    way.journey.company.change("logistics/Items", item["id"], GrossWeight=40)
    _, delivery = way.ship(lines=[{"item_id": item["id"], "quantity": 12}])
    parcels = way.parcels(delivery)
    way.travel_all(parcels, "normal")
    way.advance(40)
    way.journey.ups.control("DELETE", "calls")

    way.look_now(delivery)

    assert len(parcels) == 12
    asked = [call["path"].rpartition("/")[2] for call in way.journey.ups.calls("track")]
    assert sorted(asked) == sorted(parcel.tracking_number for parcel in parcels)
    assert way.journey.refreshed(delivery).state == Delivery.State.CLOSED


def allow(way: Way, *products: str) -> None:
    """Add these products to the customer's app at UPS, and take all others away."""
    ours = way.journey.account
    order = {
        "client_id": ours.reveal_client_id(),
        "client_secret": ours.open_client_secret().reveal(),
        "shipper_number": ours.shipper_number,
        "country": "NL",
        "products": products,
    }
    way.journey.ups.control("POST", "accounts", order)


def account(way: Way) -> Account:
    """As it is now."""
    with tenant_context(way.journey.tenant.id):
        return Account.objects.get(pk=way.journey.account.pk)


def test_a_missing_product_is_said_at_the_account_and_the_delivery_until_ups_answers_again(way: Way) -> None:
    _, delivery = way.ship()
    way.travel(way.parcel(delivery), "normal", pushes="none")
    way.advance(40)
    allow(way, "shipping", "track_alert")

    way.look_now(delivery)
    since = account(way).tracking_problem_at
    way.journey.ups.control("DELETE", "calls")
    way.look_now(delivery)
    assert way.journey.ups.calls() == [], "each further question might cost a token call"

    with tenant_context(way.journey.tenant.id):
        failed = Event.objects.filter(subject=delivery.code, kind=Event.Kind.FAILED)
        said = set(failed.values_list("details__text", flat=True))
    assert "The API product Tracking is not added to your app" in account(way).tracking_problem
    assert said == {account(way).tracking_problem}
    assert since is not None
    assert account(way).tracking_problem_at == since
    assert account(way).is_usable

    allow(way, "shipping", "track_alert", "tracking")
    assert way.journey.check_ups_account()
    way.look_now(delivery)

    assert (account(way).tracking_problem, account(way).tracking_problem_at) == ("", None)
    assert way.journey.refreshed(delivery).state == Delivery.State.CLOSED


def answer_once(way: Way, status: int, body: dict[str, object]) -> None:
    """The next call of the Tracking API is answered so."""
    fault = {"operation": "track", "action": "status", "status": status, "body": body, "times": 1}
    way.journey.ups.control("POST", "faults", fault)


def moved_on(parcel: Parcel, *numbers: str) -> dict[str, object]:
    """UPS's answer that a parcel goes on under other numbers."""
    at = timezone.now() - timedelta(hours=1)
    activity = {
        "status": {"type": "X", "code": "CG", "description": "The tracking number was changed"},
        "gmtDate": f"{at:%Y%m%d}",
        "gmtTime": f"{at:%H:%M:%S}",
    }
    package = {
        "trackingNumber": parcel.tracking_number,
        "activity": [activity],
        "alternateTrackingNumber": [{"number": number} for number in numbers],
    }
    return {"trackResponse": {"shipment": [{"inquiryNumber": parcel.tracking_number, "package": [package]}]}}


def test_a_parcel_is_followed_under_the_number_it_goes_on_with(way: Way) -> None:
    (_, delivery), (_, further), (_, third) = way.ship_many(3)
    parcel, new, other = way.parcel(delivery), way.parcel(further), way.parcel(third)
    way.travel(new, "normal", pushes="none")
    way.advance(40)
    numbers = (parcel.tracking_number, "92419900000033499522966220", other.tracking_number, new.tracking_number)
    answer_once(way, 200, moved_on(parcel, *numbers))
    way.journey.ups.control("DELETE", "calls")

    way.look_now(delivery)

    asked = [call["path"].rpartition("/")[2] for call in way.journey.ups.calls("track")]
    assert asked == [each.tracking_number for each in (parcel, other, new)]
    assert way.parcel(delivery).milestone == "delivered"
    assert way.journey.refreshed(delivery).state == Delivery.State.CLOSED
    assert way.journey.refreshed(further).state == Delivery.State.REPORTED


def test_trouble_with_another_number_leaves_what_was_told_of_the_first(way: Way) -> None:
    (_, delivery), (_, further) = way.ship_many(2)
    parcel, new = way.parcel(delivery), way.parcel(further)
    answer_once(way, 200, moved_on(parcel, new.tracking_number))
    answer_once(way, 503, {})

    way.look_now(delivery)

    assert [event.event_code for event in way.events(parcel)] == ["CG"]
    assert way.parcel(delivery).look_at is not None
    assert account(way).tracking_problem == ""
