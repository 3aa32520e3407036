"""Make a customer's copy, a part at a time: each commits, so the work is gone on with wherever it was cut off."""

import time

from django.utils import timezone

from audit.models import Event
from audit.record import Happening, happenings
from syncjobs import queue
from syncjobs.models import Export
from syncjobs.personal import exporting
from syncjobs.queue import Job
from syncjobs.steps.context import Step
from tenants.context import tenant_context

SECONDS_AT_ONCE = 15
"""Our own: other work of the queue waits no longer."""


def export(job: Job, step: Step) -> None:
    """The step. A copy that was deleted meanwhile is not made."""
    ends = time.monotonic() + SECONDS_AT_ONCE
    while time.monotonic() < ends:
        with tenant_context(job.tenant_id):
            row = Export.objects.filter(tenant_id=job.tenant_id, code=job.subject, finished_at=None).first()
            if row is None:
                queue.finish(job)
                return
            if exporting.make_part(row, at=step.at):
                continue
            queue.finish(job)
            details = {"what": "copy made", "bytes": row.size_bytes}
            told = Happening(kind=Event.Kind.CHANGED, subject_kind="export", subject=row.code, details=details)
            happenings(job.tenant_id, [told])
            return
    with tenant_context(job.tenant_id):
        queue.put_back(job, due_at=timezone.now(), error="", counts=False)
