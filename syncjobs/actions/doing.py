"""What a person does with a delivery: one function for each action, behind the page, the list, the API and the command.

Each raises `Delivery.DoesNotExist` or `NotAllowed`, whose message says why; then nothing has happened. `actor` is who
asked, as the audit trail names people.
"""

import uuid
from datetime import datetime
from typing import Any

from audit.models import Event
from audit.record import Happening, acting
from connector_site.lib.wording import said
from syncjobs import queue, replay
from syncjobs.actions.rules import Action, Allowed, Facts, NotAllowed, allowed, locked_facts, must_allow
from syncjobs.actions.shipping_again import ship_again
from syncjobs.actions.voiding import Then, void, void_parcels
from syncjobs.models import Attempt, Delivery, SyncJob
from syncjobs.problems import Problem
from syncjobs.reporting import tell_of_end
from syncjobs.setup.going_live import approve, content_to_approve
from syncjobs.transitions import delivery_event, move, move_attempt
from tenants.context import tenant_context

__all__ = [
    "Action",
    "Allowed",
    "NotAllowed",
    "Then",
    "allowed",
    "cancel",
    "hold",
    "release",
    "ship_again",
    "ship_now",
    "void",
    "void_parcels",
]
_NOT_APPROVED: dict[str, Any] = {"approved_at": None, "approved_content": ""}


def cancel(*, actor: str, tenant_id: uuid.UUID, delivery_code: uuid.UUID, at: datetime) -> None:
    """Ship nothing for it: one that is not shipped yet ends here.

    Of one that was to be shipped again only the further shipment is given up: it goes on with the label it has.
    """
    with acting(actor), tenant_context(tenant_id):
        facts = locked_facts(tenant_id, delivery_code)
        must_allow(Action.CANCEL, facts)
        events = _asked(facts, "cancel")
        if facts.has_earlier_label:
            _back_to_label(facts, events, at)
            return
        tell_of_end(facts.delivery, at)
        changes = {"stopped_at": at, "asked_again_at": None, "proof_problem": ""} | _NOT_APPROVED
        problem = Problem(code="cancelled_by_person", text=said("A person cancelled this delivery here."))
        move(facts.delivery, to=Delivery.State.CANCELLED, at=at, problems=[problem], changes=changes, events=events)


def hold(*, actor: str, tenant_id: uuid.UUID, delivery_code: uuid.UUID, at: datetime) -> None:
    """Stop it before it is shipped, until a person lets it go on."""
    with acting(actor), tenant_context(tenant_id):
        facts = locked_facts(tenant_id, delivery_code)
        must_allow(Action.HOLD, facts)
        changes = {"stopped_at": at, "asked_again_at": None}
        problem = Problem(
            code=replay.HELD_BY_PERSON,
            text=said("A person stopped this delivery before it was shipped."),
            where=said("Use “Let it go on” when it may leave."),
        )
        events = _asked(facts, "hold")
        move(facts.delivery, to=Delivery.State.HOLD, at=at, problems=[problem], changes=changes, events=events)


def release(*, actor: str, tenant_id: uuid.UUID, delivery_code: uuid.UUID, at: datetime) -> None:
    """Let one that a person stopped go on."""
    with acting(actor), tenant_context(tenant_id):
        facts = locked_facts(tenant_id, delivery_code)
        must_allow(Action.RELEASE, facts)
        replay.go_on(facts.delivery, SyncJob.Kind.READ, what="release", at=at)


def ship_now(*, actor: str, tenant_id: uuid.UUID, delivery_code: uuid.UUID, at: datetime, content: str = "") -> None:
    """Approve what waits for approval, let go on what a person stopped, else look again at what is held or skipped.

    `content` is the fingerprint of what she saw waiting for approval: nothing else is approved.
    """
    with tenant_context(tenant_id):
        facts = locked_facts(tenant_id, delivery_code)
        must_allow(Action.SHIP_NOW, facts)
        waits_for, is_stopped = content_to_approve(facts.delivery), replay.is_held_by_person(facts.delivery)
    if waits_for and not content:
        raise NotAllowed(said("It waits for approval. Look at what would be shipped, then approve that."))
    if waits_for:
        approved = approve(actor=actor, tenant_id=tenant_id, chosen={delivery_code: content}, at=at)
        if not approved.count:
            raise NotAllowed(said("It has changed in the meantime. Look at it once more before you approve it."))
        return
    if is_stopped:
        release(actor=actor, tenant_id=tenant_id, delivery_code=delivery_code, at=at)
        return
    try:
        replay.run_again(actor=actor, tenant_id=tenant_id, delivery_code=delivery_code, at=at)
    except replay.NotAllowedNow as refused:
        raise NotAllowed(str(refused)) from refused


def _asked(facts: Facts, what: str) -> list[Happening]:
    """That it was asked for, and the end of a plan that was not sent."""
    asked = delivery_event(facts.delivery, Event.Kind.ASKED, details={"what": what})
    planned = [row for row in facts.attempts if row.state == Attempt.State.PLANNED]
    return [asked, *(move_attempt(row, to=Attempt.State.CANCELLED) for row in planned)]


def _back_to_label(facts: Facts, events: list[Happening], at: datetime) -> None:
    """Its number is compared with Exact's once more, and its parcels' way moves it on from there."""
    delivery = facts.delivery
    number = facts.attempt_of(facts.live[-1]).shipment_no
    changes = {"shipment_no": number, "stopped_at": None, "asked_again_at": None, "facts_read_at": None} | _NOT_APPROVED
    for kind in (SyncJob.Kind.REPORT, SyncJob.Kind.EVENTS):
        queue.add(delivery.tenant_id, kind, delivery.code, due_at=at, correlation=delivery.correlation)
    move(delivery, to=Delivery.State.LABELLED, at=at, changes=changes, events=events)
