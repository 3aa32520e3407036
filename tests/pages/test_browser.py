"""A person at a real browser, on a desk and on a phone. The pages are photographed into the test's folder."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, Response, expect, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from connector_site.lib.local_browser import installed_browser
from exact import connecting
from syncjobs.models import Label
from tenants.context import tenant_context
from tenants.models import User
from tests import factories
from tests.factories import PASSWORD, Cast
from tests.pages import doubts, scene, travels
from tests.pages.scene import Desk
from tests.standins import StandIn

WIDTHS = {"desk": (1280, 900), "phone": (390, 844)}
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True, databases=["default", "staff"]),
    pytest.mark.skipif(installed_browser() is None, reason="no Chromium is installed: apt-get install chromium"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """An open browser window, with everything it complained about."""

    page: Page
    site: str
    complaints: list[str]
    album: Path

    def visit(self, name: str, *args: object) -> None:
        self.page.goto(self.site + reverse(name, args=args))

    def photograph(self, name: str) -> None:
        """Keep a picture, and see that nothing sticks out to the side."""
        self.page.screenshot(path=self.album / f"{name}.png", full_page=True)
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, f"{name} is {wide} pixels too wide"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Playwright runs an event loop in this thread; rows are made in it all the same, until the loop has ended."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        opened = playwright.chromium.launch(executable_path=installed_browser(), chromium_sandbox=False)
        yield opened
        opened.close()


@pytest.fixture(params=list(WIDTHS))
def window(
    request: pytest.FixtureRequest,
    transactional_db: None,
    live_server: LiveServer,
    browser: Browser,
    tmp_path: Path,
) -> Iterator[Window]:
    """A window of one width, signed in as nobody."""
    del transactional_db
    width, height = WIDTHS[request.param]
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    page.on("console", lambda told: complaints.append(told.text) if told.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield Window(page=page, site=live_server.url, complaints=complaints, album=tmp_path)
    context.close()


@pytest.fixture
def busy(window: Window) -> tuple[Cast, Desk]:
    """A customer at work; made after the window, so that the database is open to this thread."""
    del window
    cast = factories.make_cast()
    desk = scene.make_desk(cast.tenant)
    scene.make_held(desk)
    scene.make_skipped(desk)
    scene.make_doubtful(desk)
    return cast, desk


def sign_in(window: Window, email: str) -> None:
    window.visit("account_login")
    window.page.get_by_label("Email").fill(email)
    window.page.get_by_label("Password", exact=True).fill(PASSWORD)
    window.photograph("sign-in")
    window.page.get_by_role("button", name="Sign in", exact=True).click()
    window.page.get_by_label("Code").fill(factories.recovery_code(User.objects.get(email=email)))
    window.photograph("second-factor")
    window.page.get_by_role("button", name="Go on").click()
    expect(window.page).to_have_url(re.compile("/t/"))


def is_pdf(answer: Response) -> bool:
    return answer.headers.get("content-type") == "application/pdf"


def test_from_signing_in_to_the_label(window: Window, busy: tuple[Cast, Desk]) -> None:
    cast, desk = busy
    shipped = scene.make_shipped(desk, parcels=2)
    page = window.page

    sign_in(window, cast.owner.email)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    window.photograph("overview")
    window.visit("syncjobs:deliveries", desk.tenant.code)
    expect(page.get_by_role("heading", name="Deliveries")).to_be_visible()
    window.photograph("deliveries")
    page.get_by_role("link", name=shipped.delivery_number).click()
    expect(page.get_by_role("heading", name=f"Delivery {shipped.delivery_number}")).to_be_visible()
    window.photograph("delivery")
    with page.context.expect_page() as opened, page.context.expect_event("response", is_pdf) as answered:
        page.get_by_role("button", name="Print labels").click()

    assert opened.value != page
    assert answered.value.ok
    with tenant_context(desk.tenant.id):
        assert list(Label.objects.filter(parcel__shipment__delivery=shipped).values_list("prints", flat=True)) == [1, 1]
    assert window.complaints == []


def test_a_person_decides_about_a_shipment_in_two_steps(window: Window, busy: tuple[Cast, Desk]) -> None:
    cast, desk = busy
    delivery = doubts.make_several(desk)
    page = window.page
    sign_in(window, cast.owner.email)
    window.visit("syncjobs:work", desk.tenant.code)
    window.photograph("to-do")
    page.get_by_role("link", name=f"Decide about delivery {delivery.delivery_number}").click()
    numbers = page.get_by_label("Which shipment")
    expect(numbers.first).to_be_hidden()
    page.get_by_label("It was made: use it").check()
    numbers.first.select_option(doubts.NUMBERS[1])
    expect(numbers.nth(1)).to_be_hidden()
    page.get_by_label("Why do you decide so?").fill("UPS named this one by telephone.")
    window.photograph("decide")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="It was made: use it?")).to_be_visible()
    window.photograph("decide-confirm")
    page.get_by_role("button", name="Yes, decide so").click()

    expect(page.get_by_text("Decided: It was made: use it.")).to_be_visible()
    window.photograph("decided")
    assert window.complaints == []


def test_a_new_delivery_appears_by_itself(window: Window, busy: tuple[Cast, Desk]) -> None:
    cast, desk = busy
    sign_in(window, cast.viewer.email)
    window.visit("syncjobs:deliveries", desk.tenant.code)
    expect(window.page.get_by_role("heading", name="Deliveries")).to_be_visible()

    fresh = scene.make_delivery(desk)

    expect(window.page.get_by_role("link", name=fresh.delivery_number)).to_be_visible()
    assert window.complaints == []


def test_a_delivery_at_work_goes_on_before_ones_eyes(window: Window, busy: tuple[Cast, Desk]) -> None:
    cast, desk = busy
    fresh = scene.make_delivery(desk)
    sign_in(window, cast.viewer.email)
    window.visit("syncjobs:delivery", desk.tenant.code, fresh.code)
    expect(window.page.get_by_text("The label is being made.")).to_be_visible()

    scene.ship(desk, fresh)

    expect(window.page.get_by_text("Written to Exact Online", exact=True)).to_be_visible()
    assert window.complaints == []


def test_an_event_appears_on_the_open_page_within_two_seconds(window: Window, busy: tuple[Cast, Desk]) -> None:
    cast, desk = busy
    delivery = travels.make_travelling(desk)
    sign_in(window, cast.viewer.email)
    window.visit("syncjobs:delivery", desk.tenant.code, delivery.code)
    expect(window.page.get_by_text("Out For Delivery Today", exact=True)).to_be_visible()

    travels.make_event(travels.parcels_of(delivery)[0], "in_transit", told="A late scan at the depot")

    expect(window.page.get_by_text("A late scan at the depot", exact=True)).to_be_attached(timeout=2_000)
    window.photograph("delivery-on-the-way")
    assert window.complaints == []


def test_the_states_of_the_way_are_seen_in_list_and_work(window: Window, busy: tuple[Cast, Desk]) -> None:
    cast, desk = busy
    delivered = travels.make_delivered(desk)
    travels.make_travelling(desk)
    travels.make_silent(desk)
    sign_in(window, cast.viewer.email)
    window.visit("syncjobs:deliveries", desk.tenant.code)
    expect(window.page.get_by_role("heading", name="Deliveries")).to_be_visible()
    window.photograph("deliveries-on-the-way")
    window.visit("syncjobs:work", desk.tenant.code)
    window.photograph("to-do-attention")
    window.visit("syncjobs:delivery", desk.tenant.code, delivered.code)
    window.photograph("delivery-delivered")

    expect(window.page.get_by_role("link", name="Proof of delivery")).to_be_visible()
    assert window.complaints == []


def test_the_button_of_the_work_list_asks_again(window: Window, busy: tuple[Cast, Desk]) -> None:
    cast, _ = busy
    page = window.page
    sign_in(window, cast.owner.email)

    page.get_by_role("link", name=re.compile("To do")).locator("visible=true").click()
    window.photograph("to-do")
    page.get_by_role("article").get_by_role("button", name="Check again").click()

    expect(page.get_by_text("is looked at again")).to_be_visible()
    assert window.complaints == []


def test_every_page_fits_its_window(window: Window, busy: tuple[Cast, Desk]) -> None:
    cast, desk = busy
    sign_in(window, cast.owner.email)

    for name in (
        "syncjobs:rules",
        "syncjobs:reconciliation",
        "syncjobs:reporting",
        "syncjobs:setup",
        "exact:connection",
        "exact:disconnect",
        "ups:accounts",
        "ups:new",
        "tenants:settings",
    ):
        window.visit(name, desk.tenant.code)
        window.photograph(name.replace(":", "-"))
    window.visit("ups:tracking", desk.tenant.code, desk.account.code)
    window.photograph("ups-tracking")
    window.visit("syncjobs:deliveries", cast.other_tenant.code)
    window.photograph("not-found")

    assert [text for text in window.complaints if "404" not in text] == []


def test_the_keyboard_reaches_the_content_first(window: Window, busy: tuple[Cast, Desk]) -> None:
    cast, _ = busy
    sign_in(window, cast.viewer.email)
    expect(window.page.get_by_role("heading", name="Overview")).to_be_visible()

    window.page.keyboard.press("Tab")

    expect(window.page.get_by_role("link", name="Skip to the content")).to_be_focused()


def test_exact_is_connected_through_its_own_page(
    window: Window, settings: Settings, live_server: LiveServer, exact_standin: StandIn
) -> None:
    settings.PUBLIC_URL = live_server.url
    settings.EXACT_BASE_URLS = settings.EXACT_BASE_URLS | {"nl": f"{exact_standin.address}/nl"}
    policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    leave = ["'self'", settings.EXACT_BASE_URLS["nl"]]
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": policy | {"form-action": leave}}
    app = {"site": "nl", **settings.EXACT_APPS["nl"], "redirect_uris": [connecting.redirect_uri()]}
    exact_standin.control("POST", "apps", app)
    company = exact_standin.control("POST", "companies", {"site": "nl", "name": "Groothandel Zuid"})
    cast = factories.make_cast()
    page = window.page
    sign_in(window, cast.owner.email)
    window.visit("exact:connection", cast.tenant.code)
    window.photograph("connect-exact")

    page.get_by_role("button", name="Go to Exact Online").click()
    page.wait_for_url(f"{exact_standin.address}/**")
    page.goto(f"{page.url}&signed_in={company['user_id']}")
    page.get_by_role("button", name=re.compile("Allow|Toestaan")).click()
    expect(page.get_by_role("heading", name="Choose the company")).to_be_visible()
    window.photograph("choose-company")
    page.get_by_label("Groothandel Zuid").check()
    page.get_by_role("button", name="Connect this company").click()

    expect(page.get_by_text("Groothandel Zuid is connected.")).to_be_visible()
    window.photograph("connected")


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_receivers_page_fits_in_every_state(window: Window, busy: tuple[Cast, Desk], language: str) -> None:
    _, desk = busy
    made = {
        "way": travels.make_travelling(desk),
        "delivered": travels.make_delivered(desk),
        "new": scene.make_shipped(desk),
        "long-ago": scene.make_held(desk),
    }

    for name, delivery in made.items():
        window.page.goto(f"{window.site}{travels.receivers_address(delivery)}?lang={language}")
        window.photograph(f"track-{name}")

    assert [text for text in window.complaints if "404" not in text] == []
