"""What Tracking answers about travelling parcels (ups.md 8)."""

from typing import Any

import pytest
import requests

from tests.contracts import ups_spec
from tests.sandbox.ups.bodies import british
from tests.sandbox.ups.conftest import Caller, Ups, code_of
from tests.sandbox.ups.travelling import DAY, HEADERS, STRANGE_NUMBER, advance, send_off, shipped_parcels, track

DETAILS = ups_spec.Operation(file="Tracking.yaml", path="/track/v1/details/{inquiryNumber}", method="get")
BY_REFERENCE = ups_spec.Operation(
    file="Tracking.yaml", path="/track/v1/reference/details/{referenceNumber}", method="get"
)
SHIPMENT = ups_spec.Operation(file="Tracking.yaml", path="/track/v1/shipment/details/{inquiryNumber}", method="get")
OPERATIONS = {"details": DETAILS, "reference/details": BY_REFERENCE, "shipment/details": SHIPMENT}


@pytest.fixture(autouse=True)
def standing_clock(ups: Ups) -> None:
    ups.control("clock", {"speed": 0})


def entry_of(answer: requests.Response) -> Any:
    assert answer.status_code == 200, answer.text
    [entry] = answer.json()["trackResponse"]["shipment"]
    return entry


def package_of(answer: requests.Response) -> Any:
    [found] = answer.json()["trackResponse"]["shipment"][0]["package"]
    return found


def is_not_found(answer: requests.Response) -> bool:
    warning = {"code": "TW0001", "message": "Tracking Information Not Found"}
    return "package" not in entry_of(answer) and entry_of(answer)["warnings"] == [warning]


def delivered(ups: Ups, caller: Caller, script: str = "normal") -> str:
    [number] = shipped_parcels(caller)
    send_off(ups, number, script)
    advance(ups, caller, hours=24 * 15)
    return number


def test_fresh_label_is_all_that_is_known(caller: Caller) -> None:
    [number] = shipped_parcels(caller)

    [activity] = package_of(track(caller, number))["activity"]

    assert activity["status"]["statusCode"] == "003"
    assert activity["location"]["address"] == {"countryCode": "NL", "country": "NL"}


def test_delivered_parcel_is_told_newest_first_with_instant_place_and_receiver(ups: Ups, caller: Caller) -> None:
    number = delivered(ups, caller)

    package = package_of(track(caller, number))

    newest = package["activity"][0]
    assert newest["status"]["description"] == "DELIVERED "
    assert (newest["status"]["code"], newest["status"]["statusCode"]) == ("FS", "011")
    assert newest["location"]["address"]["city"] == "GRONINGEN"
    assert newest["gmtOffset"] in {"+01:00", "+02:00"}
    assert newest["gmtTime"][2::3] == "::"
    assert package["currentStatus"]["code"] == "011"
    assert package["deliveryDate"] == [{"type": "DEL", "date": newest["date"]}]
    assert package["deliveryInformation"] == {"receivedBy": "DE BOER", "location": "Receiver"}
    assert package["weight"] == {"unitOfMeasurement": "KG", "weight": "1"}


@pytest.mark.parametrize("shape", ["as_spec", "sparse", "objects", "nulls"])
@pytest.mark.parametrize("kind", ["details", "shipment/details", "reference/details"])
@pytest.mark.parametrize("script", ["normal", "access_point", "weather_delay", "unknown_codes"])
def test_answers_keep_to_the_specification(ups: Ups, caller: Caller, shape: str, kind: str, script: str) -> None:
    ups.control("settings", {"track_shape": shape})
    [number] = shipped_parcels(caller)
    send_off(ups, number, script)
    advance(ups, caller, hours=40)

    answer = track(caller, "20240015" if kind == "reference/details" else number, kind=kind)

    assert answer.status_code == 200
    assert ups_spec.answer_problems(OPERATIONS[kind], answer.json()) == []


def test_sparse_answers_leave_out_one_thing_of_each_activity_in_turn(ups: Ups, caller: Caller) -> None:
    ups.control("settings", {"track_shape": "sparse"})
    number = delivered(ups, caller)

    rows = package_of(track(caller, number))["activity"][::-1]

    assert "code" not in rows[0]["status"]
    assert "location" not in rows[1]
    assert "gmtDate" not in rows[2]
    assert rows[3]["location"] is None
    assert rows[4]["gmtTime"].isdecimal()


def test_single_things_come_as_objects_if_so_set(ups: Ups, caller: Caller) -> None:
    ups.control("settings", {"track_shape": "objects"})
    [number] = shipped_parcels(caller)

    shipment = track(caller, number).json()["trackResponse"]["shipment"]

    assert shipment["package"]["activity"]["status"]["code"] == "MP"


@pytest.mark.parametrize("number", [STRANGE_NUMBER, "NOT-A-NUMBER", "1234567"])
def test_unknown_and_malformed_numbers_are_not_found_with_status_200(caller: Caller, number: str) -> None:
    answer = track(caller, number)

    assert is_not_found(answer)
    assert ups_spec.answer_problems(DETAILS, answer.json()) == []


@pytest.mark.parametrize("number", ["1Z1234", "1" * 35])
def test_number_of_impossible_length_is_refused(caller: Caller, number: str) -> None:
    answer = track(caller, number)

    assert (answer.status_code, code_of(answer)) == (400, "TV1002")
    assert ups_spec.answer_problems(DETAILS, answer.json(), status=400) == []


def test_label_is_unknown_as_long_as_set(ups: Ups, caller: Caller) -> None:
    ups.control("settings", {"track_not_found_seconds": 600})
    [number] = shipped_parcels(caller)
    assert is_not_found(track(caller, number))

    ups.control("clock", {"advance_seconds": 601})

    assert not is_not_found(track(caller, number))


def test_one_number_can_be_hidden_and_shown_again(ups: Ups, caller: Caller) -> None:
    first, second = shipped_parcels(caller, parcels=2)
    ups.control(f"parcels/{first}/tracking", {"hidden": True})

    assert is_not_found(track(caller, first))
    assert not is_not_found(track(caller, second))

    ups.control(f"parcels/{first}/tracking", {"hidden": False})
    assert not is_not_found(track(caller, first))


def test_history_ends_after_120_days(ups: Ups, caller: Caller) -> None:
    [number] = shipped_parcels(caller)
    advance(ups, caller, hours=24 * 119)
    assert not is_not_found(track(caller, number))

    advance(ups, caller, hours=24 * 2)

    assert is_not_found(track(caller, number))


def test_number_of_one_package_tells_of_that_package_only(ups: Ups, caller: Caller) -> None:
    numbers = shipped_parcels(caller, parcels=3)

    package = package_of(track(caller, numbers[1]))
    whole = entry_of(track(caller, numbers[1], kind="shipment/details"))["package"]
    paged = entry_of(track(caller, numbers[1], kind="shipment/details", query="?offset=1&count=1"))["package"]

    assert (package["trackingNumber"], package["packageCount"]) == (numbers[1], 3)
    assert [each["trackingNumber"] for each in whole] == numbers
    assert [each["trackingNumber"] for each in paged] == numbers[1:2]


def test_reference_finds_own_shipments_of_the_last_14_days(ups: Ups, caller: Caller, stranger: Caller) -> None:
    [number] = shipped_parcels(caller)

    assert package_of(track(caller, "20240015", kind="reference/details"))["trackingNumber"] == number
    assert is_not_found(track(stranger, "20240015", kind="reference/details"))

    advance(ups, caller, hours=24 * 15)
    assert is_not_found(track(caller, "20240015", kind="reference/details"))
    assert not is_not_found(track(caller, "20240015", kind="reference/details", query="?fromPickUpDate=20200101"))


def test_reference_of_two_accounts_needs_the_account(caller: Caller) -> None:
    shipped_parcels(caller)
    shipped_parcels(caller, body=british())

    several = track(caller, "20240015", kind="reference/details")
    named = track(caller, "20240015", kind="reference/details", query="?shipperNum=A1B2C3")

    assert (several.status_code, code_of(several)) == (400, "151085")
    assert len(entry_of(named)["package"]) == 1


def test_stranger_is_told_neither_receiver_nor_references(ups: Ups, caller: Caller, stranger: Caller) -> None:
    number = delivered(ups, caller)

    entry = entry_of(track(stranger, number))

    assert "userRelation" not in entry
    assert "DE BOER" not in str(entry)
    assert "20240015" not in str(entry)


def test_scans_after_the_delivery_do_not_change_the_current_status(ups: Ups, caller: Caller) -> None:
    package = package_of(track(caller, delivered(ups, caller, "late_scans")))

    assert package["activity"][0]["status"]["type"] == "I"
    assert package["currentStatus"]["code"] == "011"


def test_updates_are_for_pushes_only_but_move_the_announced_date(ups: Ups, caller: Caller) -> None:
    [number] = shipped_parcels(caller)
    send_off(ups, number, "weather_delay")
    advance(ups, caller, hours=30)

    package = package_of(track(caller, number))

    assert "U" not in [each["status"]["type"] for each in package["activity"]]
    assert [each["type"] for each in package["deliveryDate"]] == ["RDD"]


def test_parcel_at_an_access_point_names_the_last_day_to_collect_it(ups: Ups, caller: Caller) -> None:
    [number] = shipped_parcels(caller)
    send_off(ups, number, "access_point")
    advance(ups, caller, hours=30)

    package = package_of(track(caller, number))

    assert package["currentStatus"]["code"] == "161"
    assert "pickupByDate" in package["accessPointInformation"]


def test_voided_shipment_says_so(caller: Caller) -> None:
    [number] = shipped_parcels(caller)
    caller.void(number)

    newest = package_of(track(caller, number))["activity"][0]

    assert (newest["status"]["type"], newest["status"]["code"], newest["status"]["statusCode"]) == ("MV", "VP", "007")


@pytest.mark.parametrize("missing", ["transId", "transactionSrc"])
def test_call_without_a_required_header_is_refused(caller: Caller, missing: str) -> None:
    [number] = shipped_parcels(caller)
    headers = {name: value for name, value in HEADERS.items() if name != missing}

    answer = caller.call("GET", f"/api/track/v1/details/{number}", **headers)

    assert (answer.status_code, code_of(answer)) == (400, "20007")


def test_app_without_the_product_is_refused(ups: Ups, caller: Caller) -> None:
    ups.control(
        "accounts",
        {
            "client_id": "app-3",
            "client_secret": "s3",
            "shipper_number": "T1T2T3",
            "country": "NL",
            "products": ["shipping"],
        },
    )

    answer = track(ups.caller("app-3", "s3"), STRANGE_NUMBER)

    assert (answer.status_code, code_of(answer)) == (401, "250002")


def test_calls_are_logged_under_their_names_and_can_be_spoiled(ups: Ups, caller: Caller) -> None:
    ups.control("faults", {"operation": "track", "action": "status", "status": 503})
    [number] = shipped_parcels(caller)

    statuses = [track(caller, number, kind=kind).status_code for kind in OPERATIONS]

    logged = [call["operation"] for call in ups.listed("calls")][-3:]
    assert logged == ["track", "track_reference", "track_shipment"]
    assert statuses == [503, 200, 200]


def test_new_shipments_travel_by_themselves_if_so_set(ups: Ups, caller: Caller) -> None:
    ups.control("settings", {"travel_script": "normal", "travel_delay_seconds": 3600.0, "travel_mixed": True})
    numbers = shipped_parcels(caller, parcels=2)
    advance(ups, caller, hours=DAY / 3600 + 4)

    parcels = [ups.read(f"parcels/{number}") for number in numbers]

    assert [parcel["pushes"] for parcel in parcels] == ["all", "none"]
    assert {package_of(track(caller, number))["currentStatus"]["code"] for number in numbers} == {"011"}
