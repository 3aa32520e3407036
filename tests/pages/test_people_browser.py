"""A newcomer at a real browser: from the landing page to her own company, by app and by passkey."""

import re

import pytest
from playwright.sync_api import Route, expect
from pytest_django import Settings

from connector_site.lib.local_browser import installed_browser
from tests import factories
from tests.factories import PASSWORD
from tests.pages import entrance
from tests.pages.test_browser import Window, browser, sign_in, window

__all__ = ["browser", "window"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True, databases=["default", "staff"]),
    pytest.mark.skipif(installed_browser() is None, reason="no Chromium is installed: apt-get install chromium"),
]


def sign_up(window: Window) -> None:
    """As far as the page that asks for a second factor."""
    page = window.page
    page.goto(window.site)
    window.photograph("landing")
    page.get_by_label("Email").fill("anna@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", name="Enter the code from the mail")).to_be_visible()
    window.photograph("code")
    page.get_by_label("Code").fill(entrance.mailed_code())
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Protect your account")).to_be_visible()


def keep_the_codes(window: Window) -> None:
    expect(window.page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    window.photograph("recovery-codes")
    window.page.get_by_role("button", name="I have kept them").click()
    expect(window.page.get_by_role("heading", name="Your company")).to_be_visible()


def test_a_newcomer_protects_her_account_with_an_app(window: Window) -> None:
    page = window.page
    sign_up(window)
    window.photograph("protect")
    key = page.get_by_label("Key, to be typed instead").input_value().replace(" ", "")
    page.get_by_label("Authenticator code").fill(entrance.app_code(key))
    page.get_by_role("button", name="Use the app").click()
    keep_the_codes(window)
    window.photograph("new-company")
    page.get_by_label("Company name").fill("Anna BV")
    page.get_by_role("button", name="Save and go on").click()

    expect(page).to_have_url(re.compile("/t/"))
    window.photograph("next-step")
    assert window.complaints == []


def test_a_newcomer_protects_her_account_with_a_passkey_and_signs_in_with_it(window: Window) -> None:
    page = window.page
    wire = page.context.new_cdp_session(page)
    wire.send("WebAuthn.enable")
    device = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    wire.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {**device, "isUserVerified": True, "automaticPresenceSimulation": True}},
    )
    late: list[Route] = []

    def hold(script: Route) -> None:
        late.append(script)

    page.route(re.compile(r"/mfa/js/webauthn(\.\w+)?\.js"), hold)
    sign_up(window)
    use_a_passkey = page.get_by_role("button", name="Use a passkey")
    expect(use_a_passkey).to_be_disabled()
    late[0].continue_()
    page.unroute_all()
    use_a_passkey.click()
    keep_the_codes(window)
    window.visit("tenants:account")
    window.photograph("account")
    window.visit("mfa_index")
    window.photograph("second-factor-set-up")
    window.visit("account_logout")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page.get_by_role("heading", name="Your company")).to_be_visible()
    assert window.complaints == []


def test_the_team_is_seen_and_enlarged(window: Window, settings: Settings) -> None:
    settings.PUBLIC_URL = window.site
    cast = factories.make_cast()
    page = window.page
    sign_in(window, cast.owner.email)
    window.visit("tenants:team", cast.tenant.code)
    page.get_by_label("E-mail address").fill("new@example.com")
    page.get_by_role("button", name="Send the invitation").click()

    expect(page.get_by_text("An invitation is on its way to new@example.com.")).to_be_visible()
    window.photograph("team")
    window.visit("tenants:hand_over", cast.tenant.code)
    window.photograph("hand-over")
    assert window.complaints == []
