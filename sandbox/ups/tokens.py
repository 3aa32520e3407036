"""Access tokens: long, opaque, of one app and one host (ups.md 2, 3)."""

import secrets
from collections import deque
from dataclasses import dataclass, field
from enum import Enum

from sandbox.core.clock import Clock

TOKEN_BYTES = 900
"""Real tokens are longer than 1 kB as text (ups.md 3)."""
MINUTE_SECONDS = 60.0


class TokenState(Enum):
    """What a presented token is worth."""

    VALID = "valid"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An issued token."""

    client_id: str
    host: str
    ends: float


@dataclass(slots=True)
class TokenStore:
    """Tokens and the rate they were asked for. Older tokens stay valid when a new one is issued."""

    clock: Clock
    _tokens: dict[str, Token] = field(default_factory=dict)
    _requests: dict[str, deque[float]] = field(default_factory=dict)

    def issue(self, *, client_id: str, host: str, seconds: int) -> str:
        """Make a token that lives `seconds` of sandbox time."""
        text = secrets.token_urlsafe(TOKEN_BYTES)
        self._tokens[text] = Token(client_id=client_id, host=host, ends=self.clock.monotonic() + seconds)
        return text

    def look_up(self, text: str, *, host: str) -> tuple[TokenState, str]:
        """State and client id; a token is worth nothing on another host."""
        token = self._tokens.get(text)
        if token is None or token.host != host:
            return TokenState.UNKNOWN, ""
        if self.clock.monotonic() >= token.ends:
            return TokenState.EXPIRED, token.client_id
        return TokenState.VALID, token.client_id

    def allows_request(self, key: str, *, per_minute: int) -> bool:
        """Count a request under `key`; False when there were too many in the last minute. 0 means no limit."""
        if per_minute <= 0:
            return True
        now = self.clock.monotonic()
        seen = self._requests.setdefault(key, deque())
        while seen and now - seen[0] >= MINUTE_SECONDS:
            seen.popleft()
        if len(seen) >= per_minute:
            return False
        seen.append(now)
        return True

    def revoke(self, client_id: str) -> None:
        """Every token of an app ends now."""
        self._tokens = {text: token for text, token in self._tokens.items() if token.client_id != client_id}

    def clear(self) -> None:
        """Forget all tokens and counts."""
        self._tokens.clear()
        self._requests.clear()
