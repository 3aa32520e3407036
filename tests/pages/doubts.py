"""Deliveries that wait for a decision, as rows: each kind of case, made by the product's own functions."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from audit.record import acting, happenings
from syncjobs.doubts.evidence import told
from syncjobs.doubts.settling import Reason
from syncjobs.doubts.words import review
from syncjobs.models import Attempt, Delivery, Shipment
from syncjobs.problems import Problem
from syncjobs.transitions import move, move_attempt
from tenants.context import tenant_context
from tests.pages import scene
from tests.pages.scene import Desk

NUMBERS = ("1ZA1B2C36800000909", "1ZA1B2C36800000918")
S = Attempt.State


def attempt_of(delivery: Delivery) -> Attempt:
    """Its newest request to UPS, as it stands."""
    with tenant_context(delivery.tenant_id):
        return Attempt.objects.select_related("account").filter(delivery=delivery).latest("pk")


def note(delivery: Delivery, source: str, said: str, *, at: datetime, numbers: tuple[str, ...] = ()) -> None:
    """One more word of a source."""
    attempt = attempt_of(delivery)
    with tenant_context(delivery.tenant_id):
        evidence = told(attempt, source=source, said=said, at=at, numbers=numbers)
        Attempt.objects.filter(pk=attempt.pk).update(evidence=evidence, asked_at=at)


def make_review(desk: Desk, reason: Reason = Reason.NO_ANSWER, **evidence: Any) -> Delivery:
    """A doubt that UPS did not settle."""
    at = timezone.now()
    delivery = scene.make_doubtful(desk, created_at=at - timedelta(hours=2))
    note(delivery, "label_recovery", "no clear answer", at=at - timedelta(minutes=4))
    attempt = attempt_of(delivery)
    with acting("worker"), tenant_context(desk.tenant.id):
        attempt.delivery = delivery
        changes = {
            "review_reason": reason.value,
            "due_at": at + timedelta(minutes=11),
            "evidence": {**attempt.evidence, **evidence},
        }
        event = move_attempt(attempt, to=S.REVIEW, changes=changes)
        move(delivery, to=Delivery.State.REVIEW, at=at, problems=[review(reason)], events=[event])
    return delivery


def make_several(desk: Desk) -> Delivery:
    """UPS knows two shipments under the one reference."""
    return make_review(desk, Reason.SEVERAL, candidates=list(NUMBERS))


def make_orphan(desk: Desk) -> Delivery:
    """A shipment one too many, whose parcel UPS has already; the delivery itself is well on its way."""
    at = timezone.now()
    delivery = scene.make_doubtful(desk, created_at=at - timedelta(days=1))
    attempt = attempt_of(delivery)
    attempt.delivery = delivery
    with acting("worker"), tenant_context(desk.tenant.id):
        changes = {"settled_at": at, "due_at": at}
        absent = move_attempt(attempt, to=S.ABSENT, changes=changes)
        move(delivery, to=Delivery.State.RECEIVED, at=at, events=[absent])
    scene.ship(desk, delivery, attempt_no=2)
    with acting("worker"), tenant_context(desk.tenant.id):
        late = {"review_reason": Reason.SCANNED.value, "due_at": at, "orphaned_at": at, "void_id": NUMBERS[0]}
        happenings(desk.tenant.id, [move_attempt(attempt, to=S.ORPHAN, changes=late)])
    return delivery


def make_void_refused(desk: Desk) -> Delivery:
    """A void that a person asked for and UPS refused."""
    delivery = scene.make_shipped(desk)
    at, attempt = timezone.now(), attempt_of(delivery)
    attempt.delivery = delivery
    with acting("worker"), tenant_context(desk.tenant.id):
        number = Shipment.objects.get(attempt=attempt).ups_shipment_id
        voiding = move_attempt(attempt, to=S.VOIDING, changes={"void_id": number, "due_at": at})
        refusal = told(attempt, source="void", said="Time for voiding has expired. (190102)", at=at, then="cancel")
        changes = {"review_reason": Reason.VOID_REFUSED.value, "evidence": refusal}
        refused = move_attempt(attempt, to=S.VOID_REFUSED, changes=changes)
        problem = Problem(code="void_refused", text="UPS refused to void the shipment: time has expired.")
        move(delivery, to=Delivery.State.REVIEW, at=at, problems=[problem], events=[voiding, refused])
    return delivery


def make_deleted_after_label(desk: Desk) -> Delivery:
    """Deleted in Exact although its label was made."""
    delivery = scene.make_shipped(desk)
    problem = Problem(
        code="deleted_after_label", text="The goods delivery was deleted in Exact after its UPS label was made."
    )
    with acting("worker"), tenant_context(desk.tenant.id):
        move(delivery, to=Delivery.State.REVIEW, at=timezone.now(), problems=[problem])
    return delivery
