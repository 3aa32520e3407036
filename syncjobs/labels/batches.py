"""Labels of one delivery or of many as one file, in the order in which the goods are picked, and their printed marks.

Looking at a label, or fetching its file again, marks nothing. `hand_out` marks: it is called when a person prints.
"""

import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from audit.models import Event
from audit.record import Happening, acting, happenings
from connector_site.lib.secrets import UNREADABLE, unseal
from syncjobs.labels import printing, sheets
from syncjobs.labels.files import content_of
from syncjobs.labels.printing import USUAL_HEIGHT_INCHES, NotAPicture, Picture, is_picture
from syncjobs.models import Attempt, Delivery, Label, Parcel, PrintJob, Station
from syncjobs.transitions import delivery_event
from tenants.context import tenant_context

MOST_DELIVERIES = 200
MOST_LABELS = 500
"""In one file: what is held of them while it is made stays small."""
PRINTED = "labels printed"
"""What the audit trail says."""
PDF, PRINTER_LANGUAGE = "application/pdf", "application/octet-stream"
_MAY_COME = (Delivery.State.RECEIVED, Delivery.State.READY, Delivery.State.SHIPPING, Delivery.State.REVIEW)
"""In these states a further shipment is on its way or may exist already. On hold none does, and none is made before a
person lets it go on: until then the one before it is all that the goods can leave with, and its labels are printed.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file for a printer."""

    content: bytes
    name: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """How often labels were printed, `prints` the one that was printed most, and when the first of them was."""

    labels: int
    unprinted: int
    prints: int
    printed_at: datetime | None


def valid(label: str = "") -> Q:
    """Labels that a parcel may leave with: not voided, and UPS is not being asked to void it.

    `label` is the way to them from the rows that are filtered, such as `label__`.
    """
    is_asked = Q(**{f"{label}parcel__void_asked_at__isnull": False})
    is_voiding = Q(**{f"{label}parcel__shipment__attempt__state": Attempt.State.VOIDING})
    return not_voided(label) & ~is_asked & ~is_voiding


def not_voided(label: str = "") -> Q:
    """These and those that UPS is being asked to void, which it may refuse."""
    return Q(**{f"{label}parcel__voided_at": None, f"{label}parcel__shipment__voided_at": None})


def not_erased(label: str = "") -> Q:
    """Labels of which there is something left to print."""
    return Q(**{f"{label}erased_at": None})


def labels_in_pick_order(
    tenant_id: uuid.UUID,
    delivery_codes: Collection[uuid.UUID],
    *,
    as_listed: bool = False,
    with_erased: bool = False,
    with_earlier: bool = False,
) -> list[Label]:
    """The labels of the newest shipment that still count, or of all `with_earlier`; inside the tenant's context.

    Content, parcel, shipment and delivery are read ahead. By warehouse, storage location, item, delivery and parcel;
    `as_listed` keeps the order of the codes. One label more than `MOST_LABELS` at most. `with_erased` gives those too
    of which nothing is left to print.
    """
    rows = _whole(tenant_id).filter(valid() if with_erased else valid() & not_erased())
    rows = rows.filter(parcel__shipment__delivery__code__in=delivery_codes)
    rows = rows if with_earlier else _of_newest(rows)
    found = list(rows.order_by("parcel__shipment__delivery_id", "pk")[: MOST_LABELS + 1])
    return _as_listed(found, delivery_codes) if as_listed else in_pick_order(found)


def labels_of_keys(tenant_id: uuid.UUID, keys: Collection[int]) -> list[Label]:
    """Those of these labels that still count, in pick order, read ahead in the same way."""
    return in_pick_order(_whole(tenant_id).filter(valid() & not_erased(), pk__in=keys).order_by("pk"))


def in_pick_order(labels: Iterable[Label]) -> list[Label]:
    """As somebody walks through the warehouse; what is not known comes last."""
    return sorted(labels, key=lambda label: (_place_of(delivery_of(label)), _place_in_delivery(label)))


def is_valid(label: Label) -> bool:
    """As `valid` of one label that was read with its shipment and attempt."""
    parcel, shipment = label.parcel, label.parcel.shipment
    is_voiding = parcel.void_asked_at is not None or shipment.attempt.state == Attempt.State.VOIDING
    return parcel.voided_at is None and shipment.voided_at is None and not is_voiding


def delivery_of(label: Label) -> Delivery:
    """The delivery that the label is for."""
    return label.parcel.shipment.delivery


def hand_out(*, actor: str, tenant_id: uuid.UUID, labels: Sequence[Label], at: datetime, first: bool = False) -> bool:
    """Mark them as printed, once more where they were before: no new shipment comes of it.

    With `first` only where nothing of them came out yet; whether they were marked.
    """
    with acting(actor), tenant_context(tenant_id):
        if first and not are_new(tenant_id, labels):
            return False
        mark_printed(tenant_id, labels, at=at)
    return True


def are_new(tenant_id: uuid.UUID, labels: Sequence[Label]) -> bool:
    """Whether none of them waits and not all were printed; so it stays until the open transaction ends."""
    _lock_deliveries(tenant_id, labels)
    mine = Label.objects.filter(tenant_id=tenant_id, pk__in=[label.pk for label in labels])
    waiting = PrintJob.objects.filter(tenant_id=tenant_id, taken_at=None, label__in=labels)
    return not waiting.exists() and mine.filter(printed_at=None).exists()


def mark_printed(
    tenant_id: uuid.UUID, labels: Sequence[Label], *, at: datetime, station: Station | None = None
) -> None:
    """The same in the open transaction, as the last thing it does; `station` is where they come out.

    They wait nowhere any more. What somebody takes at this moment is passed over: that one waits for our locks.
    """
    deliveries = {delivery_of(label).pk: delivery_of(label) for label in labels}
    mine = _lock_deliveries(tenant_id, labels)
    waiting = PrintJob.objects.filter(tenant_id=tenant_id, taken_at=None, label__in=labels)
    ended = waiting.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
    PrintJob.objects.filter(tenant_id=tenant_id, pk__in=list(ended)).delete()
    rows = Label.objects.filter(tenant_id=tenant_id, pk__in=[label.pk for label in labels])
    rows.update(printed_at=Coalesce("printed_at", at), prints=F("prints") + 1)
    unprinted = _of_newest(Label.objects.filter(valid() & not_erased(), tenant_id=tenant_id, printed_at=None))
    unprinted = unprinted.filter(parcel__shipment__delivery=OuterRef("pk"))
    mine.filter(~Exists(unprinted), printed_at=None).update(printed_at=at)
    place = {"station": str(station.code)} if station else {}
    happenings(tenant_id, [_printed_event(one, labels, place) for one in deliveries.values()])


def _lock_deliveries(tenant_id: uuid.UUID, labels: Sequence[Label]) -> QuerySet[Delivery]:
    keys = {delivery_of(label).pk for label in labels}
    mine = Delivery.objects.filter(tenant_id=tenant_id, pk__in=keys)
    list(mine.order_by("pk").select_for_update().values_list("pk"))
    return mine


def marks_of(labels: Iterable[Label]) -> Marks:
    """What was printed of these."""
    known = list(labels)
    printed = [label.printed_at for label in known if label.printed_at]
    return Marks(
        labels=len(known),
        unprinted=len(known) - len(printed),
        prints=max((label.prints for label in known), default=0),
        printed_at=min(printed, default=None),
    )


def as_file(labels: Sequence[Label], *, paper: str = Station.Paper.LABEL, first_place: int = 1) -> File:
    """Those that are pictures as one PDF; `paper` is a `Station.Paper`, `first_place` the first free one of a sheet.

    Raises `printing.NotAPicture` where one cannot be drawn, or none is there.
    """
    chosen = pictures_among(labels)
    pictures = (Picture(content=_content(label), height_inches=height_inches(label)) for label in chosen)
    if paper in sheets.SHEETS:
        content = sheets.as_pdf(pictures, paper=paper, first_place=first_place)
    else:
        content = printing.as_pdf(pictures)
    return File(content=content, name=f"{_name(chosen)}.pdf", media_type=PDF)


def for_printer(labels: Sequence[Label]) -> File:
    """Those in printer language as one file. Raises `printing.NotAPicture` where there is none, or one is lost."""
    chosen = commands_among(labels)
    if not chosen:
        raise NotAPicture("There is no label in printer language.")
    content = printing.as_one_file(_content(label) for label in chosen)
    return File(content=content, name=f"{_name(chosen)}.{chosen[0].image_format.lower()}", media_type=PRINTER_LANGUAGE)


def pictures_among(labels: Iterable[Label]) -> list[Label]:
    """Those that can be put on a page."""
    return [label for label in labels if is_picture(label.image_format)]


def commands_among(labels: Iterable[Label]) -> list[Label]:
    """Those that a label printer takes as they are."""
    return [label for label in labels if not is_picture(label.image_format)]


def height_inches(label: Label) -> int:
    """The height that was asked of UPS; that of the usual label where the request cannot be read any more."""
    attempt = label.parcel.shipment.attempt
    try:
        body = unseal(attempt.request, owner=delivery_of(label).code, purpose=attempt.reference)
        return int(body["ShipmentRequest"]["LabelSpecification"]["LabelStockSize"]["Height"])
    except (*UNREADABLE, LookupError, TypeError, ValueError):
        return USUAL_HEIGHT_INCHES


def _of_newest(rows: QuerySet[Label]) -> QuerySet[Label]:
    """Without those of a shipment that a further one stands beside: its parcels have their labels.

    Nor those of the one before it while the further one may come: its parcels wait for labels of their own.
    """
    further = Parcel.objects.filter(
        tenant_id=OuterRef("tenant_id"),
        shipment__delivery=OuterRef("parcel__shipment__delivery"),
        shipment__attempt__shipment_no__gt=OuterRef("parcel__shipment__attempt__shipment_no"),
        shipment__voided_at=None,
        voided_at=None,
    )
    is_earlier = Q(parcel__shipment__delivery__shipment_no__gt=F("parcel__shipment__attempt__shipment_no"))
    return rows.filter(~Exists(further)).exclude(is_earlier, parcel__shipment__delivery__state__in=_MAY_COME)


def _whole(tenant_id: uuid.UUID) -> QuerySet[Label]:
    rows = Label.objects.filter(tenant_id=tenant_id)
    return rows.select_related("parcel__shipment__delivery", "parcel__shipment__attempt")


def _as_listed(labels: list[Label], codes: Iterable[uuid.UUID]) -> list[Label]:
    places = {code: place for place, code in enumerate(codes)}
    return sorted(labels, key=lambda label: (places[delivery_of(label).code], _place_in_delivery(label)))


def _place_of(delivery: Delivery) -> tuple[Any, ...]:
    """The first place in the warehouse that its goods are taken from, then the first item."""
    lines = delivery.facts.get("lines", [])
    place = min((str(line["place"]) for line in lines if line.get("place")), default="")
    item = min((str(line["item"]) for line in lines if line.get("item")), default="")
    number = delivery.delivery_number
    return (delivery.warehouse_code, not place, place, not item, item, len(number), number, delivery.pk)


def _place_in_delivery(label: Label) -> tuple[int, int]:
    return label.parcel.shipment_id, label.parcel.position


def _content(label: Label) -> bytes:
    try:
        content = content_of(label)
    except UNREADABLE as error:
        raise NotAPicture("A label cannot be read any more.") from error
    if content is None:
        raise NotAPicture("A label was erased.")
    return content


def _printed_event(delivery: Delivery, labels: Sequence[Label], place: dict[str, str]) -> Happening:
    mine = [label for label in labels if delivery_of(label).pk == delivery.pk]
    is_again = any(label.printed_at for label in mine)
    details = {"what": PRINTED, "numbers": [label.parcel.tracking_number for label in mine], "again": is_again}
    return delivery_event(delivery, Event.Kind.ASKED, details=details | place)


def _name(labels: Sequence[Label]) -> str:
    deliveries: Iterator[Delivery] = iter({delivery_of(label).pk: delivery_of(label) for label in labels}.values())
    first = next(deliveries, None)
    others = sum(1 for _ in deliveries)
    number = (first.delivery_number or str(first.code)) if first else "none"
    return f"labels-{number}-and-{others}-more" if others else f"labels-{number}"
