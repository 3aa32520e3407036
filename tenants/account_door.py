"""The door of the account pages, which are allauth's own: a password alone opens none once there is a second factor."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import Resolver404, resolve

from connector_site.lib.rate_limit import Rule, client_address, seconds_to_wait
from tenants import second_factor
from tenants.models import User
from tenants.throttling import too_many

ACCOUNT = "/account/"
PROVING = frozenset({"account_login", "account_logout", "account_reauthenticate"}) | frozenset(
    {"mfa_authenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "mfa_login_webauthn"}
)
"""Where one signs in, proves oneself again, or leaves."""
SETTING_UP = frozenset({"mfa_activate_totp", "mfa_add_webauthn"})
"""The first one is set up on a page of ours (`tenants.views.protect`), which ends the person's other sessions."""
PASSKEY_SIGN_IN = "mfa_login_webauthn"
PASSKEY_TRIES = Rule(name="passkey-sign-in", requests=20, seconds=60)
"""Our own bound: each try keeps a session with its challenge, and anybody may ask for one."""


def account_door(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Guard everything under `/account/` before any of its views is asked."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(ACCOUNT):
            return get_response(request)
        name = _name(request)
        if name == PASSKEY_SIGN_IN and seconds_to_wait(PASSKEY_TRIES, client_address(request)):
            return too_many(request)
        if name in PROVING or not isinstance(request.user, User):
            return get_response(request)
        asked = _asked(request, request.user, name)
        return redirect(asked) if asked else get_response(request)

    return respond


def _asked(request: HttpRequest, user: User, name: str) -> str | None:
    """Where to send a session that has not used its person's second factor."""
    if second_factor.was_used_here(request, user):
        return None
    if second_factor.has_one(user):
        return second_factor.ask_address(request)
    return second_factor.set_up_address(request) if name in SETTING_UP else None


def _name(request: HttpRequest) -> str:
    try:
        return str(resolve(request.path_info).url_name)
    except Resolver404:
        return ""
