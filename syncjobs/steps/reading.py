"""Reading a delivery from Exact together with others whose step will want theirs in a moment."""

from datetime import timedelta

from django.utils import timezone

from exact.client import ExactClient
from exact.errors import ExactError, ExactRejected, ExactUnexpectedReply
from exact.records import GoodsDelivery
from syncjobs import queue
from syncjobs.models import Delivery, SyncJob
from syncjobs.queue import Job
from syncjobs.steps.context import Fetched, Step
from tenants.context import tenant_context

READ_AT_ONCE = 22
"""Deliveries in one call: their keys fit into one address of 2,000 characters (`exact.md` 6.1) at every site; one more
than fits would make each such read two calls."""
READ_GOOD_FOR = timedelta(seconds=3)
"""The remarks are the customer's to write as well: what was read longer ago is read again before we write."""


def fetch_together(
    delivery: Delivery,
    *,
    job: Job,
    step: Step,
    client: ExactClient,
    kind: SyncJob.Kind,
    good_for: timedelta = READ_GOOD_FOR,
) -> GoodsDelivery | None:
    """The delivery as Exact shows it now, None when it is gone.

    Other jobs of this kind and company that are due, or that this worker has and not begun, are read in the same call;
    they find theirs in `step.fetched`, also that there was no answer. What Exact refuses for many is asked for this one
    alone, and one that was not among many is asked for again.
    """
    found = step.fetched.pop(job.subject, None)
    if found is not None and timezone.now() - found.read_at < good_for:
        if isinstance(found.goods, ExactError):
            raise found.goods
        if found.goods is not None:
            return found.goods
    rows = [delivery, *_others(delivery, job, step, kind)]
    read_at = timezone.now()
    try:
        goods = {one.entry_id: one for one in client.goods_deliveries([row.exact_key for row in rows])}
    except (ExactRejected, ExactUnexpectedReply):
        if len(rows) == 1:
            raise
        return next(iter(client.goods_deliveries([delivery.exact_key])), None)
    except ExactError as error:
        step.fetched.update({row.code: Fetched(delivery=row, goods=error, read_at=read_at) for row in rows[1:]})
        raise
    for row in rows[1:]:
        shown = goods.get(row.exact_key)
        step.fetched[row.code] = Fetched(delivery=row, goods=shown, read_at=read_at)
    return goods.get(delivery.exact_key)


def _others(delivery: Delivery, job: Job, step: Step, kind: SyncJob.Kind) -> list[Delivery]:
    """Those whose step is still to come in this worker, and as many more as one call can name."""
    with tenant_context(job.tenant_id):
        mine = [one for one in [*step.ahead, *step.waiting] if one.kind == kind and one.tenant_id == job.tenant_id]
        siblings = queue.claim_siblings(
            job, connection_id=delivery.connection_id, limit=max(READ_AT_ONCE - 1 - len(mine), 0)
        )
        step.following.extend(siblings)
        codes = [one.subject for one in [*mine, *siblings]][: READ_AT_ONCE - 1]
        rows = Delivery.objects.filter(tenant_id=job.tenant_id, connection_id=delivery.connection_id, code__in=codes)
        rows = rows.filter(return_of=None)
        return list(rows.exclude(pk=delivery.pk))
