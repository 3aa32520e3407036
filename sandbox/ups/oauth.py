"""`POST /security/v1/oauth/token` (ups.md 3)."""

import base64
import binascii
import hmac

from aiohttp import web

from sandbox.core.answers import json_answer
from sandbox.core.watch import TENANT_HINT
from sandbox.ups.accounts import Client
from sandbox.ups.refusals import TOO_MANY_REQUESTS, UNAUTHORISED, UpsRefusal
from sandbox.ups.state import UPS, Ups

FORM = "application/x-www-form-urlencoded"


def routes() -> list[web.RouteDef]:
    """The token endpoint; it has no `/api` in front."""
    return [web.post("/security/v1/oauth/token", issue_token, name="oauth_token")]


async def issue_token(request: web.Request) -> web.Response:
    """Client credentials in, token out; every value is text."""
    ups = request.app[UPS]
    client_id, client_secret = _basic_credentials(request.headers.get("Authorization", ""))
    request[TENANT_HINT] = client_id
    client = _authenticated(ups, client_id=client_id, client_secret=client_secret)
    if request.content_type != FORM:
        raise UpsRefusal("10400", "The content type must be application/x-www-form-urlencoded")
    form = await request.post()
    if form.get("grant_type") != "client_credentials":
        raise UpsRefusal("10400", "Invalid/Missing grant_type")
    seconds = ups.settings.token_seconds
    return json_answer(
        {
            "token_type": "Bearer",
            "issued_at": str(int(ups.clock.now().timestamp() * 1000)),
            "client_id": client.client_id,
            "access_token": ups.tokens.issue(client_id=client.client_id, host=request.host, seconds=seconds),
            "scope": "",
            "expires_in": str(seconds),
            "refresh_count": "0",
            "status": "approved",
        }
    )


def _authenticated(ups: Ups, *, client_id: str, client_secret: str) -> Client:
    client = ups.accounts.find(client_id)
    if client is None:
        raise UpsRefusal("10401", "ClientId is Invalid", status=UNAUTHORISED)
    if not ups.tokens.allows_request("token:" + client_id, per_minute=ups.settings.token_requests_per_minute):
        raise UpsRefusal("10429", "Too Many Requests", status=TOO_MANY_REQUESTS)
    if not hmac.compare_digest(client.client_secret.encode(), client_secret.encode()):
        raise UpsRefusal("10401", "ClientId is Invalid", status=UNAUTHORISED)
    return client


def _basic_credentials(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise UpsRefusal("10401", "ClientId is Invalid", status=UNAUTHORISED)
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as err:
        raise UpsRefusal("10401", "ClientId is Invalid", status=UNAUTHORISED) from err
    client_id, _, client_secret = text.partition(":")
    return client_id, client_secret
