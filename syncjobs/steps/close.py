"""Finish what is left of a customer who leaves; each part commits, and all of it may be done again."""

import time
from datetime import timedelta

from django.utils import timezone

from audit.record import happenings
from syncjobs import queue
from syncjobs.personal import closing
from syncjobs.queue import Job
from syncjobs.steps.context import Step
from tenants.context import tenant_context

SECONDS_AT_ONCE = 20
LOOKS_AGAIN_AFTER = timedelta(minutes=5)
LOOKS_AGAIN_SOON = timedelta(seconds=15)
"""A worker is at something that it began before: that ends within its lease."""


def close(job: Job, step: Step) -> None:
    """The step. What is paid for is settled first, with the credentials that this takes; Exact is left at once."""
    tenant_id = job.tenant_id
    ends = time.monotonic() + SECONDS_AT_ONCE
    if not _is_for_a_closed_company(job):
        return
    closing.end_work(tenant_id, at=timezone.now())
    if closing.is_busy(tenant_id, at=step.at):
        _later(job, step, "work that was begun before is not over yet", after=LOOKS_AGAIN_SOON)
        return
    is_gone_at_exact = closing.end_connections(tenant_id, observe=step.observe, at=step.at)
    if closing.waits(tenant_id, at=step.at):
        _later(job, step, "what was asked of UPS is not settled yet")
        return
    if not is_gone_at_exact:
        _later(job, step, "Exact Online cannot be reached")
        return
    closing.end_accounts(tenant_id, at=step.at)
    while closing.erase_piece(tenant_id, at=step.at):
        if time.monotonic() >= ends:
            with tenant_context(tenant_id):
                queue.put_back(job, due_at=timezone.now(), error="", counts=False)
            return
    with tenant_context(tenant_id):
        queue.finish(job)
        closing.finish(tenant_id)
        happenings(tenant_id, step.told_of_subject(job))


def _is_for_a_closed_company(job: Job) -> bool:
    with tenant_context(job.tenant_id):
        if closing.is_closed(job.tenant_id):
            return True
        queue.finish(job)
    return False


def _later(job: Job, step: Step, why: str, *, after: timedelta = LOOKS_AGAIN_AFTER) -> None:
    with tenant_context(job.tenant_id):
        queue.put_back(job, due_at=timezone.now() + after, error=why, counts=False)
        happenings(job.tenant_id, step.told_of_subject(job))
