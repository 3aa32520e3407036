"""A newcomer's walk through the set-up in a real browser, with both stand-ins as the outside world."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from django.test import Client
from django.utils import timezone
from playwright.sync_api import Frame, Locator, Page, expect
from pytest_django import Settings

from connector_site.lib.wording import local
from exact import connecting, credentials
from syncjobs import engine
from syncjobs.models import ShipFrom, ShippingRule, SyncJob
from tenants.context import tenant_context
from tenants.founding import found_tenant
from tenants.models import Tenant, User
from tests import factories
from tests.journey.conftest import connect
from tests.pages.test_browser import WIDTHS, Window
from tests.standins import Company, StandIn
from ups.accounts import AccountDetails, save_account
from ups.models import Account
from ups.products import check_products
from ups.shipment_spec import PartySpec

SITES = ("nl", "de")
SERIOUS = frozenset({"serious", "critical"})
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RULES = {"resultTypes": ["violations"]}
HTML_SHOWN = 120
SHIPPER = PartySpec(
    name="Voorbeeld Groothandel BV",
    attention="Expeditie",
    phone="+31 20 123 4567",
    address_lines=("Kade 12",),
    city="Rotterdam",
    postal_code="3011AA",
    country="NL",
)
# A practised person, by the keystroke-level model (Card, Moran and Newell 1983), in seconds.
POINT_AND_CLICK = 1.2
THINK = 1.35
KEYSTROKE = 0.28
PASTED_KEYSTROKES = 2
PASTED_FROM = 15
"""Nobody types what is longer than this by hand: client id and secret are pasted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsApp:
    """What the customer has from UPS."""

    client_id: str
    client_secret: str
    shipper_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Both stand-ins, with our app registered at two sites of Exact."""

    exact: StandIn
    ups: StandIn
    app: dict[str, str]

    def company(self, **more: object) -> Company:
        """A company in Exact, with somebody who may do everything there."""
        return Company(exact=self.exact, facts=self.exact.control("POST", "companies", {"site": "nl", **more}))

    def ups_app(self, **more: object) -> UpsApp:
        """An app at UPS with every product, unless told otherwise."""
        app = UpsApp(
            client_id=f"client-{uuid.uuid4().hex}",
            client_secret=uuid.uuid4().hex,
            shipper_number=f"T{uuid.uuid4().hex[:5].upper()}",
        )
        self.change_ups_app(app, **more)
        return app

    def change_ups_app(self, app: UpsApp, **more: object) -> None:
        """As the customer does in the portal of UPS."""
        facts = {"client_id": app.client_id, "client_secret": app.client_secret, "country": "NL"}
        self.ups.control("POST", "accounts", {**facts, "shipper_number": app.shipper_number, **more})

    def register(self, site: str, **more: object) -> None:
        """Our app at one site of Exact."""
        app = {"site": site, **self.app, "redirect_uris": [connecting.redirect_uri()], "webhook_delay_ms": 0}
        self.exact.control("POST", "apps", app | more)


def open_outside(settings: Settings, site: str, *, exact: StandIn, ups: StandIn) -> Outside:
    """Stand-ins without faults; each walk has an app of its own, so that no limit is shared."""
    credentials.forget_kept()
    for standin in (exact, ups):
        standin.control("DELETE", "faults")
        standin.control("DELETE", "calls")
    settings.PUBLIC_URL = site
    settings.EXACT_BASE_URLS = settings.EXACT_BASE_URLS | {name: f"{exact.address}/{name}" for name in SITES}
    settings.UPS_BASE_URLS = {"test": ups.address, "production": ups.address}
    app = settings.EXACT_APPS["nl"] | {"client_id": str(uuid.uuid4())}
    settings.EXACT_APPS = dict.fromkeys(SITES, app)
    outside = Outside(exact=exact, ups=ups, app=app)
    for name in SITES:
        outside.register(name)
    return outside


@dataclass(slots=True, kw_only=True)
class Walk:
    """A person at the window. What she does is counted, except while she only looks around."""

    window: Window
    outside: Outside
    clicks: int = 0
    typed: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    is_counted: bool = True

    def __post_init__(self) -> None:
        """See every page that is opened."""
        self.page.on("framenavigated", lambda frame: self._opened(frame))  # noqa: PLW0108  Playwright marks what it is given

    @property
    def page(self) -> Page:
        """What she sees."""
        return self.window.page

    def press(self, name: str) -> None:
        """A button, by its words."""
        self.click(self.page.get_by_role("main").get_by_role("button", name=name, exact=True))

    def follow(self, name: str) -> None:
        """A link, by its words."""
        self.click(self.page.get_by_role("main").get_by_role("link", name=name, exact=True))

    def click(self, what: Locator) -> None:
        """Whatever it is."""
        self.clicks += self.is_counted
        what.click()

    def fill(self, label: str, value: str) -> None:
        """Click into a field and type."""
        self.clicks += self.is_counted
        self.typed += [value] * self.is_counted
        self.page.get_by_label(label, exact=True).fill(value)

    def choose(self, label: str, value: str) -> None:
        """An entry of a list: one click opens it, one chooses."""
        self.clicks += 2 * self.is_counted
        self.page.get_by_label(label, exact=True).locator("visible=true").select_option(value)

    def check(self, label: str) -> None:
        """One of several."""
        self.clicks += self.is_counted
        self.page.get_by_label(label).check()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Look around without counting."""
        self.is_counted = False
        yield
        self.is_counted = True

    def sees(self, heading: str) -> None:
        """Wait for a page by its title."""
        expect(self.page.get_by_role("heading", name=heading, exact=True, level=1)).to_be_visible()

    def reads(self, text: str) -> None:
        """Wait for words on the page."""
        expect(self.page.locator("main").get_by_text(text).first).to_be_visible()

    def picture(self, name: str) -> None:
        """Keep a picture, and let axe look; what it finds is told at the end."""
        self.window.photograph(name)
        self.note_violations(name)

    def note_violations(self, name: str) -> None:
        """What axe says of the page as it is."""
        found = [f"{name}: {each}" for each in serious_violations(self.page)]
        self.violations += [each for each in found if each not in self.violations]

    def pictures(self, name: str) -> None:
        """The same at every width, for pages that are reached once; axe looks at the phone."""
        for width, (wide, high) in WIDTHS.items():
            self.page.set_viewport_size({"width": wide, "height": high})
            self.window.photograph(f"{name}-{width}")
        self.note_violations(name)
        wide, high = WIDTHS["desk"]
        self.page.set_viewport_size({"width": wide, "height": high})

    def allow(self, company: Company) -> None:
        """On Exact's own page."""
        self.sign_in_at_exact(company)
        self.click(self.page.get_by_role("button", name="Allow"))

    def sign_in_at_exact(self, company: Company) -> None:
        """Where somebody else, or nobody, is signed in."""
        person = self.page.locator("form", has_text=str(company.facts["user_email"]))
        self.click(person.get_by_role("button", name="Continue"))

    def seconds_of_a_person(self) -> float:
        """Pointing, thinking and typing, without the time that the pages take."""
        keys = sum(len(each) if len(each) < PASTED_FROM else PASTED_KEYSTROKES for each in self.typed)
        return self.clicks * (POINT_AND_CLICK + THINK) + keys * KEYSTROKE

    def _opened(self, frame: Frame) -> None:
        path = frame.url.removeprefix(self.window.site).split("?")[0]
        if self.is_counted and frame == self.page.main_frame and frame.url.startswith(self.window.site):
            self.pages.append(path)


def serious_violations(page: Page, *, only: str | None = None) -> list[str]:
    """What axe finds to be serious or critical, with the elements; by all its rules, or by one."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate(
        "async rules => (await axe.run(rules)).violations", RULES | ({"runOnly": [only]} if only else {})
    )
    return [
        f"{each['id']}: {node['html'][:HTML_SHOWN]}: {node['failureSummary']}"
        for each in found
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]


def work() -> None:
    """What workers do, until nothing is due."""
    while engine.work(list(SyncJob.Queue)):
        pass


def stay_signed_in(window: Window, user: User) -> None:
    """Let the window be signed in, with the second factor used a moment ago."""
    client = factories.sign_in(Client(), user)
    for name, morsel in client.cookies.items():
        window.page.context.add_cookies([{"name": name, "value": morsel.value, "url": window.site}])


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """A company of ours that has not gone live, and its owner."""

    tenant: Tenant
    owner: User


def make_newcomer(name: str = "Anna BV") -> Newcomer:
    """Who has done step 1."""
    owner = factories.make_user("anna")
    return Newcomer(tenant=found_tenant(name=name, owner=owner), owner=owner)


def connect_exact(newcomer: Newcomer, company: Company) -> None:
    """Step 2, without the pages."""
    connect(newcomer.tenant, company)
    work()


def connect_ups(newcomer: Newcomer, app: UpsApp) -> Account:
    """Step 3, without the pages."""
    details = AccountDetails(
        name="Main account",
        shipper_number=app.shipper_number,
        environment="test",
        client_id=app.client_id,
        client_secret=app.client_secret,
        shipper=SHIPPER,
    )
    account = save_account(newcomer.tenant.id, details)
    checked = check_products(account)
    assert checked.ok, local(checked.message)
    return account


def say_where_from(newcomer: Newcomer) -> None:
    """Step 4, without the pages."""
    with tenant_context(newcomer.tenant.id):
        ShipFrom.objects.create(
            tenant=newcomer.tenant,
            connection=newcomer.tenant.exact_connections.get(),
            company_name=SHIPPER.name,
            attention_name=SHIPPER.attention,
            address_line_1=SHIPPER.address_lines[0],
            postal_code=SHIPPER.postal_code,
            city=SHIPPER.city,
            country=SHIPPER.country,
            phone=SHIPPER.phone,
            checked_at=timezone.now(),
        )


def choose_service(newcomer: Newcomer, company: Company, account: Account) -> None:
    """Step 5, without the pages."""
    with tenant_context(newcomer.tenant.id):
        ShippingRule.objects.create(
            tenant=newcomer.tenant,
            connection=newcomer.tenant.exact_connections.get(),
            exact_method_id=company.method("UPSSTD"),
            account=account,
            service_code="11",
        )


def seconds_since(started_at: float) -> float:
    """Of the clock on the wall."""
    return time.monotonic() - started_at
