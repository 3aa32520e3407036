"""Packing stations: labels wait there until somebody takes them to print, and nobody gets the same one twice."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery

from audit.models import Event
from audit.record import acting, happenings
from syncjobs.labels.batches import delivery_of, labels_of_keys, mark_printed, not_erased, not_voided, valid
from syncjobs.models import Label, PrintJob, Shipment, Station
from syncjobs.transitions import delivery_event
from tenants.context import tenant_context

TAKEN_AT_ONCE = 100
"""Labels in one batch; the file of so many is made in a few seconds."""
COUNTED = 1_000
"""Longer queues are shown as "more than"."""
_BATCH_ROWS = 500
"""Looked through for the batches taken last."""
_LABEL = "label__"
_TO_BE_PRINTED = valid(_LABEL) & not_erased(_LABEL)
_TO_BE_KEPT = not_voided(_LABEL) & not_erased(_LABEL)
"""What UPS is being asked to void waits on, should it refuse, and nobody takes it meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many labels wait at a station, `COUNTED` + 1 for more; `mark` is another one when anything has changed."""

    count: int
    mark: str = ""

    @property
    def is_more(self) -> bool:
        """Whether there are more than were counted."""
        return self.count > COUNTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Labels that were taken together."""

    code: uuid.UUID
    taken_at: datetime
    taken_by: str
    labels: int


def open_stations(tenant_id: uuid.UUID) -> QuerySet[Station]:
    """By name."""
    return Station.objects.filter(tenant_id=tenant_id, ended_at=None).order_by("name", "pk")


def enqueue(tenant_id: uuid.UUID, labels: Sequence[Label], station: Station, at: datetime) -> int:
    """Let them wait at this station, and nowhere else; returns how many do that did not already.

    In the open transaction. What somebody takes at this moment comes out there.
    """
    waiting = PrintJob.objects.filter(tenant_id=tenant_id, taken_at=None, label__in=labels)
    elsewhere = waiting.exclude(station=station).select_for_update(skip_locked=True, of=("self",))
    moved = PrintJob.objects.filter(tenant_id=tenant_id, pk__in=[job.pk for job in elsewhere])
    count = moved.update(station=station, asked_at=at)
    known = set(waiting.values_list("label_id", flat=True))
    new = [label for label in labels if label.pk not in known]
    PrintJob.objects.bulk_create(
        [PrintJob(tenant_id=tenant_id, station=station, label=label, asked_at=at) for label in new],
        ignore_conflicts=True,
    )
    return count + len(new)


def enqueue_new(shipment: Shipment, warehouse_code: str, at: datetime) -> None:
    """Let the labels of a new shipment wait where those of its warehouse are printed by themselves, if anywhere."""
    taking = Station.objects.filter(tenant_id=shipment.tenant_id, ended_at=None, takes_new=True)
    station = taking.filter(warehouse_code__in=["", warehouse_code]).order_by("-warehouse_code").first()
    if station is not None:
        labels = Label.objects.filter(tenant_id=shipment.tenant_id, parcel__shipment=shipment).order_by("pk")
        enqueue(shipment.tenant_id, list(labels.only("pk")), station, at)


def overview(tenant_id: uuid.UUID) -> list[tuple[Station, Waiting]]:
    """Every open station with what waits there, in one statement."""
    return [_state_of(row) for row in _with_state(open_stations(tenant_id))]


def find_with_state(tenant_id: uuid.UUID, code: uuid.UUID) -> tuple[Station, Waiting] | None:
    """An open station with what waits there, in one statement: an open page asks it again and again."""
    row = _with_state(open_stations(tenant_id)).filter(code=code).first()
    return _state_of(row) if row else None


def listed(station: Station, *, most: int) -> list[PrintJob]:
    """What waits there, with parcel and delivery, longest waiting first."""
    rows = waiting_at(station).select_related("label__parcel__shipment__delivery")
    return list(rows.defer("label__content", "label__sealed_key", "label__parcel__shipment__delivery__facts")[:most])


def waiting_at(station: Station) -> QuerySet[PrintJob]:
    """Longest waiting first; labels that were voided or erased meanwhile have dropped out."""
    rows = PrintJob.objects.filter(_TO_BE_PRINTED, tenant_id=station.tenant_id, station=station, taken_at=None)
    return rows.order_by("asked_at", "pk")


def take(*, actor: str, tenant_id: uuid.UUID, station_code: uuid.UUID, user_id: int, at: datetime) -> uuid.UUID | None:
    """Take what waits, `TAKEN_AT_ONCE` at most, and mark it as printed: the batch, None where nothing waits.

    What somebody else takes at this moment is passed over. Raises `Station.DoesNotExist`.
    """
    with acting(actor), tenant_context(tenant_id):
        station = open_stations(tenant_id).get(code=station_code)
        open_ones = PrintJob.objects.filter(tenant_id=tenant_id, station=station, taken_at=None)
        open_ones.exclude(_TO_BE_KEPT).delete()
        waiting = waiting_at(station).select_for_update(skip_locked=True, of=("self",))
        jobs = dict(waiting.values_list("pk", "label_id")[:TAKEN_AT_ONCE])
        if not jobs:
            return None
        batch = uuid.uuid4()
        mine = PrintJob.objects.filter(tenant_id=tenant_id, pk__in=jobs)
        mine.update(taken_at=at, taken_by_id=user_id, batch=batch)
        mark_printed(tenant_id, labels_of_keys(tenant_id, jobs.values()), at=at, station=station)
    return batch


def drop(*, actor: str, tenant_id: uuid.UUID, station_code: uuid.UUID, job_codes: Collection[uuid.UUID]) -> int:
    """Let these wait no longer; returns how many there were. Raises `Station.DoesNotExist`."""
    with acting(actor), tenant_context(tenant_id):
        station = open_stations(tenant_id).get(code=station_code)
        rows = PrintJob.objects.filter(tenant_id=tenant_id, station=station, taken_at=None, code__in=job_codes)
        jobs = list(
            rows.select_for_update(skip_locked=True, of=("self",))
            .select_related("label__parcel__shipment__delivery")
            .defer("label__content", "label__sealed_key")
        )
        PrintJob.objects.filter(tenant_id=tenant_id, pk__in=[job.pk for job in jobs]).delete()
        details = {"what": "labels not printed", "station": str(station.code)}
        deliveries = {delivery_of(job.label).pk: delivery_of(job.label) for job in jobs}
        happenings(tenant_id, [delivery_event(one, Event.Kind.ASKED, details=details) for one in deliveries.values()])
    return len(jobs)


def labels_of_batch(station: Station, batch: uuid.UUID) -> list[Label]:
    """What is left of a batch, in pick order."""
    rows = PrintJob.objects.filter(tenant_id=station.tenant_id, station=station, batch=batch)
    return labels_of_keys(station.tenant_id, list(rows.values_list("label_id", flat=True)))


def last_batches(station: Station, *, most: int = 5) -> list[Batch]:
    """Those taken last at this station, the last one first."""
    rows = PrintJob.objects.filter(tenant_id=station.tenant_id, station=station, taken_at__isnull=False)
    some = rows.order_by("-taken_at", "-pk").values_list("batch", "taken_at", "taken_by__email")[:_BATCH_ROWS]
    batches: dict[uuid.UUID, Batch] = {}
    for code, taken_at, email in some:
        if code is None or taken_at is None:
            continue
        known = batches.get(code)
        labels = known.labels + 1 if known else 1
        batches[code] = Batch(code=code, taken_at=taken_at, taken_by=email or "", labels=labels)
    return list(batches.values())[:most]


def _with_state(rows: QuerySet[Station]) -> QuerySet[Station, Any]:
    of_station = PrintJob.objects.filter(tenant_id=OuterRef("tenant_id"), station=OuterRef("pk"))
    waiting = of_station.filter(_TO_BE_PRINTED, taken_at=None).order_by("asked_at", "pk")
    taken = of_station.filter(taken_at__isnull=False).order_by("-taken_at", "-pk")
    return rows.annotate(
        waiting=ArraySubquery(waiting.values("pk")[: COUNTED + 1]), last_batch=Subquery(taken.values("batch")[:1])
    )


def _state_of(row: Any) -> tuple[Station, Waiting]:
    count = len(row.waiting)
    return row, Waiting(count=count, mark=f"{count}-{max(row.waiting, default=0)}-{row.last_batch or ''}")
