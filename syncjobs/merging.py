"""One history out of three sources: what was told twice is one event, whatever came first. Pure functions.

Pushes and the Tracking API tell the same scan with the same type, code and moment. Quantum View tells less (no type,
local time only): its record is the scan of the same moment that means the same, if there is one.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from ups.events import Milestone, ParcelEvent, Place, Source


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
        """What makes it the same event in the database; the moment by the wall clock, which every source tells."""
        moment = self.local_at or self.happened_at
        parts = (
            self.type,
            self.code,
            self.status_code,
            moment.isoformat() if moment else "",
            "" if moment else self.description,
        )
        return hashlib.sha256("|".join(parts).encode()).hexdigest()

    @property
    def is_record(self) -> bool:
        """Told by Quantum View alone, in its own words."""
        return self.sources == {Source.VIEW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What came of it: the whole history, and the places in it that are new or richer than before."""

    history: tuple[Told, ...]
    changed: frozenset[int]


def told(event: ParcelEvent) -> Told:
    """An event as one source tells it."""
    return Told(
        sources=frozenset({event.source}),
        type=event.type,
        code=event.code,
        status_code=event.status_code,
        description=event.description,
        happened_at=event.happened_at,
        local_at=event.local_at.replace(microsecond=0) if event.local_at else None,
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
    """Put new events into a history. The first `len(known)` places keep their order; new ones follow."""
    history = list(known)
    changed: set[int] = set()
    for event in incoming:
        place = next((index for index, old in enumerate(history) if _is_same(old, event)), None)
        if place is None:
            history.append(event)
            changed.add(len(history) - 1)
        elif (joined := _joined(history[place], event)) != history[place]:
            history[place] = joined
            changed.add(place)
    return Merged(history=tuple(history), changed=frozenset(changed))


def _is_same(old: Told, new: Told) -> bool:
    if not _is_same_moment(old, new):
        return False
    if old.is_record != new.is_record:
        return _is_same_matter(old, new)
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
    """A record of Quantum View and a scan: the same code, or the same meaning."""
    if old.milestone is None or new.milestone is None:
        return bool(old.code) and old.code == new.code
    return old.milestone == new.milestone


def _joined(old: Told, new: Told) -> Told:
    """Both tellings as one: the scan's words before the record's, a true zone before an estimate, nothing lost."""
    richer, other = (new, old) if _tells_more(new, old) else (old, new)
    joined = replace(
        richer,
        sources=old.sources | new.sources,
        status_code=richer.status_code or other.status_code,
        description=richer.description or other.description,
        place=_fuller(richer.place, other.place),
        scheduled_date=richer.scheduled_date or other.scheduled_date,
        received_by=richer.received_by or other.received_by,
        raw=other.raw | richer.raw,
        local_at=richer.local_at or other.local_at,
        offset_minutes=richer.offset_minutes if richer.offset_minutes is not None else other.offset_minutes,
    )
    if richer.milestone is None and other.milestone is not None and not richer.status_code:
        joined = replace(joined, milestone=other.milestone, reason=other.reason)
    return joined


def _tells_more(new: Told, old: Told) -> bool:
    if old.is_record != new.is_record:
        return old.is_record
    if old.zone_known != new.zone_known:
        return new.zone_known
    return bool(new.status_code) and not old.status_code


def _fuller(place: Place, other: Place) -> Place:
    return Place(
        city=place.city or other.city,
        state=place.state or other.state,
        postal_code=place.postal_code or other.postal_code,
        country=place.country or other.country,
    )
