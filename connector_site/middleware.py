"""What differs by place: response headers, and which requests need no session, user or template at all."""

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import Resolver404, resolve

HOOKS = "/hooks/"
_ADMIN_POLICY = {"script-src": [SELF, UNSAFE_EVAL, UNSAFE_INLINE], "style-src": [SELF, UNSAFE_INLINE]}
"""The admin's kit (Unfold with Alpine) evaluates expressions and sets styles; staff only (`dependencies.md` 6)."""


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


def admin_content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Loosen the content security policy for `/admin/` alone."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path.startswith("/admin/"):
            response._csp_replace = _ADMIN_POLICY  # type: ignore[attr-defined]
        return response

    return respond
