"""Rows of the list of deliveries: all that a column may show, in one statement however many rows there are."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, JSONObject, NullIf
from django.utils import timezone

from syncjobs.alarms.troubles import DOUBT_MINUTES
from syncjobs.desk import IN_DOUBT, LONG_IN_DOUBT, Shown, shown_milestone, shown_state
from syncjobs.doubts.settling import minutes
from syncjobs.models import Attempt, Attention, Delivery, Parcel, Shipment
from syncjobs.receivers import Receiver, receiver_of, with_receiver
from syncjobs.setup.going_live import content_to_approve
from ups.services import service_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What UPS charges for a delivery's live shipments in one currency."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A delivery in a list; what no chosen column shows may be empty."""

    delivery: Delivery
    shown: Shown
    milestone: Shown | None
    receiver: Receiver | None
    tracking_numbers: tuple[str, ...]
    services: tuple[str, ...] = ()
    costs: tuple[Cost, ...] = ()
    assigned_to: str = ""

    @property
    def to_approve(self) -> str:
        """The fingerprint of what waits for approval, as the row shows it."""
        return content_to_approve(self.delivery)

    @property
    def printed_at(self) -> datetime | None:
        """When the last of its labels was printed first."""
        return self.delivery.printed_at


def rows_of(tenant_id: uuid.UUID, keys: Sequence[int], columns: Collection[str]) -> tuple[Row, ...]:
    """In the order of the keys; a delivery that has gone meanwhile is left out."""
    if not keys:
        return ()
    found = {delivery.pk: delivery for delivery in _found(tenant_id, keys, columns)}
    deliveries = [found[key] for key in keys if key in found]
    at = timezone.now()
    return tuple(_row(delivery, at) for delivery in deliveries)


def _found(tenant_id: uuid.UUID, keys: Sequence[int], columns: Collection[str]) -> QuerySet[Delivery]:
    parcels = Parcel.objects.filter(
        tenant_id=tenant_id, shipment__delivery=OuterRef("pk"), shipment__voided_at=None, voided_at=None
    )
    numbers = parcels.order_by("shipment__created_at", "position").values("tracking_number")
    found = with_receiver(Delivery.objects.filter(tenant_id=tenant_id, pk__in=keys))
    found = found.defer("facts", "written", "packing").annotate(
        listed_numbers=ArraySubquery(numbers), listed_doubt=Subquery(_doubtful(tenant_id))
    )
    if {"service", "cost"} & set(columns):
        found = found.annotate(listed_shipments=ArraySubquery(_shipments(tenant_id)))
    if "assigned" in columns:
        found = found.annotate(listed_name=Subquery(_assigned(tenant_id)))
    return found


def _shipments(tenant_id: uuid.UUID) -> QuerySet[Shipment, Any]:
    live = Shipment.objects.filter(tenant_id=tenant_id, delivery=OuterRef("pk"), voided_at=None).order_by("created_at")
    facts = JSONObject(
        service="service_code",
        country="attempt__account__country",
        amount=Cast("charge_amount", CharField()),
        currency="charge_currency",
    )
    return live.values(facts=facts)


def _assigned(tenant_id: uuid.UUID) -> QuerySet[Attention, Any]:
    mine = Attention.objects.filter(tenant_id=tenant_id, subject_kind="delivery", subject=OuterRef("code"))
    return mine.values(
        name=Coalesce(NullIf("assigned_to__name", Value("")), "assigned_to__email", output_field=CharField())
    )[:1]


def _doubtful(tenant_id: uuid.UUID) -> QuerySet[Attempt, Any]:
    mine = Attempt.objects.filter(tenant_id=tenant_id, delivery=OuterRef("pk"), state=Attempt.State.IN_DOUBT)
    return mine.values(since=Coalesce("doubt_at", "sent_at"))[:1]


def _row(delivery: Delivery, at: datetime) -> Row:
    found: Any = delivery
    shipments = getattr(found, "listed_shipments", ())
    return Row(
        delivery=delivery,
        shown=_shown(delivery, found.listed_doubt, at),
        milestone=shown_milestone(delivery),
        receiver=receiver_of(delivery),
        tracking_numbers=tuple(found.listed_numbers),
        services=tuple(dict.fromkeys(service_name(one["country"], one["service"]) for one in shipments)),
        costs=_costs(shipments),
        assigned_to=getattr(found, "listed_name", None) or "",
    )


def _shown(delivery: Delivery, doubtful_since: datetime | None, at: datetime) -> Shown:
    """As `desk.shown_state`, where only when a doubt began was read."""
    if doubtful_since is None or delivery.state != Delivery.State.SHIPPING:
        return shown_state(delivery, ())
    return LONG_IN_DOUBT if at - doubtful_since > minutes(DOUBT_MINUTES) else IN_DOUBT


def _costs(shipments: Sequence[dict[str, Any]]) -> tuple[Cost, ...]:
    """Added up by currency, where UPS named a price."""
    sums: dict[str, Decimal] = {}
    for one in shipments:
        if one["amount"] is not None:
            sums[one["currency"]] = sums.get(one["currency"], Decimal(0)) + Decimal(one["amount"])
    return tuple(Cost(amount=amount, currency=currency) for currency, amount in sums.items())
