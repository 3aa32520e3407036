"""How UPS's news of an account's parcels reach us: how that goes, and the Quantum View subscriptions that are read."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Count

from audit import record
from audit.models import Event
from connector_site.lib.wording import said
from tenants.context import tenant_context
from ups.alerts import PREVIOUS_ACCEPTED_DAYS
from ups.models import Account, AlertSubscription, QuantumViewFeed

FEED_KIND = "ups_feed"
FEEDS_AT_MOST = 10
"""Our own bound: each is read by itself, and one that holds every event of the account is enough."""
REFUSED_SHOWN = 20
_ONCE = "ups_feed_once_per_name"
State = AlertSubscription.State


class FeedNotAdded(Exception):
    """The name cannot be added; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertStatus:
    """How the account's subscriptions stand. `refused` are the newest that UPS will not tell of, with its reason."""

    active: int
    wanted: int
    refused: int
    failed: int
    unheard: tuple[AlertSubscription, ...]
    renewed_at: datetime | None
    previous_until: datetime | None


def alert_status(account: Account, *, at: datetime) -> AlertStatus:
    """Inside the tenant's context."""
    rows = AlertSubscription.objects.filter(tenant_id=account.tenant_id, account=account)
    living = rows.exclude(state=State.ENDED)
    counts = dict(living.values_list("state").annotate(number=Count("pk")).order_by())
    until = account.alert_previous_until
    return AlertStatus(
        active=counts.get(State.ACTIVE, 0),
        wanted=counts.get(State.WANTED, 0),
        refused=counts.get(State.REFUSED, 0),
        failed=counts.get(State.FAILED, 0),
        unheard=tuple(rows.filter(state__in=(State.REFUSED, State.FAILED)).order_by("-pk")[:REFUSED_SHOWN]),
        renewed_at=until - timedelta(days=PREVIOUS_ACCEPTED_DAYS) if until else None,
        previous_until=until if until and until > at else None,
    )


def feeds_of(account: Account) -> list[QuantumViewFeed]:
    """By name, inside the tenant's context."""
    return list(QuantumViewFeed.objects.filter(tenant_id=account.tenant_id, account=account).order_by("name", "pk"))


def add_feed(account: Account, name: str) -> QuantumViewFeed:
    """Read this Quantum View subscription from now on. Raises `FeedNotAdded`."""
    name = name.strip()
    try:
        with tenant_context(account.tenant_id), transaction.atomic():
            Account.objects.select_for_update(no_key=True).get(tenant_id=account.tenant_id, pk=account.pk)
            if len(feeds_of(account)) >= FEEDS_AT_MOST:
                raise FeedNotAdded(
                    said("At most {number} subscriptions are read for one account.", number=FEEDS_AT_MOST)
                )
            feed = QuantumViewFeed.objects.create(tenant_id=account.tenant_id, account=account, name=name)
            _record(feed, Event.Kind.CONNECTED)
    except IntegrityError as error:
        if _ONCE not in str(error):
            raise
        raise FeedNotAdded(said("“{name}” is being read already.", name=name)) from error
    return feed


def remove_feed(account: Account, code: uuid.UUID) -> str | None:
    """Stop reading it; its name, or None when the account has no such subscription."""
    with tenant_context(account.tenant_id):
        rows = QuantumViewFeed.objects.filter(tenant_id=account.tenant_id, account=account, code=code)
        feed = rows.select_for_update().first()
        if feed is None:
            return None
        rows.delete()
        _record(feed, Event.Kind.DISCONNECTED)
    return feed.name


def _record(feed: QuantumViewFeed, kind: Event.Kind) -> None:
    details = {"name": feed.name, "account": str(feed.account.code)}
    event = record.Happening(kind=kind, subject_kind=FEED_KIND, subject=feed.code, details=details)
    record.happenings(feed.tenant_id, [event])
