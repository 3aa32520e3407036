"""Track Alert over more than its fourteen days: renewed, not renewed, and proved by credentials that change."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from audit.models import Event
from syncjobs import ticks
from syncjobs.models import Delivery, Parcel
from tenants.context import tenant_context
from tests.journey.way import Way, way
from ups import alerts, subscribing
from ups.models import Account, AlertSubscription, QuantumViewFeed
from ups.subscribing import AlertStanding

__all__ = ["way"]

pytestmark = [pytest.mark.database, pytest.mark.slow]

DAY_HOURS = 24
RENEWED_AFTER_DAYS = 12.1
ACROSS_THE_END_HOURS = 13.5 * DAY_HOURS
"""A script that starts then has scans on both sides of the fourteenth day."""


def let_days_pass(way: Way, days: float) -> None:
    """At UPS by its clock; with us by moving what the clock is compared with."""
    way.advance(days * DAY_HOURS)
    passed = timedelta(days=days)
    with tenant_context(way.journey.tenant.id):
        AlertSubscription.objects.update(
            subscribed_at=F("subscribed_at") - passed, expires_at=F("expires_at") - passed, due_at=F("due_at") - passed
        )
        Account.objects.update(alert_previous_until=F("alert_previous_until") - passed)
    ticks.turn_due()
    way.subscribe()
    ticks.turn_due()
    way.take_in()


def subscribed(way: Way) -> list[list[str]]:
    """The tracking numbers of each call that subscribed."""
    return [call["request_body"]["trackingNumberList"] for call in way.journey.ups.calls("subscribe_parcels")]


def account(way: Way) -> Account:
    """As it is now."""
    with tenant_context(way.journey.tenant.id):
        return Account.objects.get(pk=way.journey.account.pk)


def standing(way: Way, parcel: Parcel) -> AlertStanding:
    with tenant_context(way.journey.tenant.id):
        found = subscribing.standing_of(way.journey.tenant.id, [parcel.tracking_number], at=timezone.now())
    return found[parcel.tracking_number]


def told(way: Way, delivery: Delivery) -> list[dict[str, Any]]:
    """What the trail says about missing alerts of a delivery."""
    with tenant_context(way.journey.tenant.id):
        events = Event.objects.filter(subject=delivery.code, details__what="alert missing").order_by("pk")
        return [event.details for event in events]


def allow(way: Way, *products: str) -> None:
    """Add these products to the customer's app at UPS, and take all others away."""
    ours = way.journey.account
    way.journey.ups.control(
        "POST",
        "accounts",
        {
            "client_id": ours.reveal_client_id(),
            "client_secret": ours.open_client_secret().reveal(),
            "shipper_number": ours.shipper_number,
            "country": "NL",
            "products": products,
        },
    )


def read_later(way: Way, name: str) -> None:
    """Have a subscription of Quantum View read, and not yet for an hour."""
    feed = way.read_from(name)
    with tenant_context(way.journey.tenant.id):
        QuantumViewFeed.objects.filter(pk=feed.pk).update(poll_at=timezone.now() + timedelta(hours=1))


def push(way: Way, parcel: Parcel, credential: str = "") -> list[int]:
    """Let UPS push something about a parcel, with this credential; returns what it was answered."""
    body = {"trackingNumber": parcel.tracking_number, "activityStatus": {"type": "I", "code": "AR"}}
    order = {"body": body, "credential": credential}
    sent = way.journey.ups.control("POST", f"parcels/{parcel.tracking_number}/push", order)["pushes"]
    return [each["status"] for each in sent]


def test_parcels_are_subscribed_in_one_batch_and_those_under_way_renewed_in_time(way: Way) -> None:
    way.settings(alert_duplicates=False)
    (_, delivery), (_, early), (_, further) = way.ship_many(3)
    parcel, finished, other = way.parcel(delivery), way.parcel(early), way.parcel(further)
    way.travel(finished, "normal")
    way.travel(parcel, "normal", starts_in_hours=ACROSS_THE_END_HOURS)

    let_days_pass(way, 3)
    way.take_in_pushes_of(finished)
    let_days_pass(way, RENEWED_AFTER_DAYS - 3)
    let_days_pass(way, 4)
    way.take_in_pushes_of(parcel)

    first, second = (sorted(numbers) for numbers in subscribed(way))
    assert first == sorted(each.tracking_number for each in (parcel, finished, other))
    assert second == sorted(each.tracking_number for each in (parcel, other))
    assert way.missed(parcel, "push") == []
    assert way.journey.refreshed(delivery).state == Delivery.State.CLOSED
    assert standing(way, other).is_active


def test_a_parcel_that_is_not_renewed_is_asked_about_at_once_and_nothing_is_missed(way: Way) -> None:
    (_, delivery), (_, further) = way.ship_many(2)
    parcel, other = way.parcel(delivery), way.parcel(further)
    way.travel(parcel, "normal", starts_in_hours=ACROSS_THE_END_HOURS)
    way.settings(alert_refuse_numbers=parcel.tracking_number)
    read_later(way, "Everything")
    way.journey.ups.control("DELETE", "calls")

    let_days_pass(way, RENEWED_AFTER_DAYS)

    assert [call["path"].rpartition("/")[2] for call in way.journey.ups.calls("track")] == [parcel.tracking_number]
    assert len(way.journey.ups.calls("quantum_view")) == 1
    assert not standing(way, parcel).is_active
    assert standing(way, other).is_active
    assert [(row["parcel"], row["why"]) for row in told(way, delivery)] == [
        (parcel.tracking_number, standing(way, parcel).problem)
    ]
    assert told(way, further) == []

    let_days_pass(way, 4)
    way.look_now(delivery)

    assert way.missed(parcel) == []
    assert way.journey.refreshed(delivery).state == Delivery.State.CLOSED


def test_without_the_product_nothing_is_missed_and_alerts_come_back_with_it(way: Way) -> None:
    (_, delivery), (_, further) = way.ship_many(2)
    parcel, other = way.parcel(delivery), way.parcel(further)
    way.travel(parcel, "normal", starts_in_hours=ACROSS_THE_END_HOURS)
    allow(way, "shipping", "tracking")

    let_days_pass(way, RENEWED_AFTER_DAYS)

    assert account(way).alert_problem != ""
    assert account(way).is_usable
    assert [row["why"] for row in told(way, delivery)] == [account(way).alert_problem]

    let_days_pass(way, 4)
    way.look_now(delivery)

    assert [row["parcel"] for row in told(way, delivery)] == [parcel.tracking_number]
    assert [row["parcel"] for row in told(way, further)] == [other.tracking_number]
    assert way.missed(parcel) == []
    assert way.journey.refreshed(delivery).state == Delivery.State.CLOSED

    allow(way, "shipping", "tracking", "track_alert")
    let_days_pass(way, 1)

    assert standing(way, other).is_active
    assert subscribed(way)[-1] == [other.tracking_number]


def test_pushes_with_the_old_credential_are_taken_for_fifteen_days_after_it_was_changed(way: Way) -> None:
    _, delivery = way.ship()
    parcel = way.parcel(delivery)
    old = alerts.destination_of(way.journey.account).credential.reveal()

    assert alerts.rotate_credential(way.journey.account, at=timezone.now())
    ticks.turn_due()
    way.subscribe()
    new = alerts.destination_of(way.journey.account).credential.reveal()

    assert set(push(way, parcel, old) + push(way, parcel, new)) == {200}
    let_days_pass(way, 14.9)
    assert set(push(way, parcel, old) + push(way, parcel, new)) == {200}
    let_days_pass(way, 0.2)
    assert set(push(way, parcel, old)) == {401}
    assert set(push(way, parcel, new)) == {200}


def use_portal(way: Way) -> None:
    """Enter in UPS's portal what our page shows."""
    values = alerts.portal_values(way.journey.account)
    way.journey.ups.control(
        "POST",
        "webhook-credentials",
        {
            "client_id": way.journey.account.reveal_client_id(),
            "url": values.url,
            "token_url": values.token_url,
            "webhook_client_id": values.client_id,
            "webhook_client_secret": values.client_secret.reveal(),
        },
    )


@pytest.mark.parametrize("style", ["basic", "form"])
def test_by_the_second_version_pushes_come_with_a_token_of_ours(way: Way, style: str) -> None:
    way.settings(alert_token_style=style)
    alerts.choose_version(way.journey.account, "v2", at=timezone.now())
    use_portal(way)
    _, delivery = way.ship()
    parcel = way.parcel(delivery)
    way.travel(parcel, "normal")

    way.advance(40)
    way.take_in_pushes_of(parcel)

    assert {record["status"] for record in way.pushes(parcel)} == {200}
    assert way.missed(parcel, "push") == []
    assert way.journey.refreshed(delivery).state == Delivery.State.CLOSED


def test_a_new_client_secret_ends_the_tokens_until_it_stands_in_the_portal(way: Way) -> None:
    alerts.choose_version(way.journey.account, "v2", at=timezone.now())
    use_portal(way)
    _, delivery = way.ship()
    parcel = way.parcel(delivery)

    before = push(way, parcel)
    alerts.rotate_client_secret(way.journey.account)
    between = push(way, parcel)
    use_portal(way)
    after = push(way, parcel)

    assert (before, between, after) == ([200], [401], [200])
