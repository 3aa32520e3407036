"""Signing in, the choice of a company, and its settings."""

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Event
from tenants.context import tenant_context
from tenants.models import Role, Tenant
from tests import factories
from tests.factories import PASSWORD, Cast
from tests.pages.conftest import SignIn

pytestmark = pytest.mark.django_db

NEW = {
    "name": "Nieuwe Naam BV",
    "time_zone": "Europe/Berlin",
    "language": "de",
    "weight_unit": "g",
    "brand_colour": "#c8102e",
}


def kept(tenant: Tenant) -> dict[str, str]:
    with tenant_context(tenant.id):
        row = Tenant.objects.get(pk=tenant.pk)
    return {name: getattr(row, name) for name in NEW}


def settings_url(tenant: Tenant) -> str:
    return reverse("tenants:settings", args=[tenant.code])


def test_signing_in_leads_to_the_deliveries(cast: Cast, client: Client) -> None:
    client.post(reverse("account_login"), {"login": cast.owner.email, "password": PASSWORD})

    answer = client.post(reverse("mfa_authenticate"), {"code": factories.recovery_code(cast.owner)}, follow=True)

    assert answer.redirect_chain[-1][0] == reverse("syncjobs:overview", args=[cast.tenant.code])
    assert answer.status_code == 200


def test_a_wrong_password_says_so_and_signs_nobody_in(cast: Cast, client: Client) -> None:
    answer = client.post(reverse("account_login"), {"login": cast.owner.email, "password": "wrong"})

    assert answer.status_code == 200
    assert "not correct" in answer.content.decode()
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("name", ["account_login", "account_reset_password", "account_signup"])
def test_the_account_pages_are_ours(db: None, client: Client, name: str) -> None:
    del db

    page = client.get(reverse(name)).content.decode()

    assert "site/site.css" in page
    assert page.count("<h1") == 1


@pytest.mark.parametrize("name", ["account_logout", "account_change_password"])
def test_the_account_pages_of_a_person_are_ours(cast: Cast, as_user: SignIn, name: str) -> None:
    page = as_user(cast.owner).get(reverse(name)).content.decode()

    assert "site/site.css" in page
    assert page.count("<h1") == 1


def test_somebody_with_several_companies_chooses(cast: Cast, as_user: SignIn) -> None:
    second = factories.make_tenant("Tweede BV", owner=cast.owner)

    page = as_user(cast.owner).get(reverse("tenants:home")).content.decode()

    assert reverse("syncjobs:overview", args=[cast.tenant.code]) in page
    assert reverse("syncjobs:overview", args=[second.code]) in page
    assert str(cast.other_tenant.code) not in page


def test_somebody_without_a_company_begins_the_set_up(db: None, as_user: SignIn) -> None:
    del db
    client = as_user(factories.make_user())

    answer = client.get(reverse("tenants:home"), follow=True)

    assert answer.redirect_chain == [(reverse("tenants:new"), 302)]
    assert "Step 1 of 7" in answer.content.decode()
    assert "No company yet" in client.get(f"{reverse('tenants:home')}?all=1").content.decode()


def test_settings_are_saved_and_recorded(cast: Cast, as_user: SignIn) -> None:
    answer = as_user(cast.owner).post(settings_url(cast.tenant), NEW, follow=True)

    assert "Saved." in answer.content.decode()
    assert kept(cast.tenant) == NEW
    with tenant_context(cast.tenant.id):
        assert Tenant.objects.get(pk=cast.tenant.pk).plans_from_at is not None
        event = Event.objects.get(tenant=cast.tenant, kind=Event.Kind.CHANGED)
    assert event.actor == f"user:{cast.owner.code}"
    assert event.details["fields"] == ["brand_colour", "language", "name", "time_zone", "weight_unit"]
    assert set(event.details["changes"]) == {"brand_colour", "language", "time_zone", "weight_unit"}
    assert event.details["changes"]["language"][1] == NEW["language"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_zone": "Moon/Base"},
        {"language": "xx"},
        {"weight_unit": "stone"},
        {"name": ""},
        {"brand_colour": "red"},
        {"brand_colour": "#1f5fa8;"},
        {"brand_colour": ""},
    ],
)
def test_impossible_settings_are_not_saved(cast: Cast, as_user: SignIn, wrong: dict[str, str]) -> None:
    before = kept(cast.tenant)

    answer = as_user(cast.owner).post(settings_url(cast.tenant), NEW | wrong)

    assert answer.status_code == 200
    assert "is-invalid" in answer.content.decode()
    assert kept(cast.tenant) == before


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_a_lower_role_looks_but_changes_nothing(cast: Cast, as_user: SignIn, role: Role) -> None:
    client = as_user(factories.make_member(cast.tenant, role))
    before = kept(cast.tenant)

    assert client.get(settings_url(cast.tenant)).status_code == 200
    assert client.post(settings_url(cast.tenant), NEW).status_code == 403

    assert kept(cast.tenant) == before


def test_a_manager_may_change_settings(cast: Cast, as_user: SignIn) -> None:
    manager = factories.make_member(cast.tenant, Role.MANAGER)

    as_user(manager).post(settings_url(cast.tenant), NEW)

    assert kept(cast.tenant) == NEW


def test_an_outsider_sees_and_changes_nothing(cast: Cast, as_user: SignIn) -> None:
    before = kept(cast.tenant)
    client = as_user(cast.outsider)

    assert client.get(settings_url(cast.tenant)).status_code == 404
    assert client.post(settings_url(cast.tenant), NEW).status_code == 404

    assert kept(cast.tenant) == before
