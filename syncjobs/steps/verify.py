"""Check a customer's audit trail because somebody asked, a few portions at a time."""

import time

from django.utils import timezone

from audit import checking
from audit.models import ChainCheck
from syncjobs import audit_checks, queue
from syncjobs.queue import Job
from syncjobs.steps.context import Step
from tenants.context import tenant_context

SECONDS_AT_ONCE = 15
"""Our own: other work of the queue waits no longer."""


def verify(job: Job, step: Step) -> None:
    """The step. A broken chain raises the same alarm as the nightly look does."""
    with tenant_context(job.tenant_id):
        check = ChainCheck.objects.filter(tenant_id=job.tenant_id, code=job.subject).first()
    is_done = check is None or checking.go_on(check, ends=time.monotonic() + SECONDS_AT_ONCE)
    if is_done and check is not None:
        audit_checks.judge(check, at=step.at)
    with tenant_context(job.tenant_id):
        if is_done:
            queue.finish(job)
        else:
            queue.put_back(job, due_at=timezone.now(), error="", counts=False)
