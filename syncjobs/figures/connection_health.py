"""How the two connections of a customer are: what a person looks at before asking anybody for help. Reads only."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from audit.recent_calls import RecentCalls, recent_calls
from exact import connecting, ending, usage
from exact.grants import RENEW_AFTER
from exact.models import Connection, WebhookSubscription
from exact.usage import Usage
from syncjobs.models import Receipt, SyncJob
from ups import tracking_settings
from ups.models import SEALED, Account, ProductCheck, QuantumViewFeed
from ups.tracking_settings import AlertStatus

PERMISSION_DAYS = 30
"""So long a permission lasts that is not used (`exact.md` 3.3)."""
WAITING_JOB_AFTER = timedelta(minutes=5)
"""Work that is due for longer is behind (`reliability.md` 8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactHealth:
    """The connection to Exact. `renews_at` is the earliest moment at which the next call renews the token."""

    connection: Connection
    user: str
    token_at: datetime
    renews_at: datetime
    permission_until_at: datetime
    needs_reconnect_at: datetime | None
    calls: RecentCalls
    last_hook_at: datetime | None
    subscription: WebhookSubscription | None
    usage: Usage

    @property
    def is_paused(self) -> bool:
        """Whether Exact, or we, forbid calls at the moment."""
        until = self.connection.blocked_until_at
        return until is not None and until > timezone.now()

    @property
    def look(self) -> str:
        """As a badge: `good`, `ask` or `stop`."""
        if self.needs_reconnect_at is not None:
            return "stop"
        is_odd = self.subscription is None or self.connection.missed_hook_at is not None
        return "ask" if is_odd or self.is_paused or self.usage.resting else "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsHealth:
    """One UPS account."""

    account: Account
    products: tuple[ProductCheck, ...]
    alerts: AlertStatus
    last_push_at: datetime | None
    feeds: tuple[QuantumViewFeed, ...]
    tokens_today: int

    @property
    def look(self) -> str:
        """As a badge: `good`, `ask` or `stop`."""
        account = self.account
        if account.stopped_at is not None or account.check_problem:
            return "stop"
        is_odd = account.alert_problem or account.tracking_problem or any(feed.problem for feed in self.feeds)
        return "ask" if is_odd or account.checked_at is None else "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Both sides, and how much work of ours is behind."""

    exact: ExactHealth | None
    accounts: tuple[UpsHealth, ...]
    ups_calls: RecentCalls
    jobs_behind: int


def health_of(tenant_id: uuid.UUID, *, at: datetime) -> Health:
    """Inside the tenant's context."""
    live = ending.connections_shown(tenant_id).first()
    accounts = Account.objects.defer(*SEALED).filter(tenant_id=tenant_id).order_by("name", "pk")
    last_push_at = _last_receipt_at(tenant_id, "ups")
    behind = SyncJob.objects.filter(
        tenant_id=tenant_id, state=SyncJob.State.DUE, due_at__lt=at - WAITING_JOB_AFTER, failures=0
    )
    return Health(
        exact=_exact(live, at) if live else None,
        accounts=tuple(_ups(account, last_push_at, at) for account in accounts),
        ups_calls=recent_calls(tenant_id, "ups", at=at),
        jobs_behind=behind.count(),
    )


def _exact(live: Connection, at: datetime) -> ExactHealth | None:
    grant = live.grant
    if grant is None:
        return None
    return ExactHealth(
        connection=live,
        user=connecting.user_words(grant),
        token_at=grant.received_at,
        renews_at=grant.received_at + RENEW_AFTER,
        permission_until_at=grant.received_at + timedelta(days=PERMISSION_DAYS),
        needs_reconnect_at=grant.needs_reconnect_at,
        calls=recent_calls(live.tenant_id, "exact", at=at),
        last_hook_at=_last_receipt_at(live.tenant_id, "exact"),
        subscription=WebhookSubscription.objects.filter(tenant_id=live.tenant_id, connection=live).first(),
        usage=usage.usage_of(live, client_id=grant.client_id),
    )


def _ups(account: Account, last_push_at: datetime | None, at: datetime) -> UpsHealth:
    checks = ProductCheck.objects.filter(tenant_id=account.tenant_id, account=account).order_by("pk")
    return UpsHealth(
        account=account,
        products=tuple(checks),
        alerts=tracking_settings.alert_status(account, at=at),
        last_push_at=last_push_at,
        feeds=tuple(tracking_settings.feeds_of(account)),
        tokens_today=account.token_calls if account.token_calls_date == at.date() else 0,
    )


def _last_receipt_at(tenant_id: uuid.UUID, source: str) -> datetime | None:
    rows = Receipt.objects.filter(tenant_id=tenant_id, source=source).order_by("-received_at")
    return rows.values_list("received_at", flat=True).first()
