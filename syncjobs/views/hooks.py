"""The doors for notifications of Exact and UPS: no session, no template, an answer at once."""

import logging
import uuid
from base64 import b64decode
from collections.abc import Callable
from hashlib import sha256
from typing import TypeVar

from django.db import Error, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from connector_site.lib.hanging_up import hang_up_after
from connector_site.lib.rate_limit import Rule, client_address, seconds_to_wait
from exact.subscribing import note_first_call
from exact.webhooks import MAX_BODY_BYTES
from syncjobs import hook_counts
from syncjobs.intake import accept_exact
from syncjobs.tracking.pushes import Proof, accept, note_refused, recognise
from ups import alerts
from ups.track_alert import MAX_BODY_BYTES as MAX_PUSH_BYTES

logger = logging.getLogger(__name__)

OK, TOO_LARGE, TOO_MANY, NOT_NOW, CUT_OFF = 200, 413, 429, 503, 400
TOKEN_FORM_BYTES = 4096
EMPTY_RULE = Rule(name="exact-hook-empty", requests=30, seconds=60)
"""Empty calls of one address that are noted, for anybody may send them; each gets its answer all the same."""
REFUSED_RULE = Rule(name="ups-push-refused", requests=60, seconds=60)
"""Refused pushes of one address that are counted and logged; a proven push is never limited."""
TOKEN_RULE = Rule(name="ups-token-refused", requests=30, seconds=60)
CLIENT_RULE = Rule(name="ups-token-refused-client", requests=30, seconds=60)
"""Failures only, by address and by client id: whoever fails so often tries secrets. The right pair is never limited."""

Answer = TypeVar("Answer")


@csrf_exempt
@require_POST
def exact(request: HttpRequest, hook_code: uuid.UUID) -> HttpResponse:
    """Take a notification. When the database is away Exact is asked to repeat it (`reliability.md` 3)."""
    body = _body(request, MAX_BODY_BYTES)
    if isinstance(body, HttpResponse):
        return body
    if not body:
        if not seconds_to_wait(EMPTY_RULE, client_address(request)):
            _stored(lambda: note_first_call(hook_code))
        return _answer(OK)
    return _answer(_stored(lambda: accept_exact(hook_code=hook_code, body=body)))


@csrf_exempt
@require_POST
def ups(request: HttpRequest, hook_code: uuid.UUID) -> HttpResponse:
    """Take a push. When the database is away it is lost, for UPS does not repeat it; polling heals that.

    Nobody's body is read before the headers have proved that UPS sent it.
    """
    if _announced_bytes(request) > MAX_PUSH_BYTES:
        return _hang_up(request, TOO_LARGE)
    proof = Proof(
        credential=request.headers.get("credential", ""),
        authorization=request.headers.get("Authorization", ""),
        api_key=request.headers.get("x-api-key", ""),
    )
    route = _stored(lambda: recognise(hook_code=hook_code, proof=proof))
    if isinstance(route, int):
        return _hang_up(request, NOT_NOW) if route == NOT_NOW else _refuse_push(request, hook_code, route)
    body = _body(request, MAX_PUSH_BYTES)
    if isinstance(body, HttpResponse):
        return body
    return _answer(_stored(lambda: accept(route=route, body=body)))


@csrf_exempt
@require_POST
def ups_token(request: HttpRequest) -> HttpResponse:
    """Give UPS a token for its pushes (Track Alert version 2): client credentials as OAuth 2 has them (RFC 6749, 4.4).

    Id and secret come by HTTP Basic or in the form; which of them UPS uses is not published (`ups.md` 20).
    """
    if _announced_bytes(request) > TOKEN_FORM_BYTES:
        return _hang_up(request, TOO_LARGE)
    if request.POST.get("grant_type") != "client_credentials":
        return _slow_down(request, "") or JsonResponse({"error": "unsupported_grant_type"}, status=400)
    client_id, client_secret = _pair(request)
    try:
        issued = alerts.issue_token(client_id=client_id, client_secret=client_secret, at=timezone.now())
        meant = None if issued else alerts.find_client(client_id)
    except Error:
        return _answer(NOT_NOW)
    if issued is None:
        return _slow_down(request, client_id) or _refuse_token(meant)
    return JsonResponse(
        {
            "access_token": issued.token.reveal(),
            "token_type": "Bearer",
            "expires_in": issued.expires_in_seconds,
        },
        headers={"Cache-Control": "no-store", "Pragma": "no-cache"},
    )


def _refuse_push(request: HttpRequest, hook_code: uuid.UUID, status: int) -> HttpResponse:
    """Say no without reading on; an address that is refused too often is neither counted nor logged any more."""
    wait_seconds = seconds_to_wait(REFUSED_RULE, client_address(request))
    if wait_seconds:
        return _hang_up(request, TOO_MANY, {"Retry-After": str(wait_seconds)})
    note_refused(hook_code=hook_code, status=status)
    return _hang_up(request, status)


def _refuse_token(meant: uuid.UUID | None) -> HttpResponse:
    """The same answer whether the id or the secret is wrong; counted for the account that was meant, if any."""
    hook_counts.count(hook_counts.REFUSED, meant)
    return JsonResponse({"error": "invalid_client"}, status=401, headers={"WWW-Authenticate": "Basic"})


def _slow_down(request: HttpRequest, client_id: str) -> HttpResponse | None:
    """Count a failure; the answer to one too many."""
    wait_seconds = seconds_to_wait(TOKEN_RULE, client_address(request))
    if client_id and not wait_seconds:
        wait_seconds = seconds_to_wait(CLIENT_RULE, sha256(client_id.encode(errors="replace")).hexdigest())
    if not wait_seconds:
        return None
    return JsonResponse({"error": "slow_down"}, status=TOO_MANY, headers={"Retry-After": str(wait_seconds)})


def _announced_bytes(request: HttpRequest) -> int:
    """How much is to come; what is no number is nothing, and nothing is read then."""
    text = request.headers.get("Content-Length", "")
    return int(text) if text.isdecimal() else 0


def _pair(request: HttpRequest) -> tuple[str, str]:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return request.POST.get("client_id", ""), request.POST.get("client_secret", "")
    try:
        client_id, _, client_secret = b64decode(text, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return client_id, client_secret


def _body(request: HttpRequest, most_bytes: int) -> bytes | HttpResponse:
    """What was sent, or the answer to what cannot be taken."""
    try:
        body = request.read(most_bytes + 1)
    except UnreadablePostError:
        return _answer(CUT_OFF)
    return _answer(TOO_LARGE) if len(body) > most_bytes else body


def _stored(ask: Callable[[], Answer]) -> Answer | int:
    """Ask or store on a connection that is not asked first whether it lives; 503 without the database.

    One that died since its last use is replaced once: storing the same message again changes nothing.
    """
    connection.health_check_done = True  # type: ignore[attr-defined]  # unknown to the stubs
    try:
        return ask()
    except (OperationalError, InterfaceError):
        connection.close()
    except Error as error:
        return _not_stored(error)
    try:
        return ask()
    except Error as error:
        return _not_stored(error)


def _not_stored(error: Error) -> int:
    logger.warning("A message could not be stored (%s)", type(error).__name__)
    return NOT_NOW


def _hang_up(request: HttpRequest, status: int, headers: dict[str, str] | None = None) -> HttpResponse:
    """An answer that does not wait for the body."""
    hang_up_after(request)
    return _answer(status, headers)


def _answer(status: int, headers: dict[str, str] | None = None) -> HttpResponse:
    """An empty answer that says so, which spares the server a second packet."""
    return HttpResponse(status=status, headers={"Content-Length": "0", **(headers or {})})
