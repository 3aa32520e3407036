"""Parcels on their way, as rows: what UPS told of them and where they stand."""

import uuid
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from audit.record import acting
from syncjobs.models import Delivery, Parcel, Receipt, TrackingEvent
from syncjobs.transitions import move
from tenants.context import tenant_context
from tests.pages.scene import Desk, make_shipped

S = Delivery.State


def parcels_of(delivery: Delivery) -> list[Parcel]:
    """The parcels of a shipped delivery, in order."""
    with tenant_context(delivery.tenant_id):
        return list(Parcel.objects.filter(shipment__delivery=delivery).order_by("position"))


def receivers_address(delivery: Delivery) -> str:
    """Where the receiver finds it."""
    with tenant_context(delivery.tenant_id):
        code = Delivery.objects.values_list("track_code", flat=True).get(pk=delivery.pk)
    return reverse("syncjobs:track", args=[code])


def stand(parcel: Parcel, milestone: str, **columns: object) -> None:
    """Put a parcel where its events would have brought it."""
    with tenant_context(parcel.tenant_id):
        Parcel.objects.filter(pk=parcel.pk).update(milestone=milestone, **columns)


def make_event(
    parcel: Parcel,
    milestone: str,
    *,
    told: str,
    hours_ago: float = 1.0,
    place: tuple[str, str] = ("GRONINGEN", "NL"),
    sources: tuple[str, ...] = ("push", "track"),
    reason: str = "",
    zone_known: bool = True,
) -> TrackingEvent:
    """One event of a parcel's history, two hours ahead of UTC where it happened."""
    at = timezone.now() - timedelta(hours=hours_ago)
    with tenant_context(parcel.tenant_id):
        event = TrackingEvent.objects.create(
            tenant_id=parcel.tenant_id,
            parcel=parcel,
            fingerprint=uuid.uuid4().hex,
            sources=list(sources),
            type="I",
            description=told,
            happened_at=at,
            local_at=(at + timedelta(hours=2)).replace(tzinfo=None).isoformat(timespec="seconds"),
            offset_minutes=120 if zone_known else None,
            zone_known=zone_known,
            city=place[0],
            country=place[1],
            milestone=milestone,
            reason=reason,
            track_says=milestone if "track" in sources else "",
        )
        Parcel.objects.filter(pk=parcel.pk).update(last_event_at=at)
    return event


def make_push(delivery: Delivery) -> Receipt:
    """A push of UPS about one of its parcels, as it was stored."""
    with tenant_context(delivery.tenant_id):
        return Receipt.objects.create(
            tenant_id=delivery.tenant_id,
            source="ups",
            topic="TrackingEvent",
            action="I",
            subject=delivery.code,
            fingerprint=uuid.uuid4().hex,
        )


def make_travelling(desk: Desk) -> Delivery:
    """Two parcels on their way: one out for delivery, one held at customs."""
    delivery = make_shipped(desk, parcels=2, created_at=timezone.now() - timedelta(days=2))
    first, second = parcels_of(delivery)
    for parcel in (first, second):
        make_event(parcel, "label_created", told="Shipper created a label", hours_ago=40, place=("", "NL"))
        make_event(parcel, "picked_up", told="Pickup Scan", hours_ago=30, place=("ROTTERDAM", "NL"))
        make_event(
            parcel,
            "in_transit",
            told="Departed from Facility",
            hours_ago=20,
            place=("EINDHOVEN", "NL"),
            zone_known=False,
        )
    make_event(first, "out_for_delivery", told="Out For Delivery Today", hours_ago=3, place=("DÜSSELDORF", "DE"))
    make_event(
        second, "exception", told="Your package is held", hours_ago=4, place=("KÖLN", "DE"),
        sources=("view",), reason="customs",
    )  # fmt: skip
    stand(first, "out_for_delivery", scheduled_date=timezone.now().date())
    stand(second, "exception", reason="customs", scheduled_date=timezone.now().date() + timedelta(days=2))
    with acting("worker"), tenant_context(desk.tenant.id):
        move(delivery, to=S.IN_TRANSIT, at=timezone.now(), changes={"milestone": "exception"})
    return delivery


def make_delivered(desk: Desk) -> Delivery:
    """One parcel, delivered and confirmed; the proof stands in Exact."""
    delivery = make_shipped(desk, created_at=timezone.now() - timedelta(days=2))
    (parcel,) = parcels_of(delivery)
    make_event(parcel, "picked_up", told="Pickup Scan", hours_ago=30, place=("ROTTERDAM", "NL"))
    make_event(parcel, "out_for_delivery", told="Out For Delivery Today", hours_ago=6, place=("DÜSSELDORF", "DE"))
    make_event(parcel, "delivered", told="DELIVERED", hours_ago=2, place=("DÜSSELDORF", "DE"))
    at = timezone.now()
    stand(parcel, "delivered", milestone_at=at - timedelta(hours=2), confirmed_at=at)
    written = delivery.written | {"status_line": "[UPS] Delivered 2026-05-06 14:12 DÜSSELDORF DE"}
    with acting("worker"), tenant_context(desk.tenant.id):
        move(
            delivery, to=S.IN_TRANSIT, at=at, changes={"milestone": "delivered", "written": written, "exact_writes": 4}
        )
        move(delivery, to=S.DELIVERED, at=at)
    return delivery


def make_silent(desk: Desk) -> Delivery:
    """A parcel under way of which UPS has told nothing for a week."""
    delivery = make_shipped(desk, created_at=timezone.now() - timedelta(days=9))
    (parcel,) = parcels_of(delivery)
    make_event(parcel, "in_transit", told="Departed from Facility", hours_ago=170, place=("EINDHOVEN", "NL"))
    stand(parcel, "in_transit", attention=Parcel.Attention.SILENT)
    with acting("worker"), tenant_context(desk.tenant.id):
        move(delivery, to=S.IN_TRANSIT, at=timezone.now(), changes={"milestone": "in_transit"})
    return delivery
