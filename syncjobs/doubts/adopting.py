"""Keeping a shipment that UPS made: its numbers, labels and cost, however we came to know of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef

from audit.models import Event
from audit.record import Happening
from connector_site.lib.secrets import unseal
from connector_site.lib.wording import said
from syncjobs import queue
from syncjobs.labels import stations
from syncjobs.labels.files import new_label
from syncjobs.models import Attempt, Delivery, Label, Parcel, Shipment, SyncJob
from syncjobs.problems import Problem
from syncjobs.steps.context import Labelled, Step
from syncjobs.tracking import alerting
from syncjobs.tracking.looking import WITHOUT_ALERT_HOURS, hours
from syncjobs.transitions import DELIVERY_MOVES, delivery_event, move, move_attempt
from ups.answers import Alert, ParcelLabel, RecoveryAnswer, ShipmentAnswer

UNSETTLED = frozenset({Attempt.State.SENDING, Attempt.State.IN_DOUBT, Attempt.State.REVIEW})
"""States in which UPS's own late answer settles an attempt."""
ANSWER, RECOVERY = "answer", "recovery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A shipment at UPS, complete with its labels; `source` says who told. Label Recovery tells no charge."""

    ups_shipment_id: str
    parcels: tuple[ParcelLabel, ...]
    source: str
    charge: Decimal | None = None
    currency: str = ""
    alerts: tuple[Alert, ...] = ()

    @property
    def numbers(self) -> list[str]:
        """The tracking numbers of its parcels."""
        return [parcel.tracking_number for parcel in self.parcels]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Package:
    weight: str
    unit: str


_UNKNOWN_PACKAGE = _Package(weight="0", unit="")


def made(answer: ShipmentAnswer) -> Made:
    """From the answer to the ship call itself."""
    return Made(
        ups_shipment_id=answer.ups_shipment_id,
        parcels=answer.parcels,
        source=ANSWER,
        charge=answer.charge,
        currency=answer.currency or "",
        alerts=answer.alerts,
    )


def recovered(answer: RecoveryAnswer) -> Made:
    """From Label Recovery."""
    return Made(ups_shipment_id=answer.ups_shipment_id, parcels=answer.parcels, source=RECOVERY)


def lock(attempt: Attempt) -> bool:
    """Lock its delivery in the open transaction, and bring both up to what stands in the database now.

    Returns whether Exact told of a change of it meanwhile: then what was read of it no longer holds.
    """
    connection = attempt.delivery.connection
    asked = SyncJob.objects.filter(
        tenant_id=attempt.tenant_id,
        kind=SyncJob.Kind.READ,
        subject=OuterRef("code"),
        state__in=[SyncJob.State.DUE, SyncJob.State.RUNNING],
    )
    rows = Delivery.objects.select_for_update().annotate(is_to_be_read=Exists(asked))
    delivery = rows.get(tenant_id=attempt.tenant_id, pk=attempt.delivery_id)
    delivery.connection = connection
    attempt.delivery = delivery
    attempt.refresh_from_db(
        fields=["state", "evidence", "late_answer", "due_at", "absent_count", "first_absent_at", "review_reason"]
    )
    return delivery.is_to_be_read


def keep(
    attempt: Attempt,
    shipment: Made,
    *,
    step: Step,
    at: datetime,
    end: Callable[[], None],
    is_to_be_read: bool = True,
    also: tuple[Happening, ...] = (),
) -> None:
    """Store it, in the open transaction that holds the delivery's lock, and move attempt and delivery on.

    `end` ends the job at hand; `is_to_be_read` makes the step that writes to Exact look there first. A delivery that
    was stopped meanwhile comes to a person with its label. Raises `IntegrityError` when one of the numbers is known
    from another shipment.
    """
    delivery = attempt.delivery
    created = move_attempt(attempt, to=Attempt.State.CREATED, changes={"settled_at": at, "review_reason": ""})
    row = _store(attempt, shipment, at)
    end()
    events = [*also, *step.told(delivery), created, _labels_event(delivery, row, shipment)]
    if Delivery.State.LABELLED not in DELIVERY_MOVES[delivery.state]:
        problems, changes = [_unexpected_label(row)], _taken_for(attempt)
        move(delivery, to=Delivery.State.REVIEW, at=at, changes=changes, problems=problems, events=events)
        return
    alerting.want(attempt.account, shipment.numbers, at=at)
    kind, code = SyncJob.Kind.REPORT, delivery.code
    move_on = queue.add_claimed(attempt.tenant_id, kind, code, at=at, correlation=delivery.correlation)
    read_at = None if is_to_be_read else delivery.facts_read_at
    changes = {"facts_read_at": read_at} | _taken_for(attempt)
    move(delivery, to=Delivery.State.LABELLED, at=at, changes=changes, events=events)
    step.hand(delivery, Labelled(delivery=delivery, numbers=shipment.numbers))
    step.follow(move_on)


def _taken_for(attempt: Attempt) -> dict[str, Any]:
    """What a person asked for is answered; of an earlier shipment, in place of the further one that she asked for."""
    changes: dict[str, Any] = {"printed_at": None, "asked_again_at": None}
    if attempt.shipment_no >= attempt.delivery.shipment_no:
        return changes
    return changes | {"shipment_no": attempt.shipment_no, "approved_at": None, "approved_content": ""}


def label_format_of(attempt: Attempt) -> str:
    """UPS's name of the label format that was asked for."""
    body = unseal(attempt.request, owner=attempt.delivery.code, purpose=attempt.reference)
    return str(body["ShipmentRequest"]["LabelSpecification"]["LabelImageFormat"]["Code"])


def _unexpected_label(shipment: Shipment) -> Problem:
    return Problem(
        code="unexpected_label",
        text=said(
            "UPS made shipment {number}, but the delivery was stopped in the meantime.", number=shipment.ups_shipment_id
        ),
        where=said("If the goods leave, use this label and enter its number in Exact; else void the shipment at UPS."),
    )


def _packages(attempt: Attempt, count: int) -> list[_Package]:
    """What was asked for, parcel by parcel; a person may have taken a shipment of more or fewer parcels."""
    body = unseal(attempt.request, owner=attempt.delivery.code, purpose=attempt.reference)
    sent = [row.get("PackageWeight", {}) for row in body["ShipmentRequest"]["Shipment"]["Package"]]
    known = [
        _Package(weight=row.get("Weight", "0"), unit=row.get("UnitOfMeasurement", {}).get("Code", "")) for row in sent
    ]
    return known if len(known) == count else [_UNKNOWN_PACKAGE] * count


def _store(attempt: Attempt, shipment: Made, at: datetime) -> Shipment:
    row = Shipment.objects.create(
        tenant_id=attempt.tenant_id,
        attempt=attempt,
        delivery=attempt.delivery,
        ups_shipment_id=shipment.ups_shipment_id,
        service_code=_service(attempt),
        country=_country(attempt),
        charge_amount=shipment.charge,
        charge_currency=shipment.currency,
        alerts=[{"code": alert.code, "text": alert.text} for alert in shipment.alerts],
        source=shipment.source,
        created_at=at,
    )
    packages = _packages(attempt, len(shipment.parcels))
    parcels = Parcel.objects.bulk_create(
        Parcel(
            tenant_id=attempt.tenant_id,
            shipment=row,
            position=position,
            tracking_number=parcel.tracking_number,
            weight=package.weight,
            weight_unit=package.unit,
            look_at=at + hours(WITHOUT_ALERT_HOURS),
        )
        for position, (parcel, package) in enumerate(zip(shipment.parcels, packages, strict=True), start=1)
    )
    Label.objects.bulk_create(
        new_label(parcel, image_format=label.image_format, content=label.content, at=at)
        for parcel, label in zip(parcels, shipment.parcels, strict=True)
    )
    stations.enqueue_new(row, attempt.delivery.warehouse_code, at)
    return row


def _service(attempt: Attempt) -> str:
    body = unseal(attempt.request, owner=attempt.delivery.code, purpose=attempt.reference)
    return str(body["ShipmentRequest"]["Shipment"]["Service"]["Code"])


def _country(attempt: Attempt) -> str:
    """Where it goes: two letters, and no more of the receiver."""
    body = unseal(attempt.request, owner=attempt.delivery.code, purpose=attempt.reference)
    to = body["ShipmentRequest"]["Shipment"].get("ShipTo", {})
    return str(to.get("Address", {}).get("CountryCode", ""))[:2]


def _labels_event(delivery: Delivery, row: Shipment, shipment: Made) -> Happening:
    details: dict[str, Any] = {"what": "labels stored", "shipment": row.ups_shipment_id, "numbers": shipment.numbers}
    if shipment.source != ANSWER:
        details["source"] = shipment.source
    return delivery_event(delivery, Event.Kind.CHANGED, details=details)
