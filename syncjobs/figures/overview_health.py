"""How the connections are, in as few words as the first page has room for (`connection_health` tells all)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef

from connector_site.lib.wording import said
from exact.ending import connections_shown
from exact.models import Connection, WebhookSubscription
from exact.usage import calls_left_today
from ups.models import SEALED, Account

GOOD, ASK, STOP = "good", "ask", "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A side, with a look of `site.css` and a sentence."""

    name: str
    look: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Exact, its notifications and its quota (`calls_left` of `calls_limit` today), and each UPS account."""

    exact: Standing
    news: Standing | None
    accounts: tuple[Standing, ...]
    calls_left: int = 0
    calls_limit: int = 0


def health_of(tenant_id: UUID, *, at: datetime) -> Health:
    """Two statements, inside the tenant's context."""
    rows = Account.objects.filter(tenant_id=tenant_id).defer(*SEALED).order_by("name", "pk")
    accounts = tuple(_account(account) for account in rows)
    confirmed = WebhookSubscription.objects.filter(tenant_id=tenant_id, connection=OuterRef("pk"))
    live = connections_shown(tenant_id).annotate(is_told=Exists(confirmed)).first()
    if live is None or live.grant is None:
        return Health(exact=Standing(name=_EXACT, look=STOP, text=_NOT_CONNECTED), news=None, accounts=accounts)
    left, limit = calls_left_today(live, client_id=live.grant.client_id)
    return Health(
        exact=_exact(live, left, at),
        news=_news(live, is_told=live.is_told),
        accounts=accounts,
        calls_left=left,
        calls_limit=limit,
    )


_EXACT = said("Exact Online")
_NOT_CONNECTED = said("Not connected. New deliveries do not come in.")


def _exact(live: Connection, left: int, at: datetime) -> Standing:
    if live.grant is not None and live.grant.needs_reconnect_at is not None:
        return Standing(name=_EXACT, look=STOP, text=said("The permission has ended. Connect again."))
    if live.blocked_until_at is not None and live.blocked_until_at > at:
        return Standing(name=_EXACT, look=ASK, text=said("Exact Online takes no calls at the moment; work waits."))
    if left == 0:
        return Standing(name=_EXACT, look=ASK, text=said("The calls of this day are used up; work waits."))
    return Standing(name=_EXACT, look=GOOD, text=said("Connected to {company}.", company=live.division_name))


def _news(live: Connection, *, is_told: bool) -> Standing:
    name = said("Notifications")
    if not is_told:
        return Standing(name=name, look=ASK, text=said("Not switched on; we look ourselves, a few minutes late."))
    if live.missed_hook_at is not None:
        return Standing(name=name, look=ASK, text=said("They stay away; we look ourselves every five minutes."))
    return Standing(name=name, look=GOOD, text=said("Exact Online tells us of each booking at once."))


def _account(account: Account) -> Standing:
    name = said("UPS: {account}", account=account.name)
    if account.stopped_at is not None or account.check_problem:
        return Standing(name=name, look=STOP, text=said("UPS does not accept the account as it is entered here."))
    if account.tracking_problem or account.alert_problem or account.alert_silent_at is not None:
        return Standing(name=name, look=ASK, text=said("UPS tells us less of the parcels than it could."))
    if account.checked_at is None:
        return Standing(name=name, look=ASK, text=said("Not checked yet."))
    return Standing(name=name, look=GOOD, text=said("Ships and tells us of its parcels."))
