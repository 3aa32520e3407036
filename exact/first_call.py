"""The one call with tokens that are nobody's yet: it asks whose they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from connector_site.lib.secrets import Secret
from exact import rate_headers


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTokens:
    """The token of a consent that has no row yet."""

    access: Secret

    def token(self) -> Secret:
        """The token."""
        return self.access

    def replacement(self, refused: Secret) -> Secret | None:
        """None: it is fresh by nature."""
        return None if refused == self.access else self.access

    def condemn(self, refused: Secret) -> None:
        """Nothing is stored yet that could be condemned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstCall:
    """No budget for the one call that tells whose tokens these are: a person pressed Allow for it."""

    def enter(self, endpoint: str) -> None:
        """Let it through."""

    def learn(self, endpoint: str, *, status: int, headers: Mapping[str, str], at: datetime) -> datetime | None:
        """Keep nothing: there is no company yet."""
        del endpoint, status
        return rate_headers.blocked_until(rate_headers.read(headers), at)
