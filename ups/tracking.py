"""What the Tracking API answers (`ups.md` 8)."""

from dataclasses import dataclass
from datetime import date

from ups.events import ParcelEvent
from ups.payloads import WireError


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedParcel:
    """A parcel as the Tracking API sees it; `events` stand newest first."""

    tracking_number: str
    events: tuple[ParcelEvent, ...] = ()
    delivered_on: date | None = None
    received_by: str = ""
    scheduled_date: date | None = None
    package_count: int | None = None
    alternate_numbers: tuple[str, ...] = ()
    current_status_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingAnswer:
    """The parcels UPS knows under a number; not found is an answer like any other."""

    found: bool
    parcels: tuple[TrackedParcel, ...] = ()
    warnings: tuple[WireError, ...] = ()


def read_tracking(body: bytes) -> TrackingAnswer:
    """The parcels in a 2xx answer; raises `UpsUnexpectedReply` when it cannot be read."""
    raise NotImplementedError(body)
