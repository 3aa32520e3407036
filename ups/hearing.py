"""What keeps UPS's news of an account's parcels from us, kept with the account until it is over.

Each function runs inside the tenant's context. The account is locked before any of its subscriptions, everywhere.
"""

import uuid
from datetime import datetime

from ups.models import Account, QuantumViewFeed

_PROBLEM_CHARACTERS = Account._meta.get_field("tracking_problem").max_length


def remember_tracking_problem(account: Account, problem: str, *, at: datetime) -> None:
    """Keep why UPS answers no question about this account's parcels, and when it said so last; empty when it does."""
    text = problem[:_PROBLEM_CHARACTERS]
    rows = Account.objects.filter(tenant_id=account.tenant_id, pk=account.pk)
    rows.update(tracking_problem=text, tracking_problem_at=at if text else None)


def hasten_feeds(tenant_id: uuid.UUID, account_id: int, *, at: datetime) -> None:
    """Read the account's Quantum View now: what is not pushed may stand there."""
    feeds = QuantumViewFeed.objects.filter(tenant_id=tenant_id, account_id=account_id, poll_at__gt=at)
    feeds.update(poll_at=at)


def begin_silence(tenant_id: uuid.UUID, account_id: int, *, at: datetime) -> uuid.UUID | None:
    """UPS should have pushed and has not: nobody relies on pushes now. The account's code, None if it is no news."""
    rows = Account.objects.filter(tenant_id=tenant_id, pk=account_id)
    changed = rows.filter(alert_silent_at=None).update(alert_silent_at=at)
    return rows.values_list("code", flat=True).get() if changed else None


def end_silence(tenant_id: uuid.UUID, account_id: int) -> uuid.UUID | None:
    """UPS has pushed again. The account's code, None if it is no news."""
    rows = Account.objects.filter(tenant_id=tenant_id, pk=account_id)
    changed = rows.exclude(alert_silent_at=None).update(alert_silent_at=None)
    return rows.values_list("code", flat=True).get() if changed else None
