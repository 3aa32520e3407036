"""Notifications that do not come: noticing it, having Exact send them again, and reading more often meanwhile."""

from datetime import datetime, timedelta

from exact.models import Connection, WebhookSubscription
from syncjobs import queue
from syncjobs.models import SyncJob

NOTIFIED_WITHIN = timedelta(minutes=2)
"""A new delivery that nothing told of for so long was missed; most are told of within seconds (`exact.md` 11.1)."""
REPAIR_EVERY = timedelta(hours=1)


def is_silent(connection: Connection) -> bool:
    """Whether what we read by ourselves is all we hear of this company; within the tenant's context."""
    if connection.missed_hook_at is not None:
        return True
    return not WebhookSubscription.objects.filter(connection=connection).exists()


def note_missed(connection: Connection, *, at: datetime) -> None:
    """A delivery was found that no notification told of: remember since when, and see to our subscription.

    Within the tenant's context. The next notification that arrives ends it (`intake`).
    """
    rows = Connection.objects.filter(pk=connection.pk, missed_hook_at=None)
    is_new = rows.update(missed_hook_at=at) == 1
    connection.missed_hook_at = connection.missed_hook_at or at
    confirmed = WebhookSubscription.objects.filter(connection=connection, confirmed_at__gt=at - REPAIR_EVERY)
    if is_new or not confirmed.exists():
        queue.add(connection.tenant_id, SyncJob.Kind.SUBSCRIBE, connection.code, due_at=at)
