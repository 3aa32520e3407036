"""Finish what is left of a customer who leaves; each part commits, and all of it may be done again."""

import time
from datetime import timedelta

from django.utils import timezone

from audit.record import happenings
from syncjobs import closing, queue
from syncjobs.queue import Job
from syncjobs.steps.context import Step
from tenants.context import tenant_context

SECONDS_AT_ONCE = 20
LOOKS_AGAIN_AFTER = timedelta(minutes=5)


def close(job: Job, step: Step) -> None:
    """The step. What is paid for is settled first, with the credentials that this takes."""
    tenant_id = job.tenant_id
    ends = time.monotonic() + SECONDS_AT_ONCE
    closing.end_work(tenant_id)
    if closing.waits(tenant_id, at=step.at):
        _later(job, step, "what became of a shipment is not known yet")
        return
    if not closing.end_connections(tenant_id, observe=step.observe, at=step.at):
        _later(job, step, "Exact Online cannot be reached")
        return
    closing.end_accounts(tenant_id, at=step.at)
    while closing.erase_piece(tenant_id, at=step.at):
        if time.monotonic() >= ends:
            with tenant_context(tenant_id):
                queue.put_back(job, due_at=timezone.now(), error="", counts=False)
            return
    with tenant_context(tenant_id):
        closing.finish(tenant_id)
        queue.finish(job)
        happenings(tenant_id, step.told_of_subject(job))


def _later(job: Job, step: Step, why: str) -> None:
    with tenant_context(job.tenant_id):
        queue.put_back(job, due_at=timezone.now() + LOOKS_AGAIN_AFTER, error=why, counts=False)
        happenings(job.tenant_id, step.told_of_subject(job))
