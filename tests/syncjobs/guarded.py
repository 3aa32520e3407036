"""Running one job under the engine's guard, with steps made by a test, and reading what became of it."""

from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from audit.models import Event
from audit.record import happenings
from connector_site.lib.outside_calls import OutsideCall
from syncjobs import engine, queue
from syncjobs.models import Attempt, Delivery, SyncJob
from syncjobs.queue import Job
from syncjobs.steps.context import Step
from syncjobs.transitions import move_attempt
from tenants.context import tenant_context
from tests.syncjobs.rows import (
    claim_one,
    let_lease_run_out,
    make_account,
    make_attempt,
)

Act = Callable[[Job, Step], None]
Steps = Callable[[SyncJob.Kind, Act], None]


def call(operation: str = "goods_deliveries") -> OutsideCall:
    """A call as a client reports it."""
    return OutsideCall(
        system="exact",
        operation=operation,
        method="GET",
        route="/GoodsDeliveries",
        at=timezone.now(),
        duration_ms=3,
        status=200,
    )


def failing(error: Exception) -> Act:
    """A step that makes a call, begins to change things, and fails."""

    def act(job: Job, step: Step) -> None:
        step.observe(call())
        with tenant_context(job.tenant_id):
            found = Delivery.objects.get(code=job.subject)
            Delivery.objects.filter(pk=found.pk).update(delivery_number="half-way")
            happenings(job.tenant_id, step.told(found))
            raise error

    return act


def ending(job: Job, step: Step) -> None:
    """A step that simply ends its job."""
    with tenant_context(job.tenant_id):
        queue.finish(job)


def ask(delivery: Delivery, kind: SyncJob.Kind = SyncJob.Kind.READ) -> Job:
    """A claimed job about the delivery."""
    with tenant_context(delivery.tenant_id):
        queue.add(delivery.tenant_id, kind, delivery.code, due_at=timezone.now(), wake=False)
    return claim_one()


def run(job: Job) -> Step:
    """Run one claimed job."""
    step = Step(at=timezone.now())
    engine.run(job, step)
    return step


def stored(delivery: Delivery) -> Delivery:
    with tenant_context(delivery.tenant_id):
        return Delivery.objects.get(pk=delivery.pk)


def story(delivery: Delivery) -> list[tuple[str, str]]:
    """What the audit trail tells: kinds with the operation or the reason."""
    with tenant_context(delivery.tenant_id):
        events = list(Event.objects.for_subject(delivery.code))
    return [(event.kind, event.details.get("operation") or event.details.get("why") or "") for event in events]


def waiting(delivery: Delivery, kind: SyncJob.Kind) -> list[datetime]:
    """When jobs of this kind are due."""
    with tenant_context(delivery.tenant_id):
        jobs = SyncJob.objects.filter(subject=delivery.code, kind=kind, state=SyncJob.State.DUE)
        return list(jobs.values_list("due_at", flat=True))


def started(job: Job, times: int) -> Job:
    """The job as claimed after so many workers died with it."""
    for _ in range(times):
        let_lease_run_out(job)
        job = claim_one()
    return job


def sending(delivery: Delivery, *, lease_until: datetime) -> Attempt:
    """An attempt whose request has left."""
    with tenant_context(delivery.tenant_id):
        Delivery.objects.filter(pk=delivery.pk).update(state="shipping")
    attempt = make_attempt(delivery, make_account(delivery.tenant_id))
    with tenant_context(delivery.tenant_id):
        changes = {"sent_at": timezone.now(), "lease_until": lease_until}
        happenings(delivery.tenant_id, [move_attempt(attempt, to=Attempt.State.SENDING, changes=changes)])
    return attempt


class Clock:
    """A clock that moves when told."""

    seconds = 1000.0

    def now(self) -> float:
        return self.seconds
