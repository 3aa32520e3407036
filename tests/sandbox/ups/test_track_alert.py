"""Subscribing to parcels and accounts, and every refusal of it (ups.md 10.2)."""

from typing import cast

import pytest

from tests.contracts import ups_spec
from tests.sandbox.ups.bodies import REMOVED, Json
from tests.sandbox.ups.conftest import Caller, Ups, code_of
from tests.sandbox.ups.travelling import DAY, HEADERS, advance, shipped_parcels, subscribe

NUMBERS = ("1ZA1B2C36800000016", "1ZA1B2C36800000025")
BROKEN_NUMBER = "1Z1234567$8"
V2 = "UPSTrackAlert.yaml"
PARCELS = ups_spec.Operation(file=V2, path="/subscription/{type}/package", method="post")
PARCELS_V1 = ups_spec.Operation(file="UPSTrackAlert-v1.yaml", path="/subscription/standard/package", method="post")
ACCOUNT = ups_spec.Operation(file=V2, path="/subscription/{type}/account", method="post")
END_ACCOUNT = ups_spec.Operation(file=V2, path="/subscription/{type}/account", method="delete")
DESTINATION: Json = {"url": "https://shop.example.com/hooks/ups/7c1f", "credentialType": "Bearer", "credential": "abc"}
ORDER: Json = {
    "locale": "en_US",
    "countryCode": "NL",
    "trackingNumberList": list(NUMBERS),
    "destination": DESTINATION,
}
ACCOUNT_ORDER: Json = {"locale": "en_US", "shipperAccountNumber": "A1B2C3", "subAccountType": ["Outbound"]}


def ordered(**changes: object) -> Json:
    return {name: value for name, value in (ORDER | changes).items() if value is not REMOVED}


def subscribed(ups: Ups) -> list[str]:
    return [str(each["tracking_number"] or each["shipper_number"]) for each in ups.listed("subscriptions")]


def account_call(caller: Caller, method: str, *, body: object = None, query: str = "") -> tuple[int, Json]:
    answer = caller.call(method, f"/api/track/v2/subscription/standard/account{query}", body, **HEADERS)
    return answer.status_code, cast("Json", answer.json())


@pytest.mark.parametrize(("version", "operation"), [("v1", PARCELS_V1), ("v2", PARCELS)])
def test_well_formed_numbers_are_subscribed_whether_known_or_not(
    ups: Ups, caller: Caller, version: str, operation: ups_spec.Operation
) -> None:
    answer = subscribe(caller, ORDER, version=version)

    assert answer.json() == {"validTrackingNumbers": list(NUMBERS)}
    assert subscribed(ups) == list(NUMBERS)
    assert ups_spec.answer_problems(operation, answer.json()) == []


def test_invalid_numbers_are_listed_singly(ups: Ups, caller: Caller) -> None:
    ups.control("settings", {"alert_refuse_numbers": "0025"})

    answer = subscribe(caller, ordered(trackingNumberList=[*NUMBERS, BROKEN_NUMBER]), version="v2")

    assert answer.json() == {
        "validTrackingNumbers": [NUMBERS[0]],
        "invalidTrackingNumbers": [NUMBERS[1], BROKEN_NUMBER],
    }
    assert subscribed(ups) == [NUMBERS[0]]


def test_no_valid_number_is_refused_with_the_list(ups: Ups, caller: Caller) -> None:
    answer = subscribe(caller, ordered(trackingNumberList=[BROKEN_NUMBER]), version="v2")

    assert (answer.status_code, code_of(answer)) == (400, "VSS210")
    assert answer.json()["invalidTrackingNumbers"] == [BROKEN_NUMBER]
    assert ups_spec.answer_problems(PARCELS, answer.json(), status=400) == []
    assert subscribed(ups) == []


def test_number_can_be_forgotten_in_both_lists(ups: Ups, caller: Caller) -> None:
    ups.control("settings", {"alert_forget_numbers": "0025"})

    answer = subscribe(caller, ORDER)

    assert answer.json() == {"validTrackingNumbers": [NUMBERS[0]]}
    assert subscribed(ups) == [NUMBERS[0]]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"locale": REMOVED}, "VSS300"),
        ({"locale": "nl_NL"}, "VSS310"),
        ({"countryCode": "Nederland"}, "VSS400"),
        ({"trackingNumberList": REMOVED}, "VSS200"),
        ({"trackingNumberList": []}, "VSS200"),
        ({"trackingNumberList": [NUMBERS[0]] * 101}, "VSS220"),
        ({"eventPreferences": ["D"]}, "VSS414"),
        ({"destination": REMOVED}, "VSS500"),
        ({"destination": DESTINATION | {"url": ""}}, "VSS600"),
        ({"destination": DESTINATION | {"url": "https://shop.example.com/" + "x" * 2048}}, "VSS610"),
        ({"destination": DESTINATION | {"url": "http://shop.example.com/hook"}}, "VSS000"),
        ({"destination": DESTINATION | {"credential": ""}}, "VSS700"),
        ({"destination": DESTINATION | {"credentialType": ""}}, "VSS800"),
    ],
)
def test_wrong_order_is_refused_and_nothing_is_subscribed(ups: Ups, caller: Caller, changes: Json, code: str) -> None:
    answer = subscribe(caller, ordered(**changes))

    assert (answer.status_code, code_of(answer)) == (400, code)
    assert ups_spec.answer_problems(PARCELS_V1, answer.json(), status=400) == []
    assert subscribed(ups) == []


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"transId": ""}, "VSS002"),
        ({"transId": "x" * 33}, "VSS003"),
        ({"transactionSrc": ""}, "VSS004"),
        ({"transactionSrc": "x" * 513}, "VSS006"),
    ],
)
def test_wrong_header_is_refused_and_nothing_is_subscribed(
    ups: Ups, caller: Caller, headers: dict[str, str], code: str
) -> None:
    answer = subscribe(caller, ORDER, **headers)

    assert (answer.status_code, code_of(answer)) == (400, code)
    assert subscribed(ups) == []


def test_unknown_kind_and_empty_body_are_refused(ups: Ups, caller: Caller) -> None:
    assert code_of(subscribe(caller, ORDER, kind="golden")) == "VSS930"
    assert code_of(subscribe(caller, {})) == "VSS110"
    assert code_of(subscribe(caller, ["no object"])) == "VSS000"
    assert subscribed(ups) == []


def test_enhanced_may_choose_known_event_types_only(ups: Ups, caller: Caller) -> None:
    chosen = subscribe(caller, ordered(eventPreferences=["D", "X"]), version="v2", kind="enhanced")
    wrong = subscribe(caller, ordered(eventPreferences=["D", "U"]), version="v2", kind="enhanced")

    assert (chosen.status_code, code_of(wrong)) == (200, "VSS414")
    assert {str(each["event_preferences"]) for each in ups.listed("subscriptions")} == {"['D', 'X']"}


def test_plain_http_to_the_own_machine_is_taken_only_while_allowed(ups: Ups, caller: Caller) -> None:
    own = ordered(destination=DESTINATION | {"url": "http://127.0.0.1:8000/hooks/ups/7c1f"})
    ups.control("settings", {"allow_http_loopback": False})
    assert code_of(subscribe(caller, own)) == "VSS000"

    ups.control("settings", {"allow_http_loopback": True})

    assert subscribe(caller, own).status_code == 200


def test_subscription_of_a_number_ends_after_14_days(ups: Ups, caller: Caller) -> None:
    subscribe(caller, ordered(trackingNumberList=[NUMBERS[0]]))
    advance(ups, caller, hours=14 * 24 - 1)
    assert [each["active"] for each in ups.listed("subscriptions")] == [True]

    ups.control("clock", {"advance_seconds": DAY})

    assert [each["active"] for each in ups.listed("subscriptions")] == [False]


def test_account_is_subscribed_without_end_and_unsubscribed(ups: Ups, caller: Caller) -> None:
    made = account_call(caller, "POST", body=ACCOUNT_ORDER)
    assert subscribed(ups) == ["A1B2C3"]

    ended = account_call(caller, "DELETE", query="?shipper_account_number=A1B2C3")

    assert made == (200, {"expiryDate": "9999-12-31"})
    assert ended == (200, {"message": "Account unsubscribed"})
    assert ups_spec.answer_problems(ACCOUNT, made[1]) == []
    assert ups_spec.answer_problems(END_ACCOUNT, ended[1]) == []
    assert subscribed(ups) == []


@pytest.mark.parametrize(
    "changes",
    [{"shipperAccountNumber": "S1S2S3"}, {"shipperAccountNumber": ""}, {"subAccountType": ["Inbound"]}],
)
def test_account_of_somebody_else_is_refused(ups: Ups, caller: Caller, changes: Json) -> None:
    status, body = account_call(caller, "POST", body=ACCOUNT_ORDER | changes)

    assert status == 400
    assert ups_spec.answer_problems(ACCOUNT, body, status=400) == []
    assert subscribed(ups) == []


@pytest.mark.parametrize("query", ["", "?shipper_account_number=S1S2S3", "?shipper_account_number=A1B2C3"])
def test_account_that_is_not_subscribed_cannot_be_unsubscribed(caller: Caller, query: str) -> None:
    status, body = account_call(caller, "DELETE", query=query)

    assert status == 400
    assert ups_spec.answer_problems(END_ACCOUNT, body, status=400) == []


def test_app_without_the_product_is_refused(ups: Ups) -> None:
    account = {"client_id": "app-3", "client_secret": "s3", "shipper_number": "T1T2T3", "country": "NL"}
    ups.control("accounts", account | {"products": ["shipping", "tracking"]})

    answer = subscribe(ups.caller("app-3", "s3"), ORDER)

    assert (answer.status_code, code_of(answer)) == (401, "250002")
    assert subscribed(ups) == []


def test_calls_are_logged_under_their_names_without_the_credential(ups: Ups, caller: Caller) -> None:
    [number] = shipped_parcels(caller)
    subscribe(caller, ordered(trackingNumberList=[number], destination=DESTINATION | {"credential": "top-secret-1"}))
    account_call(caller, "POST", body=ACCOUNT_ORDER)
    account_call(caller, "DELETE", query="?shipper_account_number=A1B2C3")

    calls = ups.listed("calls")[-3:]

    assert [call["operation"] for call in calls] == ["subscribe_parcels", "subscribe_account", "unsubscribe_account"]
    assert "top-secret-1" not in str(calls)


def test_subscription_with_a_lost_answer_exists(ups: Ups, caller: Caller) -> None:
    ups.control("faults", {"operation": "subscribe_parcels", "action": "status", "status": 500, "after": True})

    answer = subscribe(caller, ORDER)

    assert answer.status_code == 500
    assert subscribed(ups) == list(NUMBERS)
