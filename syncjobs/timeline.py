"""Everything that happened to one delivery in one order: what Exact, UPS, people and we did. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from django.utils import timezone

from connector_site.lib.wording import said
from syncjobs.story import Call, Moment
from syncjobs.tracking.histories import EventShown

SHOWN_AT_MOST = 200
"""Our own bound: a page, not a log; the audit trail has the rest."""
_UNDATED = datetime.min.replace(tzinfo=UTC)


class Lane(StrEnum):
    """Who did it."""

    EXACT = "exact"
    UPS = "ups"
    US = "us"
    PERSON = "person"


LANE_WORDS = {
    Lane.EXACT: "Exact Online",
    Lane.UPS: "UPS",
    Lane.US: "ml-connector",
    Lane.PERSON: said("Person"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """An event of UPS's, ready to be read: `words` in the reader's language, `told` in UPS's own."""

    event: EventShown
    words: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line. `local_at` is the clock of the place where UPS scanned the parcel; without it the reader's counts."""

    at: datetime
    lane: Lane
    words: str
    look: str
    more: str = ""
    by: str = ""
    calls: tuple[Call, ...] = ()
    local_at: datetime | None = None

    @property
    def who(self) -> str:
        """The lane in words."""
        return LANE_WORDS[self.lane]


def timeline(moments: Iterable[Moment], scans: Iterable[tuple[str, Scan]]) -> list[Entry]:
    """Newest first; `scans` with the number of the parcel each belongs to."""
    entries = [_of_moment(moment) for moment in moments]
    entries += [_of_scan(number, scan) for number, scan in scans if scan.event.happened_at is not None]
    entries.sort(key=lambda entry: entry.at, reverse=True)
    return entries[:SHOWN_AT_MOST]


def _of_moment(moment: Moment) -> Entry:
    return Entry(
        at=moment.at or _UNDATED,
        lane=_lane(moment),
        words=moment.words,
        look=moment.look,
        more=moment.more,
        by=moment.by,
        calls=moment.calls,
    )


def _lane(moment: Moment) -> Lane:
    if moment.actor.startswith("user:"):
        return Lane.PERSON
    return Lane(moment.actor) if moment.actor in (Lane.EXACT, Lane.UPS) else Lane.US


def _of_scan(number: str, scan: Scan) -> Entry:
    event = scan.event
    parts = (number, event.place, scan.told if scan.told != scan.words else "")
    return Entry(
        at=event.happened_at or timezone.now(),
        lane=Lane.UPS,
        words=scan.words or said("UPS scanned the parcel"),
        look=_LOOKS.get(event.milestone, "move"),
        more=" · ".join(part for part in parts if part),
        local_at=event.local_at,
    )


_LOOKS = {"exception": "stop", "returned_to_sender": "stop", "delivered": "good", "": "quiet"}
