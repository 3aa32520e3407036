"""The knobs of this stand-in (`POST /sandbox/settings`)."""

from dataclasses import dataclass

from sandbox.core.settings import Settings

ACCESS_TOKEN_SECONDS = 600
EARLIEST_REFRESH_SECONDS = 570
CODE_SECONDS = 180
REFRESH_TOKEN_DAYS = 30
"""Lives of codes and tokens (exact.md 3.3)."""
ERROR_WINDOW_SECONDS = 3600
"""Errors are counted per hour, and a block lasts as long (exact.md 5)."""
ERROR_STATUSES = frozenset({400, 401, 403, 404})
MAX_TRACKING_LENGTH = 50
"""Undocumented; exact.md 8.1 advises to stay below, so the stricter reading refuses more."""
WEBHOOK_ATTEMPTS = 10
"""Undocumented; repeats after 2, 4, 8 ... seconds of sandbox time."""
DELETED_KEPT_DAYS = 61
"""`sync/Deleted` reaches back two months (exact.md 12)."""


@dataclass(slots=True, kw_only=True)
class ExactSettings(Settings):
    """Defaults are the documented limits; where nothing is documented, the stricter reading."""

    minutely_limit: int = 60
    daily_limit: int = 5000
    error_limit: int = 10
    error_block_status: int = 403
    """403 with a text, or 429 without headers: the real answer of a blocked endpoint is not recorded."""
    token_calls_per_day: int = 200
    spent_token_kills_chain: bool = True
    """A refresh token sent a second time ends its chain, as connections in the field ended (exact.md 3.4)."""
    demands_filter: bool = True
    """Refuse a list without `$filter` where there is a twin for sync or bulk: Exact may (exact.md 5); recorded answers
    to lists without one exist too."""
    auto_consent: bool = False
    auto_consent_user: str = ""
    """Skip the consent page: that user (empty: the newest of the site) allows every company."""
    webhook_validation: str = "after"
    """`after` the answer of the subscription POST, or `during` it (exact.md 11.2)."""
    validation_delay_ms: int = 1000
    webhook_delay_ms: int = 3000
    """How late notifications without `IsInstant` are."""
    webhook_copies: int = 1
    """0 loses every notification, 2 sends each twice."""
    webhook_wrong_signature: bool = False
    notify_lines_on_create: bool = True
    """Lines made with a delivery notify too, under the topic of the delivery (exact.md 11.3)."""
    line_key: str = "EntryID"
    """What `Key` holds in notifications about delivery lines: `EntryID` or `ID` (exact.md 11.3 leaves it open)."""
    lines_late_ms: int = 0
    """A new delivery can be read that long before its lines show (exact.md 10)."""
    echo_own_changes: bool = True
    max_attachment_bytes: int = 4_999_999
    """The largest file at a document. Undocumented; exact.md 8.9 advises to stay below 5 MB."""
