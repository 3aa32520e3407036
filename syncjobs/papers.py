"""What the line in Exact's remarks and the proof of delivery say of a delivery, taken from its rows.

Inside the tenant's context.
"""

from datetime import datetime
from uuid import UUID

from django.conf import settings

from syncjobs.models import Delivery, Parcel, TrackingEvent
from syncjobs.proof import ProofEvent, ProofFacts, ProofParcel
from syncjobs.remarks import LineFacts
from syncjobs.tracking.history_rows import received_by, rows_of
from syncjobs.tracking.milestones import least_advanced_of
from syncjobs.tracking.progress import current, parcels_of
from tenants.models import Tenant
from ups.events import Milestone

MADE_BY = "ml-connector"


def page_url(delivery: Delivery) -> str:
    """The receiver's page."""
    return f"{settings.PUBLIC_URL}/track/{delivery.track_code}"


def line_facts(delivery: Delivery, milestone: str) -> LineFacts:
    """What our line says of this milestone: where and when the least advanced parcel reached it."""
    parcels = current(parcels_of(delivery))
    least = least_advanced_of(parcels)
    event = _event_of(least, milestone) if least else None
    return LineFacts(
        milestone=milestone,
        local_at=_local(event),
        city=event.city if event else "",
        country=event.country if event else "",
        numbers=tuple(parcel.tracking_number for parcel in parcels),
        delivered=sum(parcel.milestone == Milestone.DELIVERED for parcel in parcels),
        url=page_url(delivery),
    )


def proof_facts(tenant_id: UUID, delivery: Delivery) -> ProofFacts | None:
    """What the proof says; None until every parcel was delivered."""
    parcels = [row for row in current(parcels_of(delivery)) if row.milestone != Milestone.VOIDED]
    moments = [row.confirmed_at for row in parcels if row.milestone == Milestone.DELIVERED and row.confirmed_at]
    if not parcels or len(moments) < len(parcels):
        return None
    rows = rows_of(parcels)
    return ProofFacts(
        company=Tenant.objects.values_list("name", flat=True).get(pk=tenant_id),
        delivery_number=delivery.delivery_number,
        order_numbers=tuple(filter(None, delivery.order_numbers.split(", "))),
        parcels=tuple(_parcel(row, rows[row.pk]) for row in parcels),
        page_url=page_url(delivery),
        made_at=max(moments),
        made_by=MADE_BY,
    )


def _parcel(parcel: Parcel, rows: list[TrackingEvent]) -> ProofParcel:
    end = _event_of(parcel, parcel.milestone)
    dated = [(row.happened_at, row.pk, row) for row in rows if row.happened_at]
    return ProofParcel(
        tracking_number=parcel.tracking_number,
        delivered_local_at=_local(end),
        offset_minutes=end.offset_minutes if end else None,
        zone_known=end.zone_known if end else False,
        place=_place(end),
        received_by=received_by(rows),
        events=tuple(_event(row) for _, _, row in sorted(dated, key=lambda one: one[:2], reverse=True)),
    )


def _event(row: TrackingEvent) -> ProofEvent:
    return ProofEvent(
        milestone=row.milestone,
        reason=row.reason,
        description=row.description,
        local_at=_local(row),
        offset_minutes=row.offset_minutes,
        zone_known=row.zone_known,
        place=_place(row),
    )


def _event_of(parcel: Parcel, milestone: str) -> TrackingEvent | None:
    """The event that a milestone of the parcel stands on: the one that made it what it is, or the last that said so."""
    rows = TrackingEvent.objects.filter(tenant_id=parcel.tenant_id, parcel=parcel, milestone=milestone)
    if parcel.milestone == milestone:
        rows = rows.filter(happened_at=parcel.milestone_at)
    return rows.defer("sealed").order_by("-happened_at", "pk").first()


def _local(row: TrackingEvent | None) -> datetime | None:
    return datetime.fromisoformat(row.local_at) if row and row.local_at else None


def _place(row: TrackingEvent | None) -> str:
    return " ".join(part for part in (row.city, row.country) if part) if row else ""
