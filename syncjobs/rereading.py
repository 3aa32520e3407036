"""Reading many deliveries anew, without keeping new ones waiting."""

import uuid
from datetime import datetime, timedelta

from django.db.models import QuerySet

from syncjobs import queue
from syncjobs.models import Delivery, SyncJob
from tenants.context import tenant_context

ROWS_AT_ONCE = 100
"""Asked for by one transaction: notifications wait for its locks."""
READ_A_MINUTE = 500
"""Such reads become due in one minute: 20 calls, so that new deliveries are not kept waiting."""


def ask(tenant_id: uuid.UUID, rows: QuerySet[Delivery], *, at: datetime) -> int:
    """Have them read, in the order in which everybody takes their jobs; how many they are.

    In transactions of their own unless one is open. Cut off in between, it may simply be asked for once more.
    """
    with tenant_context(tenant_id):
        found = list(rows.order_by("exact_entry_id").values_list("code", "correlation"))
    for start in range(0, len(found), ROWS_AT_ONCE):
        with tenant_context(tenant_id):
            for number, (code, correlation) in enumerate(found[start : start + ROWS_AT_ONCE], start):
                due_at = at + timedelta(minutes=number // READ_A_MINUTE)
                wake = number == start
                queue.add(tenant_id, SyncJob.Kind.READ, code, due_at=due_at, correlation=correlation, wake=wake)
    return len(found)
