"""From a history to where a parcel stands, and from parcels to where a delivery stands. Pure functions.

The latest event decides (`ups.md` 9.4), not the last to arrive. Ends are believed only from the Tracking API: what
another source says of an end is a claim, which is looked into (`ups.md` 1, point 13).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from syncjobs.merging import Told
from syncjobs.models import Parcel
from ups.events import Milestone, Source
from ups.statuses import TERMINAL_LOSS

M = Milestone
ENDS = frozenset({M.DELIVERED, M.RETURNED_TO_SENDER, M.VOIDED})
_PHYSICAL = frozenset({M.PICKED_UP, M.IN_TRANSIT, M.OUT_FOR_DELIVERY, M.AVAILABLE_FOR_PICKUP, M.EXCEPTION, M.DELIVERED})
_CORRECTED_BY: dict[Milestone, frozenset[Milestone]] = {
    M.DELIVERED: frozenset({M.EXCEPTION, M.RETURNED_TO_SENDER}),
    M.RETURNED_TO_SENDER: frozenset({M.EXCEPTION}),
    M.VOIDED: _PHYSICAL,
}
"""After an end only these count: a late scan of the way does not undo a delivery, a wrong delivery that UPS corrects
does (`ups.md` 9.4). A parcel whose label was voided and that is scanned all the same travels."""
_ADVANCE = (
    M.UNKNOWN,
    M.EXCEPTION,
    M.LABEL_CREATED,
    M.PICKED_UP,
    M.IN_TRANSIT,
    M.OUT_FOR_DELIVERY,
    M.AVAILABLE_FOR_PICKUP,
    M.RETURNED_TO_SENDER,
    M.DELIVERED,
    M.VOIDED,
)
"""Least advanced first. What needs somebody's attention stands before what goes its way."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a parcel stands. `is_confirmed`: the Tracking API said so. `claim_at`: since when an end is claimed."""

    milestone: Milestone = M.LABEL_CREATED
    reason: str = ""
    milestone_at: datetime | None = None
    is_confirmed: bool = False
    claim_at: datetime | None = None
    scheduled_date: date | None = None
    last_event_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Nothing more is expected: an end, or a loss that the Tracking API told of."""
        return self.milestone in ENDS or self.is_lost

    @property
    def is_lost(self) -> bool:
        """Lost, destroyed, seized or disposed of, told by the Tracking API."""
        return self.milestone == M.EXCEPTION and self.reason in TERMINAL_LOSS and self.is_confirmed


def standing_of(history: Iterable[Told]) -> Standing:
    """Where a parcel with this history stands; the order in which the events came does not matter."""
    found = Standing()
    claim: Told | None = None
    seen_at = _LONG_AGO
    for event in sorted(history, key=_order):
        found = replace(
            found,
            scheduled_date=event.scheduled_date or found.scheduled_date,
            last_event_at=event.happened_at or found.last_event_at,
        )
        if event.milestone is None or event.happened_at is None:
            continue
        if Source.TRACK in event.sources:
            seen_at = event.happened_at
        if _is_end(event) and Source.TRACK not in event.sources:
            claim = event
        if _counts(found, event):
            found = replace(
                found,
                milestone=event.milestone,
                reason=event.reason,
                milestone_at=event.happened_at,
                is_confirmed=Source.TRACK in event.sources,
            )
    return replace(found, claim_at=_open_claim(found, claim, seen_at))


def least_advanced(standings: Sequence[Standing]) -> Standing | None:
    """The one that a delivery's milestone is taken from; voided parcels do not count while there are others."""
    alive = [one for one in standings if one.milestone != M.VOIDED] or list(standings)
    return min(alive, key=lambda one: _ADVANCE.index(one.milestone), default=None)


def least_advanced_of(parcels: Sequence[Parcel]) -> Parcel | None:
    """The same for rows, whose milestones are what they are because of `standing_of`."""
    alive = [one for one in parcels if one.milestone != M.VOIDED] or list(parcels)
    return min(alive, key=lambda one: _ADVANCE.index(Milestone(one.milestone)), default=None)


def _order(event: Told) -> tuple[datetime, int, str]:
    rank = _ADVANCE.index(event.milestone) if event.milestone else -1
    return event.happened_at or _LONG_AGO, rank, event.fingerprint


def _is_end(event: Told) -> bool:
    return event.milestone in ENDS or (event.milestone == M.EXCEPTION and event.reason in TERMINAL_LOSS)


def _counts(found: Standing, event: Told) -> bool:
    milestone = event.milestone
    if milestone is None or (milestone in ENDS and Source.TRACK not in event.sources):
        return False
    if found.is_lost and _is_end(event):
        return Source.TRACK in event.sources
    if found.milestone in ENDS:
        return milestone == found.milestone or milestone in _CORRECTED_BY[found.milestone]
    if milestone in {M.LABEL_CREATED, M.UNKNOWN}:
        return found.milestone in {M.LABEL_CREATED, M.UNKNOWN}
    return True


def _open_claim(found: Standing, claim: Told | None, seen_at: datetime) -> datetime | None:
    """A claim stands until the Tracking API has said the same, or has seen the parcel later on."""
    if claim is None or claim.happened_at is None or seen_at > claim.happened_at:
        return None
    is_said = found.milestone == claim.milestone and found.is_over and found.is_confirmed
    return None if is_said else claim.happened_at
