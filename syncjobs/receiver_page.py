"""What the receiver of a delivery may see of it, found by the code of the tracking page alone. Reads only.

No name, street, postal code, signature or order is read here, so none can be shown.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Prefetch

from syncjobs.models import Parcel, Shipment, TrackingEvent
from syncjobs.tracking.histories import EventShown, Step, history_of, steps_of
from syncjobs.tracking.milestones import ENDS
from tenants.context import tenant_context
from tenants.models import Tenant

SHOWN_DAYS = 120
"""UPS keeps the history of a parcel for so long (`ups.md` 8); after its last event the page ends with it."""
_EVENT_COLUMNS = (
    "parcel", "sources", "description", "happened_at", "local_at", "zone_known", "city", "country", "milestone",
    "track_says", "reason", "recorded_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverParcel:
    """One parcel. `expected_date` is None once it is over or past; `delivered_at` is by the clock of the place."""

    tracking_number: str
    milestone: str
    reason: str
    steps: tuple[Step, ...]
    history: tuple[EventShown, ...]
    expected_date: date | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverPage:
    """A delivery as its receiver sees it; `updated_at` is by the sender's clock."""

    company: str
    colour: str
    language: str
    parcels: tuple[ReceiverParcel, ...]
    delivered: int
    updated_at: datetime | None


def find(track_code: uuid.UUID, *, at: datetime) -> ReceiverPage | None:
    """The page with this code; None when there is none, nothing was shipped, or it ended long ago."""
    route = _route(track_code)
    if route is None:
        return None
    tenant_id, delivery_id = route
    with tenant_context(tenant_id):
        tenant = Tenant.objects.get(pk=tenant_id)
        shipments = list(_live_shipments(tenant_id, delivery_id))
        if not shipments or _last_news(shipments) < at - timedelta(days=SHOWN_DAYS):
            return None
        return _page(tenant, shipments, today=at.astimezone(ZoneInfo(tenant.time_zone)).date())


def _route(track_code: uuid.UUID) -> tuple[uuid.UUID, int] | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, delivery_id FROM syncjobs_track_route(%s)", [track_code])
        found: tuple[uuid.UUID, int] | None = cursor.fetchone()
    return found


def _live_shipments(tenant_id: uuid.UUID, delivery_id: int) -> Iterable[Shipment]:
    events = TrackingEvent.objects.only(*_EVENT_COLUMNS)
    parcels = (
        Parcel.objects.filter(voided_at=None).order_by("position").prefetch_related(Prefetch("events", queryset=events))
    )
    return (
        Shipment.objects.filter(tenant_id=tenant_id, delivery_id=delivery_id, voided_at=None)
        .order_by("created_at")
        .prefetch_related(Prefetch("parcels", queryset=parcels))
    )


def _last_news(shipments: Iterable[Shipment]) -> datetime:
    """The last event; the moment of the label before there was any."""
    return max(
        moment
        for shipment in shipments
        for moment in (shipment.created_at, *(parcel.last_event_at for parcel in shipment.parcels.all()))
        if moment is not None
    )


def _page(tenant: Tenant, shipments: Iterable[Shipment], *, today: date) -> ReceiverPage:
    rows = [parcel for shipment in shipments for parcel in shipment.parcels.all()]
    heard = [event.recorded_at for parcel in rows for event in parcel.events.all()]
    return ReceiverPage(
        company=tenant.name,
        colour=tenant.brand_colour,
        language=tenant.language,
        parcels=tuple(_parcel(row, today=today) for row in rows),
        delivered=sum(row.milestone == Parcel.Milestone.DELIVERED for row in rows),
        updated_at=max(heard).astimezone(ZoneInfo(tenant.time_zone)).replace(tzinfo=None) if heard else None,
    )


def _parcel(row: Parcel, *, today: date) -> ReceiverParcel:
    history = history_of(row)
    is_awaited = row.milestone not in ENDS and row.scheduled_date is not None and row.scheduled_date >= today
    return ReceiverParcel(
        tracking_number=row.tracking_number,
        milestone=row.milestone,
        reason=row.reason,
        steps=steps_of(row.milestone, history),
        history=history,
        expected_date=row.scheduled_date if is_awaited else None,
        delivered_at=_delivered_at(row, history),
    )


def _delivered_at(row: Parcel, history: Iterable[EventShown]) -> datetime | None:
    if row.milestone != Parcel.Milestone.DELIVERED:
        return None
    moments = (event.local_at for event in history if event.milestone == row.milestone and not event.is_claim)
    return next(moments, None)
