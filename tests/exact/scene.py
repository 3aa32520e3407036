"""The Exact stand-in seen from outside, and a tenant connected to one of its companies."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from django.db.models import F

from connector_site.lib.outside_calls import Observer, OutsideCall, ignore
from exact import connecting, credentials
from exact.access import open_client
from exact.client import ExactClient
from exact.limits import BudgetClass
from exact.models import Connection, Grant
from exact.records import Division
from tenants.context import tenant_context
from tenants.founding import found_tenant
from tenants.models import Tenant, User

TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """The running process."""

    base_url: str
    web: requests.Session

    def control(self, method: str, path: str, body: object = None) -> Any:
        """A call to its control routes."""
        answer = self.web.request(method, f"{self.base_url}/sandbox/{path}", json=body, timeout=TIMEOUT_SECONDS)
        assert answer.ok, answer.text
        return answer.json()

    def settings(self, **changes: object) -> None:
        self.control("POST", "settings", changes)

    def fault(self, **order: object) -> None:
        self.control("POST", "faults", order)

    def found_company(self, **more: object) -> dict[str, Any]:
        company: dict[str, Any] = self.control("POST", "companies", {"site": "nl"} | more)
        return company

    def book(self, division: int, **order: object) -> dict[str, Any]:
        booked: dict[str, Any] = self.control("POST", f"companies/{division}/deliveries", order)["deliveries"][0]
        return booked

    def delivery(self, division: int, entry_id: uuid.UUID) -> dict[str, Any]:
        found: dict[str, Any] = self.control("GET", f"companies/{division}/deliveries/{entry_id}")
        return found

    def calls(self, path_part: str = "") -> list[dict[str, Any]]:
        """The calls it saw, control calls left out."""
        log = self.control("GET", "calls?limit=20000")["calls"]
        return [call for call in log if path_part in call["path"]]

    def forget_calls(self) -> None:
        self.control("DELETE", "calls")

    def consent_code(self, url: str) -> str:
        """What the browser brings back after Allow."""
        answer = self.web.get(url, allow_redirects=False, timeout=TIMEOUT_SECONDS)
        assert answer.status_code == 302, answer.text
        return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A tenant with a connected company."""

    sandbox: Sandbox
    tenant: Tenant
    connection: Connection
    company: dict[str, Any]

    def calls(self) -> list[dict[str, Any]]:
        """The calls about its company; one that an earlier test gave up may still end now."""
        return self.sandbox.calls(f"/api/v1/{self.division}/")

    @property
    def division(self) -> int:
        return self.connection.division

    @property
    def grant_id(self) -> int:
        assert self.connection.grant_id is not None
        return self.connection.grant_id

    @property
    def grant(self) -> Grant:
        return Grant.objects.get(pk=self.grant_id)

    def age_tokens(self, seconds: float) -> None:
        """Let time pass for the chain, here and there."""
        self.sandbox.control("POST", "clock", {"advance_seconds": seconds})
        back = timedelta(seconds=seconds)
        Grant.objects.filter(pk=self.grant_id).update(received_at=F("received_at") - back)
        credentials.forget_kept()

    def row(self) -> Connection:
        """The connection as it stands in the database."""
        with tenant_context(self.tenant.id):
            return Connection.objects.get(pk=self.connection.pk)

    def client(self, observe: Observer = ignore, *, purpose: BudgetClass = BudgetClass.SHIP) -> ExactClient:
        return open_client(self.row(), purpose=purpose, observe=observe)

    def book(self, **order: object) -> uuid.UUID:
        return uuid.UUID(self.sandbox.book(self.division, **order)["EntryID"])


def consent(sandbox: Sandbox, company: dict[str, Any], observe: Observer = ignore) -> connecting.Consent:
    """What the company's user gave when she pressed Allow."""
    sandbox.settings(auto_consent=True, auto_consent_user=company["user_id"])
    code = sandbox.consent_code(connecting.authorize_url(site="nl", state="state-1", force_login=False))
    return connecting.finish_consent(site="nl", code=code, observe=observe)


def division_of(consented: connecting.Consent, company: dict[str, Any]) -> Division:
    return next(division for division in consented.divisions if division.code == company["division"])


def quick_tenant() -> Tenant:
    """A tenant whose owner never signs in, so no password is hashed."""
    owner = User.objects.create(email=f"{uuid.uuid4().hex}@example.com")
    return found_tenant(name="Voorbeeld Groothandel BV", owner=owner)


def connected(sandbox: Sandbox, *, tenant: Tenant | None = None) -> Scene:
    """A tenant connected through the real OAuth flow; calls made so far are forgotten."""
    tenant = tenant or quick_tenant()
    company = sandbox.found_company()
    consented = consent(sandbox, company)
    done = connecting.connect_division(
        tenant_id=tenant.id, grant_id=consented.grant_id, division=division_of(consented, company)
    )
    assert done.problems == ()
    sandbox.forget_calls()
    return Scene(sandbox=sandbox, tenant=tenant, connection=done.connection, company=company)


def shown(calls: list[OutsideCall]) -> list[tuple[str, str, int | None]]:
    """Calls as the observer saw them, briefly."""
    return [(call.method, call.route, call.status) for call in calls]
