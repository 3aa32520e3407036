"""Making, changing and closing packing stations; each is an event of the audit trail. Inside the tenant's context."""

import uuid
from datetime import datetime

from django.db import IntegrityError, transaction

from audit.models import Event
from audit.record import Happening, happenings
from connector_site.lib.wording import said
from syncjobs.models import PrintJob, Station

SUBJECT_KIND = "packing station"
_IN_THE_WAY = {
    "station_name_once": ("name", said("There is a station of this name already.")),
    "station_takes_a_warehouse_alone": (
        "takes_new",
        said("New labels of this warehouse go to another station already."),
    ),
}
"""By constraint: the field, and what to tell."""


class StationTaken(Exception):
    """Another station has this name or this warehouse; `field` is what to change."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def keep(
    tenant_id: uuid.UUID,
    station: Station | None,
    *,
    name: str,
    warehouse_code: str,
    takes_new: bool,
    paper: str,
    at: datetime,
) -> Station:
    """A new station, or this one changed. Raises `StationTaken`."""
    row = station or Station(tenant_id=tenant_id, created_at=at)
    row.name, row.warehouse_code, row.takes_new, row.paper = name, warehouse_code, takes_new, paper
    columns = ["name", "warehouse_code", "takes_new", "paper"]
    try:
        with transaction.atomic():
            row.save(update_fields=columns if station else None, force_insert=station is None)
    except IntegrityError as error:
        raise _taken(error) from error
    details = {"what": "packing station", "warehouse": warehouse_code, "takes_new": takes_new, "paper": paper}
    happenings(tenant_id, [_event(row, details)])
    return row


def end(station: Station, *, at: datetime) -> None:
    """Nothing waits there any more; what was printed there stays known."""
    mine = Station.objects.filter(tenant_id=station.tenant_id, pk=station.pk, ended_at=None)
    if mine.update(ended_at=at):
        PrintJob.objects.filter(tenant_id=station.tenant_id, station=station, taken_at=None).delete()
        happenings(station.tenant_id, [_event(station, {"what": "packing station closed"})])


def _event(station: Station, details: dict[str, object]) -> Happening:
    return Happening(kind=Event.Kind.CHANGED, subject_kind=SUBJECT_KIND, subject=station.code, details=details)


def _taken(error: IntegrityError) -> Exception:
    for constraint, (field, text) in _IN_THE_WAY.items():
        if constraint in str(error):
            return StationTaken(field, text)
    return error
