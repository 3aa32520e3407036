"""Reading a delivery from Exact together with others whose step will want theirs in a moment."""

from datetime import timedelta

from django.utils import timezone

from exact.client import ExactClient
from exact.errors import ExactRejected, ExactUnexpectedReply
from exact.records import GoodsDelivery
from syncjobs import queue
from syncjobs.models import Delivery, SyncJob
from syncjobs.queue import Job
from syncjobs.steps.context import Fetched, Step
from tenants.context import tenant_context

READ_AT_ONCE = 25
"""Deliveries in one call: their keys fit into a URL of 2,000 characters (`exact.md` 6.1)."""
READ_GOOD_FOR = timedelta(seconds=3)
"""The remarks are the customer's to write as well: what was read longer ago is read again before we write."""


def fetch_together(
    delivery: Delivery, *, job: Job, step: Step, client: ExactClient, kind: SyncJob.Kind
) -> GoodsDelivery | None:
    """The delivery as Exact shows it now, None when it is gone.

    Other due jobs of this kind and company are claimed and read in the same call; they find theirs in `step.fetched`.
    What Exact refuses for many is asked for this one alone.
    """
    found = step.fetched.pop(job.subject, None)
    if found and isinstance(found.goods, GoodsDelivery) and timezone.now() - found.read_at < READ_GOOD_FOR:
        return found.goods
    rows = [delivery, *_others(delivery, job, step, kind)]
    read_at = timezone.now()
    try:
        goods = {one.entry_id: one for one in client.goods_deliveries([row.exact_entry_id for row in rows])}
    except (ExactRejected, ExactUnexpectedReply):
        if len(rows) == 1:
            raise
        return next(iter(client.goods_deliveries([delivery.exact_entry_id])), None)
    for row in rows[1:]:
        shown = goods.get(row.exact_entry_id)
        step.fetched[row.code] = Fetched(delivery=row, goods=shown, read_at=read_at)
    return goods.get(delivery.exact_entry_id)


def _others(delivery: Delivery, job: Job, step: Step, kind: SyncJob.Kind) -> list[Delivery]:
    with tenant_context(job.tenant_id):
        room = READ_AT_ONCE - 1 - len(step.waiting)
        siblings = queue.claim_siblings(job, connection_id=delivery.connection_id, limit=max(room, 0))
        step.following.extend(siblings)
        waiting = [*siblings, *(one for one in step.waiting if one.kind == kind and one.tenant_id == job.tenant_id)]
        rows = Delivery.objects.filter(
            tenant_id=job.tenant_id,
            connection_id=delivery.connection_id,
            code__in=[one.subject for one in waiting],
        )
        return list(rows.exclude(pk=delivery.pk))
