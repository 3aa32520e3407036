"""Voiding shipments and packages (ups.md 6)."""

import json
from typing import cast

import pytest

from tests.contracts import ups_spec
from tests.sandbox.ups.bodies import RECEIVERS, Json, changed, dutch, package
from tests.sandbox.ups.conftest import Caller, Ups, code_of

DAY_SECONDS = 86_400


def shipped_numbers(caller: Caller, *, parcels: int = 1, destination: str = "NL") -> list[str]:
    body = changed(dutch(destination), {"Shipment.Package": [package("1")] * parcels})
    packages = cast("list[Json]", caller.shipped(body)["PackageResults"])
    return [str(each["TrackingNumber"]) for each in packages]


def voided_flags(ups: Ups) -> list[bool]:
    [shipment] = ups.shipments()
    return [parcel["voided_at"] is not None for parcel in cast("list[Json]", shipment["parcels"])]


def test_whole_shipment_is_voided(ups: Ups, caller: Caller) -> None:
    numbers = shipped_numbers(caller, parcels=2)

    answer = caller.void(numbers[0])

    body = answer.json()["VoidShipmentResponse"]
    assert answer.status_code == 200
    assert body["SummaryResult"] == {"Status": {"Code": "1", "Description": "Voided"}}
    assert body["PackageLevelResult"] == [
        {"TrackingNumber": number, "Status": {"Code": "1", "Description": "Voided"}} for number in numbers
    ]
    assert ups_spec.answer_problems(ups_spec.VOID, answer.json()) == []
    assert voided_flags(ups) == [True, True]


def test_single_package_is_answered_as_an_object(caller: Caller) -> None:
    [number] = shipped_numbers(caller)

    assert caller.void(number).json()["VoidShipmentResponse"]["PackageLevelResult"] == {
        "TrackingNumber": number,
        "Status": {"Code": "1", "Description": "Voided"},
    }


def test_second_void_says_already_voided(caller: Caller) -> None:
    [number] = shipped_numbers(caller)
    caller.void(number)

    answer = caller.void(number)

    assert (answer.status_code, code_of(answer)) == (400, "190117")


def test_package_voided_before_still_counts_as_voided(ups: Ups, caller: Caller) -> None:
    numbers = shipped_numbers(caller, parcels=2)

    answers = [caller.void(numbers[0], trackingnumber=numbers[1]).json()["VoidShipmentResponse"] for _ in range(2)]

    assert [answer["SummaryResult"]["Status"]["Description"] for answer in answers] == ["Partially Voided"] * 2
    assert [answer["PackageLevelResult"]["Status"]["Description"] for answer in answers] == [
        "Voided",
        "Already Voided",
    ]
    assert voided_flags(ups) == [False, True]


def test_packages_can_be_named_as_a_list(ups: Ups, caller: Caller) -> None:
    numbers = shipped_numbers(caller, parcels=3)

    answer = caller.void(numbers[0], trackingnumber=json.dumps(numbers[:2])).json()["VoidShipmentResponse"]

    assert [each["TrackingNumber"] for each in answer["PackageLevelResult"]] == numbers[:2]
    assert voided_flags(ups) == [True, True, False]


@pytest.mark.parametrize(
    ("tracking_number", "code"),
    [("", "190102"), ("TrackingNumber", "190102"), ("[]", "190102"), ("1ZA1B2C36899999999", "190109")],
)
def test_wrong_package_is_refused_and_nothing_is_voided(
    ups: Ups, caller: Caller, tracking_number: str, code: str
) -> None:
    numbers = shipped_numbers(caller, parcels=2)

    answer = caller.void(numbers[0], trackingnumber=tracking_number)

    assert (answer.status_code, code_of(answer)) == (400, code)
    assert voided_flags(ups) == [False, False]


def test_more_than_twenty_packages_at_once_are_refused(caller: Caller) -> None:
    numbers = shipped_numbers(caller, parcels=21)

    assert code_of(caller.void(numbers[0], trackingnumber=json.dumps(numbers))) == "190111"


def test_international_shipment_cannot_be_voided_per_package(ups: Ups, caller: Caller) -> None:
    numbers = shipped_numbers(caller, parcels=2, destination="DE")

    assert code_of(caller.void(numbers[0], trackingnumber=numbers[1])) == "190113"
    assert voided_flags(ups) == [False, False]


@pytest.mark.parametrize(("number", "code"), [("12345", "190100"), ("1Z2220060290602143", "190102")])
def test_unknown_number_is_refused(caller: Caller, number: str, code: str) -> None:
    answer = caller.void(number)

    assert (answer.status_code, code_of(answer)) == (400, code)
    assert ups_spec.answer_problems(ups_spec.VOID, answer.json(), status=400) == []


def test_package_number_in_place_of_the_shipment_number_is_not_found(ups: Ups, caller: Caller) -> None:
    numbers = shipped_numbers(caller, parcels=2)

    assert code_of(caller.void(numbers[1])) == "190102"
    assert voided_flags(ups) == [False, False]


def test_shipment_of_another_account_is_not_found(ups: Ups, caller: Caller, stranger: Caller) -> None:
    [number] = shipped_numbers(caller)

    assert code_of(stranger.void(number)) == "190102"
    assert voided_flags(ups) == [False]


def test_window_closes_after_28_days(ups: Ups, caller: Caller) -> None:
    [number] = shipped_numbers(caller)
    ups.control("clock", {"advance_seconds": 29 * DAY_SECONDS})
    caller.token = ""

    assert code_of(caller.void(number)) == "190101"
    assert voided_flags(ups) == [False]


def test_refusal_by_country_is_a_200_that_is_no_success(ups: Ups, caller: Caller) -> None:
    ups.control("settings", {"void_refused_countries": "NL BE"})
    [number] = shipped_numbers(caller)

    answer = caller.void(number)

    assert answer.status_code == 200
    assert answer.json()["VoidShipmentResponse"]["SummaryResult"]["Status"] == {
        "Code": "0",
        "Description": "Not Voided",
    }
    assert ups_spec.answer_problems(ups_spec.VOID, answer.json()) == []
    assert voided_flags(ups) == [False]


def test_a_return_label_can_be_voided_for_a_day_and_never_parcel_by_parcel(ups: Ups, caller: Caller) -> None:
    back: Json = {
        "Shipment.ShipFrom": RECEIVERS["NL"],
        "Shipment.ReturnService": {"Code": "9"},
        "Shipment.Package": [package("1") | {"Description": "Office chairs"}] * 2,
    }
    [first, second] = cast("list[Json]", caller.shipped(changed(dutch(), back))["PackageResults"])
    number = str(first["TrackingNumber"])

    by_parcel = caller.void(number, trackingnumber=str(second["TrackingNumber"]))
    ups.control("clock", {"advance_seconds": DAY_SECONDS + 1})
    caller.token = ""
    too_late = caller.void(number)

    assert (code_of(by_parcel), code_of(too_late)) == ("190112", "190101")
    assert voided_flags(ups) == [False, False]
