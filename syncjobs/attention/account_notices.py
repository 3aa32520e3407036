"""UPS accounts of which the work list tells: their parcels are followed less well than they could be. Reads only.

Every function runs inside the tenant's context (`tenants.gate.inside`).
"""

import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from connector_site.lib.wording import said
from ups.models import SEALED, Account, QuantumViewFeed

_SILENT = said("UPS took our subscriptions but tells us nothing, although its tracking shows new scans.")
_SILENT_ADVICE = said(
    "See on the account's page how UPS reaches us; until then UPS is asked more often, and nothing is lost."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that is wrong, since when, and what to do where the text does not say it."""

    text: str
    since: datetime | None
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountNotice:
    """An account with all that is wrong with the news of its parcels."""

    account: Account
    troubles: tuple[Trouble, ...]


def account_notices(tenant_id: uuid.UUID, codes: Collection[uuid.UUID]) -> list[AccountNotice]:
    """One for each of these that is in trouble."""
    rows = in_trouble(tenant_id).filter(code__in=codes).prefetch_related("feeds")
    return [AccountNotice(account=row, troubles=tuple(_troubles(row))) for row in rows]


def in_trouble(tenant_id: uuid.UUID) -> QuerySet[Account]:
    """The accounts of which the work list tells; nothing sealed is loaded."""
    feeds = QuantumViewFeed.objects.filter(tenant_id=tenant_id, account=OuterRef("pk")).exclude(problem="")
    return Account.objects.defer(*SEALED).filter(
        ~Q(tracking_problem="") | ~Q(alert_problem="") | Q(alert_silent_at__isnull=False) | Exists(feeds),
        tenant_id=tenant_id,
    )


def _troubles(account: Account) -> Iterator[Trouble]:
    if account.tracking_problem:
        yield Trouble(text=account.tracking_problem, since=account.tracking_problem_at)
    if account.alert_problem:
        yield Trouble(text=account.alert_problem, since=account.alert_problem_at)
    if account.alert_silent_at is not None:
        yield Trouble(text=_SILENT, since=account.alert_silent_at, advice=_SILENT_ADVICE)
    for feed in account.feeds.all():
        if feed.problem:
            yield Trouble(
                text=said("Quantum View “{name}”: {problem}", name=feed.name, problem=feed.problem),
                since=feed.problem_at,
            )
