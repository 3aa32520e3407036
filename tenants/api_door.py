"""The door of the API: a key in the `Authorization` header, a role, and a limit on how often."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, Throttled
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from connector_site.lib.rate_limit import Rule, client_address, seconds_to_wait
from tenants import api_keys, sign_in_log
from tenants.api_keys import Program
from tenants.models import Role

P = ParamSpec("P")
PER_KEY = Rule(name="api key", requests=120, seconds=60)
"""Our own bound: two calls a second, and a program that went astray disturbs nobody."""
DRY_RUNS = Rule(name="api dry runs", requests=10, seconds=60)
"""Our own bound for each company: a dry run asks Exact and UPS, whose limits all of its work shares."""
PER_ADDRESS_REFUSED = Rule(name="api refused", requests=30, seconds=60)
"""Our own bound on wrong keys from one address."""
SCHEME = b"bearer"


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>`; there is no other way in, and no cookie counts."""

    def authenticate(self, request: Request) -> tuple[Any, Program]:
        """The program behind the key."""
        parts = get_authorization_header(request).split()
        token = parts[1].decode("ascii", errors="replace") if len(parts) == 2 and parts[0].lower() == SCHEME else ""  # noqa: PLR2004  scheme and key
        program = api_keys.find(token, at=timezone.now())
        if program is None:
            sign_in_log.refused("a key that opens nothing, at the API", request._request)  # noqa: SLF001  the plain one
            wait = seconds_to_wait(PER_ADDRESS_REFUSED, client_address(request._request))  # noqa: SLF001
            if wait:
                raise Throttled(wait=wait)
            raise AuthenticationFailed("Send a valid key in the header: Authorization: Bearer <key>.")
        wait = seconds_to_wait(PER_KEY, str(program.key_code))
        if wait:
            raise Throttled(wait=wait)
        return None, program

    def authenticate_header(self, request: Request) -> str:
        """Makes the refusal a 401."""
        del request
        return "Bearer"


class RoleTooLow(PermissionDenied):
    """The key may not do that; told to a program, in the language of the API."""


def programs_only(
    least: Role, *, method: str = "GET"
) -> Callable[[Callable[Concatenate[Request, Program, P], Response]], Callable[..., HttpResponseBase]]:
    """A view of the API for one method, for keys with at least this role; it is given the `Program`."""

    def guarded(view: Callable[Concatenate[Request, Program, P], Response]) -> Callable[..., HttpResponseBase]:
        def handle(self: APIView, request: Request, *args: P.args, **kwargs: P.kwargs) -> Response:
            del self
            program = request.auth
            if not isinstance(program, Program) or not program.allows(least):
                raise RoleTooLow(f"This needs a key with the role {least.value}.")
            return view(request, program, *args, **kwargs)

        door = type(
            view.__name__,
            (APIView,),
            {
                method.lower(): handle,
                "authentication_classes": [KeyAuthentication],
                "permission_classes": [],
                "parser_classes": [JSONParser],
                "renderer_classes": [JSONRenderer],
            },
        )

        @csrf_exempt
        @wraps(view)
        def respond(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            answer: HttpResponseBase = door.as_view()(request, *args, **kwargs)  # type: ignore[attr-defined]
            return answer

        return respond

    return guarded
