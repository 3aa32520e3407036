"""One authenticated call to Exact: budget before, typed errors after, every call observed.

No rows here: tokens, budget and observer are handed in.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

import requests

from connector_site.lib import http
from connector_site.lib.outside_calls import Observer, OutsideCall
from connector_site.lib.secrets import Secret
from connector_site.lib.wording import said
from exact import payloads
from exact.answers import error_for
from exact.errors import ExactNeedsReconnect, ExactOutcomeUnknown, ExactUnavailable, ExactUnexpectedReply

TIMEOUTS = http.Timeouts(connect_seconds=3.05, read_seconds=20, total_seconds=30)
MAX_URL_LENGTH = 2_000
"""Our own limit (`exact.md` 6.1)."""
MAX_PAGES = 50
_REASON_WORD = re.compile(r"[A-Za-z]{3,60}")
_QUERY_SAFE = "'(),/:$"


class TokenSource(Protocol):
    """Where the transport gets its bearer token from."""

    def token(self) -> Secret:
        """A token good for a call now."""

    def replacement(self, refused: Secret) -> Secret | None:
        """Another token in the place of one that Exact answered 401 to; None when that one is still fresh."""

    def condemn(self, refused: Secret) -> None:
        """Record that Exact refuses a fresh token; somebody took the permission back."""


class CallGate(Protocol):
    """The budget of calls of one company."""

    def enter(self, endpoint: str) -> None:
        """Take one call out of the budget; raises `ExactUnavailable` when there is none."""

    def learn(self, endpoint: str, *, status: int, headers: Mapping[str, str], at: datetime) -> datetime | None:
        """Take in what an answer says about limits; returns when the next call is welcome, where it says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """An answer, and until when it forbids further calls."""

    reply: http.Reply
    retry_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent. `path` stands below the division unless `is_global`."""

    operation: str
    method: str
    path: str
    query: str = ""
    key: str = ""
    content: dict[str, Any] | None = None
    is_global: bool = False


def new_session() -> requests.Session:
    """A session that keeps connections and, because tenants share it, no cookies."""
    session = http.new_session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def query_text(params: Mapping[str, str]) -> str:
    """OData parameters as a query; commas and quotes stay readable, blanks become %20."""
    return "&".join(f"{name}={quote(value, safe=_QUERY_SAFE)}" for name, value in params.items())


class Transport:
    """Calls to one company of one site."""

    def __init__(
        self,
        *,
        session: requests.Session,
        base_url: str,
        division: int,
        tokens: TokenSource,
        gate: CallGate,
        observe: Observer,
    ) -> None:
        self._session = session
        self._base_url = base_url
        self._division = division
        self._tokens = tokens
        self._gate = gate
        self._observe = observe

    @property
    def division(self) -> int:
        """The company's number."""
        return self._division

    def page(self, request: Request) -> payloads.Page:
        """The rows of one answer."""
        reply = self._call(request, self._url(request))
        return self._read_page(request, reply)

    def rows(self, request: Request) -> tuple[dict[str, Any], ...]:
        """The rows of an answer and of every page after it."""
        page = self.page(request)
        rows = list(page.rows)
        for _ in range(MAX_PAGES):
            if page.next_url is None:
                return tuple(rows)
            reply = self._call(request, self._own(request, page.next_url))
            page = self._read_page(request, reply)
            rows.extend(page.rows)
        raise ExactUnexpectedReply(
            said("Exact's list did not end."), operation=request.operation, reason="endless_list"
        )

    def write(self, request: Request) -> bytes:
        """Send a change; any 2xx is a success (`exact.md` 6.4). The body, if any, is returned unread."""
        reply = self._call(request, self._url(request))
        if b"<html" in reply.body[:500].lower():
            raise ExactOutcomeUnknown(
                said(
                    "Exact's answer to a change was a web page; whether the change was made is looked up before it is "
                    "repeated."
                ),
                operation=request.operation,
                status=reply.status,
                reason="html",
            )
        return reply.body

    def url_length(self, request: Request) -> int:
        """The length of the address, for keeping below `MAX_URL_LENGTH`."""
        return len(self._url(request))

    def _call(self, request: Request, url: str) -> http.Reply:
        token = self._tokens.token()
        answer = self._send(request, url, token)
        if answer.reply.status != HTTPStatus.UNAUTHORIZED:
            return _accepted(request, answer)
        replacement = self._tokens.replacement(token)
        if replacement is not None:
            return _accepted(request, self._send(request, url, replacement))
        self._probe(token)
        return _accepted(request, answer)

    def _probe(self, token: Secret) -> None:
        """A fresh token was refused: ask `current/Me` once, and give up when that is refused too (`exact.md` 7)."""
        probe = Request(
            operation="probe_token", method="GET", path="current/Me", query="$select=UserID", is_global=True
        )
        if self._send(probe, self._url(probe), token).reply.status == HTTPStatus.UNAUTHORIZED:
            self._tokens.condemn(token)
            raise ExactNeedsReconnect(
                said("Exact Online no longer accepts our permission. Connect Exact Online again."),
                operation=probe.operation,
                status=HTTPStatus.UNAUTHORIZED,
                reason="revoked",
            )

    def _send(self, request: Request, url: str, token: Secret) -> _Answer:
        self._gate.enter(request.path)
        at = datetime.now(UTC)
        body = None if request.content is None else json.dumps(request.content, separators=(",", ":")).encode()
        headers = {"Authorization": f"Bearer {token.reveal()}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            reply = http.send(self._session, request.method, url, headers=headers, body=body, timeouts=TIMEOUTS)
        except http.NeverSent as error:
            self._saw(request, at, body, error_code="never_sent")
            raise ExactUnavailable(
                said("Exact Online could not be reached; it is tried again."),
                operation=request.operation,
                reason="never_sent",
            ) from error
        except http.AnswerLost as error:
            self._saw(request, at, body, error_code="answer_lost")
            raise _lost(request) from error
        self._saw(request, at, body, reply=reply)
        retry_at = self._gate.learn(request.path, status=reply.status, headers=reply.headers, at=at)
        return _Answer(reply=reply, retry_at=retry_at)

    def _read_page(self, request: Request, reply: http.Reply) -> payloads.Page:
        try:
            return payloads.read_page(reply.body)
        except payloads.UnreadableAnswer as error:
            raise unexpected(request.operation, error, status=reply.status) from error

    def _url(self, request: Request) -> str:
        division = "" if request.is_global else f"{self._division}/"
        query = f"?{request.query}" if request.query else ""
        return f"{self._base_url}/api/v1/{division}{request.path}{request.key}{query}"

    def _own(self, request: Request, url: str) -> str:
        """A follow-up address, which must stay at our own site and company (`reliability.md` 5, outbound)."""
        ours, theirs = urlsplit(self._base_url), urlsplit(url)
        prefix = f"{ours.path}/api/v1/{self._division}/"
        same_origin = (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)
        if not same_origin or not theirs.path.startswith(prefix) or ".." in _plain(theirs.path):
            raise ExactUnexpectedReply(
                said("Exact's list continues at a foreign address, which is not followed."),
                operation=request.operation,
                reason="foreign_next",
            )
        return url

    def _saw(
        self,
        request: Request,
        at: datetime,
        body: bytes | None,
        *,
        reply: http.Reply | None = None,
        error_code: str = "",
    ) -> None:
        division = "" if request.is_global else "{division}/"
        key = "(key)" if request.key else ""
        elapsed = datetime.now(UTC) - at
        self._observe(
            OutsideCall(
                system="exact",
                operation=request.operation,
                method=request.method,
                route=f"/api/v1/{division}{request.path}{key}",
                at=at,
                duration_ms=reply.duration_ms if reply else round(elapsed.total_seconds() * 1000),
                status=reply.status if reply else None,
                error_code=error_code or (_reason(reply) if reply else ""),
                request_hash=hashlib.sha256(body).hexdigest() if body else "",
            )
        )


def unexpected(operation: str, error: payloads.UnreadableAnswer, *, status: int | None = None) -> ExactUnexpectedReply:
    """The error for an answer that we cannot read."""
    return ExactUnexpectedReply(
        said("Exact Online answered in a way we do not understand; our team has to look at it."),
        operation=operation,
        status=status,
        reason=str(error)[:80],
    )


def _reason(reply: http.Reply) -> str:
    """The first word of the header `Reason`, where a refusal carries one (`exact.md` 6.5): a cause for machines."""
    found = _REASON_WORD.match(reply.headers.get("Reason", ""))
    return found.group(0) if found else ""


def _plain(path: str) -> str:
    """A path with every layer of percent-encoding taken off."""
    while (decoded := unquote(path)) != path:
        path = decoded
    return path


def _accepted(request: Request, answer: _Answer) -> http.Reply:
    if HTTPStatus.OK <= answer.reply.status < HTTPStatus.MULTIPLE_CHOICES:
        return answer.reply
    raise error_for(request.operation, request.method, answer.reply, retry_at=answer.retry_at)


def _lost(request: Request) -> ExactUnavailable | ExactOutcomeUnknown:
    if request.method == "GET":
        return ExactUnavailable(
            said("Exact Online did not answer in time; it is tried again."),
            operation=request.operation,
            reason="answer_lost",
        )
    return ExactOutcomeUnknown(
        said(
            "Exact Online's answer to a change was lost; whether the change was made is looked up before it is "
            "repeated."
        ),
        operation=request.operation,
        reason="answer_lost",
    )
