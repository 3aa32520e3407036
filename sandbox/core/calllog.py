"""What outside callers asked and were answered: the oracle of tests and the log shown to people."""

import hashlib
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from urllib.parse import parse_qsl

import orjson

MAX_CALLS = 20_000
MAX_KEPT_BYTES = 96_000_000
MAX_BODY_BYTES = 16_000
"""A kept body is cut here; images are shortened before that."""
SHORTEN_FROM_BYTES = 1_500

SHOWN_HEADERS = frozenset(
    {
        "accept",
        "accountnumber",
        "authorization",
        "content-length",
        "content-type",
        "documentid",
        "prefer",
        "prn",
        "shippernumber",
        "transactionsrc",
        "transid",
        "user-agent",
        "x-exactonline-signature",
        "x-merchant-id",
        "x-request-id",
    }
)
SECRET_FIELDS = frozenset({"client_secret", "refresh_token", "access_token", "credential", "password"})
SECRET_FORM_FIELDS = SECRET_FIELDS | {"code"}
"""In a form `code` is the one-time code of a consent; in JSON it is an error code."""
MIN_SECRET_LENGTH = 8
_LONG_BASE64 = re.compile(rb'"([A-Za-z0-9+/=]{400,})"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call. Bodies are kept as bytes and turned into JSON only when somebody looks."""

    sequence: int
    at: datetime
    method: str
    path: str
    query: str
    operation: str
    status: int | None
    """What went over the wire; None when the connection was dropped."""
    request_headers: Mapping[str, str]
    request_body: bytes
    response_body: bytes
    duration_ms: float
    client: str
    fault: str

    def as_json(self) -> dict[str, object]:
        """The call as shown by `GET /sandbox/calls`."""
        return {
            "sequence": self.sequence,
            "at": self.at.isoformat(),
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "operation": self.operation,
            "status": self.status,
            "request_headers": dict(self.request_headers),
            "request_body": readable_body(self.request_body),
            "response_body": readable_body(self.response_body),
            "duration_ms": round(self.duration_ms, 3),
            "client": self.client,
            "fault": self.fault,
        }


@dataclass(slots=True)
class CallLog:
    """The latest calls, bounded in number and in bytes."""

    max_calls: int = MAX_CALLS
    _calls: deque[Call] = field(default_factory=deque)
    _kept_bytes: int = 0
    _last_sequence: int = 0

    def next_sequence(self) -> int:
        """A number that grows by one per call and survives `clear`."""
        self._last_sequence += 1
        return self._last_sequence

    def add(self, call: Call) -> None:
        """Keep a call and let the oldest go when there are too many."""
        self._calls.append(call)
        self._kept_bytes += len(call.request_body) + len(call.response_body)
        while len(self._calls) > self.max_calls or self._kept_bytes > MAX_KEPT_BYTES:
            gone = self._calls.popleft()
            self._kept_bytes -= len(gone.request_body) + len(gone.response_body)

    def find(self, *, operation: str | None = None, since: int = 0, limit: int | None = None) -> list[Call]:
        """Calls after sequence `since`, oldest first; with `limit` the oldest that many."""
        wanted = (
            call for call in self._calls if call.sequence > since and (operation is None or call.operation == operation)
        )
        return list(islice(wanted, limit))

    def latest(self, limit: int) -> list[Call]:
        """The newest calls, newest first."""
        return list(islice(reversed(self._calls), limit))

    def clear(self) -> None:
        """Forget every call; sequence numbers go on."""
        self._calls.clear()
        self._kept_bytes = 0

    def __len__(self) -> int:
        return len(self._calls)


def shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Only headers on the list; of `Authorization` only its kind."""
    shown = {name.lower(): value for name, value in headers.items() if name.lower() in SHOWN_HEADERS}
    if "authorization" in shown:
        shown["authorization"] = shown["authorization"].partition(" ")[0].lower()
    return shown


def kept_body(body: bytes) -> bytes:
    """The body as kept: long base64 shortened, then cut."""
    if len(body) < SHORTEN_FROM_BYTES:
        return body
    shortened = _LONG_BASE64.sub(_shorten_base64, body)
    return shortened[:MAX_BODY_BYTES]


def readable_body(body: bytes) -> object:
    """JSON as objects, forms as a mapping, all else as text; secrets as fingerprints, so reuse stays visible."""
    if not body:
        return None
    try:
        return _without_secrets(orjson.loads(body), SECRET_FIELDS)
    except orjson.JSONDecodeError:
        pass
    text = body.decode("utf-8", errors="replace")
    pairs = parse_qsl(text, keep_blank_values=True)
    if any(name in {"grant_type", "client_id"} for name, _ in pairs):
        return _without_secrets(dict(pairs), SECRET_FORM_FIELDS)
    return text


def _shorten_base64(match: re.Match[bytes]) -> bytes:
    found = match.group(1)
    return b'"%s... (%d characters)"' % (found[:40], len(found))


def _without_secrets(value: object, secret_fields: frozenset[str]) -> object:
    if isinstance(value, dict):
        return {
            name: _fingerprint(inner) if name in secret_fields else _without_secrets(inner, secret_fields)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_without_secrets(inner, secret_fields) for inner in value]
    return value


def _fingerprint(value: object) -> object:
    if not isinstance(value, str) or len(value) < MIN_SECRET_LENGTH:
        return "hidden"
    return "fingerprint:" + hashlib.sha256(value.encode()).hexdigest()[:12]
