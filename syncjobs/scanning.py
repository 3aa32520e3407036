"""What a scanned number stands for, and what the scan desk does with it. Reads only, inside the tenant's context."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import QuerySet

from connector_site.lib.wording import said
from syncjobs import packing, replay
from syncjobs.labels import batches
from syncjobs.listing import searching
from syncjobs.models import Delivery, Label, Parcel, PrintJob
from syncjobs.problems import Problem, from_json
from syncjobs.receivers import with_receiver
from syncjobs.setup.going_live import APPROVAL

NUMBER_CHARACTERS = 60
"""Longer than any number that we print or Exact knows; the rest of a scan is not looked at."""
CHOICES = 9
"""One digit chooses among them."""
USUAL = timedelta(seconds=20)
"""A label takes a few seconds; after this nobody stands and waits for it."""
_ITS_GOODS_ARE_WEIGHED = frozenset({"item_weight_missing", "item_too_heavy", "too_many_parcels"})
"""Problems that the scale solves."""
_MOVING = frozenset({Delivery.State.RECEIVED, Delivery.State.READY, Delivery.State.SHIPPING})
_STOPPED = {
    Delivery.State.CANCELLED: (
        said("This delivery is cancelled."),
        said("Put it aside: nothing is shipped for it."),
    ),
    Delivery.State.REVIEW: (
        said("A person has to decide about this delivery first."),
        said("Put it aside; it stands on the page “To do”."),
    ),
}
_NO_LABELS = said("It has no label that may be printed now."), said("The page of the delivery says what became of it.")


class Stage(StrEnum):
    """What the desk does with a delivery."""

    PACK = "pack"
    WAIT = "wait"
    LABEL = "label"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The stage; where something is in the way, what it is (`text`) and what to do (`advice`)."""

    stage: Stage
    text: str = ""
    advice: str = ""
    problems: tuple[Problem, ...] = ()


def find(tenant_id: uuid.UUID, scanned: str) -> list[Delivery]:
    """The deliveries whose own number, order, tracking number or code this is exactly, newest first; at most nine."""
    number = "".join(scanned[:NUMBER_CHARACTERS].split()).strip("*").upper()
    if not number:
        return []
    rows = Delivery.objects.filter(tenant_id=tenant_id)
    code = _code(number)
    if code is not None:
        return _with_receivers(rows.filter(code=code))
    parcel = Parcel.objects.filter(tenant_id=tenant_id, tracking_number=number).select_related("shipment").first()
    if parcel is not None:
        return _with_receivers(rows.filter(pk=parcel.shipment.delivery_id))
    candidates = rows.filter(pk__in=searching.find(tenant_id, number) or [], return_of=None)
    named = candidates.values_list("pk", "delivery_number", "order_numbers")
    keys = [pk for pk, own, orders in named if number == own.upper() or number in orders.upper().split(", ")]
    return _with_receivers(rows.filter(pk__in=keys))


def whole(tenant_id: uuid.UUID) -> QuerySet[Delivery]:
    """Deliveries with their receivers; nothing sealed but those is loaded."""
    return with_receiver(Delivery.objects.filter(tenant_id=tenant_id))


def labels_of(delivery: Delivery) -> list[Label]:
    """The labels of its present shipment that still count, without their contents; in the order of the parcels."""
    rows = Label.objects.filter(
        batches.valid(),
        batches.not_erased(),
        tenant_id=delivery.tenant_id,
        parcel__shipment__delivery=delivery,
        parcel__shipment__attempt__shipment_no=delivery.shipment_no,
    )
    read = rows.select_related("parcel__shipment").defer("content", "sealed_key")
    return list(read.order_by("parcel__shipment__created_at", "parcel__position"))


def waits_at(labels: Sequence[Label]) -> str:
    """The station where one of these labels waits to be printed; empty where none does."""
    waiting = PrintJob.objects.filter(label__in=labels, taken_at=None).values_list("station__name", flat=True)
    return waiting.first() or "" if labels else ""


def mark_of(delivery: Delivery, standing: Standing) -> str:
    """Changes when the part of the page does."""
    return f"{standing.stage}.{delivery.state}.{delivery.changed_at:%s%f}.{bool(standing.text)}"


def standing_of(delivery: Delivery, labels: Sequence[Label], *, is_paused: bool, at: datetime) -> Standing:
    """Pure; `labels` are those that still count and can be printed."""
    state, problems = delivery.state, tuple(from_json(delivery.problems))
    if labels and state != Delivery.State.CANCELLED:
        return Standing(stage=Stage.LABEL, problems=problems)
    if state in _MOVING or (state == Delivery.State.HOLD and delivery.asked_again_at is not None):
        return _moving(delivery, is_paused=is_paused, at=at)
    if state == Delivery.State.HOLD:
        return _held(delivery, problems, is_paused=is_paused)
    if state == Delivery.State.SKIPPED:
        return Standing(stage=Stage.STOP, text=said("It is not one for UPS."), problems=problems)
    return _stop(*_STOPPED.get(Delivery.State(state), _NO_LABELS))


def _moving(delivery: Delivery, *, is_paused: bool, at: datetime) -> Standing:
    if is_paused and delivery.state != Delivery.State.SHIPPING:
        return _paused()
    asked_at = max(filter(None, (delivery.asked_again_at, delivery.changed_at)))
    if at - asked_at <= USUAL:
        return Standing(stage=Stage.WAIT)
    return Standing(
        stage=Stage.WAIT,
        text=said("The label takes longer than usual."),
        advice=said("Put it aside and scan the next one. It is seen to by itself, and no second label is made."),
    )


def _held(delivery: Delivery, problems: tuple[Problem, ...], *, is_paused: bool) -> Standing:
    if replay.is_held_by_person(delivery):
        return _stop(said("A person stopped this delivery."), said("Put it aside, or let it go on from its page."))
    if packing.why_not(delivery):
        text = said("It cannot be shipped yet.")
        return Standing(stage=Stage.STOP, text=text, problems=problems)
    if is_paused:
        return _paused()
    solved = {APPROVAL, *_ITS_GOODS_ARE_WEIGHED}
    return Standing(stage=Stage.PACK, problems=tuple(one for one in problems if one.code not in solved))


def _paused() -> Standing:
    return _stop(
        said("Shipping is paused here; nothing is shipped until somebody resumes it."),
        said("Put it aside, or have shipping resumed."),
    )


def _stop(text: str, advice: str) -> Standing:
    return Standing(stage=Stage.STOP, text=text, advice=advice)


def _with_receivers(found: QuerySet[Delivery]) -> list[Delivery]:
    return list(with_receiver(found).order_by("-created_at", "-pk")[:CHOICES])


def _code(number: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(number)
    except ValueError:
        return None
