"""Whether a person has a second factor, and how long ago she used it (`reliability.md` 5, ASVS 6.3.3)."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.urls import reverse

from tenants.mfa import FACTORS
from tenants.models import User

FRESH_FOR = timedelta(minutes=10)
"""Our own bound: opening a page on which a connection begins or ends asks again after that."""
TYPING_MAY_TAKE = timedelta(minutes=20)
"""Our own bound: what was typed into such a page is not lost because typing took long."""
SET_UP_WITHIN = timedelta(minutes=20)
"""Our own bound: who came in so lately sets up her first factor without giving the password again."""
_KNOWN = "second_factor_set_up"
_METHOD = "mfa"


def is_set_up(request: HttpRequest, user: User) -> bool:
    """Whether the person has an authenticator app or a passkey; remembered in the session once it is so."""
    if request.session.get(_KNOWN):
        return True
    if not Authenticator.objects.filter(user=user, type__in=FACTORS).exists():
        return False
    request.session[_KNOWN] = True
    return True


def forget(request: HttpRequest) -> None:
    """Look anew the next time: a factor was taken away."""
    request.session.pop(_KNOWN, None)


def is_fresh(request: HttpRequest, user: User, *, at: datetime) -> bool:
    """Whether it was used a moment ago; for sending a form, longer ago than for opening it."""
    allowed = FRESH_FOR if request.method in {"GET", "HEAD"} else FRESH_FOR + TYPING_MAY_TAKE
    used = [record["at"] for record in get_authentication_records(request, user) if record["method"] == _METHOD]
    return bool(used) and at.timestamp() - max(used) < allowed.total_seconds()


def was_used(request: HttpRequest, user: User) -> None:
    """Note that it was used just now: setting it up proves that the person has it."""
    request.session[_KNOWN] = True
    record_authentication(request, user, method=_METHOD)


def set_up_address(request: HttpRequest) -> str:
    """Where a person without one is sent, and comes back from."""
    return f"{reverse('tenants:protect')}?{urlencode({'next': request.get_full_path()})}"


def ask_address(*, back_to: str) -> str:
    """Where it is asked for again; that page leads on to the passkey."""
    return f"{reverse('mfa_reauthenticate')}?{urlencode({'next': back_to})}"
