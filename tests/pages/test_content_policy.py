"""No page needs anything inline, and none asks another host for anything."""

import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.factories import Cast
from tests.pages import doubts, scene, travels
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db
INLINE = re.compile(
    r'<script(?![^>]*(?:\bsrc=|type="application/json"))|<style|\bstyle="|(?<![\w-])on[a-z]+="|javascript:',
    re.IGNORECASE,
)
"""Data for a script of ours are no script."""
NAMED = re.compile(r'aria-label="[^"]*\w')
"""Where a table leaves no room for words that are seen."""
OUTSIDE = re.compile(r'(?:src|href|action)="(?:https?:)?//[^"]+')
FIELD = re.compile(r'(<(?:input|select|textarea)(?![^>]*type="hidden")[^>]*\bid="([^"]+)"[^>]*>)')
TRACKING = 'href="https://www.ups.com/track?tracknum='


@pytest.fixture
def pages(cast: Cast, desk: Desk, as_user: SignIn) -> dict[str, str]:
    """Every page a person meets, by address."""
    shipped, held, doubtful = travels.make_travelling(desk), scene.make_held(desk), scene.make_doubtful(desk)
    names = [
        "syncjobs:overview", "syncjobs:reports",
        "syncjobs:deliveries", "syncjobs:work", "syncjobs:rules", "syncjobs:setup", "syncjobs:reporting",
        "syncjobs:reconciliation",
        "exact:connection", "exact:disconnect", "ups:accounts", "ups:new", "tenants:settings",
        "tenants:team", "tenants:leave", "tenants:hand_over",
    ]  # fmt: skip
    addresses = [reverse(name, args=[desk.tenant.code]) for name in names]
    addresses += [reverse("syncjobs:delivery", args=[desk.tenant.code, row.code]) for row in (shipped, held, doubtful)]
    addresses += [
        reverse("syncjobs:review", args=[desk.tenant.code, row.code])
        for row in (held, doubtful, doubts.make_review(desk), doubts.make_several(desk))
    ]
    addresses += [reverse("ups:account", args=[desk.tenant.code, desk.account.code])]
    addresses += [reverse("ups:tracking", args=[desk.tenant.code, desk.account.code])]
    addresses += [reverse(name) for name in ("tenants:account", "tenants:new", "mfa_index", "mfa_add_webauthn")]
    addresses += ["/?all=1", "/exact/callback", reverse("account_logout"), reverse("account_change_password")]
    addresses += [reverse("syncjobs:deliveries", args=[cast.other_tenant.code])]
    client = as_user(cast.owner)
    return {address: client.get(address).content.decode() for address in addresses}


def test_no_page_has_anything_inline(pages: dict[str, str]) -> None:
    found = {address: INLINE.findall(page) for address, page in pages.items()}

    assert [address for address, inline in found.items() if inline] == []


def test_no_page_asks_another_host_and_only_links_to_ups_and_exacts_own_site_lead_away(pages: dict[str, str]) -> None:
    leading_away = [link for page in pages.values() for link in OUTSIDE.findall(page)]
    exact = tuple(f'href="{site}' for site in settings.EXACT_BASE_URLS.values())

    assert {link.startswith(TRACKING) for link in leading_away} == {True, False}
    assert [link for link in leading_away if not link.startswith((TRACKING, *exact))] == []


def test_every_page_has_one_heading_a_language_and_a_title(pages: dict[str, str]) -> None:
    marks = {
        address: (page.count("<h1"), '<html lang="en"' in page, "<title> " in page or "<title></title>" in page)
        for address, page in pages.items()
    }

    assert marks == dict.fromkeys(pages, (1, True, False))


def test_every_field_has_a_label(pages: dict[str, str]) -> None:
    unlabelled = [
        (address, field)
        for address, page in pages.items()
        for tag, field in re.findall(
            r'(<(?:input|select|textarea)(?![^>]*type="hidden")[^>]*\bid="([^"]+)"[^>]*>)', page
        )
        if f'for="{field}"' not in page and not NAMED.search(tag)
    ]

    assert unlabelled == []


def test_the_policy_allows_our_own_files_only(client: Client) -> None:
    policy = client.get("/account/login/")["Content-Security-Policy"]

    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert rules["style-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert rules["base-uri"] == "'none'"


@pytest.mark.django_db(databases=["default", "staff"])
def test_the_looser_policy_of_the_admin_stays_there(as_user: SignIn) -> None:
    client = as_user(factories.make_user(is_staff=True))

    assert "unsafe-inline" in client.get("/admin/")["Content-Security-Policy"]
    assert "unsafe" not in client.get("/")["Content-Security-Policy"]
    assert "unsafe" not in client.get("/administration")["Content-Security-Policy"]


@pytest.mark.parametrize(("address", "status"), [("/no-such-page", 404), ("/t/not-a-code/", 404)])
def test_unknown_pages_are_plain_and_themed(client: Client, address: str, status: int) -> None:
    answer = client.get(address)

    assert answer.status_code == status
    assert "Page not found" in answer.content.decode()
    assert "site/site.css" in answer.content.decode()


def test_our_own_fault_is_a_plain_page_that_needs_no_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.raise_request_exception = False
    monkeypatch.setattr("tenants.views.companies.tenants_of", lambda _user: 1 / 0)
    factories.sign_in(client, factories.make_user())

    answer = client.get("/")

    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.content.decode()
    assert "ZeroDivisionError" not in answer.content.decode()


def test_a_form_without_its_token_is_explained(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    factories.sign_in(client, cast.owner)

    answer = client.post(reverse("tenants:settings", args=[cast.tenant.code]), {})

    assert answer.status_code == 403
    assert "This page was open for too long" in answer.content.decode()
