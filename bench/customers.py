"""Customers, connected by the product's own functions. Runs in a process with Django set up (`bench.inside`).

Reads an order from standard input and writes where UPS's pushes go; everything else that it makes stands in the
database.
"""

import sys
import uuid
from urllib.parse import parse_qs, urlsplit

import requests

from bench.errors import BenchFailed
from bench.order import PushDoor, doors_as_text, read_order
from bench.standins import Company, StandIn
from exact import connecting
from exact.models import Connection
from syncjobs.models import ShippingRule
from tenants.context import tenant_context
from tenants.founding import found_tenant
from tenants.models import Tenant, User
from ups import alerts
from ups.accounts import AccountDetails, save_account
from ups.models import Account
from ups.shipment_spec import PartySpec

SITE = "nl"
UPS_STANDARD = "11"
TIMEOUT_SECONDS = 30
SHIPPER = PartySpec(
    name="Bench Groothandel BV",
    attention="Expeditie",
    phone="+31 20 123 4567",
    address_lines=("Kade 12",),
    city="Rotterdam",
    postal_code="3011AA",
    country="NL",
)


def main() -> None:
    """A tenant for each company of the order."""
    order = read_order(sys.stdin.read())
    owner = User.objects.create_user("owner@bench.example")
    doors: list[PushDoor] = []
    for number, company in enumerate(order.companies, start=1):
        tenant = found_tenant(name=f"Bench {number}", owner=owner)
        connection = connect_exact(tenant.id, company, order.exact)
        account = _connect_ups(tenant, order.ups)
        _add_rule(tenant, connection, account, company)
        _ship(tenant)
        doors.append(_push_door(account, company))
    sys.stdout.write(doors_as_text(doors))


def connect_exact(tenant_id: uuid.UUID, company: Company, exact: StandIn) -> Connection:
    """Give the permission for a company, as its user does in the browser, and connect it, anew or again."""
    exact.control("POST", "settings", {"auto_consent_user": company.user_id})
    address = connecting.authorize_url(site=SITE, state="bench", force_login=False)
    answer = requests.get(address, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    code = parse_qs(urlsplit(answer.headers.get("Location", "")).query).get("code")
    if not code:
        raise BenchFailed(
            f"Exact gave no code for company {company.division}: {answer.status_code} {answer.text[:300]}"
        )
    granted = connecting.finish_consent(site=SITE, code=code[0])
    division = next(each for each in granted.divisions if each.code == company.division)
    connected = connecting.connect_division(tenant_id=tenant_id, grant_id=granted.grant_id, division=division)
    if connected.problems:
        raise BenchFailed(f"Company {company.division} was not connected: {connected.problems}")
    return connected.connection


def _connect_ups(tenant: Tenant, ups: StandIn) -> Account:
    shipper_number = f"B{uuid.uuid4().hex[:5].upper()}"
    app = {"client_id": f"bench-{uuid.uuid4().hex}", "client_secret": uuid.uuid4().hex}
    ups.control("POST", "accounts", {**app, "shipper_number": shipper_number, "country": SHIPPER.country})
    details = AccountDetails(name="Main", shipper_number=shipper_number, environment="test", shipper=SHIPPER, **app)
    return save_account(tenant.id, details)


def _push_door(account: Account, company: Company) -> PushDoor:
    """As version 1 of Track Alert is told with each subscription (`ups.md` 10.2)."""
    told = alerts.destination_of(account)
    return PushDoor(division=company.division, path=urlsplit(told.url).path, credential=told.credential.reveal())


def _ship(tenant: Tenant) -> None:
    with tenant_context(tenant.id):
        Tenant.objects.filter(pk=tenant.pk).update(shipping_mode=Tenant.ShippingMode.AUTOMATIC)


def _add_rule(tenant: Tenant, connection: Connection, account: Account, company: Company) -> None:
    with tenant_context(tenant.id):
        ShippingRule.objects.create(
            tenant=tenant,
            connection=connection,
            exact_method_id=uuid.UUID(company.method_id),
            account=account,
            service_code=UPS_STANDARD,
            length_cm=40,
            width_cm=30,
            height_cm=20,
        )
