"""Voiding what UPS made: a whole shipment, or single parcels of it. The intention is committed, a step asks UPS.

A refusal is a normal outcome: what UPS refuses to void stays good, and the delivery stays where it is.
"""

import uuid
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any

from audit.models import Event
from audit.record import acting, happenings
from connector_site.lib.secrets import UNREADABLE, unseal
from connector_site.lib.wording import said
from syncjobs import queue
from syncjobs.actions.rules import (
    Action,
    Facts,
    NotAllowed,
    live_parcels_of,
    locked_facts,
    must_allow,
    voidable_parcels,
    why_not_void,
)
from syncjobs.doubts.evidence import REFUSAL, decided, told
from syncjobs.finders import mark_of_words
from syncjobs.models import Attempt, Parcel, Shipment, SyncJob
from syncjobs.steps.discarding import AGAIN, CANCEL, FROM_DESK
from syncjobs.transitions import delivery_event, move_attempt
from tenants.context import tenant_context
from ups.limits import VOID_NUMBERS

REASON_CHARACTERS = 500


class Then(StrEnum):
    """What becomes of the delivery once its shipment is voided."""

    CANCEL = CANCEL
    AGAIN = AGAIN


def void(
    *,
    actor: str,
    tenant_id: uuid.UUID,
    delivery_code: uuid.UUID,
    then: Then,
    at: datetime,
    reason: str = "",
    shipment_code: uuid.UUID | None = None,
) -> None:
    """Have UPS void a whole shipment; without a code the newest one. Raises `NotAllowed`."""
    with acting(actor), tenant_context(tenant_id):
        facts = locked_facts(tenant_id, delivery_code)
        must_allow(Action.VOID, facts)
        shipment = _chosen(facts, shipment_code)
        if facts.delivery.return_of_id is not None and then is Then.AGAIN:
            raise NotAllowed(said("A return is not shipped again. Void it, then order another return label."))
        if then is Then.AGAIN and shipment != facts.live[-1]:
            raise NotAllowed(said("A newer shipment of it stands. Void this one without shipping it again."))
        attempt = facts.attempt_of(shipment)
        words = reason.strip()[:REASON_CHARACTERS]
        details = {"what": "void", "then": then.value, "shipment": shipment.ups_shipment_id}
        details |= {"reason_fingerprint": mark_of_words(tenant_id, words)} if words else {}
        asked = delivery_event(facts.delivery, Event.Kind.ASKED, details=details)
        changes = {
            "void_id": shipment.ups_shipment_id,
            "due_at": at,
            "asks": 0,
            "review_reason": "",
            "evidence": _evidence(attempt, shipment, then, words, at),
        }
        event = move_attempt(attempt, to=Attempt.State.VOIDING, changes=changes)
        kind, delivery = SyncJob.Kind.SETTLE, facts.delivery
        queue.add(tenant_id, kind, delivery.code, due_at=at, correlation=delivery.correlation)
        happenings(tenant_id, [asked, event])


def void_parcels(
    *, actor: str, tenant_id: uuid.UUID, delivery_code: uuid.UUID, numbers: Collection[str], at: datetime
) -> None:
    """Have UPS void these parcels of a shipment that keeps others. Raises `NotAllowed`."""
    with acting(actor), tenant_context(tenant_id):
        facts = locked_facts(tenant_id, delivery_code)
        must_allow(Action.VOID_PARCELS, facts)
        chosen = _parcels(facts, frozenset(numbers))
        rows = Parcel.objects.filter(tenant_id=tenant_id, pk__in=[row.pk for row in chosen])
        rows.update(void_asked_at=at, void_refusal="")
        delivery = facts.delivery
        queue.add(tenant_id, SyncJob.Kind.VOID, delivery.code, due_at=at, correlation=delivery.correlation)
        details = {"what": "void parcels", "numbers": [row.tracking_number for row in chosen]}
        happenings(tenant_id, [delivery_event(delivery, Event.Kind.ASKED, details=details)])


def _evidence(attempt: Attempt, shipment: Shipment, then: Then, words: str, at: datetime) -> dict[str, Any]:
    what = said("void it") if then is Then.CANCEL else said("void it and ship again")
    if words:
        attempt.evidence = decided(attempt, decision=f"void_{then.value}", reason=words, at=at)
    numbers = [shipment.ups_shipment_id]
    found = told(attempt, source="person", said=what, numbers=numbers, at=at, then=then.value, **{FROM_DESK: True})
    found.pop(REFUSAL, None)
    return found


def _chosen(facts: Facts, code: uuid.UUID | None) -> Shipment:
    """The shipment that is meant, if it can be voided."""
    found = next((row for row in reversed(facts.live) if code in (None, row.code)), None)
    if found is None:
        raise NotAllowed(said("This shipment is voided already, or is being voided."))
    why_not = why_not_void(facts, found)
    if why_not:
        raise NotAllowed(why_not)
    return found


def _parcels(facts: Facts, numbers: frozenset[str]) -> list[Parcel]:
    """Those that are meant, all of one shipment."""
    if not numbers:
        raise NotAllowed(said("Choose at least one parcel."))
    shipment = next(
        (row for row in facts.live if numbers <= {one.tracking_number for one in voidable_parcels(facts, row)}), None
    )
    if shipment is None:
        raise NotAllowed(said("One of these parcels cannot be voided alone any more. Look at the delivery once more."))
    staying = [row for row in live_parcels_of(shipment) if row.void_asked_at is None]
    if len(staying) <= len(numbers):
        raise NotAllowed(said("One parcel has to stay. To void them all, void the whole shipment."))
    if len(numbers) > VOID_NUMBERS:
        raise NotAllowed(said("UPS voids at most {number} parcels at once.", number=VOID_NUMBERS))
    if _is_abroad(facts.attempt_of(shipment)):
        raise NotAllowed(
            said("UPS voids single parcels of shipments within a country only. Void the whole shipment instead.")
        )
    return [row for row in staying if row.tracking_number in numbers]


def _is_abroad(attempt: Attempt) -> bool:
    """Whether it crosses a border, by the request itself; not known any more once that is erased."""
    request = Attempt.objects.filter(tenant_id=attempt.tenant_id, pk=attempt.pk).values_list("request", flat=True).get()
    if request is None:
        return False
    try:
        body = unseal(request, owner=attempt.delivery.code, purpose=attempt.reference)
    except UNREADABLE:
        return False
    sent = body["ShipmentRequest"]["Shipment"]
    origin = sent.get("ShipFrom") or sent["Shipper"]
    return bool(origin["Address"]["CountryCode"] != sent["ShipTo"]["Address"]["CountryCode"])
