"""Pushes: what is told, to whom, how often, in which order (ups.md 10.3)."""

from collections.abc import Iterator
from typing import cast

import pytest

from tests.contracts import ups_spec
from tests.sandbox.ups.bodies import Json
from tests.sandbox.ups.conftest import Caller, Ups
from tests.sandbox.ups.travelling import (
    HEADERS,
    STRANGE_NUMBER,
    Customer,
    advance,
    running_customer,
    send_off,
    shipped_parcels,
    subscribe,
)

NORMAL = ["PU", "OR", "DP", "AR", "DP", "AR", "YP", "OT", "FS"]
EVENT_FIELDS = ("trackingNumber", "gmtActivityDate", "gmtActivityTime")


@pytest.fixture(autouse=True)
def standing_clock(ups: Ups) -> None:
    ups.control("clock", {"speed": 0})


@pytest.fixture
def customer() -> Iterator[Customer]:
    with running_customer() as customer:
        yield customer


def webhook(customer: Customer) -> Json:
    """What is entered in the portal for v2."""
    return {
        "client_id": "app-1",
        "url": customer.url,
        "token_url": customer.token_url,
        "webhook_client_id": "hook-client",
        "webhook_client_secret": "hook-secret",
    }


def v2_order(*numbers: str, **fields: object) -> Json:
    return {"locale": "en_US", "trackingNumberList": list(numbers), **fields}


def specified(body: Json) -> object:
    """As the specification can judge it: its patterns for places are for the US alone (specs/ups/README.md)."""
    place = cast("Json", body["activityLocation"])
    judged = {name: value for name, value in place.items() if name not in {"postalCode", "stateProvince"}}
    return ups_spec.drop_empty(body | {"activityLocation": judged})


def outcomes(ups: Ups, number: str) -> list[str]:
    return [str(push["outcome"]) for push in ups.listed(f"pushes?tracking_number={number}")]


def test_every_activity_is_pushed_once_in_order_with_the_credential(
    ups: Ups, caller: Caller, customer: Customer
) -> None:
    [number] = shipped_parcels(caller)
    subscribe(caller, customer.order(number))
    send_off(ups, number)
    advance(ups, caller, hours=48)

    first = customer.next()

    assert first.headers["User-Agent"] == "UPSPubSubTrackingService"
    assert first.headers["credential"] == "secret-of-the-hook"
    assert [cast("Json", first.body["activityStatus"])["code"], *customer.next_codes(8)] == NORMAL


@pytest.mark.parametrize("script", ["normal", "access_point_not_collected", "customs_hold", "weather_delay", "lost"])
def test_bodies_keep_to_the_specification(ups: Ups, caller: Caller, customer: Customer, script: str) -> None:
    [number] = shipped_parcels(caller)
    subscribe(caller, customer.order(number))
    count = cast("int", send_off(ups, number, script)["activities_to_come"])
    advance(ups, caller, hours=24 * 13)

    bodies = [customer.next().body for _ in range(count)]

    assert [
        ups_spec.component_problems("UPSTrackAlert.yaml", "TrackingEventRequest", specified(each)) for each in bodies
    ] == [[]] * count
    assert all(each[name] for each in bodies for name in EVENT_FIELDS)


def test_delivery_body_has_every_field_with_both_times(ups: Ups, caller: Caller, customer: Customer) -> None:
    [number] = shipped_parcels(caller)
    subscribe(caller, customer.order(number))
    send_off(ups, number)
    advance(ups, caller, hours=48)

    body = [customer.next().body for _ in NORMAL][-1]

    assert body["activityStatus"] == {"type": "D", "code": "FS", "description": "DELIVERED ", "descriptionCode": "011"}
    assert body["actualDeliveryDate"] == body["localActivityDate"] == body["scheduledDeliveryDate"]
    assert body["gmtOffset"] in {"+01.00", "+02.00"}
    assert (body["deliveryPhoto"], body["deliveryStartTime"], body["receivedBy"]) == ("", "", "")
    assert cast("Json", body["activityLocation"])["postalCode"] == "9723 AB"


def test_only_enhanced_subscribers_are_told_who_received_it_and_may_choose(
    ups: Ups, caller: Caller, customer: Customer
) -> None:
    ups.control("webhook-credentials", webhook(customer))
    first, second = shipped_parcels(caller, parcels=2)
    subscribe(caller, v2_order(first, second, eventPreferences=["D"]), version="v2", kind="enhanced")
    send_off(ups, first)
    send_off(ups, second, start_in_seconds=3600)
    advance(ups, caller, hours=48)

    told = [customer.next().body for _ in range(2)]

    assert [cast("Json", each["activityStatus"])["code"] for each in told] == ["FS", "FS"]
    assert [each["trackingNumber"] for each in told] == [first, second]
    assert {each["receivedBy"] for each in told} == {"DE BOER"}


def test_events_before_the_subscription_are_never_told(ups: Ups, caller: Caller, customer: Customer) -> None:
    [number] = shipped_parcels(caller)
    send_off(ups, number)
    advance(ups, caller, hours=18)
    subscribe(caller, customer.order(number))
    advance(ups, caller, hours=30)

    assert customer.next_codes(3) == ["YP", "OT", "FS"]


def test_events_after_14_days_are_told_only_if_subscribed_again(ups: Ups, caller: Caller, customer: Customer) -> None:
    renewed, ended, last = shipped_parcels(caller, parcels=3)
    subscribe(caller, customer.order(renewed, ended))
    advance(ups, caller, hours=13 * 24)
    subscribe(caller, customer.order(renewed, last))
    advance(ups, caller, hours=2 * 24)
    send_off(ups, ended)
    send_off(ups, renewed)
    send_off(ups, last)
    advance(ups, caller, hours=48)

    told = {str(customer.next().body["trackingNumber"]) for _ in range(18)}

    assert told == {renewed, last}
    assert outcomes(ups, ended) == []


def test_number_subscribed_twice_is_told_twice_or_once_as_set(ups: Ups, caller: Caller, customer: Customer) -> None:
    twice, once = shipped_parcels(caller, parcels=2)
    subscribe(caller, customer.order(twice))
    subscribe(caller, customer.order(twice))
    ups.control("settings", {"alert_duplicates": False})
    subscribe(caller, customer.order(once))
    subscribe(caller, customer.order(once))
    send_off(ups, twice)
    send_off(ups, once, start_in_seconds=100 * 3600)
    advance(ups, caller, hours=48)
    advance(ups, caller, hours=100)

    assert customer.next_codes(18) == [code for code in NORMAL for _ in range(2)]
    assert customer.next_codes(9) == NORMAL


def test_changed_credential_ends_what_was_subscribed_with_the_old(ups: Ups, caller: Caller, customer: Customer) -> None:
    old, new = shipped_parcels(caller, parcels=2)
    subscribe(caller, customer.order(old, credential="first"))
    subscribe(caller, customer.order(new, credential="second"))
    send_off(ups, old)
    send_off(ups, new)
    advance(ups, caller, hours=48)

    told = [customer.next() for _ in NORMAL]

    assert {(each.body["trackingNumber"], each.headers["credential"]) for each in told} == {(new, "second")}
    assert outcomes(ups, old) == []


def test_account_subscription_tells_of_every_parcel_of_the_account(
    ups: Ups, caller: Caller, customer: Customer
) -> None:
    ups.control("webhook-credentials", webhook(customer))
    order = {"locale": "en_US", "shipperAccountNumber": "A1B2C3"}
    caller.call("POST", "/api/track/v2/subscription/standard/account", order, **HEADERS)

    [number] = shipped_parcels(caller)

    assert customer.next().body["trackingNumber"] == number


@pytest.mark.parametrize("style", ["basic", "form"])
def test_v2_push_carries_a_token_of_the_customer_that_is_kept_until_it_ends(
    ups: Ups, caller: Caller, customer: Customer, style: str
) -> None:
    ups.control("settings", {"alert_token_style": style})
    ups.control("webhook-credentials", webhook(customer))
    [number] = shipped_parcels(caller)
    subscribe(caller, v2_order(number), version="v2")
    send_off(ups, number)
    advance(ups, caller, hours=4)
    before = [customer.next().headers for _ in range(2)]
    advance(ups, caller, hours=44)
    after = [customer.next().headers for _ in range(7)]

    assert {each["Authorization"] for each in before} == {"Bearer token-1"}
    assert {each["Authorization"] for each in after} == {"Bearer token-2"}
    assert {each["x-api-key"] for each in after} == {"hook-client"}
    assert customer.logins == [("hook-client", "hook-secret")] * 2


def test_refused_token_is_fetched_anew_once(ups: Ups, caller: Caller, customer: Customer) -> None:
    customer.refused_tokens.add("token-1")
    ups.control("webhook-credentials", webhook(customer))
    [number] = shipped_parcels(caller)
    subscribe(caller, v2_order(number), version="v2")
    send_off(ups, number, "voided")
    advance(ups, caller, hours=5)

    assert customer.next().headers["Authorization"] == "Bearer token-2"


def test_refused_push_is_lost(ups: Ups, caller: Caller, customer: Customer) -> None:
    customer.answer = 503
    [number] = shipped_parcels(caller)
    subscribe(caller, customer.order(number))
    send_off(ups, number)
    advance(ups, caller, hours=48)

    assert customer.next_codes(9) == NORMAL
    assert customer.pushes.empty()


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"push_copies": 2}, [code for code in NORMAL for _ in range(2)]),
        ({"push_lose": "every_second"}, NORMAL[::2]),
    ],
)
def test_pushes_can_be_doubled_and_lost(
    ups: Ups, caller: Caller, customer: Customer, changes: Json, codes: list[str]
) -> None:
    ups.control("settings", changes)
    [number] = shipped_parcels(caller)
    subscribe(caller, customer.order(number))
    send_off(ups, number)
    advance(ups, caller, hours=48)

    assert customer.next_codes(len(codes)) == codes


@pytest.mark.parametrize("order", ["reversed", "shuffled"])
def test_pushes_held_back_come_in_another_order(ups: Ups, caller: Caller, customer: Customer, order: str) -> None:
    ups.control("settings", {"push_order": order, "push_hold_seconds": 0.01})
    [number] = shipped_parcels(caller)
    subscribe(caller, customer.order(number))
    send_off(ups, number)
    ups.control("clock", {"speed": 1})
    advance(ups, caller, hours=48)

    codes = customer.next_codes(9)

    assert sorted(codes) == sorted(NORMAL)
    assert order == "shuffled" or codes == NORMAL[::-1]


def test_pushes_of_one_parcel_can_be_lost_while_another_is_told(ups: Ups, caller: Caller, customer: Customer) -> None:
    lost, half, told = shipped_parcels(caller, parcels=3)
    subscribe(caller, customer.order(lost, half, told))
    send_off(ups, lost, pushes="none")
    send_off(ups, half, pushes="every_second")
    send_off(ups, told, start_in_seconds=3600)
    advance(ups, caller, hours=48)

    numbers = [str(customer.next().body["trackingNumber"]) for _ in range(14)]

    assert (numbers.count(lost), numbers.count(half), numbers.count(told)) == (0, 5, 9)
    assert outcomes(ups, lost) == ["lost"] * 9


def test_parcel_at_its_own_pace_arrives_within_seconds_of_real_time(
    ups: Ups, caller: Caller, customer: Customer
) -> None:
    ups.control("clock", {"speed": 1})
    [number] = shipped_parcels(caller)
    subscribe(caller, customer.order(number))

    send_off(ups, number, "voided", hours_per_second=20)

    assert customer.next_codes(1) == ["VP"]


def test_blank_before_the_number_can_be_asked_for(ups: Ups, caller: Caller, customer: Customer) -> None:
    ups.control("settings", {"push_leading_blank": True})
    [number] = shipped_parcels(caller)
    subscribe(caller, customer.order(number))
    send_off(ups, number, "voided")
    advance(ups, caller, hours=5)

    assert customer.next().body["trackingNumber"] == " " + number


def test_voided_parcel_is_told_as_voided_and_nothing_after_it(ups: Ups, caller: Caller, customer: Customer) -> None:
    gone, last = shipped_parcels(caller, parcels=2)
    subscribe(caller, customer.order(gone, last))
    send_off(ups, gone, start_in_seconds=3600)
    caller.void(gone, trackingnumber=gone)
    send_off(ups, last, "voided", start_in_seconds=72 * 3600)
    advance(ups, caller, hours=96)

    assert [customer.next().body["trackingNumber"] for _ in range(2)] == [gone, last]


def test_any_body_can_be_pushed_with_any_credential(ups: Ups, caller: Caller, customer: Customer) -> None:
    subscribe(caller, customer.order(STRANGE_NUMBER))

    sent = ups.control(f"parcels/{STRANGE_NUMBER}/push", {"body": {"trackingNumber": ""}, "credential": "guessed"})

    assert sent == {"pushes": [{"url": customer.url, "outcome": "answered", "status": 200}]}
    told = customer.next()
    assert (told.body, told.headers["credential"]) == ({"trackingNumber": ""}, "guessed")


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_endpoint_that_is_down_or_unknown_loses_the_push(ups: Ups, caller: Caller, version: str) -> None:
    with running_customer() as gone:
        order = gone.order(STRANGE_NUMBER)
    subscribe(caller, order, version=version)

    [push] = cast("list[Json]", ups.control(f"parcels/{STRANGE_NUMBER}/push", {"body": {}})["pushes"])

    assert push["outcome"] == {"v1": "unreachable", "v2": "no_webhook"}[version]
    assert outcomes(ups, STRANGE_NUMBER) == [push["outcome"]]
