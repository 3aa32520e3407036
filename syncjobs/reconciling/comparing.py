"""The comparison itself: three sides in, what differs out. Pure functions.

What may still be on its way is no difference: each rule leaves the time that the work itself may take.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from syncjobs.models import Attempt, Delivery, Parcel, SyncJob
from syncjobs.reconciling.kinds import FindingKind
from syncjobs.reconciling.sides import ExactDelivery, ManifestSeen, OurDelivery, OurShipment, Sides
from syncjobs.tracking.courses import FOLLOWED
from syncjobs.tracking.looking import FOLLOWED_DAYS

D = Delivery.State
A = Attempt.State
J = SyncJob.Kind
M = Parcel.Milestone
K = FindingKind

ON_ITS_WAY = timedelta(minutes=15)
"""A notification, a read or a job may take so long; what is younger is no difference yet."""
REPORTED_WITHIN = timedelta(hours=1)
DOUBT_SETTLED_WITHIN = timedelta(days=1)
SEEN_WITHIN = timedelta(days=7)
"""A label that UPS has not seen for so long was lost or forgotten."""
GONE_FROM_OURS = "deleted_in_exact"
"""The problem of a delivery that was cancelled because Exact no longer had it (`steps.gone`)."""
STOPPABLE = frozenset({D.RECEIVED, D.READY, D.LABELLED, D.REPORTED, D.HOLD})
"""Where a deletion in Exact still stops something (`steps.gone`)."""
OPEN = STOPPABLE | {D.SHIPPING, D.IN_TRANSIT, D.DELIVERED, D.REVIEW}
"""Not at an end with us."""
_WAITS_FOR_A_PERSON = frozenset({"deleted_after_label", "foreign_tracking_number"})
"""Problems that stand under To do already."""
MOVED_ON_BY: dict[str, tuple[SyncJob.Kind, ...]] = {
    D.RECEIVED: (J.READ, J.GONE),
    D.READY: (J.SHIP, J.READ, J.GONE),
    D.SHIPPING: (J.SETTLE, J.SHIP),
    D.LABELLED: (J.REPORT,),
    D.DELIVERED: (J.PROOF,),
}
"""The jobs of which one must be open while a delivery stands there; the first one sets it going again."""
_FOLLOWING = frozenset({J.LOOK, J.CONFIRM, J.EVENTS})
_ENDED = frozenset({M.DELIVERED, M.RETURNED_TO_SENDER, M.VOIDED})
_MOVING = frozenset(set(M) - {M.LABEL_CREATED, M.UNKNOWN, M.VOIDED, M.EXCEPTION})
_MANIFEST_KINDS: dict[str, FindingKind] = {
    "": K.UNKNOWN_REFERENCE,
    A.IN_DOUBT: K.MADE_AFTER_ALL,
    A.REVIEW: K.MADE_AFTER_ALL,
    A.ABSENT: K.ORPHAN,
    A.PLANNED: K.REFUSED_BUT_MADE,
    A.CANCELLED: K.REFUSED_BUT_MADE,
    A.REFUSED: K.REFUSED_BUT_MADE,
    A.NOT_SENT: K.REFUSED_BUT_MADE,
    A.CREATED: K.OTHER_NUMBER,
}
"""What it means that UPS announced a parcel under a request that stands so, and the parcel is not one of ours.

A request that is being sent has not ended; one that is voided, or is to be, was made there as we know.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that does not agree; `subject` is a delivery's code, a manifest's, or a key of Exact's."""

    kind: FindingKind
    subject: UUID
    details: dict[str, Any] = field(default_factory=dict)


def compare(sides: Sides, *, at: datetime) -> list[Difference]:
    """Everything that differs, each thing once."""
    found = [*_unknown(sides), *_borrowed(sides), *_manifests(sides)]
    for delivery in sides.deliveries:
        shown = sides.exact.shown.get(delivery.entry_id)
        found += [one for rule in _WITH_EXACT if (one := rule(delivery, shown, sides))]
        found += [one for alone in _ALONE if (one := alone(delivery, at, sides))]
    return found


def _about(delivery: OurDelivery, kind: FindingKind, **details: str) -> Difference:
    known = {"delivery": str(delivery.code), "number": delivery.number}
    return Difference(kind=kind, subject=delivery.code, details=known | details)


def _listed(numbers: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(numbers))


# --- Exact against us ---


def _unknown(sides: Sides) -> Iterator[Difference]:
    """Booked since the company was connected, for UPS or without a method of its own, and not with us.

    One that has a tracking number already is nobody's of ours (`selection.must_be_ours`).
    """
    for entry_id, shown in sides.exact.shown.items():
        if entry_id in sides.known_entries or shown.tracking_number or shown.booked_at is None:
            continue
        is_ups = shown.method_id is None or shown.method_id in sides.ups_methods
        is_old_enough = shown.booked_at <= sides.exact.read_at - ON_ITS_WAY
        if is_ups and is_old_enough and shown.booked_at >= sides.booked_since:
            details = {"entry": str(entry_id), "number": shown.number, "booked_at": shown.booked_at.isoformat()}
            yield Difference(kind=K.UNKNOWN_DELIVERY, subject=entry_id, details=details)


def _borrowed(sides: Sides) -> Iterator[Difference]:
    """Our number stands at another goods delivery too: Exact's users copy deliveries, number and all."""
    owners = {number: one for one in sides.deliveries for number in one.numbers}
    for entry_id, shown in sides.exact.shown.items():
        owner = owners.get(shown.tracking_number)
        if owner is not None and owner.entry_id != entry_id:
            details = {
                "delivery": str(owner.code),
                "number": owner.number,
                "tracking": shown.tracking_number,
                "other": shown.number,
            }
            yield Difference(kind=K.BORROWED_NUMBER, subject=entry_id, details=details)


def _gone(delivery: OurDelivery, shown: ExactDelivery | None, sides: Sides) -> Difference | None:
    is_young = delivery.created_at > sides.exact.read_at - ON_ITS_WAY
    if is_young or delivery.problems & _WAITS_FOR_A_PERSON or not sides.exact.is_gone(delivery.entry_id):
        return None
    if delivery.state in STOPPABLE:
        return _about(delivery, K.GONE)
    is_under_way = delivery.state in {D.IN_TRANSIT, D.DELIVERED, D.REVIEW}
    return _about(delivery, K.GONE_UNDER_WAY) if is_under_way else None


def _outdated(delivery: OurDelivery, shown: ExactDelivery | None, sides: Sides) -> Difference | None:
    """A change that would change what we do, made before we looked, and not read by us since."""
    if shown is None or delivery.state not in {D.SKIPPED, D.HOLD} or delivery.numbers or J.READ in delivery.open_jobs:
        return None
    read_at, modified_at = delivery.facts_read_at, shown.modified_at
    if read_at is None or modified_at is None or delivery.method_code in {None, shown.method_code}:
        return None
    is_missed = read_at < modified_at <= sides.exact.read_at - ON_ITS_WAY
    return _about(delivery, K.OUTDATED, method=shown.method_code) if is_missed else None


def _cancelled_but_there(delivery: OurDelivery, shown: ExactDelivery | None, sides: Sides) -> Difference | None:
    is_settled = delivery.changed_at <= sides.exact.read_at - ON_ITS_WAY
    is_ours = delivery.state == D.CANCELLED and GONE_FROM_OURS in delivery.problems
    return _about(delivery, K.CANCELLED_BUT_THERE) if shown and is_ours and is_settled else None


def _number_missing(delivery: OurDelivery, shown: ExactDelivery | None, sides: Sides) -> Difference | None:
    if shown is None or shown.tracking_number or not delivery.numbers or delivery.written_at is None:
        return None
    is_told = delivery.state in FOLLOWED and delivery.written_at <= sides.exact.read_at
    return _about(delivery, K.NUMBER_MISSING, tracking=delivery.numbers[0]) if is_told else None


def _foreign_number(delivery: OurDelivery, shown: ExactDelivery | None, sides: Sides) -> Difference | None:
    if shown is None or not shown.tracking_number or not delivery.numbers:
        return None
    is_ours = shown.tracking_number in delivery.numbers
    is_compared = delivery.state in FOLLOWED | {D.LABELLED} and not delivery.problems & _WAITS_FOR_A_PERSON
    if is_ours or not is_compared:
        return None
    return _about(delivery, K.FOREIGN_NUMBER, shown=shown.tracking_number, tracking=delivery.numbers[0])


_WITH_EXACT: tuple[Callable[[OurDelivery, ExactDelivery | None, Sides], Difference | None], ...] = (
    _gone,
    _outdated,
    _cancelled_but_there,
    _number_missing,
    _foreign_number,
)


# --- our own side ---


def _stuck(delivery: OurDelivery, at: datetime, sides: Sides) -> Difference | None:
    """Nothing waits silently (`reliability.md` R7): in a state that work must end, some work must be planned."""
    kinds = MOVED_ON_BY.get(delivery.state)
    if kinds is None or delivery.changed_at > at - ON_ITS_WAY or delivery.open_jobs & set(kinds):
        return None
    if delivery.state == D.SHIPPING and any(attempt.is_watched for attempt in delivery.attempts):
        return None
    return _about(delivery, K.STUCK, state=delivery.state)


def _not_reported(delivery: OurDelivery, at: datetime, sides: Sides) -> Difference | None:
    is_late = delivery.state == D.LABELLED and delivery.changed_at <= at - REPORTED_WITHIN
    if not is_late or not delivery.numbers or J.REPORT not in delivery.open_jobs:
        return None
    return _about(delivery, K.NOT_REPORTED, tracking=delivery.numbers[0])


def _not_followed(delivery: OurDelivery, at: datetime, sides: Sides) -> Difference | None:
    """A parcel under way that nobody will ask about; one whose label is too old is not followed any more, as told."""
    if delivery.state not in {D.REPORTED, D.IN_TRANSIT} or delivery.open_jobs & _FOLLOWING:
        return None
    recent = [one for one in delivery.shipments if one.is_live and one.created_at > at - timedelta(days=FOLLOWED_DAYS)]
    lost = [
        parcel.tracking_number
        for one in recent
        for parcel in one.parcels
        if not parcel.is_followed and parcel.milestone not in _ENDED
    ]
    return _about(delivery, K.NOT_FOLLOWED, tracking=_listed(lost)) if lost else None


def _long_doubt(delivery: OurDelivery, at: datetime, sides: Sides) -> Difference | None:
    old = [
        attempt.reference
        for attempt in delivery.attempts
        if attempt.state in {A.IN_DOUBT, A.REVIEW}
        and attempt.doubt_at is not None
        and attempt.doubt_at <= at - DOUBT_SETTLED_WITHIN
    ]
    return _about(delivery, K.LONG_DOUBT, reference=_listed(old)) if old else None


def _two_shipments(delivery: OurDelivery, at: datetime, sides: Sides) -> Difference | None:
    """Each `shipment_no` is one intended shipment; another one is a deliberate “ship again”."""
    by_number: dict[int, list[OurShipment]] = defaultdict(list)
    for shipment in delivery.shipments:
        if shipment.is_live:
            by_number[shipment.shipment_no].append(shipment)
    twins = [one for same in by_number.values() if len(same) > 1 for one in same]
    if not twins:
        return None
    return _about(delivery, K.TWO_SHIPMENTS, tracking=_listed(number for one in twins for number in one.numbers))


def _voided_but_moving(delivery: OurDelivery, at: datetime, sides: Sides) -> Difference | None:
    voided = [one for one in delivery.shipments if one.is_voided]
    moving = [
        parcel.tracking_number
        for one in voided
        for parcel in one.parcels
        if parcel.milestone in _MOVING or parcel.tracking_number in sides.scanned
    ]
    return _about(delivery, K.VOIDED_BUT_MOVING, tracking=_listed(moving)) if moving else None


def _label_of_cancelled(delivery: OurDelivery, at: datetime, sides: Sides) -> Difference | None:
    is_over = delivery.state in {D.CANCELLED, D.SKIPPED} and delivery.changed_at <= at - ON_ITS_WAY
    if not is_over or not delivery.numbers:
        return None
    return _about(delivery, K.LABEL_OF_CANCELLED, tracking=_listed(delivery.numbers))


def _unseen_label(delivery: OurDelivery, at: datetime, sides: Sides) -> Difference | None:
    if delivery.state not in {D.LABELLED, D.REPORTED}:
        return None
    unseen = [
        parcel.tracking_number
        for one in delivery.shipments
        if one.is_live and one.created_at <= at - SEEN_WITHIN
        for parcel in one.parcels
        if parcel.milestone == M.LABEL_CREATED
    ]
    return _about(delivery, K.UNSEEN_LABEL, tracking=_listed(unseen)) if unseen else None


_ALONE: tuple[Callable[[OurDelivery, datetime, Sides], Difference | None], ...] = (
    _stuck,
    _not_reported,
    _not_followed,
    _long_doubt,
    _two_shipments,
    _voided_but_moving,
    _label_of_cancelled,
    _unseen_label,
)


# --- UPS against us ---


def _manifests(sides: Sides) -> Iterator[Difference]:
    """Every parcel that UPS announced under a reference of ours must be one that we adopted (`reliability.md` 1.4)."""
    for seen in sides.manifests:
        kind = None if seen.is_adopted else _MANIFEST_KINDS.get(seen.attempt_state)
        if kind is not None:
            yield Difference(kind=kind, subject=seen.code, details=_announced(seen))


def _announced(seen: ManifestSeen) -> dict[str, Any]:
    told = {"tracking": seen.tracking_number, "reference": seen.reference, "number": seen.number}
    if seen.attempt_state:
        told["state"] = str(A(seen.attempt_state).label)
    return told | ({"delivery": str(seen.delivery)} if seen.delivery else {})
