"""Subscriptions, the empty call, the bytes of a notification, repeats and echoes (exact.md 11)."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from sandbox.exact.webhooks import sign, signed_body
from tests.sandbox.exact.driver import Callback, Connection, StandIn, wait_until

SUBSCRIPTIONS = "webhooks/WebhookSubscriptions"
DELIVERIES = "salesorder/GoodsDeliveries"
LINES = "salesorder/GoodsDeliveryLines"
VECTOR_SECRET = "6Zr4tQm1-demo-webhook-secret"
CLIENT_ID = "11111111-2222-3333-4444-555555555555"
KEY = "0f0e0d0c-0b0a-0908-0706-050403020100"


@pytest.fixture
def heard(exact: Connection, callback: Callback) -> Callback:
    """A validated instant subscription to deliveries; the empty call is taken off."""
    assert exact.subscribe(callback.url, IsInstant=True).status_code == 201
    exact.app.stand_in.advance(1.1)
    callback.wait_for(1)
    wait_until(lambda: is_validated(exact.app.stand_in))
    callback.bodies.clear()
    return callback


def is_validated(stand_in: StandIn) -> bool:
    subscriptions = stand_in.control("GET", "subscriptions")["subscriptions"]
    return all(each["is_validated"] for each in subscriptions)


def contents(bodies: list[bytes]) -> list[dict[str, Any]]:
    return [json.loads(body)["Content"] for body in bodies]


def test_signature_of_a_delivery_notification() -> None:
    content: dict[str, object] = {
        "Topic": "GoodsDeliveries",
        "ClientId": CLIENT_ID,
        "Division": 123456,
        "Action": "Create",
        "Key": KEY,
        "ExactOnlineEndpoint": f"https://start.exactonline.nl/api/v1/123456/salesorder/GoodsDeliveries(guid'{KEY}')",
        "EventCreatedOn": "2026-05-04T09:15:27.387",
    }

    body = signed_body(content, VECTOR_SECRET)

    assert len(body) == 339 + len('{"Content":') + len(',"HashCode":""}') + 64
    assert json.loads(body)["HashCode"] == "D04FE99F1FB31E4B45A8146501EBEC1C74832C024C617A68785DAA3F78428D48"


def test_signature_over_the_short_content() -> None:
    content = (
        b'{"Topic":"Items","ClientId":"11111111-2222-3333-4444-555555555555","Division":123456,"Action":"Update",'
        b'"Key":"0f0e0d0c-0b0a-0908-0706-050403020100"}'
    )

    assert len(content) == 148
    assert sign(content, VECTOR_SECRET) == "ECD915A5229B92365803183F25938C30E163FCC484F51046BFA21CE69A9A334B"


def test_the_empty_call_comes_after_the_answer(exact: Connection, callback: Callback) -> None:
    made = exact.subscribe(callback.url, IsInstant=True)
    before = list(callback.bodies)
    exact.app.stand_in.advance(1.1)

    assert made.status_code == 201
    assert before == []
    assert callback.wait_for(1) == [b""]


def test_a_callback_that_refuses_the_empty_call_is_never_notified(exact: Connection, callback: Callback) -> None:
    callback.statuses = [401]
    exact.subscribe(callback.url, IsInstant=True)
    exact.app.stand_in.advance(1.1)
    callback.wait_for(1)

    exact.book()

    assert exact.app.stand_in.control("GET", "notifications")["notifications"] == []
    assert exact.app.stand_in.control("GET", "subscriptions")["subscriptions"][0]["is_validated"] is False


def test_validation_during_the_post_fails_it_with_500(exact: Connection, callback: Callback) -> None:
    exact.app.stand_in.settings(webhook_validation="during")
    callback.statuses = [500, 200]

    refused = exact.subscribe(callback.url)
    taken = exact.subscribe(callback.url)

    assert refused.status_code == 500
    text = refused.json()["error"]["message"]["value"]
    assert text.startswith("Invalid: Post to callback URL endpoint returns 500 ")
    assert taken.status_code == 201


def test_one_subscription_per_topic_app_and_company(exact: Connection, callback: Callback) -> None:
    first = exact.subscribe(callback.url)
    second = exact.subscribe(callback.url + "/other")
    other_topic = exact.subscribe(callback.url, topic="Items")

    assert (first.status_code, second.status_code, other_topic.status_code) == (201, 400, 201)
    assert "already exists" in second.json()["error"]["message"]["value"]


def test_an_app_sees_and_removes_only_its_own_subscriptions(exact: Connection, callback: Callback) -> None:
    other = exact.app.stand_in.register().connect(exact.company)
    mine = exact.subscribe(callback.url).json()["d"]["ID"]
    theirs = other.subscribe(callback.url).json()["d"]["ID"]

    assert [row["ID"] for row in exact.rows(SUBSCRIPTIONS, select="ID")] == [mine]
    assert exact.delete(SUBSCRIPTIONS, theirs).status_code == 404
    assert exact.delete(SUBSCRIPTIONS, mine).status_code == 204
    assert exact.rows(SUBSCRIPTIONS, select="ID") == []
    assert [row["ID"] for row in other.rows(SUBSCRIPTIONS, select="ID")] == [theirs]


@pytest.mark.parametrize(
    "body",
    [
        {"Topic": "Addresses", "CallbackURL": "https://hooks.example.com/x"},
        {"Topic": "Items", "CallbackURL": "https://hooks.example.com/x", "IsInstant": True},
        {"Topic": "GoodsDeliveries", "CallbackURL": "http://hooks.example.com/x"},
        {"Topic": "GoodsDeliveries"},
        {"CallbackURL": "https://hooks.example.com/x"},
        {"Topic": "GoodsDeliveries", "CallbackURL": "https://hooks.example.com/x", "ClientID": CLIENT_ID},
    ],
)
def test_unfit_subscriptions_are_refused(exact: Connection, body: dict[str, object]) -> None:
    assert exact.post(SUBSCRIPTIONS, body).status_code == 400
    assert exact.rows(SUBSCRIPTIONS, select="ID") == []


def test_a_booked_delivery_is_told_at_once_and_signed_over_its_bytes(exact: Connection, heard: Callback) -> None:
    exact.app.stand_in.settings(notify_lines_on_create=False)
    booked = exact.book()

    body = heard.wait_for(1)[0]

    content, _, rest = body.removeprefix(b'{"Content":').rpartition(b',"HashCode":"')
    assert rest == sign(content, "secret-of-the-webhooks").encode() + b'"}'
    told = json.loads(content)
    assert list(told) == [
        "Topic", "ClientId", "Division", "Action", "Key", "ExactOnlineEndpoint", "EventCreatedOn",
    ]  # fmt: skip
    assert told["ClientId"] == exact.app.client_id
    assert told["Division"] == exact.division
    assert (told["Action"], told["Key"]) == ("Create", booked["EntryID"])
    assert told["ExactOnlineEndpoint"] == f"{exact.root}{exact.division}/{DELIVERIES}(guid'{booked['EntryID']}')"
    delay = datetime.fromisoformat(told["EventCreatedOn"]) - datetime.fromisoformat(booked["Created"])
    assert timedelta(0) <= delay < timedelta(seconds=1)


def test_lines_are_told_under_the_topic_of_the_delivery(exact: Connection, heard: Callback) -> None:
    booked = exact.book()

    told = contents(heard.wait_for(3))

    lines = [each for each in told if f"/{LINES}(" in each["ExactOnlineEndpoint"]]
    assert {each["Topic"] for each in told} == {"GoodsDeliveries"}
    assert {each["Key"] for each in lines} == {booked["EntryID"]}
    assert {each["ExactOnlineEndpoint"].split("'")[1] for each in lines} == {
        line["ID"] for line in booked["GoodsDeliveryLines"]
    }


def test_own_writes_come_back_as_updates(exact: Connection, heard: Callback) -> None:
    booked = exact.book()
    heard.wait_for(3)
    heard.bodies.clear()

    exact.put(DELIVERIES, booked["EntryID"], {"TrackingNumber": "1Z1"})
    exact.put(LINES, booked["GoodsDeliveryLines"][0]["ID"], {"Notes": "parcel 1 of 2"})

    assert [each["Action"] for each in contents(heard.wait_for(2))] == ["Update", "Update"]


def test_only_marked_properties_that_change_notify(exact: Connection, heard: Callback) -> None:
    booked = exact.book(tracking_number="1Z1")
    heard.wait_for(3)
    heard.bodies.clear()
    method = exact.company["shipping_methods"][1]["id"]

    exact.put(DELIVERIES, booked["EntryID"], {"ShippingMethod": method})
    exact.put(DELIVERIES, booked["EntryID"], {"TrackingNumber": "1Z1"})
    exact.put(DELIVERIES, booked["EntryID"], {"Description": "x"})
    exact.put(DELIVERIES, booked["EntryID"], {"Remarks": "now"})

    assert [each["Action"] for each in contents(heard.wait_for(1))] == ["Update"]
    sent = exact.app.stand_in.control("GET", "notifications")["notifications"]
    assert [each["action"] for each in sent] == ["Create", "Create", "Create", "Update"]


def test_removing_a_delivery_by_hand_is_told_and_logged_as_deleted(exact: Connection, heard: Callback) -> None:
    booked = exact.book()
    heard.wait_for(3)
    heard.bodies.clear()

    exact.app.stand_in.control("DELETE", f"companies/{exact.division}/records/{DELIVERIES}/{booked['EntryID']}")

    assert {each["Action"] for each in contents(heard.wait_for(3))} == {"Delete"}
    deleted = exact.rows("sync/Deleted", select="EntityKey,EntityType", filter="Timestamp gt 1L and EntityType eq 16")
    assert [row["EntityKey"] for row in deleted] == [booked["EntryID"]]


def test_a_failing_callback_is_tried_again_with_doubling_pauses(exact: Connection, heard: Callback) -> None:
    exact.app.stand_in.settings(notify_lines_on_create=False)
    heard.statuses = [500, 500, 200]
    exact.book()

    for count, pause in ((1, 2), (2, 4)):
        heard.wait_for(count)
        wait_until(lambda expected=count: len(_statuses(exact)) == expected)  # type: ignore[misc]
        exact.app.stand_in.advance(pause + 0.1)
    heard.wait_for(3)

    wait_until(lambda: len(_statuses(exact)) == 3)
    assert _statuses(exact) == [500, 500, 200]
    assert len(set(heard.bodies)) == 1


def test_it_gives_up_after_ten_repeats(exact: Connection, heard: Callback) -> None:
    exact.app.stand_in.settings(notify_lines_on_create=False)
    heard.statuses = [503]
    exact.book()

    for attempt in range(1, 11):
        wait_until(lambda expected=attempt: len(_statuses(exact)) == expected)  # type: ignore[misc]
        exact.app.stand_in.advance(2**attempt + 0.1)
    wait_until(lambda: len(_statuses(exact)) == 11)
    exact.app.stand_in.advance(10_000)

    assert _statuses(exact) == [503] * 11


def test_without_instant_a_notification_waits(exact: Connection, callback: Callback) -> None:
    exact.subscribe(callback.url)
    exact.app.stand_in.advance(1.1)
    callback.wait_for(1)
    wait_until(lambda: is_validated(exact.app.stand_in))
    exact.app.stand_in.settings(notify_lines_on_create=False, webhook_delay_ms=60_000)

    exact.book()
    waiting = _statuses(exact)
    exact.app.stand_in.advance(61)

    assert waiting == []
    assert len(callback.wait_for(2)) == 2


def test_lost_doubled_and_forged_notifications_on_order(exact: Connection, heard: Callback) -> None:
    stand_in = exact.app.stand_in
    stand_in.settings(notify_lines_on_create=False, webhook_copies=0)
    exact.book()
    stand_in.settings(webhook_copies=2, webhook_wrong_signature=True)
    exact.book()

    bodies = heard.wait_for(2)

    content, _, rest = bodies[0].removeprefix(b'{"Content":').rpartition(b',"HashCode":"')
    assert bodies[0] == bodies[1]
    assert rest != sign(content, "secret-of-the-webhooks").encode() + b'"}'


def test_changes_of_masters_notify_their_own_topic(exact: Connection, callback: Callback) -> None:
    exact.subscribe(callback.url, topic="Accounts")
    exact.app.stand_in.advance(1.1)
    callback.wait_for(1)
    wait_until(lambda: is_validated(exact.app.stand_in))
    key = exact.company["accounts"][0]["id"]

    exact.app.stand_in.control("PATCH", f"companies/{exact.division}/records/crm/Accounts/{key}", {"Phone": "+31"})
    exact.app.stand_in.advance(3.1)

    told = contents(callback.wait_for(2)[1:])
    assert [(each["Topic"], each["Action"], each["Key"]) for each in told] == [("Accounts", "Update", key)]


def _statuses(exact: Connection) -> list[int]:
    sent = exact.app.stand_in.control("GET", "notifications")["notifications"]
    statuses: list[int] = sent[-1]["statuses"] if sent else []
    return statuses
