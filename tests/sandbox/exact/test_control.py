"""The control routes, faults on this stand-in, and the little web page."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.exact.registration import InvalidAppError, apps_from_environment
from tests.sandbox.exact.driver import REDIRECT_URI, TIMEOUT_SECONDS, Connection, StandIn

DELIVERIES = "salesorder/GoodsDeliveries"


def raw(stand_in: StandIn, method: str, path: str, body: object = None) -> requests.Response:
    return stand_in.web.request(method, f"{stand_in.base_url}/sandbox/{path}", json=body, timeout=TIMEOUT_SECONDS)


def test_a_company_comes_with_what_is_needed_to_ship(stand_in: StandIn) -> None:
    company = stand_in.found("be", name="Test Company")

    assert company["name"] == "Test Company"
    assert company["site"] == "be"
    assert [each["code"] for each in company["shipping_methods"]] == ["UPSSTD", "UPSSAVER", "PICKUP", "POST", "OLDVAN"]
    assert [each["active"] for each in company["shipping_methods"]] == [True, True, True, True, False]
    assert [each["net_weight"] is None for each in company["items"]].count(True) == 1
    assert len(company["items"]) == 8
    assert company["accounts"][0]["country"] == "BE"
    assert {each["country"] for each in company["accounts"]} == {"NL", "BE", "DE", "FR", "ES", "GB", "US"}


def test_division_numbers_start_anywhere(stand_in: StandIn) -> None:
    numbers = {stand_in.found()["division"] for _ in range(3)}

    assert len(numbers) == 3


def test_a_booking_can_choose_everything(exact: Connection) -> None:
    account = exact.company["accounts"][2]
    item = exact.company["items"][3]["id"]

    booked = exact.book(
        account_id=account["id"],
        shipping_method_id=exact.company["shipping_methods"][1]["id"],
        lines=[{"item_id": item, "quantity": 4}, {"item_id": item, "quantity": -1}],
        remarks="ring twice",
        tracking_number="1Z1",
    )

    assert booked["DeliveryAccount"] == account["id"]
    assert booked["DeliveryAddress"] == account["address_id"]
    assert booked["ShippingMethodCode"].strip() == "UPSSAVER"
    assert (booked["Remarks"], booked["TrackingNumber"]) == ("ring twice", "1Z1")
    assert [line["QuantityDelivered"] for line in booked["GoodsDeliveryLines"]] == [4, -1]
    assert exact.rows("salesorder/SalesOrders", select="OrderID", filter=f"DeliverTo eq guid'{account['id']}'") != []


def test_an_explicit_null_leaves_the_shipping_method_empty(exact: Connection) -> None:
    assert exact.book(shipping_method_id=None)["ShippingMethod"] is None
    assert exact.book()["ShippingMethodCode"].strip() == "UPSSTD"


def test_many_can_be_booked_at_once_and_read_back(exact: Connection) -> None:
    exact.book(count=60)

    listed = exact.app.stand_in.control("GET", f"companies/{exact.division}/deliveries")["deliveries"]
    one = exact.app.stand_in.control("GET", f"companies/{exact.division}/deliveries/{listed[0]['EntryID']}")

    assert len(listed) == 60
    assert one == listed[0]


@pytest.mark.parametrize(
    "order",
    [
        {"count": 0},
        {"count": "many"},
        {"account_id": "nobody"},
        {"shipping_method_id": "nothing"},
        {"lines": []},
        {"lines": [{"item_id": "nothing"}]},
        {"lines": ["one"]},
        {"remarks": 7},
    ],
)
def test_unfit_bookings_are_refused_in_words(exact: Connection, order: dict[str, object]) -> None:
    refused = raw(exact.app.stand_in, "POST", f"companies/{exact.division}/deliveries", order)

    assert refused.status_code == 400
    assert refused.json()["error"].endswith(".")
    assert exact.app.stand_in.control("GET", f"companies/{exact.division}/deliveries")["deliveries"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "companies/1", None, 404),
        ("POST", "companies", {"site": "it"}, 400),
        ("POST", "companies", {"user": "nobody@example.com"}, 404),
        ("POST", "users/nobody/revoke", None, 404),
        ("POST", "users/nobody/divisions", {"division": 1}, 404),
        ("POST", "apps", {"site": "nl"}, 400),
    ],
)
def test_unfit_orders_are_refused(stand_in: StandIn, method: str, path: str, body: object, status: int) -> None:
    assert raw(stand_in, method, path, body).status_code == status


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uris": ["http://hooks.example.com/callback"]},
        {"redirect_uris": []},
        {"scopes": ["everything"]},
        {"scopes": {"logistics wms": "own"}},
        {"client_secret": ""},
        {"webhook_delay_ms": "soon"},
    ],
)
def test_unfit_registrations_are_refused(stand_in: StandIn, change: dict[str, object]) -> None:
    order: dict[str, object] = {
        "site": "nl",
        "client_id": "0f0e0d0c-0b0a-0908-0706-050403020100",
        "client_secret": "secret",
        "webhook_secret": "secret",
        "redirect_uris": [REDIRECT_URI],
    }

    assert raw(stand_in, "POST", "apps", order | change).status_code == 400
    assert stand_in.control("GET", "apps")["apps"] == []


def test_apps_come_from_the_environment() -> None:
    environment = {
        "PUBLIC_URL": "https://connect.example.com/",
        "EXACT_CLIENT_ID_BE": "0F0E0D0C-0B0A-0908-0706-050403020100",
        "EXACT_CLIENT_SECRET_BE": "one",
        "EXACT_WEBHOOK_SECRET_BE": "two",
    }

    apps = list(apps_from_environment(environment))

    assert [(app.site, app.client_id) for app in apps] == [("be", "0f0e0d0c-0b0a-0908-0706-050403020100")]
    assert apps[0].redirect_uris == ("https://connect.example.com/exact/callback",)
    with pytest.raises(InvalidAppError):
        list(apps_from_environment({"EXACT_CLIENT_ID_NL": "x"}))


def test_a_person_may_change_what_a_client_may_not(exact: Connection) -> None:
    booked = exact.book()
    record = f"companies/{exact.division}/records/{DELIVERIES}/{booked['EntryID']}"
    other = exact.company["accounts"][1]["address_id"]

    changed = exact.app.stand_in.control("PATCH", record, {"DeliveryAddress": other})

    assert changed["DeliveryAddress"] == other
    assert exact.app.stand_in.control("GET", record)["DeliveryAddress"] == other
    assert raw(exact.app.stand_in, "PATCH", record, {"Nonsense": 1}).status_code == 400
    assert raw(exact.app.stand_in, "PATCH", record, {"EntryID": other}).status_code == 400


def test_a_company_can_be_blocked_archived_and_moved(exact: Connection) -> None:
    facts = {"BlockingStatus": 1, "Status": 2, "DivisionMoveDate": "2026-05-04", "Description": "Renamed"}

    exact.app.stand_in.control("PATCH", f"companies/{exact.division}", facts)

    system = exact.rows("system/Divisions", select="BlockingStatus,Status,DivisionMoveDate,Description")[0]
    regular = exact.rows("hrm/Divisions", select="Status")[0]
    assert (system["BlockingStatus"], system["Status"], regular["Status"]) == (1, 2, 1)
    assert (system["DivisionMoveDate"], system["Description"]) == ("/Date(1777852800000)/", "Renamed")
    assert raw(exact.app.stand_in, "PATCH", f"companies/{exact.division}", {"Code": 1}).status_code == 400


def test_a_person_may_make_and_remove_records(exact: Connection) -> None:
    records = f"companies/{exact.division}/records/sales/ShippingMethods"

    made = exact.app.stand_in.control("POST", records, {"Code": "NEW", "Description": "New", "Active": True})
    exact.app.stand_in.control("DELETE", f"{records}/{made['ID']}")

    assert made["Created"].startswith("20")
    assert raw(exact.app.stand_in, "GET", f"{records}/{made['ID']}").status_code == 404
    assert raw(exact.app.stand_in, "POST", f"companies/{exact.division}/records/no/Such", {}).status_code == 404


def test_calls_are_logged_by_operation_without_tokens(exact: Connection) -> None:
    key = exact.book()["EntryID"]
    exact.put(DELIVERIES, key, {"TrackingNumber": "1Z1"})

    puts = exact.app.stand_in.control("GET", f"calls?operation=PUT {DELIVERIES}")["calls"]
    tokens = exact.app.stand_in.control("GET", "calls?operation=oauth.token")["calls"]

    assert [(call["status"], call["request_body"]) for call in puts] == [(204, {"TrackingNumber": "1Z1"})]
    assert puts[0]["client"] == f"{exact.app.client_id}/{exact.division}"
    assert puts[0]["request_headers"]["authorization"] == "bearer"
    assert exact.tokens["refresh_token"] not in str(tokens)


def test_a_lost_answer_leaves_its_effect(exact: Connection) -> None:
    key = exact.book()["EntryID"]
    exact.app.stand_in.control("POST", "faults", {"operation": f"PUT {DELIVERIES}", "action": "reset_after"})

    with pytest.raises(requests.ConnectionError):
        exact.put(DELIVERIES, key, {"TrackingNumber": "1Z1"})

    row = exact.rows(DELIVERIES, select="TrackingNumber", filter=f"EntryID eq guid'{key}'")
    assert row[0]["TrackingNumber"] == "1Z1"


def test_pages_show_companies_and_book_deliveries(exact: Connection) -> None:
    stand_in = exact.app.stand_in
    here = f"{stand_in.base_url}/sandbox/page/companies/{exact.division}"
    form: dict[str, Any] = {
        "account": exact.company["accounts"][1]["id"],
        "method": "",
        "remarks": "<b>call</b>",
        "item": [exact.company["items"][0]["id"], ""],
        "quantity": ["3", "0"],
    }

    start = stand_in.web.get(stand_in.base_url + "/", timeout=TIMEOUT_SECONDS).text
    booked = stand_in.web.post(here + "/deliveries", data=form, timeout=TIMEOUT_SECONDS).text
    nothing = stand_in.web.post(
        here + "/deliveries", data=form | {"quantity": ["0", "0"]}, timeout=TIMEOUT_SECONDS
    ).text

    assert exact.company["name"] in start
    assert "The goods delivery is booked." in booked
    assert "&lt;b&gt;call&lt;/b&gt;" in booked
    assert "Nothing was booked" in nothing
    assert exact.get(f"{DELIVERIES}/$count").text == "1"


def test_pages_found_companies_order_trouble_and_move_the_clock(stand_in: StandIn) -> None:
    page = stand_in.base_url + "/sandbox/page"
    before = stand_in.control("GET", "clock")["elapsed_seconds"]

    founded = stand_in.web.post(page + "/companies", data={"site": "uk", "name": "New One"}, timeout=TIMEOUT_SECONDS)
    stand_in.web.post(page + "/trouble", data={"trouble": "busy"}, timeout=TIMEOUT_SECONDS)
    waiting = stand_in.control("GET", "faults")["faults"]
    stand_in.web.post(page + "/trouble/remove", data={"id": waiting[0]["id"]}, timeout=TIMEOUT_SECONDS)
    stand_in.web.post(page + "/clock", data={"step": "hour"}, timeout=TIMEOUT_SECONDS)

    assert "New One" in founded.text
    assert [each["status"] for each in waiting] == [429]
    assert stand_in.control("GET", "faults")["faults"] == []
    assert stand_in.control("GET", "clock")["elapsed_seconds"] >= before + 3600


def test_reset_forgets_companies_apps_and_tokens(exact: Connection) -> None:
    exact.app.stand_in.control("POST", "reset")

    assert exact.app.stand_in.control("GET", "companies")["companies"] == []
    assert exact.call("GET", "current/Me", {"$select": "UserID"}).status_code == 401


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield int(taken.getsockname()[1])


def _start(port: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - our own command line with fixed arguments
        [sys.executable, "-m", "sandbox", "exact", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("EXACT_")},
    )


def test_the_command_serves_until_it_is_told_to_stop(busy_port: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])

    with _start(port) as running, _start(busy_port) as refused:
        assert running.stdout is not None
        line = running.stdout.readline()
        running.send_signal(signal.SIGTERM)
        _out, words = refused.communicate(timeout=20)

        assert line == f"Exact Online stand-in listens on http://127.0.0.1:{port}\n"
        assert running.wait(timeout=20) == 0
        assert refused.returncode == 2
        assert "the port is in use" in words


def test_another_person_may_be_let_into_a_company(stand_in: StandIn) -> None:
    company, other = stand_in.found(), stand_in.found()

    let_in = stand_in.control("POST", f"users/{other['user_id']}/divisions", {"division": company["division"]})

    assert let_in["divisions"] == [other["division"], company["division"]]
    assert stand_in.control("GET", f"companies/{company['division']}")["user_id"] == company["user_id"]
