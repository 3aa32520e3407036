"""Faults where they cost money: the effect and the answer come apart (reliability.md 7.1)."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.sandbox.ups.bodies import REFERENCE, Json, dutch
from tests.sandbox.ups.conftest import Caller, Ups, code_of

DEADLINE_SECONDS = 5


def recovered(caller: Caller) -> requests.Response:
    return caller.recover(ReferenceValues={"ReferenceNumber": {"Value": REFERENCE}, "ShipperNumber": "A1B2C3"})


def packages_of(results: Json) -> list[Json]:
    packages = results["PackageResults"]
    assert isinstance(packages, list)
    return packages


@pytest.mark.parametrize("action", ["reset_after", "half_body"])
def test_shipment_with_a_lost_answer_is_found_by_its_reference(ups: Ups, caller: Caller, action: str) -> None:
    ups.control("faults", {"operation": "ship", "action": action})

    with pytest.raises(requests.RequestException):
        caller.ship(dutch())

    [shipment] = ups.shipments()
    assert recovered(caller).json()["LabelRecoveryResponse"]["ShipmentIdentificationNumber"] == shipment["number"]


def test_call_that_never_arrived_left_nothing(ups: Ups, caller: Caller) -> None:
    ups.control("faults", {"operation": "ship", "action": "reset_before"})

    with pytest.raises(requests.ConnectionError):
        caller.ship(dutch())

    assert code_of(recovered(caller)) == "9801031"
    assert ups.shipments() == []


def test_late_shipment_is_absent_first_and_there_later(ups: Ups, caller: Caller) -> None:
    ups.control("faults", {"operation": "ship", "action": "late_effect", "seconds": 600})

    with pytest.raises(requests.ConnectionError):
        caller.ship(dutch())
    assert code_of(recovered(caller)) == "9801031"

    ups.control("clock", {"advance_seconds": 601})

    give_up_at = time.monotonic() + DEADLINE_SECONDS
    while not ups.shipments() and time.monotonic() < give_up_at:
        time.sleep(0.005)
    assert recovered(caller).status_code == 200


def test_server_error_after_the_effect_hides_a_shipment(ups: Ups, caller: Caller) -> None:
    body = {"response": {"errors": [{"code": "10004", "message": "Internal error"}]}}
    ups.control("faults", {"operation": "ship", "action": "status", "status": 500, "body": body, "after": True})

    answer = caller.ship(dutch())

    assert (answer.status_code, code_of(answer)) == (500, "10004")
    assert len(ups.shipments()) == 1


def test_dropped_label_leaves_a_shipment_without_image(caller: Caller, ups: Ups) -> None:
    ups.control("faults", {"operation": "ship", "action": "drop_label"})

    results = caller.ship(dutch()).json()["ShipmentResponse"]["ShipmentResults"]

    assert results["PackageResults"][0]["ShippingLabel"] == {"ImageFormat": {"Code": "ZPL", "Description": "ZPL"}}


def test_wrong_shape_gives_an_object_for_the_list_of_packages(caller: Caller, ups: Ups) -> None:
    ups.control("faults", {"operation": "ship", "action": "wrong_shape"})

    results = caller.ship(dutch()).json()["ShipmentResponse"]["ShipmentResults"]

    assert results["PackageResults"]["TrackingNumber"] == results["ShipmentIdentificationNumber"]


def test_fault_on_the_token_leaves_ship_alone(caller: Caller, ups: Ups) -> None:
    ups.control("faults", {"operation": "oauth_token", "action": "status", "status": 503})

    assert caller.fetch_token().status_code == 503
    assert caller.ship(dutch()).status_code == 200


def test_call_log_tells_who_asked_what_and_what_came_of_it(caller: Caller, ups: Ups) -> None:
    caller.ship(dutch(), version="v2409")
    caller.void("12345")

    calls = ups.read("calls")["calls"]

    assert isinstance(calls, list)
    assert [(call["operation"], call["method"], call["status"], call["client"]) for call in calls] == [
        ("oauth_token", "POST", 200, "app-1"),
        ("ship", "POST", 200, "app-1"),
        ("void", "DELETE", 400, "app-1"),
    ]
    assert [call["request_headers"]["authorization"] for call in calls] == ["basic", "bearer", "bearer"]
    assert calls[1]["request_body"]["ShipmentRequest"]["Shipment"]["Service"] == {"Code": "11"}
    assert "secret-1" not in str(calls)
    assert caller.token not in str(calls)


def test_many_callers_at_once_get_different_numbers(caller: Caller, ups: Ups) -> None:
    caller.ship(dutch())

    def shipped(_: int) -> str:
        with requests.Session() as session:
            own = Caller(ups.base, session, token=caller.token)
            return str(own.shipped(dutch())["ShipmentIdentificationNumber"])

    with ThreadPoolExecutor(8) as pool:
        numbers = set(pool.map(shipped, range(40)))

    assert len(numbers) == 40


def test_single_parcel_call_takes_few_milliseconds(caller: Caller) -> None:
    body: Json = dutch()
    caller.ship(body)
    started = time.process_time()

    for _ in range(20):
        caller.ship(body)

    assert (time.process_time() - started) / 20 < 0.02


def test_an_answer_with_placeholders_hides_a_shipment(ups: Ups, caller: Caller) -> None:
    ups.control("faults", {"operation": "ship", "action": "placeholder"})

    results = caller.shipped(dutch())

    assert results["ShipmentIdentificationNumber"] == "1ZXXXXXXXXXXXXXXXX"
    assert [package["TrackingNumber"] for package in packages_of(results)] == ["1ZXXXXXXXXXXXXXXXX"]
    assert len(ups.shipments()) == 1


def test_an_answer_can_have_a_package_more_than_was_asked_for(ups: Ups, caller: Caller) -> None:
    ups.control("faults", {"operation": "ship", "action": "more_packages"})

    results = caller.shipped(dutch())

    assert len(packages_of(results)) == 2
    assert len(ups.shipments()) == 1


def test_a_storm_knows_a_question_about_a_reference_by_the_shipment_it_was_sent_for(ups: Ups, caller: Caller) -> None:
    always = {"share": 1, "faults": [{"action": "status", "status": 503, "weight": 1}]}
    names = {"A1B2C3": {"name": "shop", "first": 0}}
    ups.control("storm", {"seed": 1, "weather": {"ship": always, "recover_label": always}, "names": names})

    answers = [caller.ship(dutch()).status_code, recovered(caller).status_code, recovered(caller).status_code]

    assert answers == [503, 503, 503]
    assert ups.shipments() == []
