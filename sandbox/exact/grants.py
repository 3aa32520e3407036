"""Codes, token chains and their lives (exact.md 3.2 to 3.4)."""

import base64
import secrets
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.core.clock import Clock
from sandbox.exact.settings import (
    ACCESS_TOKEN_SECONDS,
    CODE_SECONDS,
    EARLIEST_REFRESH_SECONDS,
    REFRESH_TOKEN_DAYS,
    ExactSettings,
)

AppKey = tuple[str, str]
"""Site and client id: a registration belongs to one site (exact.md 1)."""
GrantKey = tuple[AppKey, str]
"""App and user: the pair that owns a chain."""

BAD_CHAIN = "Token is not allowed, because of invalid or empty chainId"
OLD_TOKEN = "Old refresh token used."  # noqa: S105 - a sentence, not a token
TOO_EARLY = "Rate limit exceeded: access_token not expired"
_ACCESS_BYTES = 750
_REFRESH_BYTES = 900
_MOMENT = "{at.month}/{at.day}/{at.year} {hour}:{at.minute:02d}:{at.second:02d} {half}"


class TokenRefusedError(Exception):
    """The token endpoint says no. `grant` is known once the code or token was found; errors count against it."""

    def __init__(
        self, status: int, error: str, description: str, *, reason: str | None = None, grant: GrantKey | None = None
    ) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description
        self.reason = reason
        self.grant = grant


@dataclass(slots=True, kw_only=True)
class Chain:
    """What one consent started. It dies when the user consents again or revokes."""

    grant: GrantKey
    is_alive: bool = True
    is_revoked: bool = False
    last_token_elapsed: float = 0.0


@dataclass(slots=True, kw_only=True)
class Code:
    """An authorization code."""

    chain: Chain
    redirect_uri: str
    issued_elapsed: float
    is_used: bool = False


@dataclass(slots=True, kw_only=True)
class RefreshToken:
    """A refresh token, spent or not."""

    chain: Chain
    issued_elapsed: float
    expires_at: datetime
    is_spent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """An access token: it lives its 600 seconds, used or not, unless consent is revoked."""

    chain: Chain
    issued_elapsed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """What a successful token call hands out."""

    access_token: str
    refresh_token: str
    grant: GrantKey


@dataclass(slots=True)
class Grants:
    """Every consent, code and token of the process."""

    clock: Clock
    settings: ExactSettings
    consents: dict[GrantKey, frozenset[int]] = field(default_factory=dict)
    _chains: dict[GrantKey, Chain] = field(default_factory=dict)
    _codes: dict[str, Code] = field(default_factory=dict)
    _refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)
    _access_tokens: dict[str, AccessToken] = field(default_factory=dict)
    _access_order: deque[tuple[float, str]] = field(default_factory=deque)
    _token_calls: dict[tuple[GrantKey, int], int] = field(default_factory=dict)

    def allow(self, grant: GrantKey, divisions: frozenset[int], *, redirect_uri: str) -> str:
        """Record a consent and give its code. The older chain of this app and user dies (exact.md 3.3)."""
        if (older := self._chains.get(grant)) is not None:
            older.is_alive = False
        chain = Chain(grant=grant)
        self._chains[grant] = chain
        self.consents[grant] = divisions
        code = _new_code()
        self._codes[code] = Code(chain=chain, redirect_uri=redirect_uri, issued_elapsed=self.clock.monotonic())
        return code

    def revoke_user(self, user_id: str) -> int:
        """The user withdraws every consent; tokens stop at once. Returns how many consents there were."""
        withdrawn = [grant for grant in self.consents if grant[1] == user_id]
        for grant in withdrawn:
            del self.consents[grant]
            self._chains[grant].is_revoked = True
        return len(withdrawn)

    def exchange(self, app: AppKey, code: str, *, redirect_uri: str) -> TokenPair:
        """Tokens for a code: once, within three minutes, with the same redirect URI."""
        found = self._codes.get(code)
        if found is None or found.chain.grant[0] != app:
            raise TokenRefusedError(400, "invalid_grant", BAD_CHAIN)
        grant = found.chain.grant
        self._count_token_call(grant)
        if found.is_used or not found.chain.is_alive or found.chain.is_revoked:
            raise TokenRefusedError(400, "invalid_grant", BAD_CHAIN, grant=grant)
        if self.clock.monotonic() - found.issued_elapsed > CODE_SECONDS:
            raise TokenRefusedError(400, "invalid_grant", "The authorization code has expired.", grant=grant)
        if found.redirect_uri != redirect_uri:
            raise TokenRefusedError(400, "invalid_grant", "The redirect_uri does not match.", grant=grant)
        found.is_used = True
        return self._issue(found.chain)

    def refresh(self, app: AppKey, refresh_token: str) -> TokenPair:
        """The next pair of a chain; the token sent is spent by it."""
        found = self._refresh_tokens.get(refresh_token)
        if found is None or found.chain.grant[0] != app:
            raise TokenRefusedError(400, "invalid_grant", BAD_CHAIN)
        chain = found.chain
        self._count_token_call(chain.grant)
        self._refuse_lost(found)
        if self.clock.monotonic() - chain.last_token_elapsed < EARLIEST_REFRESH_SECONDS:
            reason = f"TooEarlyToRefreshTokens: {TOO_EARLY}"
            raise TokenRefusedError(400, "access_denied", TOO_EARLY, reason=reason, grant=chain.grant)
        found.is_spent = True
        return self._issue(chain)

    def let_renew(self) -> int:
        """The time before a renewal passes for every chain at once; access tokens keep their own. Returns how many."""
        for chain in self._chains.values():
            chain.last_token_elapsed -= EARLIEST_REFRESH_SECONDS
        return len(self._chains)

    def grant_of(self, app: AppKey, refresh_token: str) -> GrantKey | None:
        """Whose refresh token this is, spent or not."""
        found = self._refresh_tokens.get(refresh_token)
        return found.chain.grant if found is not None and found.chain.grant[0] == app else None

    def find_access(self, token: str) -> AccessToken | None:
        """The access token if it was ever given out and is remembered; see `is_current`."""
        return self._access_tokens.get(token)

    def is_current(self, token: AccessToken) -> bool:
        """Whether the token still opens anything."""
        return not token.chain.is_revoked and self.clock.monotonic() - token.issued_elapsed < ACCESS_TOKEN_SECONDS

    def _refuse_lost(self, found: RefreshToken) -> None:
        chain = found.chain
        if chain.is_revoked:
            description = "Token is not allowed, the consent was withdrawn."
            raise TokenRefusedError(401, "unauthorized_client", description, grant=chain.grant)
        if found.is_spent:
            if self.settings.spent_token_kills_chain:
                chain.is_alive = False
            raise TokenRefusedError(401, "unauthorized_client", OLD_TOKEN, grant=chain.grant)
        if not chain.is_alive:
            raise TokenRefusedError(400, "invalid_grant", BAD_CHAIN, grant=chain.grant)
        now = self.clock.now()
        if now > found.expires_at:
            description = f"The refresh token expired at {_american(found.expires_at)} and it is now {_american(now)}."
            raise TokenRefusedError(400, "invalid_request", description, grant=chain.grant)

    def _count_token_call(self, grant: GrantKey) -> None:
        today = self.clock.now().toordinal()
        used = self._token_calls.get((grant, today), 0) + 1
        self._token_calls[grant, today] = used
        if used > self.settings.token_calls_per_day:
            description = "Rate limit exceeded: too many token requests today"
            reason = f"TooManyTokenRequests: {description}"
            raise TokenRefusedError(400, "access_denied", description, reason=reason, grant=grant)

    def _issue(self, chain: Chain) -> TokenPair:
        elapsed = self.clock.monotonic()
        chain.last_token_elapsed = elapsed
        access_token = secrets.token_urlsafe(_ACCESS_BYTES)
        refresh_token = secrets.token_urlsafe(_REFRESH_BYTES)
        self._access_tokens[access_token] = AccessToken(chain=chain, issued_elapsed=elapsed)
        self._access_order.append((elapsed, access_token))
        self._refresh_tokens[refresh_token] = RefreshToken(
            chain=chain,
            issued_elapsed=elapsed,
            expires_at=self.clock.now() + timedelta(days=REFRESH_TOKEN_DAYS),
        )
        self._forget_old_access(elapsed)
        return TokenPair(access_token=access_token, refresh_token=refresh_token, grant=chain.grant)

    def _forget_old_access(self, elapsed: float) -> None:
        """Expired tokens are remembered for a while: their errors still count against the app and user."""
        while self._access_order and elapsed - self._access_order[0][0] > 2 * 86_400:
            self._access_tokens.pop(self._access_order.popleft()[1], None)


def _new_code() -> str:
    """A code with the characters that break when decoded twice or not at all (exact.md 3.1)."""
    body = base64.b64encode(secrets.token_bytes(120)).decode()
    return f"stamp001.{body}!+/%2B{secrets.token_urlsafe(24)}="


def _american(at: datetime) -> str:
    return _MOMENT.format(at=at, hour=at.hour % 12 or 12, half="AM" if at.hour < 12 else "PM")  # noqa: PLR2004 - noon
