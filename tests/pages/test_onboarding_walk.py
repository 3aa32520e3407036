"""A person who has never been here goes from the landing page to the first shipment, at a desk and at a phone."""

import sys
import time
from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from connector_site.lib.local_browser import installed_browser
from tests.factories import PASSWORD
from tests.pages import entrance
from tests.pages.test_browser import Window, browser, window
from tests.pages.walk import Outside, Walk, open_outside, seconds_since, work
from tests.standins import Company, StandIn, poll

__all__ = ["browser", "window"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.django_db(transaction=True, databases=["default", "staff"]),
    pytest.mark.skipif(installed_browser() is None, reason="no Chromium is installed: apt-get install chromium"),
]
MOST_PAGES = 12
MOST_SECONDS = 180


@pytest.fixture
def outside(
    window: Window, settings: Settings, live_server: LiveServer, exact_standin: StandIn, ups_standin: StandIn
) -> Outside:
    del window
    return open_outside(settings, live_server.url, exact=exact_standin, ups=ups_standin)


@pytest.fixture
def walk(window: Window, outside: Outside) -> Iterator[Walk]:
    yield Walk(window=window, outside=outside)
    window.page.screenshot(path=window.album / "last.png", full_page=True)


def sign_up(walk: Walk) -> None:
    walk.page.goto(walk.window.site)
    walk.picture("01-landing")
    walk.fill("Email", "anna@example.com")
    walk.fill("Password", PASSWORD)
    walk.press("Sign up")
    walk.sees("Enter the code from the mail")
    walk.picture("02-code")
    walk.fill("Code", entrance.mailed_code())
    walk.press("Go on")


def protect(walk: Walk) -> None:
    walk.sees("Protect your account")
    walk.picture("03-protect")
    key = walk.page.get_by_label("Key, to be typed instead").input_value().replace(" ", "")
    walk.fill("Authenticator code", entrance.app_code(key))
    walk.press("Use the app")
    walk.sees("Recovery codes")
    walk.picture("04-recovery-codes")
    walk.press("I have kept them: go on")


def name_company(walk: Walk) -> None:
    walk.sees("Your company")
    walk.picture("05-company")
    walk.fill("Company name", "Anna BV")
    walk.press("Save and go on")


def connect_exact(walk: Walk, company: Company) -> None:
    walk.sees("Exact Online")
    walk.picture("06-exact")
    walk.press("Go to Exact Online")
    walk.allow(company)
    walk.sees("Choose the company")
    walk.picture("07-exact-company")
    walk.press("Connect this company")


def connect_ups(walk: Walk) -> None:
    app = walk.outside.ups_app()
    walk.sees("Connect UPS")
    walk.picture("08-ups")
    walk.fill("Shipper number", app.shipper_number)
    walk.choose("Environment", "test")
    walk.fill("Client ID", app.client_id)
    walk.fill("Client secret", app.client_secret)
    walk.press("Save and check")


def prepare(walk: Walk, company: Company) -> None:
    """Where from, by which service, and what would have been."""
    walk.sees("Ship-from addresses")
    walk.picture("09-ship-from")
    walk.fill("Contact person", "Expeditie")
    walk.press("Save and check with UPS")
    work()
    walk.sees("Shipping rules")
    walk.picture("10-rules")
    walk.press("Save rules")
    company.book()
    walk.sees("Dry run")
    walk.picture("11-dry-run")
    walk.press("Look at the last 10 deliveries")
    walk.picture("11-dry-run-under-way")
    work()
    walk.reads("Would be shipped")
    walk.picture("11-dry-run-seen")
    walk.follow("Go on")


def go_live(walk: Walk) -> None:
    walk.sees("Go live")
    walk.picture("12-go-live")
    walk.press("Go live")
    walk.sees("Deliveries")


def look_at_what_was_connected(walk: Walk) -> None:
    """Rights and the test call of Exact, and what UPS answered."""
    for name, words in (("exact:connection", "Arrived"), ("ups:accounts", "Main account")):
        walk.page.goto(walk.window.site + reverse(name, args=[tenant_code(walk)]))
        walk.reads(words)
        walk.picture(f"13-{name.replace(':', '-')}")


def tenant_code(walk: Walk) -> str:
    return walk.page.url.split("/t/")[1].split("/")[0]


def ship_one(walk: Walk, company: Company) -> None:
    entry_id = company.book()
    row = walk.page.get_by_role("link", name=str(company.delivery(entry_id)["DeliveryNumber"]))

    def is_told() -> bool:
        work()
        return bool(company.delivery(entry_id)["TrackingNumber"])

    assert poll(is_told, seconds=10)
    walk.page.reload()
    row.click()
    walk.reads("Written to Exact Online")
    walk.picture("14-first-shipment")
    number = company.delivery(entry_id)["TrackingNumber"]
    expect(walk.page.get_by_text(number).first).to_be_visible()
    assert walk.outside.ups.control("GET", f"shipments?tracking_number={number}")["shipments"]


def test_from_the_landing_page_to_the_first_shipment(walk: Walk, capsys: pytest.CaptureFixture[str]) -> None:
    company = walk.outside.company(name="Anna BV")
    started_at = time.monotonic()

    sign_up(walk)
    protect(walk)
    name_company(walk)
    connect_exact(walk, company)
    connect_ups(walk)
    prepare(walk, company)
    go_live(walk)

    waited = seconds_since(started_at)
    pages = list(dict.fromkeys(walk.pages))[:-1]
    needed = walk.seconds_of_a_person()
    figures = (
        f"\n{len(pages)} pages, {walk.clicks} clicks, {len(walk.typed)} fields typed; "
        f"{waited:.1f} s of this test with pictures, {needed:.0f} s of a practised person\n"
    )
    with capsys.disabled():
        sys.stdout.write(figures)
    assert len(pages) <= MOST_PAGES, pages
    assert waited + needed <= MOST_SECONDS
    with walk.aside():
        ship_one(walk, company)
        look_at_what_was_connected(walk)
    assert not walk.violations, "\n".join(walk.violations)
    assert walk.window.complaints == []
