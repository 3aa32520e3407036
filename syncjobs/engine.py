"""Running claimed jobs: the step, and the one guard around it that turns an error into what happens next."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from audit.models import Event
from audit.record import Happening, acting, happenings
from connector_site.lib.secrets import UNREADABLE
from connector_site.lib.wording import said
from syncjobs import queue, retry
from syncjobs.alarms import raising
from syncjobs.models import Delivery, SyncJob
from syncjobs.problems import Problem, as_json
from syncjobs.queue import Job, LostClaim
from syncjobs.steps import rechecking
from syncjobs.steps.alerts import alerts
from syncjobs.steps.begin import begin
from syncjobs.steps.changes import changes, compare
from syncjobs.steps.close import close
from syncjobs.steps.context import Step
from syncjobs.steps.dry_run import look_ahead
from syncjobs.steps.events import events
from syncjobs.steps.export import export
from syncjobs.steps.facts import touch
from syncjobs.steps.figures import figures
from syncjobs.steps.gone import gone
from syncjobs.steps.look import look
from syncjobs.steps.preview import preview
from syncjobs.steps.proof import proof
from syncjobs.steps.read import OPEN_TO_PLANNING, read
from syncjobs.steps.reconcile import reconcile
from syncjobs.steps.report import report
from syncjobs.steps.retain import retain
from syncjobs.steps.rewriting import SAYS_OF_NUMBER
from syncjobs.steps.settle import settle
from syncjobs.steps.ship import sending_was_found, ship
from syncjobs.steps.status import status
from syncjobs.steps.upkeep import master, methods, subscribe
from syncjobs.steps.verify import verify
from syncjobs.steps.view import view
from syncjobs.steps.void_parcels import void_parcels
from syncjobs.steps.warehouses import warehouses
from syncjobs.steps.writing import PROBLEM_CHARACTERS
from syncjobs.tracking.courses import FOLLOWED
from syncjobs.transitions import IllegalMove, LostRace, delivery_event, move
from tenants.context import tenant_context

logger = logging.getLogger(__name__)

BUDGET_SECONDS = settings.CELERY_TASK_TIME_LIMIT * 5 / 18
"""A task takes no new job after this, 25 s of the usual 90, so that its last one ends well before the hard limit."""
OVERTAKEN_PAUSE = timedelta(seconds=2)
OWNED: dict[SyncJob.Kind, frozenset[Delivery.State]] = {
    SyncJob.Kind.READ: OPEN_TO_PLANNING,
    SyncJob.Kind.RECHECK: frozenset({Delivery.State.HOLD}),
    SyncJob.Kind.SHIP: frozenset({Delivery.State.READY}),
    SyncJob.Kind.REPORT: frozenset({Delivery.State.LABELLED}),
}
"""Where a delivery stands while a job of this kind is the one to move it on."""
WRITES_NEWS = frozenset({SyncJob.Kind.STATUS, SyncJob.Kind.PROOF})
"""Kinds whose failure is shown beside what was written: the delivery is no less on its way, or delivered."""
COMES_BACK = frozenset(
    {
        SyncJob.Kind.EVENTS,
        SyncJob.Kind.LOOK,
        SyncJob.Kind.CONFIRM,
        SyncJob.Kind.ALERT,
        SyncJob.Kind.VIEW,
        SyncJob.Kind.STATUS,
        SyncJob.Kind.PROOF,
        SyncJob.Kind.SETTLE,
        SyncJob.Kind.VOID,
        SyncJob.Kind.CLOSE,
        SyncJob.Kind.BEGIN,
    }
)
"""What follows a delivery is tried again even after it was given up: whatever ailed it may be over by then."""
_CORRECTED = FOLLOWED | {Delivery.State.CANCELLED}
"""Where the write-back only puts right what stands in Exact: it comes back too, until Exact takes it."""
COMES_BACK_AFTER = timedelta(hours=1)
STEPS: dict[SyncJob.Kind, Callable[[Job, Step], None]] = {
    SyncJob.Kind.READ: read,
    SyncJob.Kind.RECHECK: read,
    SyncJob.Kind.GONE: gone,
    SyncJob.Kind.SHIP: ship,
    SyncJob.Kind.REPORT: report,
    SyncJob.Kind.SUBSCRIBE: subscribe,
    SyncJob.Kind.METHODS: methods,
    SyncJob.Kind.MASTER: master,
    SyncJob.Kind.EVENTS: events,
    SyncJob.Kind.LOOK: look,
    SyncJob.Kind.CONFIRM: look,
    SyncJob.Kind.ALERT: alerts,
    SyncJob.Kind.VIEW: view,
    SyncJob.Kind.STATUS: status,
    SyncJob.Kind.PROOF: proof,
    SyncJob.Kind.SETTLE: settle,
    SyncJob.Kind.CHANGES: changes,
    SyncJob.Kind.COMPARE: compare,
    SyncJob.Kind.RECONCILE: reconcile,
    SyncJob.Kind.BEGIN: begin,
    SyncJob.Kind.RETAIN: retain,
    SyncJob.Kind.FIGURES: figures,
    SyncJob.Kind.EXPORT: export,
    SyncJob.Kind.CLOSE: close,
    SyncJob.Kind.VERIFY: verify,
    SyncJob.Kind.WAREHOUSES: warehouses,
    SyncJob.Kind.DRY_RUN: look_ahead,
    SyncJob.Kind.PREVIEW: preview,
    SyncJob.Kind.VOID: void_parcels,
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
    while step.ahead or step.waiting:
        job = step.ahead.pop(0) if step.ahead else step.waiting.pop(0)
        if time.monotonic() >= ends:
            _release(job)
            continue
        run(job, step)
        step.ahead = step.following + step.ahead
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
            if job.starts > retry.MAX_STARTS and not sending_was_found(job, step):
                _block(job, step, retry.Block(problem=_poison(), not_before=step.at + retry.GAVE_UP_PAUSE))
            elif job.starts <= retry.MAX_STARTS:
                STEPS[job.kind](job, step)
        except (LostClaim, LostRace) as lost:
            _overtaken(job, step, lost)
        except Exception as error:  # noqa: BLE001  the one outer guard: every error gets its verdict
            _failed(job, step, error)
        _record_calls_left(job, step)


def _failed(job: Job, step: Step, error: Exception) -> None:
    if isinstance(error, IllegalMove) or not hasattr(error, "operation"):
        logger.error("Job %s %s failed in a way our code does not know", job.kind, job.subject, exc_info=error)
    found = retry.verdict(error, job, at=step.at)
    try:
        if isinstance(error, UNREADABLE):
            raising.tell_of_unreadable(job.tenant_id, about=f"{job.kind} {job.subject}", at=step.at)
        if isinstance(found, retry.Again):
            _again(job, step, found, error)
        else:
            _block(job, step, found)
    except (LostClaim, LostRace) as lost:
        _overtaken(job, step, lost)
    except DatabaseError as lost:
        logger.warning("What became of job %s %s is left to its lease: %s", job.kind, job.subject, type(lost).__name__)


def _overtaken(job: Job, step: Step, lost: Exception) -> None:
    """Somebody else moved the row that was seen: look again in a moment, unless the job itself was taken over."""
    logger.info("Job %s %s was overtaken: %s", job.kind, job.subject, lost)
    try:
        with tenant_context(job.tenant_id):
            due_at = timezone.now() + OVERTAKEN_PAUSE
            queue.put_back(job, due_at=due_at, error=f"overtaken: {lost}", counts=False)
            _record_failure(job, step, type(lost).__name__)
    except LostClaim:
        logger.info("Job %s %s is another worker's now", job.kind, job.subject)


def _again(job: Job, step: Step, found: retry.Again, error: Exception) -> None:
    """The queue first, the trail last: the same order of locks as everywhere. A mere "not yet" leaves no trace."""
    with tenant_context(job.tenant_id):
        queue.put_back(job, due_at=found.due_at, error=retry.safe_text(error), counts=found.counts)
        _record_failure(job, step, type(error).__name__ if found.counts else "")


def _block(job: Job, step: Step, found: retry.Block) -> None:
    """End the job and show its delivery to a person, if the delivery still stands where this job had to move it on.

    A job about something else, or one that only confirmed what is done already, keeps its error and moves nothing; one
    that follows a delivery comes back by itself, so that nothing of it waits for ever.
    """
    problem = found.problem
    with tenant_context(job.tenant_id):
        rows = Delivery.objects.select_for_update()
        delivery = rows.filter(tenant_id=job.tenant_id, code=job.subject).first()
        queue.give_up(job, error=problem.text)
        if problem.code in retry.FOR_OUR_TEAM:
            logger.error("Job %s %s was given up: %s", job.kind, job.subject, problem.code)
            about = {"job": str(job.subject), "why": problem.code}
            raising.tell_of_given_up(job.tenant_id, kind=job.kind, about=about, at=step.at)
        is_correction = job.kind == SyncJob.Kind.REPORT and delivery is not None and delivery.state in _CORRECTED
        if job.kind in COMES_BACK or is_correction:
            due_at = max(found.not_before, step.at + COMES_BACK_AFTER)
            queue.add(job.tenant_id, job.kind, job.subject, due_at=due_at, correlation=job.correlation, wake=False)
        if delivery is not None and _is_news(job, delivery):
            touch(delivery, {"proof_problem": problem.text[:PROBLEM_CHARACTERS]})
        if delivery is None or delivery.state not in OWNED.get(job.kind, frozenset()):
            _record_failure(job, step, problem.code)
            return
        failed = _failure(delivery, job, step, problem.code)
        if delivery.state == Delivery.State.HOLD:
            rechecking.schedule(delivery, job=job, at=step.at, not_before=found.not_before)
            touch(delivery, {"problems": as_json([problem])})
            happenings(job.tenant_id, failed)
            return
        delivery.changed_at = step.at
        rechecking.schedule(delivery, job=job, at=step.at, not_before=found.not_before)
        move(delivery, to=Delivery.State.HOLD, at=step.at, problems=[problem], events=failed)


def _is_news(job: Job, delivery: Delivery) -> bool:
    """Whether a failure is shown beside what was written."""
    return job.kind in WRITES_NEWS or (job.kind == SyncJob.Kind.REPORT and delivery.state in SAYS_OF_NUMBER)


def _record_calls_left(job: Job, step: Step) -> None:
    """Calls whose transaction was rolled back happened all the same."""
    if not step.made:
        return
    try:
        with tenant_context(job.tenant_id):
            _record_failure(job, step, "")
    except DatabaseError as lost:
        logger.warning("Calls of job %s %s are not recorded: %s", job.kind, job.subject, type(lost).__name__)


def _record_failure(job: Job, step: Step, what: str) -> None:
    """The calls made, and what failed, with the delivery they belong to; jobs without one record their calls only."""
    delivery = Delivery.objects.filter(tenant_id=job.tenant_id, code=job.subject).first()
    if delivery is None:
        happenings(job.tenant_id, step.told_of_subject(job))
        return
    happenings(job.tenant_id, _failure(delivery, job, step, what))


def _failure(delivery: Delivery, job: Job, step: Step, what: str) -> list[Happening]:
    details = {"step": str(job.kind), "why": what}
    failure = [delivery_event(delivery, Event.Kind.FAILED, details=details)] if what else []
    return [*step.told(delivery), *failure]


def _poison() -> Problem:
    return Problem(
        code="poison",
        text=said("Working on this ended without a result {times} times.", times=retry.MAX_STARTS),
        where=said("Use “Try again”; if it happens once more, tell our team the delivery number."),
    )
