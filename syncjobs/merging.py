"""One history out of three sources: what was told twice is one event, whatever came first. Pure functions.

Pushes and the Tracking API tell the same scan with the same type, code and moment. Quantum View tells less (no type,
local time only): its record is the scan of the same moment that means the same, if there is one.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from ups.events import Milestone, ParcelEvent, Place, Source
from ups.statuses import TERMINAL_LOSS, Reason, classify

_ANNOUNCEMENT = "Manifest"
"""The record whose place is where the parcel goes, not where it is (`ups.md` 11)."""
_UNEXPLAINED = frozenset({"", Reason.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event of a parcel's history and who told of it; `raw` is what each source sent, where it is new."""

    sources: frozenset[Source]
    type: str
    code: str
    status_code: str
    description: str
    happened_at: datetime | None
    local_at: datetime | None
    offset_minutes: int | None
    zone_known: bool
    place: Place
    milestone: Milestone | None
    reason: str
    scheduled_date: date | None
    received_by: str
    raw: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """What makes it the same event in the database: two that differ here are two for `merge` as well."""
        moment = self.happened_at if self.zone_known else self.local_at
        parts = (
            self.type,
            self.code,
            self.status_code,
            moment.isoformat() if moment else "",
            "" if moment else self.description,
            self.milestone or "" if self.is_record else "",
        )
        return hashlib.sha256("|".join(parts).encode()).hexdigest()

    @property
    def is_record(self) -> bool:
        """Told by Quantum View alone, in its own words."""
        return self.sources == {Source.VIEW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What came of it, each event at its place: those that are new or richer than before, and those that went into one.

    The first places are those of the history it began with. Two of its events turn out to be one when a third telling
    has what each of them lacked; `absorbed` says which place the later one went to.
    """

    events: Mapping[int, Told]
    changed: frozenset[int]
    absorbed: Mapping[int, int]

    @property
    def history(self) -> tuple[Told, ...]:
        """The whole history."""
        return tuple(self.events.values())


def told(event: ParcelEvent) -> Told:
    """An event as one source tells it."""
    return Told(
        sources=frozenset({event.source}),
        type=event.type,
        code=event.code,
        status_code=event.status_code,
        description=event.description,
        happened_at=event.happened_at,
        local_at=_wall_clock(event),
        offset_minutes=event.offset_minutes,
        zone_known=event.zone_known,
        place=event.place,
        milestone=event.milestone,
        reason=event.reason,
        scheduled_date=event.scheduled_date,
        received_by=event.received_by,
        raw={event.source.value: event.raw},
    )


def merge(known: Iterable[Told], incoming: Iterable[Told]) -> Merged:
    """Put new events into a history. The same tellings make the same history in whatever order they come."""
    events = dict(enumerate(known))
    changed: set[int] = set()
    absorbed: dict[int, int] = {}
    for event in incoming:
        place = next((place for place, old in events.items() if _is_same(old, event)), None)
        if place is None:
            place = len(events) + len(absorbed)
            events[place] = event
        elif (joined := _joined(events[place], event)) == events[place]:
            continue
        else:
            events[place] = joined
            place = _absorb(events, place, absorbed)
        changed.add(place)
    return Merged(events=events, changed=frozenset(changed & events.keys()), absorbed=absorbed)


def _absorb(events: dict[int, Told], place: int, absorbed: dict[int, int]) -> int:
    """Join the event that has just become richer with all that it is now seen to be; returns its place."""
    while others := [other for other in events if other != place and _is_same(events[place], events[other])]:
        place, gone = sorted((place, others[0]))
        events[place] = _joined(events[place], events.pop(gone))
        absorbed |= {earlier: place for earlier, into in absorbed.items() if into == gone} | {gone: place}
    return place


def _wall_clock(event: ParcelEvent) -> datetime | None:
    """The time where it happened; UPS leaves it out at times, and Quantum View tells no other."""
    local_at = event.local_at
    if local_at is None and event.happened_at is not None and event.offset_minutes is not None:
        local_at = event.happened_at.replace(tzinfo=None) + timedelta(minutes=event.offset_minutes)
    return local_at.replace(microsecond=0) if local_at else None


def _is_same(old: Told, new: Told) -> bool:
    """A record's type and code are not all it says: a `Delivery` may be one to an Access Point (`ups.md` 11)."""
    if not _is_same_moment(old, new):
        return False
    if old.is_record != new.is_record:
        return _is_same_matter(old, new)
    if old.is_record and old.milestone and new.milestone and old.milestone != new.milestone:
        return False
    codes_differ = old.status_code and new.status_code and old.status_code != new.status_code
    if old.type != new.type or old.code != new.code or codes_differ:
        return False
    return bool(old.local_at or old.happened_at) or old.description == new.description


def _is_same_moment(old: Told, new: Told) -> bool:
    if old.zone_known and new.zone_known:
        return old.happened_at == new.happened_at
    if old.local_at is not None and new.local_at is not None:
        return old.local_at == new.local_at
    return old.happened_at == new.happened_at and old.local_at == new.local_at


def _is_same_matter(old: Told, new: Told) -> bool:
    """A record of Quantum View and a scan: the same code, or the same meaning. A loss is no other trouble."""
    if old.milestone is None or new.milestone is None:
        return bool(old.code) and old.code == new.code
    is_one_a_loss = (old.reason in TERMINAL_LOSS) != (new.reason in TERMINAL_LOSS)
    if is_one_a_loss and Reason.UNKNOWN not in {old.reason, new.reason}:
        return False
    return old.milestone == new.milestone


def _joined(old: Told, new: Told) -> Told:
    """Both tellings as one: the scan's words before the record's, a true zone before an estimate, nothing lost."""
    words, other = (new, old) if old.is_record and not new.is_record else (old, new)
    clock, other_clock = (new, old) if _clock_rank(new) > _clock_rank(old) else (old, new)
    joined = replace(
        words,
        sources=old.sources | new.sources,
        status_code=words.status_code or other.status_code,
        description=words.description or other.description,
        place=words.place if other.type == _ANNOUNCEMENT else _fuller(words.place, other.place),
        scheduled_date=words.scheduled_date or other.scheduled_date,
        received_by=words.received_by or other.received_by,
        happened_at=clock.happened_at,
        zone_known=clock.zone_known,
        local_at=clock.local_at or other_clock.local_at,
        offset_minutes=clock.offset_minutes if clock.offset_minutes is not None else other_clock.offset_minutes,
        raw=old.raw,
    )
    joined = _understood(joined, old, new)
    return old if joined == old else replace(joined, raw=old.raw | new.raw)


def _clock_rank(event: Told) -> tuple[bool, bool]:
    """A moment of UPS's own before an estimate, one by the country's zone before one without."""
    return event.zone_known, bool(event.place.country)


def _understood(joined: Told, old: Told, new: Told) -> Told:
    """What all that was told of a scan means together; what is not believed in either telling is not in both."""
    if old.milestone is None and new.milestone is None:
        return joined
    if joined.is_record:
        meant = old if old.milestone else new
        return replace(joined, milestone=meant.milestone, reason=meant.reason)
    has_place = bool(joined.place.city)
    meaning = classify(type=joined.type, code=joined.code, status_code=joined.status_code, has_place=has_place)
    milestone, reason = meaning.milestone, meaning.reason
    if milestone is None and not joined.status_code:
        milestone = old.milestone or new.milestone
    if reason in _UNEXPLAINED:
        reasons = [one.reason for one in (old, new) if one.milestone == milestone and one.reason not in _UNEXPLAINED]
        reason = next(iter(reasons), reason)
    return replace(joined, milestone=milestone, reason=reason)


def _fuller(place: Place, other: Place) -> Place:
    return Place(
        city=place.city or other.city,
        state=place.state or other.state,
        postal_code=place.postal_code or other.postal_code,
        country=place.country or other.country,
    )
