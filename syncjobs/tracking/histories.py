"""A parcel's history as people read it: its events, newest first, and how far it has come. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from syncjobs.models import Parcel, TrackingEvent
from syncjobs.tracking.merging import LOST
from syncjobs.tracking.milestones import ENDS
from ups.events import Source
from ups.statuses import TERMINAL_LOSS

M = Parcel.Milestone
_WAY = (M.LABEL_CREATED, M.PICKED_UP, M.IN_TRANSIT, M.OUT_FOR_DELIVERY, M.DELIVERED)
"""The steps of a parcel that goes its way."""
_ON_THE_WAY, _AT_THE_DOOR, _END = 2, 3, 4
_PLACE_OF = {milestone: place for place, milestone in enumerate(_WAY)} | {M.AVAILABLE_FOR_PICKUP: _AT_THE_DOOR}
SHOWN_AT_MOST = 100
"""Events on a page; of a history of hundreds the rest is a flood."""
DONE, NOW, AHEAD = "done", "now", "ahead"
_LOOKS = {M.EXCEPTION: "stop", M.RETURNED_TO_SENDER: "stop", M.VOIDED: "quiet", M.DELIVERED: "good"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventShown:
    """One event. `is_claim`: it tells of an end that UPS's Tracking API has not confirmed, so it is not believed yet.

    `happened_at` is the instant, `local_at` the clock on the wall of the place; None when UPS gave no time. `told` is
    UPS's own text.
    """

    milestone: str
    reason: str
    is_claim: bool
    happened_at: datetime | None
    local_at: datetime | None
    zone_known: bool
    place: str
    told: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the progress line; `state` is `done`, `now` or `ahead`."""

    milestone: str
    state: str
    look: str


def history_of(parcel: Parcel) -> tuple[EventShown, ...]:
    """Newest first, as many as a page shows; for a parcel with `events` read ahead."""
    events = sorted(parcel.events.all(), key=lambda event: (event.happened_at or event.recorded_at, event.pk))
    return tuple(_shown(event) for event in reversed(events[-SHOWN_AT_MOST:]))


def steps_of(milestone: str, history: Iterable[EventShown]) -> tuple[Step, ...]:
    """The progress line: the way of a parcel, with what departs from it in the place where it happened."""
    if milestone == M.VOIDED:
        return _line((M.LABEL_CREATED, M.VOIDED), now=1)
    reached = max((_PLACE_OF.get(M(one), 0) for one in _believed(milestone, history)), default=0)
    if milestone == M.RETURNED_TO_SENDER:
        return _line((*_WAY[: min(max(reached, _ON_THE_WAY), _AT_THE_DOOR) + 1], M.RETURNED_TO_SENDER), now=-1)
    if milestone in {M.EXCEPTION, M.UNKNOWN}:
        return _line(_WAY, now=min(max(reached, _ON_THE_WAY), _AT_THE_DOOR), instead=M(milestone))
    now = _PLACE_OF[M(milestone)]
    return _line(_WAY, now=now, instead=M(milestone))


def is_believed(event: TrackingEvent) -> bool:
    """Whether an event may be taken at its word: an end counts only when the Tracking API told of it itself."""
    if event.milestone == M.EXCEPTION and event.reason in TERMINAL_LOSS:
        return event.track_says == LOST
    return event.milestone not in ENDS or event.track_says == event.milestone


def _line(way: tuple[M, ...], *, now: int, instead: M | None = None) -> tuple[Step, ...]:
    place = now % len(way)
    milestones = [*way[:place], instead or way[place], *way[place + 1 :]]
    states = [DONE if index < place else NOW if index == place else AHEAD for index in range(len(way))]
    return tuple(
        Step(milestone=milestone, state=state, look=_LOOKS.get(milestone, "move") if state == NOW else "")
        for milestone, state in zip(milestones, states, strict=True)
    )


def _believed(milestone: str, history: Iterable[EventShown]) -> list[str]:
    told = [event.milestone for event in history if event.milestone and not event.is_claim]
    return [milestone, *(one for one in told if one not in ENDS)]


def _shown(event: TrackingEvent) -> EventShown:
    return EventShown(
        milestone=event.milestone,
        reason=event.reason,
        is_claim=not is_believed(event),
        happened_at=event.happened_at,
        local_at=_wall_clock(event),
        zone_known=event.zone_known,
        place=", ".join(part for part in (event.city, event.country) if part),
        told=event.description,
        sources=tuple(source for source in Source if source in event.sources),
    )


def _wall_clock(event: TrackingEvent) -> datetime | None:
    """The clock of the place; UTC where UPS gave nothing else."""
    try:
        return datetime.fromisoformat(event.local_at).replace(tzinfo=None)
    except ValueError:
        return event.happened_at.replace(tzinfo=None) if event.happened_at else None
