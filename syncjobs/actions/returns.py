"""Bringing goods back: a return is a delivery of its own that stands in Exact nowhere, from the customer to us.

A person sees the price first, and her confirmation is good for one label: the return bears the code of the preview
that she confirmed, so that it is made once, however often she presses.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from audit.models import Event
from audit.record import acting, happenings
from connector_site.lib.secrets import UNREADABLE, seal, unseal
from connector_site.lib.wording import said
from syncjobs import queue
from syncjobs.actions import previewing
from syncjobs.actions.return_plans import Chosen, as_facts, as_rows, chosen_of, from_rows, plan_back
from syncjobs.actions.rules import Action, NotAllowed, locked_facts, must_allow
from syncjobs.models import Delivery, Preview, SyncJob
from syncjobs.parties import keep_party
from syncjobs.problems import Problem
from syncjobs.steps.decide import create_attempt
from syncjobs.steps.planning import Plan, Unready
from syncjobs.transitions import delivery_event
from tenants import shipping_switch
from tenants.context import tenant_context
from tenants.models import Tenant

__all__ = [
    "Chosen",
    "NotAllowed",
    "ask",
    "coming_back",
    "find_look",
    "find_made",
    "make_return",
    "plan_once_more",
    "plan_return",
    "why_not_now",
]

_CHOICE = "return choice"


def ask(
    *, actor: str, tenant_id: uuid.UUID, delivery_code: uuid.UUID, parcels: Sequence[Chosen], at: datetime
) -> uuid.UUID:
    """Have a worker ask UPS what this return would cost; returns the batch of its `Preview`.

    Raises `Delivery.DoesNotExist` or `NotAllowed`.
    """
    with acting(actor), tenant_context(tenant_id):
        delivery = _locked(tenant_id, delivery_code, parcels)
        batch = uuid.uuid4()
        preview = Preview(
            tenant_id=tenant_id,
            delivery=delivery,
            action=Preview.Action.RETURN,
            batch=batch,
            asked_by=actor[:80],
            asked_at=at,
        )
        preview.sealed_result = seal(as_rows(parcels), owner=preview.code, purpose=_CHOICE)
        preview.save(force_insert=True)
        queue.add(tenant_id, SyncJob.Kind.PREVIEW, batch, due_at=at)
        details = {"what": "preview", "action": preview.action, "parcels": len(parcels)}
        happenings(tenant_id, [delivery_event(delivery, Event.Kind.ASKED, details=details)])
    return batch


def plan_return(preview: Preview) -> Plan:
    """The request that an open preview is about, for the step that looks up its price. Calls nobody outside.

    Inside the tenant's context. What was chosen is read from where `ask` put it: `sealed_result`, until there is one.
    Raises `Unready` with what is wrong.
    """
    try:
        chosen = from_rows(unseal(preview.sealed_result, owner=preview.code, purpose=_CHOICE))
    except UNREADABLE as error:
        raise Unready([_unreadable()]) from error
    return plan_back(preview.delivery, chosen)


def plan_once_more(back: Delivery) -> Plan:
    """A return as it would be ordered now. Inside the tenant's context; raises `Unready` with what is wrong."""
    rows = Delivery.objects.select_related("connection").filter(tenant_id=back.tenant_id)
    return plan_back(rows.get(returns=back), chosen_of(back), of=back)


def make_return(
    *,
    actor: str,
    tenant_id: uuid.UUID,
    delivery_code: uuid.UUID,
    parcels: Sequence[Chosen],
    preview_code: uuid.UUID,
    at: datetime,
    without_price: bool = False,
) -> Delivery:
    """Order the return label that the preview showed; asked twice, it is the same return.

    Where UPS named no price, the person says that she wants it all the same (`without_price`).

    Raises `Delivery.DoesNotExist` or `NotAllowed`; then nothing has happened.
    """
    with acting(actor), tenant_context(tenant_id):
        locked = Delivery.objects.select_for_update(of=("self",)).get(tenant_id=tenant_id, code=delivery_code)
        known = find_made(locked, preview_code)
        if known is not None:
            return known
        delivery = _locked(tenant_id, delivery_code, parcels)
        preview = _confirmed(delivery, preview_code, at)
        if preview.quoted_amount is None and not without_price:
            raise NotAllowed(previewing.NO_PRICE)
        try:
            made = plan_back(delivery, parcels)
        except Unready as unready:
            raise NotAllowed(" ".join(problem.text for problem in unready.problems)) from unready
        if made.content_hash != preview.content_hash:
            raise NotAllowed(
                said("It is no longer what the price was asked for; have the price shown once more, then confirm.")
            )
        return _order(delivery, preview, parcels, made, at)


def find_look(
    tenant_id: uuid.UUID, delivery: Delivery, batch: uuid.UUID, *, at: datetime
) -> previewing.PreviewShown | None:
    """What was found of the price, for the page. Inside the tenant's context."""
    found = previewing.shown(tenant_id, batch, at=at)
    mine = [one for one in found if one.preview.action == Preview.Action.RETURN and one.delivery.pk == delivery.pk]
    return mine[0] if mine else None


def find_made(delivery: Delivery, preview_code: uuid.UUID) -> Delivery | None:
    """The return that was ordered by confirming this preview. Inside the tenant's context."""
    return Delivery.objects.filter(tenant_id=delivery.tenant_id, code=preview_code, return_of=delivery).first()


def why_not_now(delivery: Delivery) -> str:
    """Why the company has nothing shipped, not even back; empty where it has. Takes the lock of its switch."""
    switch = shipping_switch.read(delivery.tenant_id)
    if switch.closed_at is not None or not delivery.connection.is_live:
        return said("The company is not connected to Exact Online any more, so nothing is ordered at UPS for it.")
    if switch.mode == Tenant.ShippingMode.OFF:
        return said("Shipping has not been switched on here yet.")
    return ""


def coming_back(delivery: Delivery) -> frozenset[str]:
    """The numbers of its parcels that a return was ordered for, and not cancelled since."""
    rows = Delivery.objects.filter(tenant_id=delivery.tenant_id, return_of=delivery)
    found = rows.exclude(state=Delivery.State.CANCELLED)
    return frozenset(one.number for row in found for one in chosen_of(row))


def _locked(tenant_id: uuid.UUID, delivery_code: uuid.UUID, parcels: Sequence[Chosen]) -> Delivery:
    """The delivery, locked, if these parcels of it may come back now; else `NotAllowed`."""
    facts = locked_facts(tenant_id, delivery_code)
    must_allow(Action.RETURN, facts)
    why_not = why_not_now(facts.delivery)
    if why_not:
        raise NotAllowed(why_not)
    numbers = [one.number for one in parcels]
    if not numbers or len(set(numbers)) < len(numbers):
        raise NotAllowed(said("Choose the parcels that come back, each once."))
    twice = sorted(coming_back(facts.delivery).intersection(numbers))
    if twice:
        raise NotAllowed(
            said("Parcel {number} has a return label already; cancel or void that one first.", number=twice[0])
        )
    return facts.delivery


def _confirmed(delivery: Delivery, preview_code: uuid.UUID, at: datetime) -> Preview:
    """The preview, locked and now used up: one confirmation is one label."""
    rows = Preview.objects.select_for_update(of=("self",)).filter(tenant_id=delivery.tenant_id, delivery=delivery)
    preview = rows.filter(code=preview_code, action=Preview.Action.RETURN).first()
    if preview is None or not previewing.is_good(preview, at=at):
        raise NotAllowed(said("What was shown is too old to be confirmed; have the price shown once more."))
    Preview.objects.filter(tenant_id=delivery.tenant_id, pk=preview.pk).update(used_at=at)
    return preview


def _order(delivery: Delivery, preview: Preview, parcels: Sequence[Chosen], made: Plan, at: datetime) -> Delivery:
    customer = made.spec.origin
    back = Delivery.objects.create(
        code=preview.code,
        tenant_id=delivery.tenant_id,
        connection=delivery.connection,
        return_of=delivery,
        delivery_number=delivery.delivery_number,
        order_numbers=delivery.order_numbers,
        warehouse_code=delivery.warehouse_code,
        state=Delivery.State.READY,
        facts=as_facts(delivery, parcels),
        facts_read_at=at,
        approved_at=at,
        approved_content=made.content_hash,
        created_at=at,
        changed_at=at,
    )
    keep_party(back, customer, at=at)
    create_attempt(back, made, attempt_no=1, at=at)
    queue.add(back.tenant_id, SyncJob.Kind.SHIP, back.code, due_at=at, correlation=back.correlation)
    numbers = [one.number for one in parcels]
    ordered: dict[str, Any] = {"what": "return ordered", "return": str(back.code), "numbers": numbers}
    ordered |= {"without_price": True} if preview.quoted_amount is None else {}
    begun = {"what": "return ordered", "of": str(delivery.code), "numbers": numbers}
    happenings(
        delivery.tenant_id,
        [
            delivery_event(delivery, Event.Kind.ASKED, details=ordered),
            delivery_event(back, Event.Kind.ASKED, details=begun),
        ],
    )
    return back


def _unreadable() -> Problem:
    return Problem(
        code="preview_unreadable",
        text=said("What was chosen cannot be read any more."),
        where=said("the delivery's page: choose the parcels once more"),
    )
