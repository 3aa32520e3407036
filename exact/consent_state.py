"""The state of a consent under way: made once, kept in the browser's session, used once (`reliability.md` 5, OAuth).

It is bound to the person who began it, or to the link that she opened without signing in.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from connector_site.lib.wording import said

STATE_BYTES = 32
"""256 bits (`reliability.md` 5)."""
PENDING = "exact_consent"
"""Where it stands in the session."""
GOOD_FOR = timedelta(minutes=10)
"""`reliability.md` 5."""


class WrongState(Exception):
    """The answer does not belong to a consent that this person began here and now; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What a consent is bound to, beside the session it stands in."""

    state: str
    site: str
    tenant_code: UUID | None
    user_code: UUID | None
    begun_at: datetime
    link_digest: str = ""

    def as_json(self) -> dict[str, str]:
        """For the session."""
        return {
            "state": self.state,
            "site": self.site,
            "tenant_code": str(self.tenant_code or ""),
            "user_code": str(self.user_code or ""),
            "begun_at": self.begun_at.isoformat(),
            "link_digest": self.link_digest,
        }


def begin(*, site: str, tenant_code: UUID, user_code: UUID, at: datetime) -> Pending:
    """A consent of a member, with a fresh state."""
    return Pending(state=_fresh(), site=site, tenant_code=tenant_code, user_code=user_code, begun_at=at)


def begin_by_link(*, site: str, link_digest: str, at: datetime) -> Pending:
    """A consent of whoever opened this link, with a fresh state."""
    return Pending(state=_fresh(), site=site, tenant_code=None, user_code=None, begun_at=at, link_digest=link_digest)


def is_by_link(kept: Mapping[str, str] | None) -> bool:
    """Whether what was kept belongs to a link, and to nobody who signed in."""
    return bool(kept and kept.get("link_digest"))


def proven(kept: Mapping[str, str] | None, *, state: str, user_code: UUID | None, at: datetime) -> Pending:
    """The consent that an answer belongs to. `kept` was taken out of the session before, so it serves once.

    `user_code` is who is signed in; it must be who began, and is not looked at for a link. Raises `WrongState`.
    """
    if kept is None:
        raise WrongState(said("No connection was begun in this browser, or its answer was used already."))
    pending = Pending(
        state=kept["state"],
        site=kept["site"],
        tenant_code=_code(kept["tenant_code"]),
        user_code=_code(kept["user_code"]),
        begun_at=datetime.fromisoformat(kept["begun_at"]),
        link_digest=kept.get("link_digest", ""),
    )
    if not hmac.compare_digest(pending.state.encode(), state.encode()):
        raise WrongState(said("The answer does not belong to the connection that was begun in this browser."))
    if not pending.link_digest and (user_code is None or pending.user_code != user_code):
        raise WrongState(said("Somebody else has signed in since the connection was begun."))
    if at - pending.begun_at > GOOD_FOR:
        raise WrongState(said("The connection was begun more than ten minutes ago."))
    return pending


def _fresh() -> str:
    return secrets.token_urlsafe(STATE_BYTES)


def _code(text: str) -> UUID | None:
    return UUID(text) if text else None
