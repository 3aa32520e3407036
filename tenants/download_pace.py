"""How much one person takes along in a minute: more than anybody needs who prints, and less than everything.

Requests are counted, not rows. A file about many deliveries (a list, labels of several, a batch of a station, the
trail, the copy of everything) counts as ten of one label or one proof. So a person takes 120 labels one by one in a
minute, or twelve such files, each with its own bound of rows.
"""

from collections.abc import Callable
from functools import update_wrapper
from http import HTTPStatus

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from connector_site.lib.rate_limit import Rule, seconds_to_wait
from tenants.access import Access
from tenants.gate import MemberView, P

DOWNLOADS = Rule(name="downloads", requests=120, seconds=60)
"""Our own bound for each person: a packing desk at full speed prints a label every few seconds."""
WHOLE = 10
"""Our own measure: what a file about many deliveries counts as."""
FETCHED_WITHIN = 60
"""Seconds in which a browser fetches what the page before it has handed out, and counted."""
_HANDED_OUT = "handed_out"


def at_a_pace(view: MemberView[P]) -> MemberView[P]:
    """A view, inside the gate, that gives a file or hands one out; who takes too many is told when to go on."""
    return counted_as(lambda _request: 1)(view)


def of_many(view: MemberView[P]) -> MemberView[P]:
    """The same for a file about many deliveries."""
    return counted_as(lambda _request: WHOLE)(view)


def counted_as(cost: Callable[[HttpRequest], int]) -> Callable[[MemberView[P]], MemberView[P]]:
    """The same where it depends on what is asked for."""

    def paced(view: MemberView[P]) -> MemberView[P]:
        def respond(request: HttpRequest, access: Access, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if request.path in _handed_out(request):
                return view(request, access, *args, **kwargs)
            seconds = seconds_to_wait(DOWNLOADS, str(access.user_id), cost=cost(request))
            if not seconds:
                return view(request, access, *args, **kwargs)
            page = render(request, "tenants/slow_down.html", {"seconds": seconds}, status=HTTPStatus.TOO_MANY_REQUESTS)
            page["Retry-After"] = str(seconds)
            return page

        update_wrapper(respond, view)
        respond.__dict__["is_at_a_pace"] = True
        return respond

    return paced


def note_handed_out(request: HttpRequest, address: str) -> None:
    """What was counted and marked by this request is fetched at this address at once, whatever was taken before it."""
    request.session[_HANDED_OUT] = _handed_out(request) | {address: timezone.now().timestamp()}


def _handed_out(request: HttpRequest) -> dict[str, float]:
    kept: dict[str, float] = request.session.get(_HANDED_OUT, {})
    since = timezone.now().timestamp() - FETCHED_WITHIN
    return {address: moment for address, moment in kept.items() if moment > since}
