"""A person at the scan desk, by keyboard alone, with stand-ins and a worker; and what she waits for the machine."""

import re
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from django.conf import settings as site_settings
from django.db import connections
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from connector_site.lib.local_browser import installed_browser
from exact import credentials
from syncjobs import engine
from syncjobs.models import Delivery, Label, PrintJob, Station, SyncJob
from tenants import download_pace
from tenants.context import tenant_context
from tenants.models import Role, Tenant
from tests import factories
from tests.journey.conftest import Journey, begin
from tests.pages.test_browser import WIDTHS, browser
from tests.standins import StandIn, poll

__all__ = ["browser"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True, databases=["default", "staff"]),
    pytest.mark.skipif(installed_browser() is None, reason="no Chromium is installed: apt-get install chromium"),
]
PARCELS = 4
MACHINE_SECONDS = 10
"""A person has a minute for each parcel at 60 an hour; this is the most of it that may be spent waiting for us."""
LISTEN = """
  window.heard = [];
  window.AudioContext = class {
    constructor() { this.currentTime = 0; this.destination = {}; }
    resume() { return Promise.resolve(); }
    createGain() { return { gain: {}, connect: (to) => to }; }
    createOscillator() {
      return { frequency: {}, connect: (to) => to, start() { window.heard.push(this.type); }, stop() {} };
    }
  };
  window.print = () => { window.top.printed = (window.top.printed || 0) + 1; };
  addEventListener("pointerdown", () => { throw new Error("the mouse was used"); });
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanDesk:
    """A page at the scan desk of a company that approves each shipment; what is waited for is counted in seconds."""

    page: Page
    journey: Journey
    complaints: list[str]
    waits: list[float]
    album: Path

    @property
    def focused(self) -> str:
        """The name of the field that the next key goes into."""
        return str(self.page.evaluate("document.activeElement.name || document.activeElement.tagName"))

    def type(self, text: str, *, until: str) -> None:
        """As a scanner or a scale types, then Enter; `until` is what is waited for."""
        self.page.keyboard.type(text)
        self.press("Enter", until=until)

    def press(self, key: str, *, until: str) -> None:
        began = time.monotonic()
        self.page.keyboard.press(key)
        expect(self.page.locator(until).first).to_be_visible(timeout=15_000)
        self.page.wait_for_load_state()
        self.waits.append(time.monotonic() - began)

    def comes_true(self, expression: str) -> bool:
        """Asked again and again; the page itself may evaluate nothing."""
        return bool(poll(lambda: self.page.evaluate(expression), seconds=10))

    def book(self, **wishes: object) -> Delivery:
        """A delivery that waits to be packed."""
        entry_id = self.journey.company.book(**wishes)
        found = poll(lambda: self._held(entry_id), seconds=20)
        assert found is not None, "it was not read"
        return found

    def _held(self, entry_id: str) -> Delivery | None:
        found = self.journey.delivery(entry_id)
        return found if found and found.state == Delivery.State.HOLD else None

    def photograph(self, name: str) -> None:
        """At both widths, light and dark; nothing may stick out to the side."""
        for width, (pixels, height) in WIDTHS.items():
            self.page.set_viewport_size({"width": pixels, "height": height})
            for theme in ("light", "dark"):
                self.page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme; }", theme)
                self.page.screenshot(path=self.album / f"{name}-{width}-{theme}.png", full_page=True)
            wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide == 0, f"{name} is {wide} pixels too wide at {pixels}"
        self.page.set_viewport_size({"width": WIDTHS["desk"][0], "height": WIDTHS["desk"][1]})


def work(stop: threading.Event) -> None:
    """A worker of its own."""
    try:
        while not stop.is_set():
            engine.work(list(SyncJob.Queue))
            stop.wait(0.05)
    finally:
        connections.close_all()


@pytest.fixture
def worker(transactional_db: None) -> Iterator[None]:
    del transactional_db
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,))
    thread.start()
    yield
    stop.set()
    thread.join(timeout=30)


@pytest.fixture
def scan_desk(
    settings: Settings,
    live_server: LiveServer,
    exact_standin: StandIn,
    ups_standin: StandIn,
    browser: Browser,
    worker: None,
    tmp_path: Path,
) -> Iterator[ScanDesk]:
    """An operator who has just opened the page."""
    del worker
    credentials.forget_kept()
    journey = begin(settings, live_server, exact_standin, ups_standin)
    with tenant_context(journey.tenant.id):
        Tenant.objects.filter(pk=journey.tenant.pk).update(shipping_mode=Tenant.ShippingMode.APPROVAL)
    client = factories.sign_in(Client(), factories.make_member(journey.tenant, Role.OPERATOR))
    cookie = client.cookies[site_settings.SESSION_COOKIE_NAME].value
    context = browser.new_context(viewport={"width": WIDTHS["desk"][0], "height": WIDTHS["desk"][1]})
    context.add_cookies([{"name": site_settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    context.add_init_script(LISTEN)
    page, complaints = context.new_page(), list[str]()
    page.route("**/label.pdf", lambda route: route.fulfill(content_type="text/html", body="the label"))
    page.on("console", lambda told: complaints.append(told.text) if told.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(live_server.url + reverse("syncjobs:scan", args=[journey.tenant.code]))
    yield ScanDesk(page=page, journey=journey, complaints=complaints, waits=[], album=tmp_path)
    context.close()


def choose_station(scan_desk: ScanDesk) -> Station:
    """Once, at the beginning of the day."""
    with tenant_context(scan_desk.journey.tenant.id):
        station = Station.objects.create(tenant=scan_desk.journey.tenant, name="Table 2")
    scan_desk.page.reload()
    scan_desk.page.get_by_label("Print at").select_option("Table 2")
    scan_desk.page.get_by_role("button", name="Choose").press("Enter")
    expect(scan_desk.page.get_by_label("Print at")).to_have_value(str(station.code))
    return station


def test_a_person_packs_sixty_parcels_an_hour_by_keyboard_alone(scan_desk: ScanDesk) -> None:
    station = choose_station(scan_desk)
    deliveries = [scan_desk.book() for _ in range(PARCELS)]
    numbers: list[str] = []

    for place, delivery in enumerate(deliveries):
        scan_desk.journey.let_a_minute_pass()
        assert scan_desk.focused == "number"
        scan_desk.type(delivery.delivery_number, until="[name=parcel0-weight]:focus")
        scan_desk.type(f"2.{place + 1}", until=".scan-numbers")
        expect(scan_desk.page.get_by_text("its label waits at Table 2")).to_be_visible()
        numbers.append(scan_desk.page.locator(".scan-numbers").inner_text().strip())

    weights = [
        parcel["weight"].split()[0] for each in scan_desk.journey.shipments_at_ups() for parcel in each["parcels"]
    ]
    assert sorted(weights) == [f"2.{place + 1}" for place in range(PARCELS)]
    assert len(set(numbers)) == PARCELS
    with tenant_context(scan_desk.journey.tenant.id):
        assert PrintJob.objects.filter(station=station).count() == PARCELS
    seconds = sum(scan_desk.waits) / PARCELS
    print(f"\nmachine seconds a parcel: {seconds:.2f}")  # noqa: T201  shown by -s
    assert seconds < MACHINE_SECONDS
    assert scan_desk.complaints == []


def test_keys_for_everything_and_a_sound_for_what_is_wrong(scan_desk: ScanDesk) -> None:
    page = scan_desk.page
    first = scan_desk.book()
    scan_desk.photograph("scan")

    scan_desk.type("99999999", until=".scan-say-stop")
    assert scan_desk.comes_true("window.heard.join() === 'square,square'")
    scan_desk.photograph("not-found")
    scan_desk.type(first.delivery_number, until="[name=parcel0-weight]:focus")
    scan_desk.press("F2", until="[name=parcel1-weight]:focus")
    scan_desk.photograph("pack")
    scan_desk.type("71", until=".invalid-feedback")
    assert scan_desk.comes_true("window.heard.join() === 'square,square'")
    assert scan_desk.focused == "parcel1-weight"
    scan_desk.photograph("wrong")
    page.keyboard.type("3,2")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator(".scan-numbers li")).to_have_count(2, timeout=15_000)
    expect(page.get_by_text("its label is being printed")).to_be_visible()
    assert scan_desk.comes_true("window.printed === 1")
    scan_desk.photograph("label")
    assert scan_desk.focused == "number"
    scan_desk.press("Escape", until="text=The scanner types the number")

    assert len(scan_desk.journey.shipments_at_ups()) == 1
    with tenant_context(scan_desk.journey.tenant.id):
        assert list(Label.objects.values_list("prints", flat=True)) == [1, 1]
    assert [told for told in scan_desk.complaints if "422" not in told] == []


def test_the_next_delivery_is_scanned_while_the_label_is_made_and_none_is_lost(scan_desk: ScanDesk) -> None:
    station = choose_station(scan_desk)
    first, second = scan_desk.book(), scan_desk.book()
    page = scan_desk.page
    scan_desk.type(first.delivery_number, until="[name=parcel0-weight]:focus")
    scan_desk.type(second.delivery_number, until=f"text={second.delivery_number}")
    expect(page.get_by_role("heading", name=second.delivery_number)).to_be_visible()
    scan_desk.press("Escape", until="text=The scanner types the number")
    scan_desk.type(first.delivery_number, until="[name=parcel0-weight]:focus")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    page.locator("[data-wait], .scan-numbers").first.wait_for()
    page.locator("#scan-number:focus").wait_for()
    page.keyboard.type(second.delivery_number)
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name=second.delivery_number)).to_be_visible(timeout=15_000)
    expect(page).to_have_url(re.compile(str(second.code)))
    with tenant_context(scan_desk.journey.tenant.id):
        assert PrintJob.objects.filter(station=station).count() == 1
    assert len(scan_desk.journey.shipments_at_ups()) == 1
    assert scan_desk.complaints == []


def test_an_error_is_read_and_not_printed(scan_desk: ScanDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    page, delivery = scan_desk.page, scan_desk.book()
    page.add_init_script("window.print = () => { sessionStorage.printed = 1; };")
    page.unroute("**/label.pdf")
    page.route("**/label.pdf", lambda route: route.fulfill(content_type="text/html", body="<main>an error</main>"))
    scan_desk.type(delivery.delivery_number, until="[name=parcel0-weight]:focus")
    scan_desk.type("2", until="text=an error")
    assert page.evaluate("sessionStorage.printed") is None

    page.goto(page.url.replace("label.pdf", ""))
    rule = replace(download_pace.DOWNLOADS, name=f"downloads {uuid.uuid4()}", requests=0)
    monkeypatch.setattr(download_pace, "DOWNLOADS", rule)
    scan_desk.press("F8", until="text=Too many files at once")

    with tenant_context(scan_desk.journey.tenant.id):
        assert list(Label.objects.values_list("prints", flat=True)) == [1]
