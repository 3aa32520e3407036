"""Delete what was kept long enough, in pieces that each commit: killed anywhere it goes on where it was."""

import time

from django.utils import timezone

from syncjobs import queue
from syncjobs.models import SyncJob
from syncjobs.personal import closing, retention
from syncjobs.queue import Job
from syncjobs.steps.context import Step
from tenants.context import tenant_context

SECONDS_AT_ONCE = 20
"""Our own: other work of the queue waits no longer."""


def retain(job: Job, step: Step) -> None:
    """The step. What came to be of a customer after the closing is erased each night as well."""
    ends = time.monotonic() + SECONDS_AT_ONCE
    for kind in retention.KINDS:
        while retention.delete_piece(kind, job.tenant_id, at=step.at):
            if time.monotonic() >= ends:
                with tenant_context(job.tenant_id):
                    queue.put_back(job, due_at=timezone.now(), error="", counts=False)
                return
    with tenant_context(job.tenant_id):
        if closing.is_closed(job.tenant_id):
            queue.add(job.tenant_id, SyncJob.Kind.CLOSE, job.subject, due_at=timezone.now())
        queue.finish(job)
