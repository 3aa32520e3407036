"""`POST /{site}/api/oauth2/token` (exact.md 3.2 to 3.4)."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

import orjson
from aiohttp import web

from sandbox.core.watch import TENANT_HINT
from sandbox.exact.grants import AppKey, GrantKey, TokenPair, TokenRefusedError
from sandbox.exact.limits import ErrorKey
from sandbox.exact.reading import JSON_TYPE
from sandbox.exact.settings import ACCESS_TOKEN_SECONDS, ERROR_STATUSES
from sandbox.exact.world import App, World

FORM_TYPE = "application/x-www-form-urlencoded"
ENDPOINT = "oauth2/token"
NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEndpoint:
    """Hands out token pairs."""

    world: World

    async def handle(self, request: web.Request) -> web.Response:
        """A pair, or the refusal with its `Reason` header where one was recorded."""
        site = request.match_info["site"]
        try:
            pair = await self._grant(request, site)
        except TokenRefusedError as refused:
            if refused.grant is not None and refused.status in ERROR_STATUSES:
                self.world.errors.count(_error_key(refused.grant))
            return _refused(refused)
        request[TENANT_HINT] = f"{pair.grant[0][1]}/{pair.grant[1]}"
        body = {
            "access_token": pair.access_token,
            "token_type": "bearer",
            "expires_in": str(ACCESS_TOKEN_SECONDS),
            "refresh_token": pair.refresh_token,
        }
        return web.Response(body=orjson.dumps(body), content_type=JSON_TYPE, headers=NO_STORE)

    async def _grant(self, request: web.Request, site: str) -> TokenPair:
        if request.content_type != FORM_TYPE:
            raise TokenRefusedError(400, "invalid_request", "The body must be application/x-www-form-urlencoded.")
        form = {name: str(value) for name, value in (await request.post()).items()}
        app = self._client(site, _credentials(request, form))
        request[TENANT_HINT] = app.client_id
        grant_type = form.get("grant_type")
        if grant_type == "authorization_code":
            return self._exchange(app, form)
        if grant_type == "refresh_token":
            return self._refresh(app, form)
        raise TokenRefusedError(400, "unsupported_grant_type", "Unknown grant_type.")

    def _exchange(self, app: App, form: Mapping[str, str]) -> TokenPair:
        code = _required(form, "code")
        redirect_uri = _required(form, "redirect_uri")
        return self.world.grants.exchange(app.key, code, redirect_uri=redirect_uri)

    def _refresh(self, app: App, form: Mapping[str, str]) -> TokenPair:
        refresh_token = _required(form, "refresh_token")
        grant = self.world.grants.grant_of(app.key, refresh_token)
        if grant is not None and self.world.errors.is_blocked(_error_key(grant)):
            description = "Too many errors, the token endpoint is blocked for this application and user."
            raise _BlockedError(403, "access_denied", description, reason="ErrorLimitExceeded")
        return self.world.grants.refresh(app.key, refresh_token)

    def _client(self, site: str, credentials: tuple[str, str]) -> App:
        client_id, client_secret = credentials
        key: AppKey = (site, client_id.lower())
        app = self.world.apps.get(key)
        if app is None:
            raise TokenRefusedError(400, "invalid_client", "The client is unknown.")
        if not hmac.compare_digest(app.client_secret.encode(), client_secret.encode()):
            raise TokenRefusedError(401, "invalid_client", "The client secret is wrong.")
        return app


class _BlockedError(TokenRefusedError):
    """A call during a block; it is not counted again."""


def _error_key(grant: GrantKey) -> ErrorKey:
    return (grant[0], grant[1], None, ENDPOINT)


def _credentials(request: web.Request, form: Mapping[str, str]) -> tuple[str, str]:
    """Client id and secret from the body, or from HTTP Basic."""
    kind, _, rest = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return _required(form, "client_id"), _required(form, "client_secret")
    try:
        decoded = base64.b64decode(rest, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as err:
        raise TokenRefusedError(400, "invalid_request", "The Authorization header is malformed.") from err
    client_id, _, client_secret = decoded.partition(":")
    return unquote_plus(client_id), unquote_plus(client_secret)


def _required(form: Mapping[str, str], name: str) -> str:
    value = form.get(name, "")
    if not value:
        raise TokenRefusedError(400, "invalid_request", f"The parameter {name} is missing.")
    return value


def _refused(refused: TokenRefusedError) -> web.Response:
    body = orjson.dumps({"error": refused.error, "error_description": refused.description})
    headers = NO_STORE | ({"Reason": refused.reason} if refused.reason else {})
    return web.Response(body=body, status=refused.status, content_type=JSON_TYPE, headers=headers)
