"""A parcel's history in the database: rows into events and back. What names a person is sealed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import CharField
from django.db.models.functions import Cast

from connector_site.lib.secrets import seal, unseal
from syncjobs.models import Parcel, TrackingEvent
from syncjobs.tracking.merging import Merged, Told
from ups.events import Milestone, Place, Source

PURPOSE = "tracking event"


def rows_of(parcels: Sequence[Parcel]) -> dict[int, list[TrackingEvent]]:
    """The stored events of each parcel, oldest row first; what is sealed stays closed."""
    found: dict[int, list[TrackingEvent]] = {parcel.pk: [] for parcel in parcels}
    if parcels:
        rows = TrackingEvent.objects.filter(tenant_id=parcels[0].tenant_id, parcel__in=parcels)
        for row in rows.defer("sealed").order_by("pk"):
            found[row.parcel_id].append(row)
    return found


def told_of(row: TrackingEvent) -> Told:
    """A stored event."""
    return Told(
        sources=frozenset(Source(name) for name in row.sources),
        type=row.type,
        code=row.event_code,
        status_code=row.status_code,
        description=row.description,
        happened_at=row.happened_at,
        local_at=datetime.fromisoformat(row.local_at) if row.local_at else None,
        offset_minutes=row.offset_minutes,
        zone_known=row.zone_known,
        place=Place(city=row.city, state=row.state, country=row.country),
        milestone=Milestone(row.milestone) if row.milestone else None,
        reason=row.reason,
        track_says=row.track_says,
        scheduled_date=row.scheduled_date,
        received_by="",
        raw={},
    )


def receiver_of(row: TrackingEvent) -> str:
    """Who signed, where UPS said so."""
    return str(_open(row)["received_by"])


def store(parcel: Parcel, rows: Sequence[TrackingEvent], merged: Merged, *, at: datetime) -> None:
    """Write what is new or richer, in the open transaction; `rows` are those the merge began with."""
    fresh: list[TrackingEvent] = []
    absorbed = _take_out(rows, merged)
    _make_room([rows[place] for place in merged.changed if place < len(rows)])
    for place in sorted(merged.changed):
        event = merged.events[place]
        if place < len(rows):
            _enrich(rows[place], event, absorbed.get(place, ()))
        else:
            row = TrackingEvent(tenant_id=parcel.tenant_id, parcel=parcel, recorded_at=at, **_columns(event))
            row.sealed = _sealed(row.code, event.received_by, event.raw)
            fresh.append(row)
    TrackingEvent.objects.bulk_create(fresh)


def _take_out(rows: Sequence[TrackingEvent], merged: Merged) -> dict[int, list[dict[str, Any]]]:
    """Delete the rows that went into another; what was sealed in them, by the place they went to."""
    gone = {place: into for place, into in merged.absorbed.items() if place < len(rows)}
    opened: dict[int, list[dict[str, Any]]] = {}
    for place, into in gone.items():
        opened.setdefault(into, []).append(_open(rows[place]))
    if gone:
        keys = [rows[place].pk for place in gone]
        TrackingEvent.objects.filter(tenant_id=rows[0].tenant_id, pk__in=keys).delete()
    return opened


def _make_room(rows: Sequence[TrackingEvent]) -> None:
    """One row may become what another one was until now: while they change, none is what it was."""
    if len(rows) > 1:
        mine = TrackingEvent.objects.filter(tenant_id=rows[0].tenant_id, pk__in=[row.pk for row in rows])
        mine.update(fingerprint=Cast("code", CharField()))


def _enrich(row: TrackingEvent, event: Told, absorbed: Sequence[dict[str, Any]]) -> None:
    raw: dict[str, Any] = {}
    received_by = event.received_by
    for opened in (*absorbed, _open(row)):
        raw |= opened["raw"]
        received_by = received_by or opened["received_by"]
    columns = _columns(event)
    columns["sealed"] = _sealed(row.code, received_by, raw | event.raw)
    for name, value in columns.items():
        setattr(row, name, value)
    row.save(update_fields=list(columns))


def _open(row: TrackingEvent) -> dict[str, Any]:
    if row.sealed is None:
        return {"received_by": "", "raw": {}}
    opened: dict[str, Any] = unseal(row.sealed, owner=row.code, purpose=PURPOSE)
    return opened


def _sealed(code: UUID, received_by: str, raw: dict[str, Any]) -> dict[str, Any]:
    return seal({"received_by": received_by, "raw": raw}, owner=code, purpose=PURPOSE)


def _columns(event: Told) -> dict[str, Any]:
    return {
        "fingerprint": event.fingerprint,
        "sources": sorted(event.sources),
        "type": event.type,
        "event_code": event.code,
        "status_code": event.status_code,
        "description": event.description,
        "happened_at": event.happened_at,
        "local_at": event.local_at.isoformat() if event.local_at else "",
        "offset_minutes": event.offset_minutes,
        "zone_known": event.zone_known,
        "city": event.place.city,
        "state": event.place.state,
        "country": event.place.country,
        "milestone": event.milestone or "",
        "reason": event.reason,
        "track_says": event.track_says,
        "scheduled_date": event.scheduled_date,
    }


def received_by(rows: Iterable[TrackingEvent]) -> str:
    """Who signed for a parcel, from the newest of its events that says so."""
    return next((name for row in reversed(list(rows)) if (name := receiver_of(row))), "")
