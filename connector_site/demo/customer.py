"""A customer who sets everything up in the browser, step by step, from the sign-up form to going live."""

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from connector_site.demo.configuration import Configuration
from connector_site.demo.entrance import Login, sign_up
from connector_site.demo.errors import DemoFailed
from connector_site.demo.person import Page, Person
from connector_site.demo.sandbox import Company, Sandbox

TENANT = "Demo Trading"
SITE = "nl"
COUNTRY = "NL"
SHIPPER_NUMBER = "A1B2C3"
TIMEOUT_SECONDS = 30
POLL_SECONDS = 0.2
# What the customer ships by UPS: shipping method in Exact, words of the UPS service; the other methods are not UPS.
SERVICES = {"UPS Standard": "Standard", "UPS Express Saver": "Saver"}
NOT_UPS = "Not UPS"
NOT_OF_A_PLACE = frozenset({"name", "shipper_number", "environment"})
WOULD_BE_SHIPPED = "Would be shipped"
VIEW_NAME = "Outbound"
"""The Quantum View subscription that the customer made at UPS."""
SENDER = {
    "name": "Main account",
    "shipper_number": SHIPPER_NUMBER,
    "environment": "test",
    "company_name": "Demo Trading BV",
    "attention_name": "Warehouse",
    "address_line_1": "Keizersgracht 123",
    "postal_code": "1015 CJ",
    "city": "Amsterdam",
    "country": COUNTRY,
    "phone": "+31 20 123 4567",
    "email": "warehouse@demo.example",
}
COMPANY_PAGE = re.compile(r"/t/([0-9a-f-]{36})/")
# One section per shipping method, named by its code in Exact, with the list of services inside.
RULE = re.compile(r'data-exact-method="([^"]*)".*?name="([^"]+-service)"', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """The company in Exact that ships now, and how its owner signs in."""

    company: Company
    login: Login


def connect_customer(configuration: Configuration, sandbox: Sandbox) -> Customer:
    """Take a new company all the way through the pages of the site and Exact's consent page."""
    company = sandbox.make_company(site=SITE, name=SENDER["company_name"], country=COUNTRY)
    person = Person(configuration.addresses.site)
    with _told("signed up and set up the second factor"):
        login = sign_up(configuration, person)
    with _told("1 named the company"):
        home = _found_company(person)
    with _told(f"2 connected company {company.division} through Exact's consent page"):
        _connect_exact(person, home, company)
    with _told("3 connected the UPS account, with a Quantum View subscription"):
        _connect_ups(person, home, sandbox)
    with _told("4 said where parcels leave from"):
        _say_where_from(person, home)
    with _told("5 chose the UPS services of the shipping methods"):
        _choose_services(person, home, company)
    with _told("6 saw what would become of the last deliveries"):
        _look_ahead(person, home, sandbox, company)
    with _told("Exact has checked the webhook address"):
        sandbox.wait_for_subscription(company)
    with _told("7 went live"):
        _go_live(person, home)
    return Customer(company=company, login=login)


@contextmanager
def _told(what: str) -> Iterator[None]:
    started_at = time.monotonic()
    yield
    print(f"  {what} ({time.monotonic() - started_at:.1f} s)", flush=True)


def _found_company(person: Person) -> str:
    """The address under which the pages of the new company are."""
    page = person.open("/companies/new/")
    page = person.send(page, page.form_with("weight_unit"), name=TENANT)
    found = COMPANY_PAGE.search(page.url)
    if found is None:
        raise DemoFailed(f"Naming the company led to {page.url}: {page.text}")
    return found[0]


def _connect_exact(person: Person, home: str, company: Company) -> None:
    page = _step(person, home, "exact/")
    page = person.send(page, page.form_to("/exact/start/"), site=SITE)
    user_id = company.user_id
    sign_in = next((form for form in page.forms if form.values.get("signed_in") == user_id), None)
    if sign_in is None:
        raise DemoFailed(f"Exact's page does not offer {company.user_email}: {page.text}")
    page = person.send(page, sign_in)
    page = person.send(page, page.form_with("decision"), decision="allow")
    page = person.send(page, page.form_with("division"), division=str(company.division))
    if home not in page.url:
        raise DemoFailed(f"Connecting Exact led to {page.url}: {page.text}")


def _connect_ups(person: Person, home: str, sandbox: Sandbox) -> None:
    app = {"client_id": f"demo-{secrets.token_hex(8)}", "client_secret": secrets.token_urlsafe(24)}
    sandbox.make_ups_account(**app, shipper_number=SHIPPER_NUMBER, country=COUNTRY)
    sandbox.subscribe_to_quantum_view(shipper_number=SHIPPER_NUMBER, name=VIEW_NAME)
    page = _step(person, home, "ups/new/")
    person.send(page, page.form_with("shipper_number"), **SENDER, **app, feed=VIEW_NAME)


def _say_where_from(person: Person, home: str) -> None:
    page = _step(person, home, "ship-from/")
    place = {name: value for name, value in SENDER.items() if name not in NOT_OF_A_PLACE}
    person.send(page, page.form_with("address_line_1"), **place)


def _look_ahead(person: Person, home: str, sandbox: Sandbox, company: Company) -> None:
    """At a delivery that was booked before going live, and so is never shipped."""
    sandbox.book_delivery(company)
    page = _step(person, home, "dry-run/")
    page = person.send(page, page.form_to("/dry-run/"))
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while WOULD_BE_SHIPPED not in page.text:
        if time.monotonic() > deadline:
            raise DemoFailed(f"No delivery was looked at within {TIMEOUT_SECONDS} seconds: {page.text}")
        time.sleep(POLL_SECONDS)
        page = person.open(f"{home}dry-run/")


def _go_live(person: Person, home: str) -> None:
    page = person.open(f"{home}go-live/")
    page = person.send(page, page.form_with("mode"), mode="automatic", start="now")
    if not page.url.endswith(f"{home}deliveries/"):
        raise DemoFailed(f"The company did not go live: {page.text}")


def _step(person: Person, home: str, path: str) -> Page:
    """The page of a step, when it is the next one."""
    page = person.open(f"{home}next/")
    if not page.url.endswith(f"{home}{path}"):
        raise DemoFailed(f"The next step should be {path}, and is {page.url}: {page.text}")
    return page


def _choose_services(person: Person, home: str, company: Company) -> None:
    page = _page_with_rules(person, home)
    lists = dict(RULE.findall(page.html))
    form = page.form_with(next(iter(lists.values())))
    names = {method.code: method.name for method in company.shipping_methods}
    chosen = {field: form.choice(field, SERVICES.get(names.get(code, ""), NOT_UPS)) for code, field in lists.items()}
    page = person.send(page, form, **chosen)
    if "Nothing was saved" in page.text:
        raise DemoFailed(f"The shipping rules were not saved: {page.text}")


def _page_with_rules(person: Person, home: str) -> Page:
    """The rules page, once a worker has read the shipping methods from Exact."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        page = person.open(f"{home}rules/")
        if RULE.search(page.html):
            return page
        if time.monotonic() > deadline:
            raise DemoFailed(f"No shipping methods were read within {TIMEOUT_SECONDS} seconds: {page.text}")
        time.sleep(POLL_SECONDS)
