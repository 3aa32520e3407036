"""What becomes of a return where another delivery would be read from Exact, or written to it: none of that.

It is planned anew from what was shipped; with its label it is ready; back in the warehouse it is closed.
"""

from typing import Any

from audit.models import Event
from audit.record import happenings
from connector_site.lib.wording import said
from syncjobs import queue
from syncjobs.actions.returns import plan_once_more, why_not_now
from syncjobs.models import Delivery, Shipment, SyncJob
from syncjobs.problems import Problem, as_json
from syncjobs.queue import Job
from syncjobs.steps import rechecking
from syncjobs.steps.context import Step
from syncjobs.steps.decide import create_attempt, drop_planned, last_attempt, refused_before, stays
from syncjobs.steps.facts import lock, lock_as_asked, touch
from syncjobs.steps.planning import Plan, Unready
from syncjobs.transitions import delivery_event, move
from tenants.context import tenant_context

D = Delivery.State
_OPEN = frozenset({D.RECEIVED, D.READY, D.HOLD})


def plan_again(delivery: Delivery, *, job: Job, step: Step) -> None:
    """In place of a read: order its label, hold it with what is wrong, or leave it as it stands."""
    with tenant_context(job.tenant_id):
        lock_as_asked(delivery)
        is_asked = delivery.state == D.CANCELLED and delivery.asked_again_at is not None
        if delivery.state == D.HOLD and _has_label(delivery):
            _go_on(delivery, job, step)
        elif stays(delivery) or not (delivery.state in _OPEN or is_asked):
            queue.finish(job)
            happenings(job.tenant_id, step.told(delivery))
        else:
            _plan(delivery, job, step)


def label_is_ready(delivery: Delivery, *, job: Job, step: Step) -> None:
    """In place of the write to Exact: the label is there, and its parcels are followed."""
    with tenant_context(job.tenant_id):
        lock(delivery)
        delivery.refresh_from_db(fields=["state", "milestone"])
        queue.finish(job)
        if delivery.state != D.LABELLED:
            happenings(job.tenant_id, step.told(delivery))
            return
        if delivery.milestone:
            kind, code = SyncJob.Kind.EVENTS, delivery.code
            queue.add(job.tenant_id, kind, code, due_at=step.at, correlation=delivery.correlation)
        move(delivery, to=D.REPORTED, at=step.at, events=step.told(delivery))


def close(delivery: Delivery, *, job: Job, step: Step) -> None:
    """In place of the proof of delivery: the goods are back, and nothing is left to do."""
    with tenant_context(job.tenant_id):
        lock(delivery)
        queue.finish(job)
        if delivery.state == D.DELIVERED:
            move(delivery, to=D.CLOSED, at=step.at, events=step.told(delivery))
        else:
            happenings(job.tenant_id, step.told(delivery))


def _has_label(delivery: Delivery) -> bool:
    return Shipment.objects.filter(tenant_id=delivery.tenant_id, delivery=delivery, voided_at=None).exists()


def _go_on(delivery: Delivery, job: Job, step: Step) -> None:
    """It was held after its label was made: there is nothing to order."""
    kind = SyncJob.Kind.REPORT
    queue.finish(job)
    queue.add(job.tenant_id, kind, delivery.code, due_at=step.at, correlation=delivery.correlation)
    move(delivery, to=D.LABELLED, at=step.at, events=step.told(delivery))


def _plan(delivery: Delivery, job: Job, step: Step) -> None:
    why_not = why_not_now(delivery)
    try:
        made = plan_once_more(delivery)
    except Unready as unready:
        _hold(delivery, unready.problems, job, step)
        return
    if why_not:
        _hold(delivery, [_not_now(why_not)], job, step)
    elif made.content_hash != delivery.approved_content:
        _hold(delivery, [changed()], job, step)
    else:
        _order(delivery, made, job, step)


def _hold(delivery: Delivery, problems: list[Problem], job: Job, step: Step) -> None:
    events = [*drop_planned(delivery, last_attempt(delivery)), *step.told(delivery)]
    queue.finish(job)
    changes: dict[str, Any] = {"asked_again_at": None, "stopped_at": None}
    if delivery.state != D.HOLD:
        move(delivery, to=D.HOLD, at=step.at, problems=problems, changes=changes, events=events)
    else:
        is_new = delivery.problems != as_json(problems)
        touch(delivery, changes | {"problems": as_json(problems)})
        happenings(job.tenant_id, [*events, *([delivery_event(delivery, Event.Kind.CHANGED)] if is_new else [])])
    rechecking.schedule(delivery, job=job, at=step.at)


def _order(delivery: Delivery, made: Plan, job: Job, step: Step) -> None:
    """Just what a person confirmed at the price she was shown, whoever asks for it how often."""
    last = last_attempt(delivery)
    if refused_before(last, made, delivery):
        queue.finish(job)
        happenings(job.tenant_id, step.told(delivery))
        rechecking.schedule(delivery, job=job, at=step.at)
        return
    events = [*drop_planned(delivery, last), *step.told(delivery)]
    create_attempt(delivery, made, attempt_no=last.attempt_no + 1 if last else 1, at=step.at)
    queue.finish(job)
    queue.add(job.tenant_id, SyncJob.Kind.SHIP, delivery.code, due_at=step.at, correlation=delivery.correlation)
    changes: dict[str, Any] = {"asked_again_at": None, "stopped_at": None}
    if delivery.state == D.READY:
        touch(delivery, changes)
        happenings(job.tenant_id, events)
    else:
        move(delivery, to=D.READY, at=step.at, changes=changes, events=events)


def _not_now(why_not: str) -> Problem:
    return Problem(code="not_now", text=why_not, where=said("Company settings"))


def changed() -> Problem:
    """What a return waits with that is no longer the one whose price was confirmed."""
    return Problem(
        code="return_changed",
        text=said("Your address or your UPS account was changed since this return was confirmed."),
        where=said("Cancel it, then order another return label at the price that UPS names now."),
    )
