"""What each of the three sides shows, as plain values: the comparison needs no row and no call."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactDelivery:
    """A goods delivery as Exact shows it; `booked_at` is known of those that the sync API told."""

    entry_id: UUID
    number: str
    tracking_number: str
    method_id: UUID | None
    method_code: str
    modified_at: datetime | None
    booked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactSide:
    """What was read of one company from `read_at` on: what changed in the period, and what was asked for by key.

    A delivery that was asked for and is not shown does not exist any more. `is_whole` is False when there was more to
    read than one run reads: then what is missing here proves nothing.
    """

    read_at: datetime
    shown: Mapping[UUID, ExactDelivery]
    asked: frozenset[UUID] = frozenset()
    is_whole: bool = True

    def is_gone(self, entry_id: UUID) -> bool:
        """Whether Exact said that it does not exist."""
        return entry_id in self.asked and entry_id not in self.shown


@dataclass(frozen=True, slots=True, kw_only=True)
class OurParcel:
    """A parcel of ours."""

    tracking_number: str
    milestone: str
    is_followed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OurShipment:
    """A shipment that UPS made for us. `is_live` and `is_voided` are both False while it is being voided."""

    shipment_no: int
    created_at: datetime
    is_live: bool
    is_voided: bool
    parcels: tuple[OurParcel, ...]

    @property
    def numbers(self) -> tuple[str, ...]:
        """Its tracking numbers."""
        return tuple(parcel.tracking_number for parcel in self.parcels)


@dataclass(frozen=True, slots=True, kw_only=True)
class OurAttempt:
    """A request to UPS; `is_watched` when it has a moment at which it is looked at again."""

    state: str
    reference: str
    doubt_at: datetime | None
    is_watched: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OurDelivery:
    """A delivery with all that hangs on it; `open_jobs` are the kinds of work that is planned or under way for it."""

    code: UUID
    entry_id: UUID
    number: str
    state: str
    problems: frozenset[str]
    created_at: datetime
    changed_at: datetime
    method_code: str | None
    facts_read_at: datetime | None
    written_at: datetime | None
    shipments: tuple[OurShipment, ...] = ()
    attempts: tuple[OurAttempt, ...] = ()
    open_jobs: frozenset[str] = frozenset()

    @property
    def numbers(self) -> tuple[str, ...]:
        """The tracking numbers of its live shipments, the first one being that which stands in Exact."""
        return tuple(number for one in self.shipments if one.is_live for number in one.numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestSeen:
    """A parcel that UPS announced under a reference of our form, and what we know of that reference.

    `attempt_state` is empty for a reference that we never used; `is_adopted` when the parcel is one of ours.
    """

    code: UUID
    reference: str
    tracking_number: str
    attempt_state: str
    delivery: UUID | None
    number: str
    is_adopted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The three sides of one company.

    `booked_since` is when it was connected: older bookings are not ours. `scanned` are numbers of voided shipments that
    UPS has had in its hands.
    """

    exact: ExactSide
    deliveries: tuple[OurDelivery, ...]
    known_entries: frozenset[UUID]
    manifests: tuple[ManifestSeen, ...]
    ups_methods: frozenset[UUID]
    booked_since: datetime
    scanned: frozenset[str] = frozenset()
