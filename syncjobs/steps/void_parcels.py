"""Void single parcels at UPS, as a person asked; the others of their shipment go on. Asking again is harmless."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from audit.models import Event
from audit.record import Happening, happenings
from connector_site.lib.wording import said
from syncjobs import queue
from syncjobs.models import Attempt, Delivery, Parcel, SyncJob
from syncjobs.queue import Job
from syncjobs.steps.context import Step
from syncjobs.steps.facts import touch
from syncjobs.tracking.progress import conclude, lock, take_in
from syncjobs.transitions import delivery_event
from tenants.context import tenant_context
from ups import subscribing
from ups.access import open_client
from ups.answers import VoidAnswer
from ups.limits import VOID_NUMBERS

REFUSAL_CHARACTERS = 250
_AGAIN_AFTER = timedelta(minutes=2)


def void_parcels(job: Job, step: Step) -> None:
    """The step: one call for the parcels of one shipment, then the next."""
    with tenant_context(job.tenant_id):
        asked = _asked(job)
        attempt = _attempt(job, asked)
    if attempt is None:
        _wait_or_forget(job, step)
        return
    numbers = tuple(row.tracking_number for row in asked)
    client = open_client(attempt.account, observe=step.observe)
    answer = client.void(attempt.shipment.ups_shipment_id, numbers)
    _keep(job, step, asked, answer)


def _asked(job: Job) -> list[Parcel]:
    """Parcels of one shipment that still stands; those of one that was voided as a whole need no answer."""
    rows = Parcel.objects.select_related("shipment").filter(
        tenant_id=job.tenant_id,
        shipment__delivery__code=job.subject,
        shipment__voided_at=None,
        shipment__attempt__state=Attempt.State.CREATED,
        void_asked_at__isnull=False,
        voided_at=None,
    )
    found = list(rows.order_by("shipment_id", "position"))
    return [row for row in found if row.shipment_id == found[0].shipment_id][:VOID_NUMBERS]


def _open(job: Job) -> QuerySet[Parcel]:
    """Those that UPS was not asked about yet, of whatever shipment that still stands."""
    rows = Parcel.objects.filter(tenant_id=job.tenant_id, shipment__delivery__code=job.subject)
    return rows.filter(shipment__voided_at=None, void_asked_at__isnull=False, voided_at=None)


def _wait_or_forget(job: Job, step: Step) -> None:
    """Where a shipment is being voided as a whole, its answer decides; where none stands, nothing is left to ask."""
    with tenant_context(job.tenant_id):
        lock(job.tenant_id, job.subject)
        rows = _open(job)
        if rows.filter(shipment__attempt__state__in=[Attempt.State.VOIDING, Attempt.State.CREATED]).exists():
            queue.put_back(job, due_at=step.at + _AGAIN_AFTER, error="its shipment is being voided", counts=False)
            return
        Parcel.objects.filter(tenant_id=job.tenant_id, pk__in=list(rows.values_list("pk", flat=True))).update(
            void_asked_at=None
        )
        queue.finish(job)


def _attempt(job: Job, asked: Sequence[Parcel]) -> Attempt | None:
    if not asked:
        return None
    rows = Attempt.objects.filter(tenant_id=job.tenant_id, pk=asked[0].shipment.attempt_id, state=Attempt.State.CREATED)
    return rows.select_related("account", "shipment").defer("request").first()


def _keep(job: Job, step: Step, asked: Sequence[Parcel], answer: VoidAnswer) -> None:
    """What UPS said of each; Exact and the parcels' way follow what is left."""
    at = step.at
    with tenant_context(job.tenant_id):
        delivery = lock(job.tenant_id, job.subject)
        gone = _voided(asked, answer)
        events = [*step.told(delivery), *_write(delivery, asked, gone, answer, at)]
        queue.finish(job)
        if _open(job).exists():
            _ask(delivery, SyncJob.Kind.VOID, at)
        if not gone:
            happenings(job.tenant_id, events)
            return
        _tell_exact(delivery, at)
        touch(delivery, {"changed_at": at})
        conclude(delivery, take_in(delivery, [], at=at), at=at, events=events)


def _voided(asked: Sequence[Parcel], answer: VoidAnswer) -> frozenset[str]:
    """The parcels that UPS voided: where it says nothing of one by itself, what it says of all counts."""
    of_each = {row.tracking_number: row.voided for row in answer.parcels}
    numbers = [row.tracking_number for row in asked]
    return frozenset(number for number in numbers if of_each.get(number, answer.voided))


def _write(
    delivery: Delivery, asked: Sequence[Parcel], gone: Collection[str], answer: VoidAnswer, at: datetime
) -> list[Happening]:
    rows = Parcel.objects.filter(tenant_id=delivery.tenant_id)
    voided = rows.filter(pk__in=[row.pk for row in asked if row.tracking_number in gone])
    voided.update(voided_at=at, milestone=Parcel.Milestone.VOIDED, milestone_at=at, look_at=None, attention="")
    subscribing.end(delivery.tenant_id, gone)
    refused = [row for row in asked if row.tracking_number not in gone]
    for row in refused:
        words = _words(row.tracking_number, answer)
        rows.filter(pk=row.pk).update(void_asked_at=None, void_refusal=words[:REFUSAL_CHARACTERS])
    details: list[dict[str, Any]] = []
    if gone:
        details.append({"what": "parcels voided", "numbers": sorted(gone)})
    if refused:
        numbers = sorted(row.tracking_number for row in refused)
        details.append({"what": "void refused", "numbers": numbers, "code": answer.code})
    return [delivery_event(delivery, Event.Kind.CHANGED, details=each) for each in details]


def _words(number: str, answer: VoidAnswer) -> str:
    """UPS's own words for a refusal, with its code."""
    own = next((row.text for row in answer.parcels if row.tracking_number == number), "")
    text = own or answer.text
    return " ".join(part for part in (text, f"({answer.code})" if answer.code else "") if part) or said("refused")


def _tell_exact(delivery: Delivery, at: datetime) -> None:
    """Its numbers are others now; a status that stands there lists them too, so it is told once more."""
    if delivery.return_of_id is not None:
        return
    _ask(delivery, SyncJob.Kind.REPORT, at)
    if delivery.written.get("milestone"):
        touch(delivery, {"written": {name: value for name, value in delivery.written.items() if name != "milestone"}})
        _ask(delivery, SyncJob.Kind.STATUS, at)


def _ask(delivery: Delivery, kind: SyncJob.Kind, at: datetime) -> None:
    queue.add(delivery.tenant_id, kind, delivery.code, due_at=at, correlation=delivery.correlation)
