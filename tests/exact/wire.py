"""A client over a faked wire: no rows, no budget, tokens by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connector_site.lib.outside_calls import Observer, ignore
from connector_site.lib.secrets import Secret
from exact import rate_headers
from exact.client import ExactClient
from exact.transport import Transport, new_session

BASE = "https://start.exactonline.nl"
DIVISION = 123456
ROOT = f"{BASE}/api/v1/{DIVISION}"


@dataclass
class HandTokens:
    """Tokens by hand; remembers what was asked of it."""

    current: Secret
    next_one: Secret | None = None
    condemned: list[Secret] = field(default_factory=list)

    def token(self) -> Secret:
        return self.current

    def replacement(self, refused: Secret) -> Secret | None:
        assert refused == self.current
        return self.next_one

    def condemn(self, refused: Secret) -> None:
        self.condemned.append(refused)


@dataclass
class OpenGate:
    """Lets every call through and counts."""

    entered: list[str] = field(default_factory=list)
    learned: list[int] = field(default_factory=list)

    def enter(self, endpoint: str) -> None:
        self.entered.append(endpoint)

    def learn(self, endpoint: str, *, status: int, headers: Mapping[str, str], at: datetime) -> datetime | None:
        del endpoint
        self.learned.append(status)
        return rate_headers.blocked_until(rate_headers.read(headers), at.astimezone(UTC)) if status == 429 else None


def make_client(
    token: Secret,
    *,
    tokens: HandTokens | None = None,
    gate: OpenGate | None = None,
    observe: Observer = ignore,
    expand_lines: bool = True,
) -> ExactClient:
    """A client of company 123456 of the Dutch site."""
    transport = Transport(
        session=new_session(),
        base_url=BASE,
        division=DIVISION,
        tokens=tokens or HandTokens(current=token),
        gate=gate or OpenGate(),
        observe=observe,
    )
    return ExactClient(transport, expand_lines=expand_lines)
