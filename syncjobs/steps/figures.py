"""Count what shipments became, some days at a time, each piece committed: killed anywhere, it goes on where it was."""

import time

from django.utils import timezone

from syncjobs import queue
from syncjobs.figures.days import count_days, days_to_count, note_counted
from syncjobs.queue import Job
from syncjobs.steps.context import Step
from tenants.context import tenant_context

DAYS_AT_ONCE = 10
SECONDS_AT_ONCE = 20
"""Our own: other work of the queue waits no longer."""


def figures(job: Job, step: Step) -> None:
    """The step. What changes while it counts is counted by the next one."""
    ends = time.monotonic() + SECONDS_AT_ONCE
    with tenant_context(job.tenant_id):
        days = days_to_count(job.tenant_id, at=step.at)
    for place in range(0, len(days), DAYS_AT_ONCE):
        if time.monotonic() >= ends:
            with tenant_context(job.tenant_id):
                queue.put_back(job, due_at=timezone.now(), error="", counts=False)
            return
        with tenant_context(job.tenant_id):
            count_days(job.tenant_id, days[place : place + DAYS_AT_ONCE], at=step.at)
    with tenant_context(job.tenant_id):
        note_counted(job.tenant_id, at=step.at)
        queue.finish(job)
