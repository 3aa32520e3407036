"""The doors for notifications of Exact and UPS: no session, no template, an answer at once."""

import logging
import uuid
from base64 import b64decode
from collections.abc import Callable

from django.db import Error, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from connector_site.lib.rate_limit import Rule, client_address, seconds_to_wait
from exact.webhooks import MAX_BODY_BYTES
from syncjobs import hook_counts
from syncjobs.intake import accept_exact
from syncjobs.pushes import Proof, accept
from ups import alerts
from ups.track_alert import MAX_BODY_BYTES as MAX_PUSH_BYTES

logger = logging.getLogger(__name__)

TOO_LARGE, TOO_MANY, NOT_NOW, CUT_OFF = 413, 429, 503, 400
TOKEN_FORM_BYTES = 4096
TOKEN_RULE = Rule(name="ups-token", requests=30, seconds=60)
"""UPS asks for a token an hour; whoever asks more often tries secrets."""


@csrf_exempt
@require_POST
def exact(request: HttpRequest, hook_code: uuid.UUID) -> HttpResponse:
    """Take a notification. When the database is away Exact is asked to repeat it (`reliability.md` 3)."""
    body = _body(request, MAX_BODY_BYTES)
    if isinstance(body, HttpResponse):
        return body
    return _answer(_stored(lambda: accept_exact(hook_code=hook_code, body=body)))


@csrf_exempt
@require_POST
def ups(request: HttpRequest, hook_code: uuid.UUID) -> HttpResponse:
    """Take a push. When the database is away it is lost, for UPS does not repeat it; polling heals that."""
    body = _body(request, MAX_PUSH_BYTES)
    if isinstance(body, HttpResponse):
        return body
    proof = Proof(
        credential=request.headers.get("credential", ""),
        authorization=request.headers.get("Authorization", ""),
        api_key=request.headers.get("x-api-key", ""),
    )
    return _answer(_stored(lambda: accept(hook_code=hook_code, body=body, proof=proof)))


@csrf_exempt
@require_POST
def ups_token(request: HttpRequest) -> HttpResponse:
    """Give UPS a token for its pushes (Track Alert version 2): client credentials as OAuth 2 has them (RFC 6749, 4.4).

    Id and secret come by HTTP Basic or in the form; which of them UPS uses is not published (`ups.md` 20).
    """
    wait_seconds = seconds_to_wait(TOKEN_RULE, client_address(request))
    if wait_seconds:
        return JsonResponse({"error": "slow_down"}, status=TOO_MANY, headers={"Retry-After": str(wait_seconds)})
    if _announced_bytes(request) > TOKEN_FORM_BYTES:
        return _answer(TOO_LARGE)
    if request.POST.get("grant_type") != "client_credentials":
        return JsonResponse({"error": "unsupported_grant_type"}, status=400)
    client_id, client_secret = _pair(request)
    try:
        issued = alerts.issue_token(client_id=client_id, client_secret=client_secret, at=timezone.now())
    except Error:
        return _answer(NOT_NOW)
    if issued is None:
        hook_counts.count(hook_counts.REFUSED)
        return JsonResponse({"error": "invalid_client"}, status=401, headers={"WWW-Authenticate": "Basic"})
    return JsonResponse(
        {
            "access_token": issued.token.reveal(),
            "token_type": "Bearer",
            "expires_in": issued.expires_in_seconds,
        },
        headers={"Cache-Control": "no-store", "Pragma": "no-cache"},
    )


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


def _stored(store: Callable[[], int]) -> int:
    """Store on a connection that is not asked first whether it lives.

    One that died since its last use is replaced once: storing the same message again changes nothing.
    """
    connection.health_check_done = True  # type: ignore[attr-defined]  # unknown to the stubs
    try:
        return store()
    except (OperationalError, InterfaceError):
        connection.close()
    except Error as error:
        return _not_stored(error)
    try:
        return store()
    except Error as error:
        return _not_stored(error)


def _not_stored(error: Error) -> int:
    logger.warning("A message could not be stored (%s)", type(error).__name__)
    return NOT_NOW


def _answer(status: int) -> HttpResponse:
    """An empty answer that says so, which spares the server a second packet."""
    return HttpResponse(status=status, headers={"Content-Length": "0"})
