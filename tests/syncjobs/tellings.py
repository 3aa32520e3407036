"""Scans of a parcel as the three sources tell them: one shape for the tests of histories, milestones and progress."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from syncjobs.tracking.merging import Told, told
from ups.events import Milestone, ParcelEvent, Place, Source
from ups.statuses import classify

NUMBER = "1ZA1B2C36800000016"
NOON = datetime(2026, 10, 14, 12, tzinfo=UTC)
GRONINGEN = Place(city="GRONINGEN", country="NL")
AHEAD = timedelta(hours=2)
"""The Netherlands in October, before the clocks go back."""
PUSH, VIEW, TRACK = Source.PUSH, Source.VIEW, Source.TRACK
M = Milestone

SCANS: dict[str, tuple[str, str, str]] = {
    "label": ("M", "MP", "003"),
    "picked up": ("I", "OR", "038"),
    "departed": ("I", "DP", "005"),
    "arrived": ("I", "AR", "005"),
    "out": ("I", "OT", "021"),
    "access point": ("D", "2Q", "161"),
    "customs": ("X", "40", "058"),
    "not collected": ("X", "3N", "033"),
    "delay": ("X", "16", "013"),
    "lost": ("X", "S9", "147"),
    "delivered": ("D", "FS", "011"),
    "returned": ("X", "UA", "034"),
    "voided": ("MV", "VP", "007"),
    "hold asked for": ("X", "39", "018"),
    "odd": ("D", "Q?", ""),
}
"""Type, code and status code of what happens to parcels."""
RECORDS: dict[str, tuple[str, str, Milestone]] = {
    "picked up": ("Origin", "", M.PICKED_UP),
    "departed": ("Generic", "AG", M.IN_TRANSIT),
    "arrived": ("Generic", "DS", M.IN_TRANSIT),
    "out": ("Generic", "OT", M.OUT_FOR_DELIVERY),
    "access point": ("Delivery", "", M.AVAILABLE_FOR_PICKUP),
    "customs": ("Exception", "40", M.EXCEPTION),
    "delay": ("Exception", "16", M.EXCEPTION),
    "lost": ("Exception", "S9", M.EXCEPTION),
    "delivered": ("Delivery", "", M.DELIVERED),
}
"""The record of Quantum View for the same thing, its code and what it means; there is none for the others."""


def scan(what: str, at: datetime = NOON, *, source: Source = TRACK, **changes: Any) -> ParcelEvent:
    """What a push or the Tracking API tells of it; `changes` replaces what is read out of it."""
    kind, code, status_code = SCANS[what]
    meaning = classify(type=kind, code=code, status_code=status_code, has_place=True)
    event = ParcelEvent(
        source=source,
        tracking_number=NUMBER,
        type=kind,
        code=code,
        status_code=status_code,
        description=what.upper(),
        happened_at=at,
        local_at=(at + AHEAD).replace(tzinfo=None),
        offset_minutes=120,
        zone_known=True,
        place=GRONINGEN,
        milestone=meaning.milestone,
        reason=meaning.reason,
        received_by="",
        raw={"told by": source.value, "what": what},
        scheduled_date=None,
    )
    return replace(event, **changes)


def without_gmt(event: ParcelEvent) -> ParcelEvent:
    """The same with the clock on the wall alone."""
    return replace(event, offset_minutes=None, zone_known=False)


def without_status_code(event: ParcelEvent) -> ParcelEvent:
    """The same without the three digits, and what it means then."""
    meaning = classify(type=event.type, code=event.code, status_code="", has_place=True)
    return replace(event, status_code="", milestone=meaning.milestone, reason=meaning.reason)


def record(what: str, at: datetime = NOON, **changes: Any) -> ParcelEvent:
    """What Quantum View tells of it: in its own words, by the clock on the wall."""
    name, code, milestone = RECORDS[what]
    meaning = classify(type="X", code=code, status_code="")
    event = replace(
        scan(what, at, source=VIEW),
        type=name,
        code=code,
        status_code="",
        description="",
        offset_minutes=None,
        zone_known=False,
        milestone=milestone,
        reason=meaning.reason if name == "Exception" else "",
    )
    return replace(event, **changes)


def history(*events: ParcelEvent) -> list[Told]:
    """The events as a history tells them."""
    return [told(event) for event in events]


def hours(number: float) -> timedelta:
    """So many."""
    return timedelta(hours=number)
