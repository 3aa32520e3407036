"""The state of a consent under way: made once, kept in the browser's session, used once (`reliability.md` 5, OAuth)."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

STATE_BYTES = 32
"""256 bits (`reliability.md` 5)."""
GOOD_FOR = timedelta(minutes=10)
"""`reliability.md` 5."""


class WrongState(Exception):
    """The answer does not belong to a consent that this person began here and now; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What a consent is bound to, beside the session it stands in."""

    state: str
    site: str
    tenant_code: UUID
    user_code: UUID
    begun_at: datetime

    def as_json(self) -> dict[str, str]:
        """For the session."""
        return {
            "state": self.state,
            "site": self.site,
            "tenant_code": str(self.tenant_code),
            "user_code": str(self.user_code),
            "begun_at": self.begun_at.isoformat(),
        }


def begin(*, site: str, tenant_code: UUID, user_code: UUID, at: datetime) -> Pending:
    """A consent with a fresh state."""
    return Pending(
        state=secrets.token_urlsafe(STATE_BYTES), site=site, tenant_code=tenant_code, user_code=user_code, begun_at=at
    )


def proven(kept: Mapping[str, str] | None, *, state: str, user_code: UUID, at: datetime) -> Pending:
    """The consent that an answer belongs to. `kept` was taken out of the session before, so it serves once.

    Raises `WrongState`.
    """
    if kept is None:
        raise WrongState("No connection was begun in this browser, or its answer was used already.")
    pending = Pending(
        state=kept["state"],
        site=kept["site"],
        tenant_code=UUID(kept["tenant_code"]),
        user_code=UUID(kept["user_code"]),
        begun_at=datetime.fromisoformat(kept["begun_at"]),
    )
    if not hmac.compare_digest(pending.state.encode(), state.encode()):
        raise WrongState("The answer does not belong to the connection that was begun in this browser.")
    if pending.user_code != user_code:
        raise WrongState("Somebody else has signed in since the connection was begun.")
    if at - pending.begun_at > GOOD_FOR:
        raise WrongState("The connection was begun more than ten minutes ago.")
    return pending
