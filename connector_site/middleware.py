"""What differs by place: response headers, and which requests need no session, user or template at all."""

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils.cache import add_never_cache_headers

HOOKS = "/hooks/"
_ADMIN_POLICY = {"script-src": [SELF, UNSAFE_EVAL, UNSAFE_INLINE], "style-src": [SELF, UNSAFE_INLINE]}
"""The admin's kit (Unfold with Alpine) evaluates expressions and sets styles; staff only (`dependencies.md` 6)."""
_LEADING_TO_EXACT = "/t/"
"""Below it a form may be answered by sending the browser to Exact, as on the pages of `exact` itself."""
PERMISSIONS = ", ".join(
    (
        *(f"{name}=()" for name in ("camera", "geolocation", "microphone", "payment", "usb", "serial")),
        *(f"{name}=(self)" for name in ("publickey-credentials-get", "publickey-credentials-create")),
    )
)
"""No page needs any of these but passkeys."""


def hooks_first(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer notifications before every other middleware: they carry no cookie, show no page, and come in floods."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(HOOKS):
            return get_response(request)
        try:
            found = resolve(request.path_info)
        except Resolver404:
            return HttpResponse(status=404)
        answer: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
        return answer

    return respond


def page_for_wrong_methods(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Who opens an address that only takes what a form sends reads why, on a page like any other error's."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and _is_opened(request):
            response.content = render_to_string("405.html", request=request)
        return response

    return respond


def _is_opened(request: HttpRequest) -> bool:
    """By a browser that shows what comes; a program takes anything, and never names a page."""
    names_pages = any((one.main_type, one.sub_type) == ("text", "html") for one in request.accepted_types)
    return names_pages and request.method in {"GET", "HEAD"}


def safe_headers(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """What Django's own security middleware leaves out (ASVS 3.4 and 14.3.2).

    No copy is kept of a page unless its view says how long it may be.
    """

    def respond(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if not response.has_header("Cache-Control") and not request.path_info.startswith(settings.STATIC_URL):
            add_never_cache_headers(response)
        return response

    return respond


def content_security_policy_by_place(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Loosen the content security policy where it must be: scripts in the admin, forms that lead to Exact."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        match = request.resolver_match
        if request.path.startswith("/admin/"):
            response._csp_replace = _ADMIN_POLICY  # type: ignore[attr-defined]
        elif request.path.startswith(_LEADING_TO_EXACT) or (match is not None and match.app_name == "exact"):
            hosts = sorted(set(settings.EXACT_BASE_URLS.values()))
            asked = getattr(response, "_csp_update", {})
            response._csp_update = asked | {"form-action": hosts}  # type: ignore[attr-defined]  # noqa: SLF001  django-csp's own
        return response

    return respond
