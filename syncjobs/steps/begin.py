"""Wake what waited until shipping began, or until it began at another moment or in another way."""

from audit.record import happenings
from syncjobs import queue, rereading
from syncjobs.queue import Job
from syncjobs.setup import going_live
from syncjobs.steps.context import Step
from tenants import shipping_switch
from tenants.context import tenant_context


def begin(job: Job, step: Step) -> None:
    """The step: its subject is the company. Cut off half-way it begins anew, which does no harm."""
    with tenant_context(job.tenant_id):
        switch = shipping_switch.read(job.tenant_id)
    if switch.ships_from_at is not None:
        with tenant_context(job.tenant_id):
            going_live.name_the_start(job.tenant_id, switch.ships_from_at)
    if switch.mode != going_live.Mode.OFF:
        rows = going_live.held_up(job.tenant_id, switch.mode, switch.ships_from_at)
        rereading.ask(job.tenant_id, rows, at=step.at)
    with tenant_context(job.tenant_id):
        queue.finish(job)
        happenings(job.tenant_id, step.told_of_subject(job))
