"""Whether a permission suffices: what the Exact user may do, and what our app is registered for (`exact.md` 2 and 4).

Each right is asked for first, which costs no error; then one record of each part is read, for a scope that our
registration lacks shows nowhere else. A part that is refused is not asked again in the same round: Exact stops an app
after ten refusals of one part in an hour (`exact.md` 5).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from connector_site.lib.wording import said
from exact.client import ExactClient
from exact.errors import ExactRejected, ExactRightMissing, ExactScopeMissing, ExactUnavailable
from exact.models import Connection


class Outcome(StrEnum):
    """What was found; `UNKNOWN` is where Exact did not tell."""

    GIVEN = "given"
    RIGHT_MISSING = "right_missing"
    SCOPE_MISSING = "scope_missing"
    NOT_OFFERED = "not_offered"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that we have to do in Exact, whether we may, and the way out in words."""

    what: str
    outcome: Outcome
    said: str

    @property
    def is_given(self) -> bool:
        """Whether all is well."""
        return self.outcome is Outcome.GIVEN

    @property
    def stops(self) -> bool:
        """Whether the company cannot be connected like this; without documents only the proof cannot be stored."""
        return self.outcome not in {Outcome.GIVEN, Outcome.UNKNOWN} and self.what != DOCUMENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Need:
    """What one line of the list stands for: rights by resource and verb, and what to read of which part, if any.

    One part of each scope is enough (`exact.md` 2); that of notifications is the one which tells of rights at all.
    """

    what: str
    rights: tuple[tuple[str, str], ...]
    read: tuple[str, str] | None = None


ASKING = "users/UserHasRights"
DELIVERIES = "goods deliveries"
WRITING = "changes of goods deliveries"
NOTIFICATIONS = "notifications"
ORDERS = "sales orders and shipping methods"
ITEMS = "items"
CUSTOMERS = "customers and addresses"
DOCUMENTS = "documents"
NEEDS = (
    _Need(
        what=DELIVERIES, rights=(("salesorder/GoodsDeliveries", "GET"),), read=("salesorder/GoodsDeliveries", "EntryID")
    ),
    _Need(what=WRITING, rights=(("salesorder/GoodsDeliveries", "PUT"),)),
    _Need(what=NOTIFICATIONS, rights=(("webhooks/WebhookSubscriptions", "POST"),)),
    _Need(what=ORDERS, rights=(("salesorder/SalesOrders", "GET"),), read=("salesorder/SalesOrders", "OrderID")),
    _Need(what=ITEMS, rights=(("logistics/Items", "GET"),), read=("logistics/Items", "ID")),
    _Need(what=CUSTOMERS, rights=(("crm/Accounts", "GET"),), read=("crm/Accounts", "ID")),
    _Need(
        what=DOCUMENTS,
        rights=(("documents/Documents", "POST"), ("documents/DocumentAttachments", "POST")),
        read=("documents/Documents", "ID"),
    ),
)


def look_up(client: ExactClient) -> tuple[Finding, ...]:
    """What the user and our app may do in this company. Raises `ExactError` where Exact cannot be asked.

    Only for documents that is no obstacle: everything else works without them.
    """
    return tuple(_found(need, client) for need in NEEDS)


def endpoints() -> set[str]:
    """Every part of Exact that looking rights up asks."""
    return {ASKING, *(need.read[0] for need in NEEDS if need.read)}


def keep(connection: Connection, findings: Sequence[Finding], *, at: datetime) -> None:
    """Keep what was found, within the tenant's context."""
    Connection.objects.filter(pk=connection.pk).update(
        rights=[asdict(finding) for finding in findings], rights_checked_at=at
    )


def kept(connection: Connection) -> list[Finding]:
    """What was found the last time."""
    return [
        Finding(what=str(row["what"]), outcome=Outcome(row["outcome"]), said=str(row["said"]))
        for row in connection.rights
    ]


def refuse_what_stops(findings: Iterable[Finding]) -> None:
    """Raises `ExactScopeMissing` or `ExactRightMissing` where the company cannot be connected like this."""
    stopping = [finding for finding in findings if finding.stops]
    if not stopping:
        return
    words = " ".join(dict.fromkeys(finding.said for finding in stopping))
    if any(finding.outcome is Outcome.SCOPE_MISSING for finding in stopping):
        raise ExactScopeMissing(words, operation="connect_division")
    is_offered = any(finding.outcome is Outcome.RIGHT_MISSING for finding in stopping)
    reason = "rights" if is_offered else "not_offered"
    raise ExactRightMissing(words, operation="connect_division", reason=reason)


def _found(need: _Need, client: ExactClient) -> Finding:
    try:
        return _asked(need, client)
    except ExactRejected:
        return Finding(what=need.what, outcome=Outcome.UNKNOWN, said=_unknown_words(need.what))
    except ExactUnavailable:
        if need.what != DOCUMENTS:
            raise
        return Finding(what=need.what, outcome=Outcome.UNKNOWN, said=_unknown_words(need.what))


def _asked(need: _Need, client: ExactClient) -> Finding:
    if not all(client.user_has_rights(*right) for right in need.rights):
        return Finding(what=need.what, outcome=Outcome.RIGHT_MISSING, said=_RIGHT_WORDS[need.what])
    if need.read is None:
        return _given(need)
    try:
        client.look_at(*need.read)
    except ExactScopeMissing as error:
        return Finding(what=need.what, outcome=Outcome.SCOPE_MISSING, said=error.message)
    except ExactRightMissing:
        return Finding(what=need.what, outcome=Outcome.NOT_OFFERED, said=_offer_words(need.what))
    return _given(need)


def _given(need: _Need) -> Finding:
    return Finding(what=need.what, outcome=Outcome.GIVEN, said="")


def _unknown_words(what: str) -> str:
    return said("Exact Online did not tell whether this may be used: {what}. Check again later.", what=what)


def _offer_words(what: str) -> str:
    if what in {DELIVERIES, WRITING}:
        return said(
            "Exact Online does not open goods deliveries. Either your Exact Online has no logistics (it needs "
            "Wholesale & Distribution or Manufacturing), or the user lacks the right for goods deliveries."
        )
    return said(
        "Exact Online does not open this part of the company: {what}. Check the user's rights and your edition of "
        "Exact Online.",
        what=what,
    )


_RIGHT_WORDS = {
    DELIVERIES: said("The Exact user may not open goods deliveries."),
    WRITING: said("The Exact user may not change goods deliveries, so no tracking number can be written."),
    NOTIFICATIONS: said("The Exact user may not set up notifications (webhooks)."),
    ORDERS: said("The Exact user may not open sales orders and shipping methods."),
    ITEMS: said("The Exact user may not open items, so weights are not known."),
    CUSTOMERS: said("The Exact user may not open customers and their addresses."),
    DOCUMENTS: said(
        "The Exact user may not make documents. Everything works, but the proof of delivery cannot be stored in Exact "
        "Online."
    ),
}
