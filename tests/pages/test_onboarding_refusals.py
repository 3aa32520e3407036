"""Whatever can be refused while a newcomer sets up: each has its page, its way out, and going on from there works."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from connector_site.lib.local_browser import installed_browser
from exact.models import Connection
from syncjobs.models import Delivery, ShipFrom, ShippingRule
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.pages import walk as way
from tests.pages.test_browser import Window, browser, window
from tests.pages.test_onboarding_walk import outside
from tests.pages.walk import Newcomer, Outside, UpsApp, Walk, make_newcomer, stay_signed_in, work
from tests.standins import Company

__all__ = ["browser", "outside", "window"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.django_db(transaction=True, databases=["default", "staff"]),
    pytest.mark.skipif(installed_browser() is None, reason="no Chromium is installed: apt-get install chromium"),
    pytest.mark.parametrize("window", ["desk"], indirect=True),
]
HAS_OUTLINE = "parseFloat(getComputedStyle(document.activeElement).outlineWidth) >= 2"
OUR_SCOPES = ("organization administration", "crm accounts", "sales orders", "logistics wms", "logistics items")


@pytest.fixture
def newcomer(outside: Outside) -> Newcomer:
    """Made after the window, so that the database is open to this thread."""
    del outside
    return make_newcomer()


@pytest.fixture
def walk(window: Window, outside: Outside, newcomer: Newcomer) -> Walk:
    stay_signed_in(window, newcomer.owner)
    return Walk(window=window, outside=outside)


@pytest.fixture
def company(outside: Outside) -> Company:
    return outside.company(name="Groothandel Zuid")


def go_to(walk: Walk, newcomer: Newcomer, name: str) -> None:
    walk.page.goto(walk.window.site + reverse(name, args=[newcomer.tenant.code]))


def ask_exact(walk: Walk, newcomer: Newcomer) -> None:
    """As far as Exact's own page."""
    go_to(walk, newcomer, "exact:connection")
    walk.press("Go to Exact Online")


def ask_and_allow(walk: Walk, newcomer: Newcomer, company: Company) -> None:
    ask_exact(walk, newcomer)
    walk.allow(company)
    walk.sees("Choose the company")


def choose(walk: Walk, company: Company) -> None:
    walk.check(str(company.facts["name"]))
    walk.press("Connect this company")


def goes_on_to_ups(walk: Walk, newcomer: Newcomer) -> None:
    walk.sees("Connect UPS")
    assert connected(newcomer) == 1


def connected(newcomer: Newcomer) -> int:
    with tenant_context(newcomer.tenant.id):
        return Connection.objects.filter(tenant=newcomer.tenant, disconnected_at=None).count()


def ends_well(walk: Walk) -> None:
    assert not walk.violations, "\n".join(walk.violations)
    assert [text for text in walk.window.complaints if "400 (Bad Request)" not in text] == []


def test_refused_at_exact(walk: Walk, newcomer: Newcomer, company: Company) -> None:
    ask_exact(walk, newcomer)
    walk.sign_in_at_exact(company)
    walk.page.get_by_role("button", name="Refuse").click()
    walk.sees("The permission was not given")
    walk.pictures("refused-at-exact")
    assert connected(newcomer) == 0

    walk.follow("Begin again")
    walk.press("Go to Exact Online")
    walk.page.get_by_role("button", name="Allow").click()
    choose(walk, company)
    goes_on_to_ups(walk, newcomer)
    ends_well(walk)


def test_given_up_on_exacts_page_and_an_old_answer_used_again(walk: Walk, newcomer: Newcomer, company: Company) -> None:
    ask_exact(walk, newcomer)
    expect(walk.page.get_by_role("heading", name="Sign in")).to_be_visible()
    walk.page.go_back()
    walk.sees("Exact Online")
    answers: list[str] = []
    walk.page.on("request", lambda sent: answers.append(sent.url) if "/exact/callback" in sent.url else None)
    ask_and_allow(walk, newcomer, company)

    walk.page.goto(answers[0])
    walk.sees("This answer of Exact Online cannot be used")
    walk.pictures("old-answer")
    assert connected(newcomer) == 0
    go_to(walk, newcomer, "exact:companies")
    choose(walk, company)
    goes_on_to_ups(walk, newcomer)
    ends_well(walk)


def test_the_wrong_country(walk: Walk, newcomer: Newcomer, company: Company) -> None:
    """The code of one country's Exact Online is not taken by another's."""
    walk.outside.exact.control(
        "POST",
        "faults",
        {
            "path_regex": "/de/api/oauth2/token",
            "action": "status",
            "status": 400,
            "times": None,
            "body": {"error": "invalid_grant"},
        },
    )
    germans = walk.outside.company(site="de", name="Versandhandel Nord")
    go_to(walk, newcomer, "exact:connection")
    walk.choose("Country of your Exact Online", "de")
    walk.press("Go to Exact Online")
    walk.allow(germans)
    walk.sees("Exact Online did not accept the sign-in")
    walk.reads("choose the country whose Exact Online you sign in to")
    walk.pictures("wrong-country")
    assert connected(newcomer) == 0

    walk.follow("Begin again")
    walk.press("Go to Exact Online")
    walk.allow(company)
    choose(walk, company)
    goes_on_to_ups(walk, newcomer)
    ends_well(walk)


def test_a_company_of_another_customer_with_the_same_user(walk: Walk, newcomer: Newcomer, company: Company) -> None:
    """The second user of the same chain is told so; the company that is taken stays with whom it belongs to."""
    other = make_newcomer("Ander Bedrijf BV")
    way.connect_exact(other, company)
    free = walk.outside.company(user=company.facts["user_id"], name="Groothandel Noord")
    ask_and_allow(walk, newcomer, company)
    walk.reads("The same Exact user gave the permission for another customer's company too.")
    walk.pictures("second-user-of-the-chain")
    choose(walk, company)
    walk.sees("This company is connected already")
    walk.pictures("company-taken")
    assert (connected(newcomer), connected(other)) == (0, 1)

    walk.follow("Choose the company again")
    choose(walk, free)
    goes_on_to_ups(walk, newcomer)
    assert connected(other) == 1
    ends_well(walk)


def test_a_right_is_missing(walk: Walk, newcomer: Newcomer, company: Company) -> None:
    rights = f"companies/{company.division}/rights"
    walk.outside.exact.control("POST", rights, {"missing": ["salesorder/GoodsDeliveries:PUT"]})
    ask_and_allow(walk, newcomer, company)
    choose(walk, company)
    walk.sees("A right is missing in Exact Online")
    walk.pictures("right-missing")
    assert connected(newcomer) == 0

    walk.outside.exact.control("POST", rights, {"missing": []})
    walk.follow("Choose the company again")
    choose(walk, company)
    goes_on_to_ups(walk, newcomer)
    ends_well(walk)


def test_our_app_lacks_a_scope(walk: Walk, newcomer: Newcomer, company: Company) -> None:
    walk.outside.register("nl", scopes=[scope for scope in OUR_SCOPES if scope != "logistics items"])
    ask_and_allow(walk, newcomer, company)
    choose(walk, company)
    walk.sees("Our app lacks a permission at Exact Online")
    walk.pictures("scope-missing")
    assert connected(newcomer) == 0

    walk.outside.register("nl")
    walk.follow("Choose the company again")
    choose(walk, company)
    goes_on_to_ups(walk, newcomer)
    ends_well(walk)


def enter_ups(walk: Walk, app: UpsApp, *, secret: str = "") -> None:
    walk.fill("Shipper number", app.shipper_number)
    walk.page.get_by_label("Environment", exact=True).select_option("test")
    walk.fill("Client ID", app.client_id)
    walk.fill("Client secret", secret or app.client_secret)
    walk.press("Save and check")


@pytest.fixture
def at_ups(walk: Walk, newcomer: Newcomer, company: Company) -> Walk:
    """Exact is connected, and the page of the next step is open."""
    way.connect_exact(newcomer, company)
    go_to(walk, newcomer, "syncjobs:go_on")
    walk.sees("Connect UPS")
    return walk


def test_a_wrong_secret_of_the_ups_app(at_ups: Walk) -> None:
    app = at_ups.outside.ups_app()
    enter_ups(at_ups, app, secret="not the secret")
    at_ups.reads("UPS does not accept it yet")
    at_ups.pictures("wrong-secret")

    at_ups.fill("Client secret (optional)", app.client_secret)
    at_ups.press("Save and check")
    at_ups.sees("Ship-from addresses")
    ends_well(at_ups)


def test_a_shipper_number_that_is_not_of_this_app(at_ups: Walk) -> None:
    app, other = at_ups.outside.ups_app(), at_ups.outside.ups_app()
    enter_ups(
        at_ups, UpsApp(client_id=app.client_id, client_secret=app.client_secret, shipper_number=other.shipper_number)
    )
    at_ups.reads("UPS does not accept it yet")
    at_ups.pictures("wrong-shipper-number")

    at_ups.fill("Shipper number", app.shipper_number)
    at_ups.press("Save and check")
    at_ups.sees("Ship-from addresses")
    ends_well(at_ups)


@pytest.mark.parametrize(
    ("products", "is_needed"),
    [(["rating", "tracking", "track_alert"], True), (["shipping", "rating", "tracking"], False)],
    ids=["shipping", "track-alert"],
)
def test_a_product_that_was_not_added(at_ups: Walk, products: list[str], is_needed: bool) -> None:  # noqa: FBT001
    app = at_ups.outside.ups_app(products=products)
    enter_ups(at_ups, app)
    at_ups.reads("How to add what is missing")
    at_ups.pictures(f"product-not-added-{'needed' if is_needed else 'beside'}")
    go_on = at_ups.page.get_by_role("link", name="Go on anyway")
    expect(go_on).to_have_count(0 if is_needed else 1)

    if not is_needed:
        go_on.click()
    else:
        at_ups.outside.change_ups_app(app)
        at_ups.press("Check again")
    at_ups.sees("Ship-from addresses")
    ends_well(at_ups)


def test_the_step_ups_by_keyboard_alone(at_ups: Walk) -> None:
    """Each press shows where one is; Enter sends the form."""
    app = at_ups.outside.ups_app()
    page = at_ups.page
    typed = {"Shipper number": app.shipper_number, "Client ID": app.client_id, "Client secret": app.client_secret}
    for label, value in typed.items():
        tab_to(at_ups, label)
        page.keyboard.type(value)
        if label == "Shipper number":
            page.keyboard.press("Tab")
            page.keyboard.type("Test")
    at_ups.picture("keyboard")
    page.keyboard.press("Enter")

    at_ups.sees("Ship-from addresses")
    ends_well(at_ups)


def tab_to(walk: Walk, label: str) -> None:
    """With the Tab key, as long as it takes; what has the focus shows it."""
    wanted = walk.page.get_by_label(label, exact=True)
    for _ in range(40):
        walk.page.keyboard.press("Tab")
        assert walk.page.evaluate(HAS_OUTLINE), walk.page.evaluate("document.activeElement.outerHTML")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not reach {label}.")


@pytest.fixture
def at_ship_from(walk: Walk, newcomer: Newcomer, company: Company) -> Walk:
    way.connect_exact(newcomer, company)
    way.connect_ups(newcomer, walk.outside.ups_app())
    go_to(walk, newcomer, "syncjobs:go_on")
    walk.sees("Ship-from addresses")
    return walk


def test_an_address_that_is_not_complete(at_ship_from: Walk, newcomer: Newcomer) -> None:
    walk = at_ship_from
    walk.fill("Company name on labels", "Anna en dochters BV")
    walk.fill("Street and number", "")
    walk.fill("Contact person", "Expeditie")
    walk.press("Save and check with UPS")
    walk.reads("Not saved yet: see the marked field.")
    walk.reads("Fill in “Street and number”.")
    walk.pictures("address-incomplete")
    expect(walk.page.get_by_label("Company name on labels", exact=True)).to_have_value("Anna en dochters BV")
    with tenant_context(newcomer.tenant.id):
        assert not ShipFrom.objects.exists()

    walk.fill("Street and number", "Kade 12")
    walk.press("Save and check with UPS")
    walk.sees("Shipping rules")
    ends_well(walk)


@pytest.fixture
def at_dry_run(walk: Walk, newcomer: Newcomer, company: Company) -> Walk:
    way.connect_exact(newcomer, company)
    account = way.connect_ups(newcomer, walk.outside.ups_app())
    way.say_where_from(newcomer)
    way.choose_service(newcomer, company, account)
    go_to(walk, newcomer, "syncjobs:go_on")
    walk.sees("Dry run")
    return walk


def test_no_delivery_to_look_at(at_dry_run: Walk) -> None:
    at_dry_run.press("Look at the last 10 deliveries")
    work()
    at_dry_run.reads("Exact Online has no goods deliveries yet")
    at_dry_run.pictures("no-delivery")

    at_dry_run.follow("Go on")
    at_dry_run.sees("Go live")
    ends_well(at_dry_run)


def test_exact_away_while_it_is_looked_at(at_dry_run: Walk, company: Company) -> None:
    company.book()
    exact = at_dry_run.outside.exact
    exact.control("POST", "faults", {"path_regex": "GoodsDeliveries", "action": "status", "times": None})
    at_dry_run.press("Look at the last 10 deliveries")
    work()
    at_dry_run.reads("Exact Online could not be read:")
    at_dry_run.pictures("exact-away")

    exact.control("DELETE", "faults")
    at_dry_run.press("Look again")
    work()
    at_dry_run.reads("Would be shipped")
    ends_well(at_dry_run)


def test_going_live_with_a_step_left_open(at_dry_run: Walk, newcomer: Newcomer) -> None:
    """A colleague takes the rules away while the page is open."""
    walk = at_dry_run
    go_to(walk, newcomer, "syncjobs:go_live")
    with tenant_context(newcomer.tenant.id):
        ShippingRule.objects.all().delete()
    walk.press("Go live")
    walk.reads("These steps come first:")
    walk.pictures("step-left-open")
    with tenant_context(newcomer.tenant.id):
        assert Tenant.objects.get(pk=newcomer.tenant.pk).shipping_mode == Tenant.ShippingMode.OFF
        assert not Delivery.objects.exists()

    walk.follow("Choose a UPS service for each shipping method")
    walk.press("Save rules")
    walk.sees("Dry run")
    walk.follow("Go on without it")
    walk.press("Go live")
    walk.sees("Deliveries")
    ends_well(walk)
