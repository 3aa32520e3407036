"""Consent walked through in the browser, and what came of it."""

from django.test import Client
from django.urls import reverse

from exact.models import Connection
from tenants.context import tenant_context
from tenants.models import Tenant
from tests import standins
from tests.standins import Company, StandIn

CALLBACK = "/exact/callback"


def url(name: str, tenant: Tenant) -> str:
    return reverse(f"exact:{name}", args=[tenant.code])


def company_of(exact_app: StandIn, **more: object) -> Company:
    return Company(exact=exact_app, facts=exact_app.control("POST", "companies", {"site": "nl", **more}))


def begin(client: Client, tenant: Tenant) -> str:
    """Where the browser is sent."""
    answer = client.post(url("start", tenant), {"site": "nl"})
    assert answer.status_code == 302
    return str(answer["Location"])


def come_back(client: Client, tenant: Tenant, company: Company) -> None:
    """Through the consent page and back to the choice of companies."""
    answer = client.get(CALLBACK, standins.consent(begin(client, tenant), company))
    assert answer.status_code == 302, answer.content.decode()
    assert answer["Location"] == url("companies", tenant)


def connections(tenant: Tenant) -> list[Connection]:
    with tenant_context(tenant.id):
        return list(Connection.objects.filter(tenant=tenant))


def live_divisions(tenant: Tenant) -> list[int]:
    return [row.division for row in connections(tenant) if row.is_live]


def connect(client: Client, tenant: Tenant, company: Company) -> None:
    """Through consent and the choice of the company."""
    come_back(client, tenant, company)
    answer = client.post(url("companies", tenant), {"division": str(company.division)})
    assert answer.status_code == 302, answer.content.decode()
