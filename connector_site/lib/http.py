"""HTTP to the outside: timeouts always, redirects never, answers capped, and failures told apart by what they prove."""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NameResolutionError, NewConnectionError

MAX_ANSWER_BYTES = 20 * 1024 * 1024
"""`reliability.md` 5, outbound: response cap 20 MB."""
CONNECTIONS_PER_HOST = 8
_CHUNK_BYTES = 64 * 1024
_HANDSHAKE_FAILURES = frozenset(
    {"CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER", "UNSUPPORTED_PROTOCOL", "SSLV3_ALERT_HANDSHAKE_FAILURE"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds for connecting, for each read, and for the whole call."""

    connect_seconds: float = 3.05
    read_seconds: float = 30.0
    total_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A complete answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    duration_ms: int


class NeverSent(Exception):
    """The name, the connection or the TLS handshake failed: not one byte of the request left."""


class AnswerLost(Exception):
    """The request left, or may have left, and no complete answer came: what happened there is unknown."""


class _OneAnswerSession(requests.Session):
    """A session to which a redirect is an answer like any other.

    Even when told not to follow one, requests parses where it leads: a malformed `Location` then looks like a URL of
    ours that was never called, or raises errors of its own.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere."""
        del resp


def new_session() -> requests.Session:
    """A session with kept connections and no retries of its own; one per process and host.

    It keeps no cookies: tenants share it.
    """
    session = _OneAnswerSession()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    adapter = HTTPAdapter(pool_connections=4, pool_maxsize=CONNECTIONS_PER_HOST, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.trust_env = False
    return session


def send(
    session: requests.Session,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    params: Mapping[str, str] | None = None,
    timeouts: Timeouts = Timeouts(),
) -> Reply:
    """Send once and read the whole answer. Raises `NeverSent` or `AnswerLost`; every status is an answer."""
    started = time.monotonic()
    deadline = started + timeouts.total_seconds
    try:
        response = session.request(
            method,
            url,
            params=params,
            headers=dict(headers),
            data=body,
            timeout=(timeouts.connect_seconds, timeouts.read_seconds),
            allow_redirects=False,
            stream=True,
        )
    except requests.RequestException as error:
        if _never_left(error):
            raise NeverSent(type(error).__name__) from error
        raise AnswerLost(type(error).__name__) from error
    with response:
        content = _read_all(response, deadline)
    return Reply(
        status=response.status_code,
        headers=response.headers,
        body=content,
        duration_ms=round((time.monotonic() - started) * 1000),
    )


def _read_all(response: requests.Response, deadline: float) -> bytes:
    """The body, taken as it comes, so that one that drips is given up at the deadline."""
    chunks: list[bytes] = []
    size = 0
    try:
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_ANSWER_BYTES:
                raise AnswerLost("answer too large")
            if time.monotonic() > deadline:
                raise AnswerLost("answer too slow")
    except (HTTPError, HTTPException, OSError) as error:
        raise AnswerLost(type(error).__name__) from error
    promised = response.headers.get("Content-Length")
    if promised is not None and "Content-Encoding" not in response.headers and promised != str(size):
        raise AnswerLost("answer cut short")
    is_framed = promised is not None or "Transfer-Encoding" in response.headers
    status = response.status_code
    is_success = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES and status != HTTPStatus.NO_CONTENT
    if size == 0 and is_success and not is_framed:
        raise AnswerLost("headers cut short")
    return b"".join(chunks)


def _never_left(error: requests.RequestException) -> bool:
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
        return True
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(reason, NewConnectionError | NameResolutionError | ConnectTimeoutError):
        return True
    original = reason.args[0] if isinstance(reason, Exception) and reason.args else None
    return isinstance(original, ssl.SSLError) and original.reason in _HANDSHAKE_FAILURES
