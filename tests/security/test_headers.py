"""Headers and cookies of every page there is, found through the addresses themselves (ASVS 3.3, 3.4, 3.5, 14.3.2)."""

import json
import os
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.urls import NoReverseMatch, reverse

from audit.models import Event
from tenants.context import tenant_context
from tests.connector_site.test_settings import NEEDED, ROOT
from tests.factories import Cast
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from tests.pages.test_isolation import ROUTES, addresses, identifiers

pytestmark = pytest.mark.django_db
EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FRAMED = ("syncjobs:batch_file", "syncjobs:scan_file")
"""Files that a page of ours prints from a frame of its own."""
STYLE_SHEET = "syncjobs:track_colour"
PRODUCTION = NEEDED | {
    "PATH": os.environ.get("PATH", ""),
    "SECRET_KEY": "0123456789" * 4 + "every-letter-counts",
    "PUBLIC_URL": "https://connector.example.com",
    "ADMIN_HOST": "admin.example.com",
    "EMAIL_URL": "smtp+tls://me:secret@mail.test:587",
    "OPERATOR_EMAILS": "team@mail.test",
}
TELL = """
import json
from connector_site import settings as s
names = [n for n in dir(s) if n.startswith(("SESSION_", "CSRF_", "SECURE_", "LANGUAGE_COOKIE", "ALLOWED"))]
print(json.dumps({n: getattr(s, n) for n in names}, default=str))
"""


def reachable(desk: Desk) -> dict[str, str]:
    """Every address that can be made from what is known, by its name; the admin has tests of its own."""
    known = identifiers(desk)
    found = {name: reverse(name, args=[desk.tenant.code, *(known[one] for one in ROUTES[name])]) for name in ROUTES}
    for name, pattern in addresses().items():
        if not pattern.startswith(("t/", "admin/", "hooks/")):
            try:
                found[name] = reverse(name)
            except NoReverseMatch:
                continue
    return found


def wrong_headers(answer: HttpResponseBase, *, is_framed: bool = False) -> list[str]:
    """`is_framed`: our own pages may show it in a frame, and nobody else's."""
    own = {"X-Frame-Options": "SAMEORIGIN"} if is_framed else {}
    wrong = [name for name, value in (EVERYWHERE | own).items() if answer.headers.get(name) != value]
    wrong += [] if "geolocation=()" in answer.headers.get("Permissions-Policy", "") else ["Permissions-Policy"]
    policy = answer.headers.get("Content-Security-Policy", "")
    rules = (
        "default-src 'none'",
        "frame-ancestors 'self'" if is_framed else "frame-ancestors 'none'",
        "base-uri 'none'",
        "script-src 'self'",
        "form-action 'self'",
    )
    wrong += [rule for rule in rules if rule not in policy] + [word for word in ("unsafe", "*") if word in policy]
    return wrong + ([] if "no-store" in answer.headers.get("Cache-Control", "") else ["Cache-Control"])


@pytest.mark.parametrize("reader", ["owner", "nobody"])
def test_every_page_carries_every_header_and_no_copy_is_kept(
    cast: Cast, desk: Desk, as_user: SignIn, client: Client, reader: str
) -> None:
    pages = reachable(desk)

    wrong = {}
    for name, address in pages.items():
        browser = as_user(cast.owner) if reader == "owner" else client
        answer = browser.get(address)
        wrong[name] = wrong_headers(answer, is_framed=name in FRAMED and answer.status_code != HTTPStatus.NOT_FOUND)

    assert {name: found for name, found in wrong.items() if found and name != STYLE_SHEET} == {}
    assert len(pages) > len(ROUTES) + 10


def test_only_pages_that_lead_to_exact_let_a_form_lead_there(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    client = as_user(cast.owner)

    leading = client.get(reverse("exact:connection", args=[desk.tenant.code]))["Content-Security-Policy"]
    others = [client.get(page)["Content-Security-Policy"] for page in ("/account/login/", "/account/password/change/")]

    assert "form-action 'self' http" in leading
    assert [("http" in policy) for policy in others] == [False, False]


@pytest.fixture(scope="module")
def production() -> dict[str, object]:
    """What production makes of the settings."""
    command = [sys.executable, "-c", TELL]
    told = subprocess.run(command, cwd=ROOT, env=PRODUCTION, capture_output=True, check=True)  # noqa: S603
    settings: dict[str, object] = json.loads(told.stdout)
    return settings


def test_cookies_belong_to_this_host_alone_and_to_no_script(production: dict[str, object]) -> None:
    for cookie in ("SESSION_COOKIE", "CSRF_COOKIE", "LANGUAGE_COOKIE"):
        assert str(production[f"{cookie}_NAME"]).startswith("__Host-")
        assert production[f"{cookie}_SECURE"] is True
        assert production[f"{cookie}_HTTPONLY"] is True
        assert production[f"{cookie}_SAMESITE"] == "Lax"


def test_browsers_stay_with_https_for_a_year(production: dict[str, object]) -> None:
    assert production["SECURE_HSTS_SECONDS"] == 31_536_000
    assert production["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is True
    assert production["SECURE_SSL_REDIRECT"] is True
    assert production["ALLOWED_HOSTS"] == ["connector.example.com", "admin.example.com"]


def test_djangos_own_check_for_production_finds_nothing() -> None:
    command = [sys.executable, str(Path(ROOT) / "manage.py"), "check", "--deploy", "--fail-level", "INFO"]

    done = subprocess.run(command, cwd=ROOT, env=PRODUCTION, capture_output=True, check=False, text=True)  # noqa: S603

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "sent",
    [{"name": "x" * (1024 * 1024 + 1)}, {f"field{number}": "x" for number in range(1001)}],
    ids=["too long", "too many fields"],
)
def test_a_form_beyond_all_bounds_is_refused_and_changes_nothing(
    cast: Cast, as_user: SignIn, sent: dict[str, str]
) -> None:
    client = as_user(cast.owner)
    client.raise_request_exception = False
    body = "&".join(f"{name}={value}" for name, value in sent.items())

    answer = client.post(
        reverse("tenants:settings", args=[cast.tenant.code]), body, content_type="application/x-www-form-urlencoded"
    )

    assert answer.status_code == 400
    with tenant_context(cast.tenant.id):
        assert Event.objects.count() == 0
