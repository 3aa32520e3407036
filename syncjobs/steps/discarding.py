"""Voiding shipments at UPS: those that are one too many, and those that a person gave up (`reliability.md` 1.4, 1.5).

The intention is committed before UPS is asked, and asking again is harmless, so a lost answer only costs another call.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from audit.models import Event
from audit.record import Happening, happenings
from connector_site.lib.wording import said
from syncjobs import queue
from syncjobs.doubts.evidence import REFUSAL, number_is_taken, told
from syncjobs.doubts.settling import Reason, next_look, next_void
from syncjobs.doubts.witnesses import was_scanned
from syncjobs.models import Attempt, Delivery, Parcel, Shipment, SyncJob
from syncjobs.problems import Problem
from syncjobs.queue import Job
from syncjobs.steps.context import Step
from syncjobs.steps.facts import touch
from syncjobs.steps.unsettled import end, lock, note
from syncjobs.tracking.courses import VOIDED
from syncjobs.transitions import DELIVERY_MOVES, delivery_event, move, move_attempt
from tenants.context import tenant_context
from ups import subscribing
from ups.access import open_client
from ups.answers import VoidAnswer
from ups.errors import UpsError

CANCEL, AGAIN = "cancel", "again"
"""What becomes of the delivery once its shipment is voided (`Attempt.evidence["then"]`)."""
FROM_DESK = "from_desk"
"""In `Attempt.evidence`: it was in order when a person asked for the void, so a refusal leaves everything as it was."""
_PAST = frozenset({Delivery.State.IN_TRANSIT, Delivery.State.DELIVERED, Delivery.State.CLOSED})
"""UPS has had the goods in its hands: whatever was asked for before, a person looks."""
_NOT_APPROVED: dict[str, Any] = {"approved_at": None, "approved_content": ""}


def discard(attempt: Attempt, job: Job, step: Step) -> None:
    """Void a shipment that is one too many, unless UPS has the parcel already: then a person decides.

    A person also says which one it is where UPS does not, and about a number that belongs to another delivery.
    """
    if not attempt.void_id:
        _leave_to_person(attempt, Reason(attempt.review_reason or Reason.NO_LABEL), job, step)
        return
    if _is_of_another(attempt):
        _leave_to_person(attempt, Reason.NUMBER_TAKEN, job, step)
        return
    try:
        scanned = was_scanned(attempt, attempt.void_id, step)
    except UpsError as error:
        _later(attempt, str(error), job, step)
        return
    if scanned is False:
        _begin(attempt, job, step)
        return
    _leave_to_person(attempt, Reason.SCANNED if scanned else Reason.UNSEEN, job, step)


def _is_of_another(attempt: Attempt) -> bool:
    """Whether the number to be voided is that of a shipment that somebody counts on."""
    with tenant_context(attempt.tenant_id):
        return number_is_taken(attempt.tenant_id, attempt.void_id, but_by=attempt)


def _leave_to_person(attempt: Attempt, reason: Reason, job: Job, step: Step) -> None:
    with tenant_context(job.tenant_id):
        lock(attempt)
        due_at = next_look(doubt_at=attempt.doubt_at or step.at, at=step.at)
        is_seen = bool((attempt.evidence or {}).get("seen"))
        note(attempt, {"review_reason": "" if is_seen else reason.value, "due_at": due_at})
        end(job)
        happenings(job.tenant_id, step.told(attempt.delivery))


def _begin(attempt: Attempt, job: Job, step: Step) -> None:
    with tenant_context(job.tenant_id):
        lock(attempt)
        changes = {"due_at": step.at, "review_reason": "", "asks": 0}
        event = move_attempt(attempt, to=Attempt.State.VOIDING, changes=changes)
        events = [*step.told(attempt.delivery), event]
        end(job)
        happenings(job.tenant_id, events)


def void(attempt: Attempt, job: Job, step: Step) -> None:
    """Ask UPS to void it. Silence is asked again; a refusal is an answer."""
    if _is_of_another(attempt):
        taken = VoidAnswer(voided=False, text=said("The number belongs to the shipment of another delivery here."))
        _refused(attempt, taken, job, step)
        return
    try:
        answer = open_client(attempt.account, observe=step.observe).void(attempt.void_id)
    except UpsError as error:
        _later(attempt, str(error), job, step)
        return
    if answer.voided:
        _voided(attempt, job, step)
    else:
        _refused(attempt, answer, job, step)


def _later(attempt: Attempt, said: str, job: Job, step: Step) -> None:
    with tenant_context(job.tenant_id):
        lock(attempt)
        due_at = next_void(attempt.asks, at=step.at)
        evidence = told(attempt, source="void", said=said, at=step.at)
        note(attempt, {"due_at": due_at, "asks": attempt.asks + 1, "asked_at": step.at, "evidence": evidence})
        end(job)
        happenings(job.tenant_id, step.told(attempt.delivery))


def _voided(attempt: Attempt, job: Job, step: Step) -> None:
    """It is gone at UPS: its parcels are followed no more, and the delivery goes where the void was meant to lead."""
    at = step.at
    with tenant_context(job.tenant_id):
        lock(attempt)
        evidence = told(attempt, source="void", said=said("voided"), at=at)
        changes = {"settled_at": at, "review_reason": "", "evidence": evidence}
        event = move_attempt(attempt, to=Attempt.State.VOIDED, changes=changes)
        _forget_parcels(attempt, at)
        details = {"what": "voided", "shipment": attempt.void_id}
        events = [
            *step.told(attempt.delivery),
            event,
            delivery_event(attempt.delivery, Event.Kind.CHANGED, details=details),
        ]
        _lead_on(attempt, at, events, lambda: end(job))


def _forget_parcels(attempt: Attempt, at: datetime) -> None:
    shipments = Shipment.objects.filter(tenant_id=attempt.tenant_id, attempt=attempt, voided_at=None)
    parcels = Parcel.objects.filter(tenant_id=attempt.tenant_id, shipment__in=shipments)
    subscribing.end(attempt.tenant_id, list(parcels.values_list("tracking_number", flat=True)))
    parcels.update(look_at=None, attention="", void_asked_at=None)
    shipments.update(voided_at=at)


def _lead_on(attempt: Attempt, at: datetime, events: list[Happening], finish: Callable[[], None]) -> None:
    """An orphan's delivery goes its own way; another one is cancelled or shipped anew, as the person said."""
    delivery, then = attempt.delivery, (attempt.evidence or {}).get("then", "")
    finish()
    if attempt.orphaned_at is not None or then not in (CANCEL, AGAIN):
        happenings(delivery.tenant_id, events)
        return
    other = _newest_live(delivery)
    if delivery.state in _PAST and other is None:
        move(delivery, to=Delivery.State.REVIEW, at=at, problems=[_on_its_way()], events=events)
    elif other is not None and (then == CANCEL or other.shipment_no > attempt.shipment_no):
        _stay(delivery, other, at, events)
    elif then == CANCEL:
        _cancel(attempt, at, events)
    else:
        _again(attempt, at, events)


def _newest_live(delivery: Delivery) -> Attempt | None:
    """What stands beside the voided shipment, if anything does."""
    rows = Attempt.objects.filter(
        tenant_id=delivery.tenant_id, delivery=delivery, state=Attempt.State.CREATED, shipment__voided_at=None
    )
    return rows.filter(shipment__isnull=False).defer("request").order_by("-shipment_no").first()


def _stay(delivery: Delivery, other: Attempt, at: datetime, events: list[Happening]) -> None:
    """The delivery goes on with the shipment that stands; Exact is told of its numbers alone."""
    _ask(delivery, SyncJob.Kind.REPORT, at)
    _ask(delivery, SyncJob.Kind.EVENTS, at)
    if delivery.written.get("milestone"):
        _ask(delivery, SyncJob.Kind.STATUS, at)
    written = {name: value for name, value in delivery.written.items() if name != "milestone"}
    changes: dict[str, Any] = {"shipment_no": other.shipment_no, "facts_read_at": None, "written": written}
    changes |= _NOT_APPROVED | {"changed_at": at}
    if delivery.state in (Delivery.State.REVIEW, Delivery.State.HOLD):
        move(delivery, to=Delivery.State.LABELLED, at=at, changes=changes, events=events)
        return
    touch(delivery, changes)
    happenings(delivery.tenant_id, events)


def _cancel(attempt: Attempt, at: datetime, events: list[Happening]) -> None:
    delivery = attempt.delivery
    if Delivery.State.CANCELLED not in DELIVERY_MOVES[delivery.state]:
        happenings(delivery.tenant_id, events)
        return
    is_in_exact = delivery.written_at is not None or bool((attempt.evidence or {}).get(FROM_DESK))
    if is_in_exact and delivery.return_of_id is None:
        _ask(delivery, SyncJob.Kind.REPORT, at)
    changes: dict[str, Any] = {"milestone": "", "stopped_at": at, "asked_again_at": None}
    move(delivery, to=Delivery.State.CANCELLED, at=at, problems=[_cancelled()], changes=changes, events=events)


def _again(attempt: Attempt, at: datetime, events: list[Happening]) -> None:
    """The same content may be sent once more; any other one waits for a person."""
    delivery = attempt.delivery
    if Delivery.State.RECEIVED not in DELIVERY_MOVES[delivery.state]:
        happenings(delivery.tenant_id, events)
        return
    _ask(delivery, SyncJob.Kind.READ, at)
    changes: dict[str, Any] = {"milestone": "", "asked_again_at": at, "shipment_no": attempt.shipment_no}
    changes |= {"approved_at": at, "approved_content": attempt.request_hash}
    move(delivery, to=Delivery.State.RECEIVED, at=at, changes=changes, events=events)


def _ask(delivery: Delivery, kind: SyncJob.Kind, at: datetime) -> None:
    queue.add(delivery.tenant_id, kind, delivery.code, due_at=at, correlation=delivery.correlation)


def _refused(attempt: Attempt, answer: VoidAnswer, job: Job, step: Step) -> None:
    at = step.at
    with tenant_context(job.tenant_id):
        lock(attempt)
        words = " ".join(part for part in (answer.text, f"({answer.code})" if answer.code else "") if part)
        evidence = told(attempt, source="void", said=words or said("refused"), at=at)
        if evidence.get(FROM_DESK):
            _keep_as_it_was(attempt, evidence | {REFUSAL: words or said("refused")}, answer.code, job, step)
            return
        changes = {"settled_at": at, "review_reason": Reason.VOID_REFUSED.value, "evidence": evidence}
        event = move_attempt(attempt, to=Attempt.State.VOID_REFUSED, changes=changes)
        events = [*step.told(attempt.delivery), event]
        delivery = attempt.delivery
        end(job)
        is_orphan = attempt.orphaned_at is not None
        if is_orphan or Delivery.State.REVIEW not in DELIVERY_MOVES[delivery.state]:
            happenings(job.tenant_id, events)
            return
        move(delivery, to=Delivery.State.REVIEW, at=at, problems=[_void_refused(words)], events=events)


def _keep_as_it_was(attempt: Attempt, evidence: dict[str, Any], code: str, job: Job, step: Step) -> None:
    """UPS refused what a person asked for from the desk: the shipment was in order and still is."""
    kept = {name: value for name, value in evidence.items() if name not in (FROM_DESK, "then")}
    delivery = attempt.delivery
    refused = move_attempt(attempt, to=Attempt.State.VOID_REFUSED, changes={"review_reason": "", "evidence": kept})
    again = move_attempt(attempt, to=Attempt.State.CREATED, changes={"void_id": ""})
    details = {"what": "void refused", "code": code}
    told_now = delivery_event(delivery, Event.Kind.CHANGED, details=details)
    end(job)
    happenings(job.tenant_id, [*step.told(delivery), refused, told_now, again])


def _on_its_way() -> Problem:
    return Problem(
        code=VOIDED,
        text=said("UPS voided the shipment, although it had scanned a parcel of it before."),
        where=said("Ask UPS where the parcels are; then have it shipped again, or end it here."),
    )


def _cancelled() -> Problem:
    return Problem(code="cancelled_here", text=said("The shipment was voided at UPS, and the delivery is not shipped."))


def _void_refused(answer: str) -> Problem:
    return Problem(
        code="void_refused",
        text=said("UPS refused to void the shipment: {answer}", answer=answer)
        if answer
        else said("UPS refused to void the shipment."),
        where=said("Open “Decide”: keep the shipment, or try once more after asking UPS."),
    )
