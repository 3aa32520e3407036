"""Running claimed jobs: the step, and the one guard around it that turns an error into what happens next."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.utils import timezone

from audit.models import Event
from audit.record import acting, calls, happenings
from syncjobs import queue, retry
from syncjobs.models import Delivery, SyncJob
from syncjobs.problems import Problem
from syncjobs.queue import Job, LostClaim
from syncjobs.steps import rechecking
from syncjobs.steps.context import Step
from syncjobs.steps.gone import gone
from syncjobs.steps.read import read
from syncjobs.steps.report import report
from syncjobs.steps.ship import ship
from syncjobs.steps.upkeep import master, methods, subscribe
from syncjobs.transitions import DELIVERY_MOVES, IllegalMove, LostRace, delivery_event, move
from tenants.context import tenant_context

logger = logging.getLogger(__name__)

BUDGET_SECONDS = 25
"""A task takes no new job after this, so that its last one ends well before the hard time limit of 90 s."""
OVERTAKEN_PAUSE = timedelta(seconds=2)
STEPS: dict[SyncJob.Kind, Callable[[Job, Step], None]] = {
    SyncJob.Kind.READ: read,
    SyncJob.Kind.RECHECK: read,
    SyncJob.Kind.GONE: gone,
    SyncJob.Kind.SHIP: ship,
    SyncJob.Kind.REPORT: report,
    SyncJob.Kind.SUBSCRIBE: subscribe,
    SyncJob.Kind.METHODS: methods,
    SyncJob.Kind.MASTER: master,
}


def work(queues: Sequence[SyncJob.Queue]) -> int:
    """Claim and run due jobs until none is left or the time is used up; returns how many were run."""
    ends = time.monotonic() + BUDGET_SECONDS
    done = 0
    while time.monotonic() < ends:
        claimed = queue.claim(queues)
        if not claimed:
            return done
        done += _run_all(claimed, ends)
    for name in queues:
        queue.nudge(name)
    return done


def _run_all(claimed: list[Job], ends: float) -> int:
    """Each job with the steps that follow from it; what was claimed and not begun in time is handed back."""
    done = 0
    step = Step(at=timezone.now(), waiting=list(claimed))
    while step.waiting:
        job = step.waiting.pop(0)
        if time.monotonic() >= ends:
            _release(job)
            continue
        todo = [job]
        while todo:
            run(todo.pop(0), step)
            todo = step.following + todo
            step.following = []
            done += 1
    return done


def _release(job: Job) -> None:
    try:
        with tenant_context(job.tenant_id):
            queue.release(job)
    except LostClaim:
        logger.info("Job %s %s was taken over before it was begun", job.kind, job.subject)


def run(job: Job, step: Step) -> None:
    """Run one job to its end, whatever happens; only a killed process leaves it to its lease."""
    step.at = timezone.now()
    with acting("worker"):
        try:
            if job.starts > retry.MAX_STARTS:
                _block(job, step, retry.Block(problem=_poison()))
                return
            STEPS[job.kind](job, step)
        except (LostClaim, LostRace) as lost:
            _overtaken(job, step, lost)
        except Exception as error:  # noqa: BLE001  the one outer guard: every error gets its verdict
            _failed(job, step, error)


def _failed(job: Job, step: Step, error: Exception) -> None:
    if isinstance(error, IllegalMove) or not hasattr(error, "operation"):
        logger.error("Job %s %s failed in a way our code does not know", job.kind, job.subject, exc_info=error)
    found = retry.verdict(error, job, at=step.at)
    try:
        if isinstance(found, retry.Again):
            _again(job, step, found, error)
        else:
            _block(job, step, found)
    except (LostClaim, LostRace) as lost:
        _overtaken(job, step, lost)


def _overtaken(job: Job, step: Step, lost: Exception) -> None:
    """Somebody else moved the row that was seen: look again in a moment, unless the job itself was taken over."""
    logger.info("Job %s %s was overtaken: %s", job.kind, job.subject, lost)
    try:
        with tenant_context(job.tenant_id):
            _record_failure(job, step, type(lost).__name__)
            due_at = timezone.now() + OVERTAKEN_PAUSE
            queue.put_back(job, due_at=due_at, error=f"overtaken: {lost}", counts=False)
    except LostClaim:
        step.made.clear()


def _again(job: Job, step: Step, found: retry.Again, error: Exception) -> None:
    with tenant_context(job.tenant_id):
        _record_failure(job, step, type(error).__name__)
        queue.put_back(job, due_at=found.due_at, error=f"{type(error).__name__}: {error}", counts=found.counts)


def _block(job: Job, step: Step, found: retry.Block) -> None:
    """End the job and show its delivery to a person; a job without a delivery only keeps its error."""
    with tenant_context(job.tenant_id):
        _record_failure(job, step, found.problem.code)
        queue.give_up(job, error=found.problem.text)
        delivery = Delivery.objects.filter(tenant_id=job.tenant_id, code=job.subject).first()
        if delivery is None:
            return
        target = Delivery.State.HOLD if Delivery.State.HOLD in DELIVERY_MOVES[delivery.state] else Delivery.State.REVIEW
        if target in DELIVERY_MOVES[delivery.state]:
            move(delivery, to=target, at=step.at, problems=[found.problem])
        if found.recheck_at is not None:
            rechecking.schedule(delivery, job=job, at=step.at)


def _record_failure(job: Job, step: Step, what: str) -> None:
    """The calls made and the failure, with the delivery they belong to; jobs without one record their calls only."""
    delivery = Delivery.objects.filter(tenant_id=job.tenant_id, code=job.subject).first()
    if delivery is None:
        made, step.made = step.made, []
        happenings(
            job.tenant_id,
            calls(made, subject_kind="connection", subject=job.subject, correlation=job.correlation),
        )
        return
    failure = delivery_event(delivery, Event.Kind.FAILED, details={"step": str(job.kind), "why": what})
    happenings(job.tenant_id, [*step.told(delivery), failure])


def _poison() -> Problem:
    return Problem(
        code="poison",
        text=f"Working on this ended without a result {retry.MAX_STARTS} times.",
        where="Use “Try again”; if it happens once more, tell our team the delivery number.",
    )
