"""The door for Exact's notifications: no session, no template, an answer at once."""

import logging
import uuid

from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from exact.webhooks import MAX_BODY_BYTES
from syncjobs.intake import accept_exact

logger = logging.getLogger(__name__)

TOO_LARGE, NOT_NOW, CUT_OFF = 413, 503, 400


@csrf_exempt
@require_POST
def exact(request: HttpRequest, hook_code: uuid.UUID) -> HttpResponse:
    """Take a notification. When the database is away Exact is asked to repeat it (`reliability.md` 3)."""
    try:
        body = request.read(MAX_BODY_BYTES + 1)
    except UnreadablePostError:
        return _answer(CUT_OFF)
    if len(body) > MAX_BODY_BYTES:
        return _answer(TOO_LARGE)
    return _answer(_accept(hook_code, body))


def _accept(hook_code: uuid.UUID, body: bytes) -> int:
    """Store the notification, on a connection that is not asked first whether it lives.

    One that died since its last use is replaced once: storing the same notification again changes nothing.
    """
    connection.health_check_done = True  # type: ignore[attr-defined]  # unknown to the stubs
    try:
        return accept_exact(hook_code=hook_code, body=body)
    except (OperationalError, InterfaceError):
        connection.close()
    try:
        return accept_exact(hook_code=hook_code, body=body)
    except DatabaseError as error:
        logger.warning("A notification could not be stored (%s); Exact will repeat it", type(error).__name__)
        return NOT_NOW


def _answer(status: int) -> HttpResponse:
    """An empty answer that says so, which spares the server a second packet."""
    return HttpResponse(status=status, headers={"Content-Length": "0"})
