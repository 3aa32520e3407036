"""From a history to where a parcel stands, and from parcels to where a delivery stands. Pure functions.

The latest event decides (`ups.md` 9.4), not the last to arrive. Ends are believed only from the Tracking API, and only
it takes one back: what others say of either is a claim, which is looked into (`ups.md` 1, point 13).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TypeVar

from syncjobs.models import Parcel
from syncjobs.tracking.merging import LOST, Merged, Told
from ups.events import Milestone
from ups.statuses import TERMINAL_LOSS, Reason

M = Milestone
AnyParcel = TypeVar("AnyParcel")
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
EVENTS_AT_MOST = 500
"""Of one parcel. One that has much to tell has some forty; more is a flood, or a fault."""
MOVES_AT_MOST = 2 * EVENTS_AT_MOST
"""The same for news that says something else than is known, which a flood may do as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a parcel stands. `is_confirmed`: the Tracking API said so itself.

    `claim_at`: when an end, or what takes one back, is said to have happened that the Tracking API has not told of.
    """

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
        if event.track_says:
            seen_at = event.happened_at
        if _needs_tracking(found, event) and _moves(found, event) and not _is_said(found, event):
            claim = event
        believed = _believed(found, event)
        if believed is not None and _moves(found, believed):
            found = replace(
                found,
                milestone=believed.milestone or found.milestone,
                reason=believed.reason,
                milestone_at=believed.happened_at,
                is_confirmed=believed.track_says == believed.comes_to,
            )
    return replace(found, claim_at=_open_claim(found, claim, seen_at))


def least_advanced(standings: Sequence[Standing]) -> Standing | None:
    """The one that a delivery's milestone is taken from; voided parcels do not count while there are others."""
    return _least(standings, lambda one: one.milestone)


def least_advanced_of(parcels: Sequence[Parcel]) -> Parcel | None:
    """The same for rows, whose milestones are what they are because of `standing_of`."""
    return _least(parcels, lambda one: Milestone(one.milestone))


def without_idle(merged: Merged, known: Sequence[Told]) -> Merged:
    """What is worth a row: in a long history no news of others that leaves the parcel where `known` has it.

    The receipt keeps what is left out. What the Tracking API tells is never left out.
    """
    if len(merged.events) <= EVENTS_AT_MOST:
        return merged
    now = standing_of(known).milestone
    rows = len(known) - sum(place < len(known) for place in merged.absorbed)
    events = dict(merged.events)
    for place, event in merged.events.items():
        if place < len(known):
            continue
        most = EVENTS_AT_MOST if event.milestone in {None, now} else MOVES_AT_MOST
        if event.is_tracked or rows < most:
            rows += 1
        else:
            del events[place]
    return replace(merged, events=events, changed=merged.changed & events.keys())


def _least(parcels: Sequence[AnyParcel], milestone: Callable[[AnyParcel], Milestone]) -> AnyParcel | None:
    alive = [one for one in parcels if milestone(one) != M.VOIDED] or list(parcels)
    return min(alive, key=lambda one: _ADVANCE.index(milestone(one)), default=None)


def _order(event: Told) -> tuple[datetime, int, bool, str]:
    rank = _ADVANCE.index(event.milestone) if event.milestone else -1
    return event.happened_at or _LONG_AGO, rank, not event.is_tracked, event.fingerprint


def _is_end(event: Told) -> bool:
    return event.milestone in ENDS or event.comes_to == LOST


def _tracked_milestone(event: Told) -> Milestone | None:
    if event.track_says == LOST:
        return M.EXCEPTION
    return Milestone(event.track_says) if event.track_says else None


def _needs_tracking(found: Standing, event: Told) -> bool:
    """An end, or anything that takes one back, which the Tracking API has not said itself."""
    return event.track_says != event.comes_to and (found.is_over or _is_end(event))


def _is_said(found: Standing, event: Told) -> bool:
    """The Tracking API told of this end already, perhaps with another moment."""
    return found.is_over and (event.comes_to == LOST if found.is_lost else event.milestone == found.milestone)


def _believed(found: Standing, event: Told) -> Told | None:
    """The event as far as it is taken at its word; a loss that only others tell of is trouble all the same."""
    if not _needs_tracking(found, event):
        return event
    milestone = _tracked_milestone(event)
    if milestone is None:
        return event if event.milestone == M.EXCEPTION and not found.is_over else None
    reason = event.reason if event.milestone == milestone else ""
    return replace(event, milestone=milestone, reason=Reason.LOST_OR_DESTROYED if event.track_says == LOST else reason)


def _moves(found: Standing, event: Told) -> bool:
    """Whether an event that may be believed changes where the parcel stands."""
    milestone = event.milestone
    if milestone is None:
        return False
    if found.is_lost and _is_end(event):
        return True
    if found.milestone in ENDS:
        return milestone == found.milestone or milestone in _CORRECTED_BY[found.milestone]
    if milestone in {M.LABEL_CREATED, M.UNKNOWN}:
        return found.milestone in {M.LABEL_CREATED, M.UNKNOWN}
    return True


def _open_claim(found: Standing, claim: Told | None, seen_at: datetime) -> datetime | None:
    """A claim stands until the Tracking API has said the same, or has seen the parcel later on."""
    if claim is None or claim.happened_at is None or seen_at > claim.happened_at:
        return None
    is_open = _needs_tracking(found, claim) and not _is_said(found, claim)
    return claim.happened_at if is_open else None
