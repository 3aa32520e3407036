"""A customer who sets everything up in the browser: Exact's consent, the UPS account, the shipping rules."""

import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from connector_site.demo.configuration import Configuration
from connector_site.demo.errors import DemoFailed
from connector_site.demo.person import Page, Person
from connector_site.demo.sandbox import Company, Sandbox

EMAIL = "owner@demo.example"
TENANT = "Demo Trading"
SITE = "nl"
COUNTRY = "NL"
SHIPPER_NUMBER = "A1B2C3"
RULES_TIMEOUT_SECONDS = 30
POLL_SECONDS = 0.2
# What the customer ships by UPS: shipping method in Exact, words of the UPS service; the other methods are not UPS.
SERVICES = {"UPS Standard": "Standard", "UPS Express Saver": "Saver"}
NOT_UPS = "Not UPS"
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
TRACKING_PAGE = re.compile(r'href="([^"]+/tracking/)"')
# One section per shipping method, named by its code in Exact, with the list of services inside.
RULE = re.compile(r'data-exact-method="([^"]*)".*?name="([^"]+-service)"', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The owner of the demo's tenant."""

    email: str
    password: str
    tenant_code: str


def found_tenant(configuration: Configuration) -> Login:
    """A new tenant with its owner, as an operator of the service makes them."""
    password = secrets.token_urlsafe(12)
    # A database of one's own is not emptied: the owner of an earlier demo may be in it, with another password.
    email = EMAIL if configuration.servers.database_is_ours else f"{secrets.token_hex(4)}.{EMAIL}"
    made = subprocess.run(
        [sys.executable, "manage.py", "add_tenant", TENANT, email],
        env=configuration.environment | {"OWNER_PASSWORD": password},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise DemoFailed(f"The demo customer could not be made: {made.stderr.strip()}")
    return Login(email=email, password=password, tenant_code=made.stdout.split()[-1])


def connect_customer(configuration: Configuration, sandbox: Sandbox, login: Login) -> Company:
    """Connect a new company of Exact through the pages of the site and Exact's consent page."""
    company = sandbox.make_company(site=SITE, name=SENDER["company_name"], country=COUNTRY)
    person = Person(configuration.addresses.site)
    with _told("signed in"):
        _sign_in(person, login)
    with _told(f"connected company {company.division} through Exact's consent page"):
        _connect_exact(person, login, company)
    with _told("connected the UPS account"):
        _connect_ups(person, login, sandbox)
    with _told("had the Quantum View subscription read too"):
        _read_quantum_view(person, login, sandbox)
    with _told("chose the UPS services of the shipping methods"):
        _choose_services(person, login, company)
    with _told("Exact has checked the webhook address"):
        sandbox.wait_for_subscription(company)
    return company


@contextmanager
def _told(what: str) -> Iterator[None]:
    started_at = time.monotonic()
    yield
    print(f"  {what} ({time.monotonic() - started_at:.1f} s)", flush=True)


def _sign_in(person: Person, login: Login) -> None:
    page = person.open("/")
    page = person.send(page, page.form_with("password"), login=login.email, password=login.password)
    if f"/t/{login.tenant_code}/" not in page.url:
        raise DemoFailed(f"Signing in led to {page.url}: {page.text}")


def _connect_exact(person: Person, login: Login, company: Company) -> None:
    page = person.open(f"/t/{login.tenant_code}/exact/")
    page = person.send(page, page.form_to("/exact/start/"), site=SITE)
    user_id = company.user_id
    sign_in = next((form for form in page.forms if form.values.get("signed_in") == user_id), None)
    if sign_in is None:
        raise DemoFailed(f"Exact's page does not offer {company.user_email}: {page.text}")
    page = person.send(page, sign_in)
    page = person.send(page, page.form_with("decision"), decision="allow")
    page = person.send(page, page.form_with("division"), division=str(company.division))
    if not page.url.endswith("/exact/"):
        raise DemoFailed(f"Connecting Exact led to {page.url}: {page.text}")


def _connect_ups(person: Person, login: Login, sandbox: Sandbox) -> None:
    app = {"client_id": f"demo-{secrets.token_hex(8)}", "client_secret": secrets.token_urlsafe(24)}
    sandbox.make_ups_account(**app, shipper_number=SHIPPER_NUMBER, country=COUNTRY)
    page = person.open(f"/t/{login.tenant_code}/ups/new/")
    page = person.send(page, page.form_with("shipper_number"), **SENDER, **app)
    if not page.url.endswith("/ups/") or "Not accepted" in page.text:
        raise DemoFailed(f"The UPS account was not accepted: {page.text}")


def _read_quantum_view(person: Person, login: Login, sandbox: Sandbox) -> None:
    sandbox.subscribe_to_quantum_view(shipper_number=SHIPPER_NUMBER, name=VIEW_NAME)
    page = person.open(f"/t/{login.tenant_code}/ups/")
    found = TRACKING_PAGE.search(page.html)
    if found is None:
        raise DemoFailed(f"The page of UPS accounts leads to no page about tracking: {page.text}")
    page = person.open(found[1])
    page = person.send(page, page.form_to("/feeds/"), name=VIEW_NAME)
    if not page.url.endswith("/tracking/"):
        raise DemoFailed(f"The Quantum View subscription was not added: {page.text}")


def _choose_services(person: Person, login: Login, company: Company) -> None:
    page = _page_with_rules(person, login)
    lists = dict(RULE.findall(page.html))
    form = page.form_with(next(iter(lists.values())))
    names = {method.code: method.name for method in company.shipping_methods}
    chosen = {field: form.choice(field, SERVICES.get(names.get(code, ""), NOT_UPS)) for code, field in lists.items()}
    page = person.send(page, form, **chosen)
    if "Nothing was saved" in page.text:
        raise DemoFailed(f"The shipping rules were not saved: {page.text}")


def _page_with_rules(person: Person, login: Login) -> Page:
    """The rules page, once a worker has read the shipping methods from Exact."""
    deadline = time.monotonic() + RULES_TIMEOUT_SECONDS
    while True:
        page = person.open(f"/t/{login.tenant_code}/rules/")
        if RULE.search(page.html):
            return page
        if time.monotonic() > deadline:
            raise DemoFailed(f"No shipping methods were read within {RULES_TIMEOUT_SECONDS} seconds: {page.text}")
        time.sleep(POLL_SECONDS)
