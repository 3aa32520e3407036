"""The token endpoint: one POST, and what its answer means (`exact.md` 3.2 to 3.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from http import HTTPStatus

import requests
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from django.conf import settings
from pydantic import ValidationError

from connector_site.lib import http
from connector_site.lib.outside_calls import Observer, OutsideCall
from connector_site.lib.secrets import Secret
from connector_site.lib.wording import said
from exact import rate_headers
from exact.errors import ExactUnavailable
from exact.payloads import TokenAnswer, TokenRefusal, UnreadableAnswer, read_json

TIMEOUTS = http.Timeouts(connect_seconds=5, read_seconds=15, total_seconds=25)
"""`reliability.md` 2.1, T2: one POST, 5/15 s; the whole stays below the marker's 30 s."""
AUTHORIZE_PATH = "/api/oauth2/auth"
TOKEN_PATH = "/api/oauth2/token"  # noqa: S105  an address
_TOO_EARLY = "access_token not expired"
_OLD_TOKEN = "old refresh token"  # noqa: S105  a text of Exact's
_EXPIRED = "refresh token expired"
_CHAIN_ERRORS = frozenset({"invalid_grant"})
_UNREADABLE = "unreadable"


class TokenVerdict(Enum):
    """What a token answer means for the chain (`reliability.md` 2.1)."""

    RENEWED = "renewed"
    NEVER_SENT = "never_sent"
    UNKNOWN = "unknown"
    TOO_EARLY = "too_early"
    ENDED = "ended"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """An access token and the refresh token that replaces every older one."""

    access: Secret
    refresh: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenResult:
    """The outcome of one token call; `pair` whenever the body held a refresh token, whatever its status."""

    verdict: TokenVerdict
    pair: TokenPair | None = None
    status: int | None = None
    error: str = ""
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Our app at one site (`exact.md` 2)."""

    site: str
    base_url: str
    client_id: str
    client_secret: Secret


def registration(site: str) -> Registration:
    """Our app's registration at a site; raises `ExactUnavailable` for a site that is not set up."""
    app = settings.EXACT_APPS.get(site)
    if app is None:
        raise ExactUnavailable(
            said("This country's Exact Online is not set up here. Our team has to register the app for it first."),
            operation="registration",
            reason="site_not_set_up",
        )
    return Registration(
        site=site,
        base_url=settings.EXACT_BASE_URLS[site],
        client_id=app["client_id"],
        client_secret=Secret(app["client_secret"]),
    )


def authorize_address(app: Registration, *, state: str, redirect_uri: str, force_login: bool) -> str:
    """Where to send the browser for the user's consent (`exact.md` 3.1)."""
    address: str = prepare_grant_uri(  # type: ignore[no-untyped-call]
        f"{app.base_url}{AUTHORIZE_PATH}",
        app.client_id,
        "code",
        redirect_uri=redirect_uri,
        state=state,
        force_login="1" if force_login else "0",
    )
    return address


def exchange(
    app: Registration, session: requests.Session, *, code: str, redirect_uri: str, observe: Observer
) -> TokenResult:
    """Exchange a code, which works once and for three minutes."""
    body = prepare_token_request(  # type: ignore[no-untyped-call]
        "authorization_code",
        redirect_uri=redirect_uri,
        code=code,
        client_id=app.client_id,
        client_secret=app.client_secret.reveal(),
    )
    return _post(app, session, operation="exchange_code", body=body, observe=observe, held_access=None)


def renew(app: Registration, session: requests.Session, *, held: TokenPair, observe: Observer) -> TokenResult:
    """Spend a refresh token. The caller holds the marker of the chain."""
    body = prepare_token_request(  # type: ignore[no-untyped-call]
        "refresh_token",
        refresh_token=held.refresh.reveal(),
        client_id=app.client_id,
        client_secret=app.client_secret.reveal(),
    )
    return _post(app, session, operation="refresh_token", body=body, observe=observe, held_access=held.access)


def _post(
    app: Registration,
    session: requests.Session,
    *,
    operation: str,
    body: str,
    observe: Observer,
    held_access: Secret | None,
) -> TokenResult:
    at = datetime.now(UTC)
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    try:
        reply = http.send(
            session, "POST", f"{app.base_url}{TOKEN_PATH}", headers=headers, body=body.encode(), timeouts=TIMEOUTS
        )
    except http.NeverSent:
        observe(_call(operation, at, error="never_sent"))
        return TokenResult(verdict=TokenVerdict.NEVER_SENT)
    except http.AnswerLost:
        observe(_call(operation, at, error="answer_lost"))
        return TokenResult(verdict=TokenVerdict.UNKNOWN)
    result = classify(reply.status, reply.headers, reply.body, held_access=held_access)
    observe(_call(operation, at, reply=reply, error=result.error))
    return result


def classify(status: int, headers: Mapping[str, str], body: bytes, *, held_access: Secret | None = None) -> TokenResult:
    """What an answer of the token endpoint means."""
    pair = _pair(body, held_access)
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        verdict = TokenVerdict.RENEWED if pair else TokenVerdict.UNKNOWN
        return TokenResult(verdict=verdict, pair=pair, status=status)
    retry_after = rate_headers.read(headers).retry_after
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return TokenResult(verdict=TokenVerdict.UNKNOWN, pair=pair, status=status, retry_after=retry_after)
    refusal = _refusal(body)
    said = f"{refusal.error_description} {headers.get('Reason', '')}".lower()
    if _TOO_EARLY in said:
        verdict = TokenVerdict.TOO_EARLY
    elif _OLD_TOKEN in said or _EXPIRED in said or refusal.error in _CHAIN_ERRORS:
        verdict = TokenVerdict.ENDED
    elif refusal.error == _UNREADABLE:
        verdict = TokenVerdict.UNKNOWN
    else:
        verdict = TokenVerdict.REFUSED
    return TokenResult(verdict=verdict, pair=pair, status=status, error=refusal.error[:40])


def _pair(body: bytes, held_access: Secret | None) -> TokenPair | None:
    """A refresh token in any answer is kept (`exact.md` 3.4, last line), with the access token we hold if need be."""
    try:
        document = read_json(body)
        if isinstance(document, dict) and held_access is not None and not document.get("access_token"):
            document = document | {"access_token": held_access.reveal()}
        answer = TokenAnswer.model_validate(document)
    except (UnreadableAnswer, ValidationError):
        return None
    return TokenPair(access=Secret(answer.access_token), refresh=Secret(answer.refresh_token))


def _refusal(body: bytes) -> TokenRefusal:
    """The refusal; a web page or a redirect comes from something in between and says nothing about our app."""
    try:
        return TokenRefusal.model_validate(read_json(body))
    except (UnreadableAnswer, ValidationError):
        return TokenRefusal(error=_UNREADABLE)


def _call(operation: str, at: datetime, *, reply: http.Reply | None = None, error: str = "") -> OutsideCall:
    elapsed = datetime.now(UTC) - at
    return OutsideCall(
        system="exact",
        operation=operation,
        method="POST",
        route=TOKEN_PATH,
        at=at,
        duration_ms=reply.duration_ms if reply else round(elapsed.total_seconds() * 1000),
        status=reply.status if reply else None,
        error_code=error,
    )
