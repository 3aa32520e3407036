"""The door of every page of a tenant: sign in first, then the one gate of `tenants.access`."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import update_wrapper
from http import HTTPStatus
from typing import Concatenate, ParamSpec
from zoneinfo import ZoneInfo

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from tenants import second_factor, sign_in_log
from tenants.access import Access, enter
from tenants.context import tenant_context
from tenants.models import Role, Tenant, User
from tenants.second_factor import SAFE_METHODS

P = ParamSpec("P")
MemberView = Callable[Concatenate[HttpRequest, Access, P], HttpResponseBase]
TenantView = Callable[..., HttpResponseBase]


def members_only(
    least: Role, *, change: Role | None = None, fresh: bool = False, fresh_change: bool = False
) -> Callable[[MemberView[P]], TenantView]:
    """A view under `/t/<tenant_code>/` for members with at least this role; it is given their `Access`.

    `change` is the least role for anything but looking, where the same address shows and saves. `fresh` asks for a
    second factor that was used a moment ago: for what starts or ends a connection, and for decisions about money. Who
    may only look at such an address is not asked. `fresh_change` asks for it for anything but looking.

    Nobody signed in: to the sign-in page. A stranger: 404. A member with too low a role: 403. A session in which no
    second factor was used: to the page that asks for it, or on which one is set up. No copy is kept by the browser
    (ASVS 14.3.2).
    """
    least_to_change = change or least

    def guarded(view: MemberView[P]) -> TenantView:
        def respond(
            request: HttpRequest, tenant_code: uuid.UUID, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            if not isinstance(request.user, User):
                return _to_sign_in(request)
            is_change = request.method not in SAFE_METHODS
            access = _enter(request, request.user, tenant_code, least=least_to_change if is_change else least)
            asks = access.allows(least_to_change) and (fresh or (fresh_change and is_change))
            asked = _second_factor(request, request.user, fresh=asks)
            if asked is not None:
                return asked
            if fresh or fresh_change:
                second_factor.note_opening(request, request.user, at=timezone.now())
            response = view(request, access, *args, **kwargs)
            add_never_cache_headers(response)
            return response

        update_wrapper(respond, view)
        respond.__dict__["asks_for_fresh_factor"] = fresh or fresh_change
        return respond

    return guarded


def _enter(request: HttpRequest, user: User, tenant_code: uuid.UUID, *, least: Role) -> Access:
    """The one gate; whom it refuses stands in the log (ASVS 16.3.2)."""
    try:
        return enter(user, tenant_code, least=least)
    except (Http404, PermissionDenied) as why:
        page = request.resolver_match.view_name if request.resolver_match else sign_in_log.UNKNOWN
        sign_in_log.refused(f"{type(why).__name__} at {page}", request)
        raise


def _second_factor(request: HttpRequest, user: User, *, fresh: bool) -> HttpResponseBase | None:
    """Where to send a session whose second factor is missing or was used too long ago; None when all is well."""
    missing = second_factor.missing(request, user)
    if missing:
        return _go(request, missing)
    if fresh and not second_factor.is_fresh_for_this(request, user, at=timezone.now()):
        return _go(request, second_factor.ask_address(request))
    return None


def _go(request: HttpRequest, address: str) -> HttpResponse:
    """A live part must have the whole page go there."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": address})
    return redirect(address)


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """A live part must not swap the sign-in page into itself: it has the whole page loaded anew instead."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"HX-Refresh": "true"})
    return redirect_to_login(request.get_full_path())


@contextmanager
def inside(access: Access) -> Iterator[Tenant]:
    """The tenant's own rows and its own time of day; as short as the transaction that it is."""
    with tenant_context(access.tenant_id), timezone.override(ZoneInfo(access.tenant.time_zone)):
        yield access.tenant


def signed_in(request: HttpRequest) -> User:
    """The person behind a request that came through the gate."""
    if not isinstance(request.user, User):
        raise TypeError("Only for views behind members_only.")
    return request.user


def actor_of(user: User) -> str:
    """How the audit trail names a person (`audit.record.acting`)."""
    return f"user:{user.code}"
