"""One history out of three sources: what was told twice is one event, whatever came first. Pure functions.

Pushes and the Tracking API tell the same scan with the same type, code and moment. Quantum View tells less (no type,
local time only): its record is the scan of the same moment that means the same, if there is one.

What the Tracking API told of a scan is never changed by what others tell of it: they add words to show, no code and no
clock. So the events of the Tracking API are the same ones whatever else is told, and nobody can turn one into an end.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

from syncjobs.models import TrackingEvent
from ups.events import Milestone, ParcelEvent, Place, Source
from ups.statuses import TERMINAL_LOSS, Reason, classify

_ANNOUNCEMENT = "Manifest"
"""The record whose place is where the parcel goes, not where it is (`ups.md` 11)."""
_UNEXPLAINED = frozenset({"", Reason.UNKNOWN})
_UNCLEAR = frozenset({None, Milestone.UNKNOWN})
LOST = "lost"
"""Beside the milestones, what an event comes to after which a parcel does not come any more."""
_LENGTHS = {
    field.attname: field.max_length for field in TrackingEvent._meta.concrete_fields if field.max_length is not None
}
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event of a parcel's history and who told of it; `raw` is what each source sent, where it is new.

    `track_says` is what the Tracking API's own telling comes to: a milestone, `LOST`, or nothing. `milestone` and
    `reason` may be more than that: what others told stands in them as well.
    """

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
    track_says: str
    scheduled_date: date | None
    received_by: str
    raw: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """What makes it the same event in the database: two that differ here are two for `merge` as well."""
        moment = self.happened_at if self.zone_known else self.local_at or self.happened_at
        parts = (
            self.type,
            self.code,
            self.status_code,
            moment.isoformat() if moment else "",
            "" if moment else self.description,
            self.milestone or "" if self.is_record else "",
        )
        return hashlib.sha256(orjson.dumps(parts)).hexdigest()

    @property
    def comes_to(self) -> str:
        """What it comes to, whoever said so: its milestone, or `LOST`."""
        return _word(self.milestone, self.reason)

    @property
    def is_tracked(self) -> bool:
        """The Tracking API told of it, perhaps among others."""
        return Source.TRACK in self.sources

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
    """An event as one source tells it, with no more of its words than a row of the history holds.

    UPS names no lengths. What is cut, and the postal code, which is the receiver's as a rule, stand in `raw` alone.
    """
    place = event.place
    return Told(
        sources=frozenset({event.source}),
        type=_cut("type", event.type),
        code=_cut("event_code", event.code),
        status_code=_cut("status_code", event.status_code),
        description=_cut("description", event.description),
        happened_at=event.happened_at,
        local_at=_wall_clock(event),
        offset_minutes=event.offset_minutes,
        zone_known=event.zone_known,
        place=Place(
            city=_cut("city", place.city), state=_cut("state", place.state), country=_cut("country", place.country)
        ),
        milestone=event.milestone,
        reason=event.reason,
        track_says=_word(event.milestone, event.reason) if event.source is Source.TRACK else "",
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
        place = _place_of(event, events)
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
    while (other := _place_of(events[place], {key: one for key, one in events.items() if key != place})) is not None:
        place, gone = sorted((place, other))
        events[place] = _joined(events[place], events.pop(gone))
        absorbed |= {earlier: place for earlier, into in absorbed.items() if into == gone} | {gone: place}
    return place


def _place_of(event: Told, events: Mapping[int, Told]) -> int | None:
    """Where the same event stands. If several are the same, one that the Tracking API told of, and always that one."""
    same = [place for place, one in events.items() if _is_same(one, event)]
    return min(same, key=lambda place: (not events[place].is_tracked, events[place].fingerprint), default=None)


def _cut(column: str, text: str) -> str:
    return text[: _LENGTHS[column]]


def _word(milestone: Milestone | None, reason: str) -> str:
    if milestone == Milestone.EXCEPTION and reason in TERMINAL_LOSS:
        return LOST
    return milestone.value if milestone else ""


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
    """Both tellings as one: the Tracking API's before others', the scan's words before the record's, nothing lost."""
    joined = _as_tracked(old, new) if old.is_tracked != new.is_tracked else _as_equals(old, new)
    return old if joined == old else replace(joined, raw=old.raw | new.raw)


def _as_tracked(old: Told, new: Told) -> Told:
    """A telling of the Tracking API and one of others: its codes and clock stay, and what it says of its own."""
    base, other = (old, new) if old.is_tracked else (new, old)
    joined = _with_words(base, other, old)
    if base.milestone in _UNCLEAR and other.milestone not in _UNCLEAR and not _only_informs(base):
        return replace(joined, milestone=other.milestone, reason=other.reason)
    return replace(joined, reason=_explained(base.milestone, base.reason, (other,)))


def _as_equals(old: Told, new: Told) -> Told:
    """Both or neither told by the Tracking API: the better of each, a true zone before an estimate."""
    words, other = (new, old) if old.is_record and not new.is_record else (old, new)
    clock, other_clock = (new, old) if _clock_rank(new) > _clock_rank(old) else (old, new)
    joined = replace(
        _with_words(words, other, old),
        status_code=words.status_code or other.status_code,
        happened_at=clock.happened_at,
        zone_known=clock.zone_known,
        local_at=clock.local_at or other_clock.local_at,
        offset_minutes=clock.offset_minutes if clock.offset_minutes is not None else other_clock.offset_minutes,
        track_says=min((old, new), key=_says_less).track_says,
    )
    return _understood(joined, old, new)


def _only_informs(event: Told) -> bool:
    """Three digits may say that nothing has happened to the parcel; without them it is only not said."""
    meaning = classify(type=event.type, code=event.code, status_code=event.status_code)
    return bool(event.status_code) and meaning.milestone is None


def _with_words(words: Told, other: Told, old: Told) -> Told:
    """What is only shown, from whoever told it."""
    return replace(
        words,
        sources=words.sources | other.sources,
        description=words.description or other.description,
        place=words.place if other.type == _ANNOUNCEMENT else _fuller(words.place, other.place),
        scheduled_date=words.scheduled_date or other.scheduled_date,
        received_by=words.received_by or other.received_by,
        raw=old.raw,
    )


def _clock_rank(event: Told) -> tuple[bool, bool, datetime]:
    """A moment of UPS's own before an estimate, one by the country's zone before one without."""
    has_zone = event.happened_at is not None and event.happened_at.replace(tzinfo=None) != event.local_at
    return event.zone_known, has_zone, event.happened_at or _LONG_AGO


def _says_less(event: Told) -> tuple[bool, bool, str]:
    """Three digits say most; without a place an origin scan is taken for a label made."""
    return not event.status_code, not event.track_says, event.track_says


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
    if milestone in _UNCLEAR and not joined.status_code:
        clear = next((one for one in (old, new) if one.milestone not in _UNCLEAR), None)
        milestone = clear.milestone if clear else milestone or old.milestone or new.milestone
    return replace(joined, milestone=milestone, reason=_explained(milestone, reason, (old, new)))


def _explained(milestone: Milestone | None, reason: str, others: Iterable[Told]) -> str:
    """The reason; where UPS's codes give none, the one that another telling of the same milestone has."""
    if reason not in _UNEXPLAINED:
        return reason
    found = [one.reason for one in others if one.milestone == milestone and one.reason not in _UNEXPLAINED]
    return next(iter(found), reason)


def _fuller(place: Place, other: Place) -> Place:
    return Place(
        city=place.city or other.city,
        state=place.state or other.state,
        country=place.country or other.country,
    )
