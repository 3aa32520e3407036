"""Known secrets go on the whole journey; afterwards no log, trail, page, error or job tells any of them."""

import json
import logging
from dataclasses import dataclass

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.conf import settings
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.urls import reverse

from exact import grants
from syncjobs.models import PartyAddress, SyncJob
from syncjobs.parties import open_party
from tenants.context import tenant_context
from tenants.models import Membership, User
from tests import factories
from tests.journey.conftest import Journey, exact_standin, journey, ups_standin
from tests.pages.test_isolation import ROUTES
from tests.security.digests import of_tenants
from ups.models import Account

__all__ = ["exact_standin", "journey", "ups_standin"]
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True, databases=["default", "staff"])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Canaries:
    """What must stay where it is: secrets everywhere, people outside the pages of their own sender."""

    secrets: dict[str, str]
    people: dict[str, str]

    def in_text(self, text: str, *, with_people: bool) -> list[str]:
        """The names of those that a text tells."""
        sought = self.secrets | (self.people if with_people else {})
        return sorted(name for name, value in sought.items() if value in text)


def catch(journey: Journey, owner: User, client: Client) -> Canaries:
    """Read everything that is secret, as only the product's own code can."""
    codes = RecoveryCodes.activate(owner).get_unused_codes()
    with tenant_context(journey.tenant.id):
        account = Account.objects.get(pk=journey.account.pk)
        party = PartyAddress.objects.order_by("pk")[0]
        receiver = open_party(party.sealed_key, party.sealed, delivery_code=party.delivery.code)
        token = account.token["value"]
        alert = account.alert_credential["value"] if account.alert_credential else ""
        client_secret = account.open_client_secret().reveal()
        client_id = account.reveal_client_id()
    grant, _ = grants.read(journey.connection.grant_id or 0)
    pair = grants.pair_of(grant)
    app = settings.EXACT_APPS["nl"]
    secrets = {
        "exact access token": pair.access.reveal(),
        "exact refresh token": pair.refresh.reveal(),
        "exact client secret": app["client_secret"],
        "exact webhook secret": app["webhook_secret"],
        "ups client secret": client_secret,
        "ups token": token,
        "alert credential": alert,
        "password": factories.PASSWORD,
        "authenticator": factories.TOTP_SECRET,
        "recovery code": codes[0],
        "session": str(client.session.session_key),
        "newest key": settings.FERNET_KEYS[0],
        "secret key": settings.SECRET_KEY,
    }
    people = {"receiver": receiver["name"], "street": receiver["lines"][0], "ups client id": client_id}
    found = {name: value for name, value in secrets.items() if value}
    assert min(len(value) for value in (*found.values(), *people.values())) > 5
    return Canaries(secrets=found, people={name: value for name, value in people.items() if value})


def test_no_secret_is_told_anywhere(journey: Journey, caplog: pytest.LogCaptureFixture, client: Client) -> None:
    caplog.set_level(logging.DEBUG)
    with tenant_context(journey.tenant.id):
        owner = Membership.objects.get(tenant=journey.tenant).user
    factories.sign_in(client, owner)
    _, delivery = journey.ship()
    said = {"response": {"errors": [{"code": "120100", "message": "Missing or invalid shipper number"}]}}
    fault = {"path_regex": "/ship$", "action": "status", "status": 400, "body": said, "times": 1}
    journey.ups.control("POST", "faults", fault)
    journey.ship()
    known = catch(journey, owner, client)

    pages = _pages(client, journey, delivery.code)
    rows = _rows(journey)
    looked = _admin(journey)

    assert known.in_text(caplog.text, with_people=True) == []
    assert {table: found for table, text in rows.items() if (found := known.in_text(text, with_people=True))} == {}
    assert {page: found for page, text in pages.items() if (found := known.in_text(text, with_people=False))} == {}
    assert {page: found for page, text in looked.items() if (found := known.in_text(text, with_people=True))} == {}
    assert len(pages) > 20


def _pages(client: Client, journey: Journey, delivery_code: object) -> dict[str, str]:
    """Every page that the owner can open, and our own fault while she does."""
    pages = {}
    for name, parts in ROUTES.items():
        known = {"delivery_code": delivery_code, "account_code": journey.account.code}
        if set(parts) <= set(known):
            page = reverse(name, args=[journey.tenant.code, *(known[part] for part in parts)])
            answer = client.get(page)
            pages[name] = b"".join(answer).decode("latin-1") if answer.streaming else answer.content.decode("latin-1")
    for name in ("tenants:home", "tenants:account", "account_email", "mfa_index", "usersessions_list"):
        pages[name] = client.get(reverse(name)).content.decode()
    return pages


def _rows(journey: Journey) -> dict[str, str]:
    """Every row of the customer as the database shows it: audit trail, jobs with their errors, and all the rest."""
    with tenant_context(journey.tenant.id), connection.cursor() as cursor:
        found = {}
        for model in of_tenants():
            columns = [
                f'"{one.column}"' for one in model._meta.concrete_fields if one.get_internal_type() != "BinaryField"
            ]
            cursor.execute(f'SELECT {", ".join(columns)} FROM "{model._meta.db_table}"')  # noqa: S608  our own names
            found[model._meta.label] = json.dumps(cursor.fetchall(), default=str, ensure_ascii=False)
        assert SyncJob.objects.exists()
    return found


def _admin(journey: Journey) -> dict[str, str]:
    team = factories.sign_in(Client(), factories.make_user("team", is_staff=True))
    pages = {}
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        pages[name] = team.get(reverse(name)).content.decode()
    return pages


def test_our_own_fault_tells_none_of_it(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Variables of the failing code stand neither on the page nor in the log."""

    def fails(_user: User) -> None:
        token = factories.TOTP_SECRET
        raise RuntimeError(len(token))

    client.raise_request_exception = False
    monkeypatch.setattr("tenants.views.companies.tenants_of", fails)
    factories.sign_in(client, factories.make_user())

    answer = client.get("/")

    assert answer.status_code == 500
    assert factories.TOTP_SECRET not in answer.content.decode() + caplog.text
    assert "RuntimeError" not in answer.content.decode()
    assert "RuntimeError" in caplog.text
