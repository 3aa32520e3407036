"""What happened to a parcel, in one shape whichever way UPS told it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class Source(StrEnum):
    """The three ways UPS tells of a parcel: Track Alert, Quantum View, the Tracking API."""

    PUSH = "push"
    VIEW = "view"
    TRACK = "track"


class Milestone(StrEnum):
    """The states of a parcel that UPS's many codes come down to (`ups.md` 9)."""

    LABEL_CREATED = "label_created"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    EXCEPTION = "exception"
    DELIVERED = "delivered"
    RETURNED_TO_SENDER = "returned_to_sender"
    VOIDED = "voided"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where it happened, as UPS wrote it; any part may be empty."""

    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelEvent:
    """One event of one parcel.

    `happened_at` is aware UTC and only an estimate unless `zone_known`; it is None when UPS gave no usable time.
    `milestone` None means informational: the parcel keeps the state it had. `raw` is what UPS sent, without photos.
    """

    source: Source
    tracking_number: str
    type: str
    """UPS's activity type (`D`, `I`, `M`, ...); the name of the record for Quantum View (`Delivery`, ...)."""
    code: str
    """Two characters in capitals, `0` is `00`; for Quantum View `StatusCode` or `ActivityType`."""
    status_code: str
    """Three digits, empty when UPS gave none."""
    description: str
    happened_at: datetime | None
    local_at: datetime | None
    """Naive, by the clock of the place."""
    offset_minutes: int | None
    zone_known: bool
    place: Place
    milestone: Milestone | None
    reason: str
    """A key of `ups.statuses.Reason`, empty where there is nothing to add to the milestone."""
    received_by: str
    raw: dict[str, Any]
    scheduled_date: date | None
    """The delivery date this event announces, if it announces one."""
