"""Reading from Exact at once, because our team wants to see what comes of it."""

import uuid
from datetime import datetime

from audit.models import Event
from audit.record import Happening, acting, happenings
from exact.models import Connection
from syncjobs import queue
from syncjobs.models import SyncJob
from tenants.context import tenant_context


def sync_now(*, actor: str, tenant_id: uuid.UUID, at: datetime) -> int:
    """Have every live connection read what changed and compare what is open; how many connections those are."""
    with acting(actor), tenant_context(tenant_id):
        live = list(Connection.objects.filter(tenant_id=tenant_id, disconnected_at=None).values_list("code", flat=True))
        for code in live:
            queue.add(tenant_id, SyncJob.Kind.COMPARE, code, due_at=at)
        happenings(
            tenant_id,
            [
                Happening(
                    kind=Event.Kind.ASKED,
                    subject_kind="exact_connection",
                    subject=code,
                    details={"what": "sync asked for"},
                )
                for code in live
            ],
        )
    return len(live)
