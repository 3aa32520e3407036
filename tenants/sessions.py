"""How long a session lasts (`reliability.md` 5, ASVS 7.3.1 and 7.3.2)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

LONGEST = timedelta(hours=12)
"""From signing in, whatever happens (`reliability.md` 5, ASVS 7.3.2)."""
IDLE = timedelta(minutes=30)
"""Without anything that a person did (`reliability.md` 5, ASVS 7.3.1)."""
NOTED_EVERY = timedelta(minutes=1)
"""Our own bound: a session is written at most so often for the sake of its last moment."""
ROWS_AT_ONCE = 1000
"""Our own bound: one piece of clearing is a short statement."""
_BEGAN = "began_at"
_SEEN = "seen_at"


def begin(request: HttpRequest, *, at: datetime) -> None:
    """A person has signed in."""
    request.session[_BEGAN] = request.session[_SEEN] = at.timestamp()


def began_at(request: HttpRequest) -> float:
    """When she did, in seconds; 0 when nobody has."""
    return float(request.session.get(_BEGAN, 0))


def clear_ended(at: datetime) -> int:
    """Delete sessions past their time, and what is told of sessions that are gone; how many sessions those were."""
    count = _delete(Session.objects.filter(expire_date__lt=at))
    is_there = Exists(Session.objects.filter(pk=OuterRef("session_key")))
    _delete(UserSession.objects.filter(~is_there, created_at__lt=at - IDLE))
    return count


def session_rules(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """End a session that lasted too long or was left alone, and say so on the sign-in page."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return get_response(request)
        at = timezone.now()
        if _BEGAN not in request.session:
            begin(request, at=at)
        why = _why_ended(request, at=at)
        if why:
            return _end(request, why)
        _note(request, at=at)
        return get_response(request)

    return respond


def _delete(rows: QuerySet[Any]) -> int:
    count = 0
    while keys := list(rows.values_list("pk", flat=True)[:ROWS_AT_ONCE]):
        count += rows.model._default_manager.filter(pk__in=keys).delete()[0]  # noqa: SLF001  of either table
    return count


def is_live_part(request: HttpRequest) -> bool:
    """Whether the page asks by itself: that is no sign of a person."""
    return request.method == "GET" and request.headers.get("HX-Request") == "true"


def _why_ended(request: HttpRequest, *, at: datetime) -> str:
    now = at.timestamp()
    if now - began_at(request) >= LONGEST.total_seconds():
        return _("You were signed out because you had been signed in for 12 hours. Sign in again to go on.")
    if now - float(request.session.get(_SEEN, 0)) >= IDLE.total_seconds():
        return _("You were signed out because nothing happened for 30 minutes. Sign in again to go on.")
    return ""


def _note(request: HttpRequest, *, at: datetime) -> None:
    seen = float(request.session.get(_SEEN, 0))
    if not is_live_part(request) and at.timestamp() - seen >= NOTED_EVERY.total_seconds():
        request.session[_SEEN] = at.timestamp()


def _end(request: HttpRequest, why: str) -> HttpResponse:
    logout(request)
    messages.info(request, why)
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"HX-Refresh": "true"})
    back_to = request.get_full_path() if request.method in {"GET", "HEAD"} else "/"
    return redirect(f"{reverse('account_login')}?{urlencode({'next': back_to})}")
