"""The web page: people see where parcels are, send them off, and spoil their news."""

from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, sync_playwright

from connector_site.lib.local_browser import installed_browser
from tests.sandbox.ups.conftest import Caller, Ups
from tests.sandbox.ups.viewer import NAME, Viewer, error_of, question

WIDTHS = {"desk": (1280, 900), "phone": (390, 844)}
OVERHANG = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
needs_browser = pytest.mark.skipif(
    installed_browser() is None, reason="no Chromium is installed: apt-get install chromium"
)


@pytest.fixture
def viewer(ups: Ups, caller: Caller) -> Viewer:
    return Viewer(ups, caller)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=installed_browser(), chromium_sandbox=False)
        yield opened
        opened.close()


def page(viewer: Viewer, path: str = "/") -> str:
    answer = viewer.ups.session.get(viewer.ups.base + path, timeout=5)
    assert answer.status_code == 200
    return answer.text


def send(viewer: Viewer, path: str, **form: str) -> requests.Response:
    """A form, sent as a browser does; where it leads is part of the answer."""
    return viewer.ups.session.post(f"{viewer.ups.base}/sandbox/page/{path}", data=form, timeout=5)


def parcel_page(number: str) -> str:
    return f"/sandbox/page/parcels/{number}"


def test_page_tells_where_each_parcel_is(viewer: Viewer) -> None:
    waiting, _ = viewer.ship(parcels=2)
    viewer.travel("access_point")
    viewer.wait(30)

    shown = page(viewer)

    assert parcel_page(waiting) in shown
    assert [shown.count(word) for word in (">to be collected<", ">delivered<")] == [2, 0]
    assert "Delivered to UPS Access Point." in shown
    assert "<script" not in shown


def test_form_lets_every_parcel_of_a_shipment_travel(viewer: Viewer) -> None:
    numbers = viewer.ship(parcels=2)

    sent = send(viewer, f"shipments/{numbers[0]}/travel", script="normal", pace="10.0", pushes="none")
    viewer.wait(1)

    assert sent.url == f"{viewer.ups.base}/#shipment-{numbers[0]}"
    pages = [page(viewer, parcel_page(number)) for number in numbers]
    assert ["all get lost" in each and ">delivered<" in each for each in pages] == [True, True]


@pytest.mark.parametrize(
    "form", [{"script": "fly"}, {"script": "normal", "pushes": "?"}, {"script": "normal", "pace": "9"}]
)
def test_choice_that_does_not_exist_sends_nobody_off(viewer: Viewer, form: dict[str, str]) -> None:
    [number] = viewer.ship()

    send(viewer, f"parcels/{number}/travel", **form)

    assert "It waits here until it is sent off." in page(viewer, parcel_page(number))


def test_parcel_page_tells_what_happened_and_what_is_to_come(viewer: Viewer) -> None:
    [number] = viewer.travel("failed_attempts")
    viewer.wait(30)

    shown = page(viewer, parcel_page(number))

    assert shown.index("not available at the first attempt") < shown.index("Pickup Scan")
    assert shown.index("Still to come: 4") < shown.index("not available at the second attempt")
    assert "X 48 022" in shown


def test_pushes_of_a_travelling_parcel_can_be_lost_and_let_through(viewer: Viewer) -> None:
    [number] = viewer.travel("normal")

    send(viewer, f"parcels/{number}/pushes", pushes="none")
    lost = viewer.ups.read(f"parcels/{number}")
    send(viewer, f"parcels/{number}/pushes", pushes="all")

    assert [lost["pushes"], viewer.ups.read(f"parcels/{number}")["pushes"]] == ["none", "all"]


def test_tracking_can_be_made_to_know_nothing(viewer: Viewer) -> None:
    [number] = viewer.travel("normal")
    viewer.wait(30)

    send(viewer, f"parcels/{number}/tracking", hidden="yes")
    hidden = tracked(viewer, number)
    send(viewer, f"parcels/{number}/tracking", hidden="no")

    assert "TW0001" in hidden
    assert "TW0001" not in tracked(viewer, number)


def tracked(viewer: Viewer, number: str) -> str:
    headers = {"transId": "track-1", "transactionSrc": "tests"}
    return viewer.caller.call("GET", f"/api/track/v1/details/{number}", **headers).text


def test_subscription_of_one_number_can_be_refused_and_taken_again(viewer: Viewer) -> None:
    [number] = viewer.ship()
    viewer.set(alert_refuse_numbers="99")

    send(viewer, f"parcels/{number}/subscription", refused="yes")
    refused = viewer.ups.read("settings")["alert_refuse_numbers"]
    send(viewer, f"parcels/{number}/subscription", refused="no")

    assert refused == f"99 {number}"
    assert viewer.ups.read("settings")["alert_refuse_numbers"] == "99"


def test_unknown_parcel_has_no_page(viewer: Viewer) -> None:
    answers = [
        viewer.ups.session.get(viewer.ups.base + parcel_page("1Z0"), timeout=5),
        send(viewer, "parcels/1Z0/travel", script="normal"),
        send(viewer, "shipments/1Z0/travel", script="normal"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


def test_cards_set_what_is_chosen_and_leave_the_rest(viewer: Viewer) -> None:
    before = viewer.ups.read("settings")

    send(viewer, "settings/pushes", push_copies="2", push_order="reversed", push_lose="sometimes")
    send(viewer, "settings/view", view_delay_seconds="0.0", token_seconds="1")
    send(viewer, "settings/nothing", push_copies="3")

    after = viewer.ups.read("settings")
    assert {name: value for name, value in after.items() if value != before[name]} == {
        "push_copies": 2,
        "push_order": "reversed",
        "view_delay_seconds": 0.0,
    }


def test_value_set_elsewhere_is_shown_and_kept(viewer: Viewer) -> None:
    viewer.set(view_delay_seconds=77)

    shown = page(viewer)
    send(viewer, "settings/view", view_delay_seconds="")

    assert '<option value="" selected>77.0</option>' in shown
    assert viewer.ups.read("settings")["view_delay_seconds"] == 77.0


def test_account_is_subscribed_and_others_ship_on_it(viewer: Viewer) -> None:
    viewer.set(view_delay_seconds=0)

    send(viewer, "view-subscriptions", shipper_number="A1B2C3", name=NAME)
    send(viewer, "view-subscriptions", shipper_number="A1B2C3", name="x" * 22)
    send(viewer, "foreign-shipments", shipper_number="A1B2C3")
    send(viewer, "foreign-shipments", shipper_number="NOBODY")
    viewer.wait(1)

    shown = page(viewer)
    assert [each["name"] for each in viewer.ups.listed("view-subscriptions")] == [NAME]
    assert [each["client_id"] for each in viewer.ups.shipments()] == [""]
    assert "made by others" in shown
    assert "1 file, 1 unread" in shown


def test_quantum_view_can_be_made_to_ask_for_patience_once(viewer: Viewer) -> None:
    viewer.subscribe()
    send(viewer, "trouble", trouble="view_later")

    first = viewer.ask(question())

    assert error_of(first)[:2] == (200, "TransientError")
    assert viewer.answer()["Response"] != first.json()["QuantumViewResponse"]["Response"]


@needs_browser
@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("width", list(WIDTHS))
def test_parcel_is_sent_off_in_a_real_browser_and_nothing_sticks_out(
    viewer: Viewer, browser: Browser, width: str
) -> None:
    [number] = viewer.ship()
    desk_width, height = WIDTHS[width]
    window = browser.new_page(viewport={"width": desk_width, "height": height})
    window.goto(viewer.ups.base + "/")
    window.locator("details.item > summary").click()
    front_overhang = window.evaluate(OVERHANG)
    window.get_by_role("link", name=number).click()
    window.get_by_label("What happens").select_option("returned")
    window.get_by_role("button", name="Let it travel").click()

    window.get_by_text("Refused at the door and sent back; in the end: returned to sender.").wait_for()

    assert [front_overhang, window.evaluate(OVERHANG)] == [0, 0]
    window.close()
