"""A connected tenant against both stand-ins, over real HTTP, with the site itself listening for notifications."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from exact import connecting
from exact.models import CallBudget, Connection
from exact.quick_store import quick_store
from syncjobs import engine
from syncjobs.models import Attempt, Delivery, ShippingRule, SyncJob
from tenants.context import tenant_context
from tenants.models import Tenant
from tests import standins
from tests.factories import make_tenant
from tests.standins import Company, StandIn
from ups.accounts import AccountDetails, save_account
from ups.models import Account
from ups.products import check_products
from ups.shipment_spec import PartySpec

Found = TypeVar("Found")


@pytest.fixture(scope="session")
def exact_standin() -> Iterator[StandIn]:
    with standins.running("exact") as standin:
        standin.control("POST", "settings", {"validation_delay_ms": 0})
        yield standin


@pytest.fixture(scope="session")
def ups_standin() -> Iterator[StandIn]:
    with standins.running("ups") as standin:
        yield standin


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """A tenant that has connected everything."""

    tenant: Tenant
    connection: Connection
    account: Account
    company: Company
    ups: StandIn

    def delivery(self, entry_id: str) -> Delivery | None:
        """Our row of a delivery, if there is one."""
        with tenant_context(self.tenant.id):
            return Delivery.objects.filter(tenant=self.tenant, exact_entry_id=entry_id).first()

    def work(self) -> int:
        """Run everything that is due, as workers would; returns how many jobs were run.

        A notification that is being stored at this moment locks its job for an instant, so look until nothing is due.
        """
        done = engine.work(list(SyncJob.Queue))
        while self._something_is_due():
            done += engine.work(list(SyncJob.Queue))
        return done

    def _something_is_due(self) -> bool:
        with tenant_context(self.tenant.id):
            return SyncJob.objects.filter(
                tenant=self.tenant, state__in=["due", "running"], due_at__lte=timezone.now()
            ).exists()

    def make_due(self) -> None:
        """Let the moment of everything that waits come now."""
        with tenant_context(self.tenant.id):
            SyncJob.objects.filter(tenant=self.tenant, state=SyncJob.State.DUE).update(due_at=timezone.now())

    def age_reads(self) -> None:
        """Let what was read from Exact be old."""
        with tenant_context(self.tenant.id):
            Delivery.objects.update(facts_read_at=timezone.now() - timedelta(hours=1))

    def refreshed(self, delivery: Delivery) -> Delivery:
        """The delivery as it is now."""
        with tenant_context(self.tenant.id):
            return Delivery.objects.get(pk=delivery.pk)

    def attempts(self, delivery: Delivery) -> list[Attempt]:
        """Its attempts in their order."""
        with tenant_context(self.tenant.id):
            return list(Attempt.objects.filter(delivery=delivery).order_by("attempt_no"))

    def check_ups_account(self) -> bool:
        """Press “Check” on the account's page, as a person does who has seen to it at UPS."""
        with tenant_context(self.tenant.id):
            account = Account.objects.get(pk=self.account.pk)
        return check_products(account).ok

    def shipments_at_ups(self) -> list[dict[str, Any]]:
        """What UPS has made for this tenant's account."""
        found: list[dict[str, Any]] = self.ups.control(
            "GET", f"shipments?shipper_number={self.account.shipper_number}"
        )["shipments"]
        return found

    def exact_calls(self, method: str = "") -> list[dict[str, Any]]:
        """The calls about this company that Exact has seen, the token endpoint's left out."""
        calls = self.company.exact.calls()
        path = f"/api/v1/{self.company.division}/"
        return [call for call in calls if path in call["path"] and method in ("", call["method"])]

    def notified(self, entry_id: str) -> Delivery:
        """The row that the notification of a delivery made."""
        found = wait_for(lambda: self.delivery(entry_id))
        assert found is not None, "no notification arrived"
        return found

    def let_a_minute_pass(self) -> None:
        """The next minute's calls are free on both sides, what was read is older, and everything that waits is due."""
        for key in quick_store().scan_iter("exact:calls:*:m:*"):
            quick_store().delete(key)
        with tenant_context(self.tenant.id):
            CallBudget.objects.update(opened_minute=0)
            Delivery.objects.update(facts_read_at=timezone.now() - timedelta(minutes=1, seconds=1))
        self.company.exact.control("POST", "clock", {"advance_seconds": 60})
        self.make_due()

    def ship(self, **wishes: object) -> tuple[str, Delivery]:
        """Book a delivery, let it arrive, and work until nothing is due."""
        entry_id = self.company.book(**wishes)
        self.notified(entry_id)
        self.work()
        delivery = self.delivery(entry_id)
        assert delivery is not None
        return entry_id, delivery


def wait_for(find: Callable[[], Found], *, seconds: float = 10, pause_seconds: float = 0.02) -> Found:
    """Poll until something is found; None when it is not in time."""
    return standins.poll(find, seconds=seconds, pause_seconds=pause_seconds)


@pytest.fixture
def journey(
    transactional_db: None,
    settings: Settings,
    live_server: LiveServer,
    exact_standin: StandIn,
    ups_standin: StandIn,
) -> Journey:
    return begin(settings, live_server, exact_standin, ups_standin)


def begin(settings: Settings, site: LiveServer, exact_standin: StandIn, ups_standin: StandIn) -> Journey:
    """A new customer connects through consent, as the pages do, with the product's own functions."""
    for standin in (exact_standin, ups_standin):
        standin.control("DELETE", "faults")
        standin.control("DELETE", "calls")
    settings.PUBLIC_URL = site.url
    settings.EXACT_BASE_URLS = settings.EXACT_BASE_URLS | {"nl": f"{exact_standin.address}/nl"}
    settings.UPS_BASE_URLS = {"test": ups_standin.address, "production": ups_standin.address}
    client_id = str(uuid.uuid4())
    app = settings.EXACT_APPS["nl"] | {"client_id": client_id}
    settings.EXACT_APPS = {"nl": app}
    exact_standin.control(
        "POST", "apps", {"site": "nl", **app, "redirect_uris": [connecting.redirect_uri()], "webhook_delay_ms": 0}
    )
    company = Company(exact=exact_standin, facts=exact_standin.control("POST", "companies", {"site": "nl"}))
    tenant = make_tenant()
    connection = connect(tenant, company)
    account = make_account(tenant, ups_standin)
    with tenant_context(tenant.id):
        ShippingRule.objects.create(
            tenant=tenant,
            connection=connection,
            exact_method_id=company.method("UPSSTD"),
            account=account,
            service_code="11",
            length_cm=40,
            width_cm=30,
            height_cm=20,
        )
    return Journey(tenant=tenant, connection=connection, account=account, company=company, ups=ups_standin)


def connect(tenant: Tenant, company: Company) -> Connection:
    """Consent to one company and connect it."""
    answer = standins.consent(
        connecting.authorize_url(site="nl", state="state-of-this-test", force_login=False), company
    )
    assert answer["state"] == "state-of-this-test"
    granted = connecting.finish_consent(site="nl", code=answer["code"])
    division = next(row for row in granted.divisions if row.code == company.division)
    connected = connecting.connect_division(tenant_id=tenant.id, grant_id=granted.grant_id, division=division)
    assert connected.problems == ()
    assert wait_for(lambda: _validated(company)), "Exact's validation call was not answered"
    return connected.connection


def _validated(company: Company) -> bool:
    rows = company.exact.control("GET", "subscriptions")["subscriptions"]
    return any(row["is_validated"] for row in rows if row["division"] == company.division)


def make_account(tenant: Tenant, ups: StandIn, *, shipper_number: str | None = None) -> Account:
    """A UPS account that the stand-in knows."""
    number = shipper_number or f"T{uuid.uuid4().hex[:5].upper()}"
    client_id, client_secret = f"client-{uuid.uuid4().hex}", uuid.uuid4().hex
    ups.control(
        "POST",
        "accounts",
        {"client_id": client_id, "client_secret": client_secret, "shipper_number": number, "country": "NL"},
    )
    shipper = PartySpec(
        name="Voorbeeld Groothandel BV",
        attention="Expeditie",
        phone="+31 20 123 4567",
        address_lines=("Kade 12",),
        city="Rotterdam",
        postal_code="3011AA",
        country="NL",
    )
    details = AccountDetails(
        name="Main",
        shipper_number=number,
        environment="test",
        client_id=client_id,
        client_secret=client_secret,
        shipper=shipper,
    )
    return save_account(tenant.id, details)
