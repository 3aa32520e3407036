"""Whether a session has used the person's second factor, and how long ago (`reliability.md` 5, ASVS 6.3.3 and 7.5.1).

What counts is this session, not the person: somebody who came in with her password before she had a second factor is
asked for it as soon as there is one.
"""

from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY, get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.usersessions.internal.flows.sessions import end_other_sessions
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from tenants import sessions
from tenants.mfa import FACTORS
from tenants.models import User

FRESH_FOR = timedelta(minutes=10)
"""Our own bound: opening a page on which a connection begins or ends asks again after that."""
TYPING_MAY_TAKE = timedelta(minutes=20)
"""Our own bound: what is typed into a page that was opened in time may be sent for so long after its opening."""
SET_UP_WITHIN = timedelta(minutes=20)
"""Our own bound: who came in so lately sets up her first factor without giving the password again."""
SAFE_METHODS = frozenset({"GET", "HEAD"})
_OPENED = "opened_fresh"
_METHOD = "mfa"


def has_one(user: User) -> bool:
    """Whether the person has an authenticator app or a passkey."""
    return Authenticator.objects.filter(user=user, type__in=FACTORS).exists()


def was_used_here(request: HttpRequest, user: User) -> bool:
    """Whether it was used in this very session."""
    return bool(_moments(request, user))


def missing(request: HttpRequest, user: User) -> str | None:
    """Where to send who did not use one in this session: to use hers, or to set one up. None when all is well."""
    if was_used_here(request, user):
        return None
    return ask_address(request) if has_one(user) else set_up_address(request)


def is_fresh(request: HttpRequest, user: User, *, at: datetime) -> bool:
    """Whether it was used a moment ago."""
    moments = _moments(request, user)
    return bool(moments) and at.timestamp() - max(moments) < FRESH_FOR.total_seconds()


def is_fresh_for_this(request: HttpRequest, user: User, *, at: datetime) -> bool:
    """Whether it was used a moment ago, or was so when the page whose form is sent now was opened."""
    if is_fresh(request, user, at=at):
        return True
    return request.method not in SAFE_METHODS and request.path in _opened(request, at=at)


def note_opening(request: HttpRequest, user: User, *, at: datetime) -> None:
    """A page that asks for a fresh one was opened; what is sent from it may come somewhat later."""
    if request.method == "GET" and not sessions.is_live_part(request) and is_fresh(request, user, at=at):
        request.session[_OPENED] = _opened(request, at=at) | {request.path: at.timestamp()}


def was_used(request: HttpRequest, user: User) -> None:
    """Note that it was used just now: setting it up proves that the person has it."""
    record_authentication(request, user, method=_METHOD)


def first_was_added(request: HttpRequest, user: User) -> None:
    """From now on a password proves nothing: other sessions end, and what was proven by password here is forgotten."""
    end_other_sessions(request, user)
    forget_passwords(request, user)


def forget_passwords(request: HttpRequest, user: User) -> None:
    """Who has a second factor has not proven herself again by a password."""
    records = get_authentication_records(request, user)
    kept = [record for record in records if record["method"] == _METHOD]
    if len(kept) < len(records):
        request.session[AUTHENTICATION_METHODS_SESSION_KEY] = kept


def set_up_address(request: HttpRequest) -> str:
    """Where a person without one is sent, and comes back from."""
    return f"{reverse('tenants:protect')}?{urlencode({'next': _back_to(request)})}"


def ask_address(request: HttpRequest, *, with_query: bool = False) -> str:
    """Where it is asked for again; that page leads on to the passkey."""
    return f"{reverse('mfa_reauthenticate')}?{urlencode({'next': _back_to(request, with_query=with_query)})}"


def _moments(request: HttpRequest, user: User) -> list[float]:
    return [record["at"] for record in get_authentication_records(request, user) if record["method"] == _METHOD]


def _opened(request: HttpRequest, *, at: datetime) -> dict[str, float]:
    """The pages that were opened in time, and not too long ago to be sent."""
    kept: dict[str, float] = request.session.get(_OPENED, {})
    since = at.timestamp() - TYPING_MAY_TAKE.total_seconds()
    return {path: moment for path, moment in kept.items() if moment > since}


def _back_to(request: HttpRequest, *, with_query: bool = False) -> str:
    """The page asked for; of a form that was sent the page it stood on, if ours: what was sent may be a secret.

    So may its query be, but for the admin's, which is a list's filter.
    """
    if request.method in SAFE_METHODS:
        return request.get_full_path()
    before = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(before, allowed_hosts={request.get_host()})
    if not is_ours:
        return "/"
    page = urlsplit(before)
    return f"{page.path}?{page.query}" if with_query and page.query else page.path
