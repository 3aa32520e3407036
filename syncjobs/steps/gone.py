"""A delivery that no longer exists in Exact: stop what has not begun, and show a person what has."""

from audit.models import Event
from audit.record import happenings
from connector_site.lib.wording import said
from syncjobs import queue
from syncjobs.models import Attempt, Delivery
from syncjobs.models.shipments import MAY_EXIST
from syncjobs.problems import Problem
from syncjobs.queue import Job
from syncjobs.steps.context import Step
from syncjobs.steps.facts import lock
from syncjobs.transitions import DELIVERY_MOVES, delivery_event, move, move_attempt
from tenants.context import tenant_context

_SHIPPED = frozenset(
    {
        Delivery.State.RECEIVED,
        Delivery.State.READY,
        Delivery.State.SKIPPED,
        Delivery.State.LABELLED,
        Delivery.State.REPORTED,
        Delivery.State.HOLD,
    }
)
"""Where one with a label may stand; before shipping when it was to be shipped again."""


def gone(job: Job, step: Step) -> None:
    """The step for a notified deletion; a deleted record is never fetched (`reliability.md` 2.3)."""
    with tenant_context(job.tenant_id):
        delivery = Delivery.objects.get(tenant_id=job.tenant_id, code=job.subject)
    handle(delivery, job=job, step=step)


def handle(delivery: Delivery, *, job: Job, step: Step) -> None:
    """Cancel before shipping; after it, ask a person; while UPS is being asked, leave it to the write-back to find."""
    with tenant_context(job.tenant_id):
        lock(delivery)
        queue.finish(job)
        planned = Attempt.objects.select_related("delivery").filter(
            tenant_id=job.tenant_id, delivery=delivery, state=Attempt.State.PLANNED
        )
        events = [move_attempt(attempt, to=Attempt.State.CANCELLED) for attempt in planned]
        events += step.told(delivery)
        is_open = delivery.attempts.filter(state__in=MAY_EXIST, orphaned_at=None).exists()
        has_label = delivery.shipments.filter(voided_at=None).exists()
        done = {"asked_again_at": None}
        if has_label and delivery.state in _SHIPPED:
            move(delivery, to=Delivery.State.REVIEW, at=step.at, changes=done, problems=[_after_label()], events=events)
        elif not has_label and not is_open and Delivery.State.CANCELLED in DELIVERY_MOVES[delivery.state]:
            move(delivery, to=Delivery.State.CANCELLED, at=step.at, changes=done, problems=[_before()], events=events)
        else:
            note = delivery_event(delivery, Event.Kind.CHANGED, details={"what": "deleted in Exact"})
            happenings(job.tenant_id, [*events, note])


def _before() -> Problem:
    return Problem(code="deleted_in_exact", text=said("The goods delivery was deleted in Exact before it was shipped."))


def _after_label() -> Problem:
    return Problem(
        code="deleted_after_label",
        text=said("The goods delivery was deleted in Exact after its UPS label was made."),
        where=said("If the goods stay, void the shipment at UPS; if they left, book the delivery again in Exact."),
    )
