"""The records in a file of Quantum View as events of parcels (`ups.md` 11)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ups.event_payloads import (
    Manifest,
    ManifestPackage,
    ManifestReference,
    ViewFileContent,
    ViewRecord,
)
from ups.events import Milestone, ParcelEvent, Place, Source
from ups.scan_times import read_date, scan_time
from ups.statuses import Classification, Reason, classify, padded_code

DRIVER_RELEASE = "DRIVER RELEASE"
"""Stands where a name would: nobody signed (`ups.md` 11)."""
_START_OF_DAY = "000000"
_ANNOUNCED = Classification(milestone=Milestone.LABEL_CREATED)
_PICKED_UP = Classification(milestone=Milestone.PICKED_UP)
_DELIVERED = Classification(milestone=Milestone.DELIVERED)
_AT_ACCESS_POINT = Classification(milestone=Milestone.AVAILABLE_FOR_PICKUP, reason=Reason.WAITING_FOR_COLLECTION.value)
_IN_TRANSIT = Classification(milestone=Milestone.IN_TRANSIT)
_OUT_FOR_DELIVERY = Classification(milestone=Milestone.OUT_FOR_DELIVERY)
_NEW_DATE = Classification(milestone=None, reason=Reason.NEW_DATE.value)
_REMARK = Classification(milestone=None, reason=Reason.REMARK.value)
_NOT_KNOWN = Classification(milestone=Milestone.UNKNOWN, reason=Reason.UNKNOWN.value)
_GENERIC = {
    "VM": Classification(milestone=Milestone.VOIDED),
    "AG": _IN_TRANSIT,
    "DS": _IN_TRANSIT,
    "TC": _IN_TRANSIT,
    "PS": _IN_TRANSIT,
    "FM": _IN_TRANSIT,
    "PT": _IN_TRANSIT,
    "PC": _IN_TRANSIT,
    "OD": _OUT_FOR_DELIVERY,
    "OT": _OUT_FOR_DELIVERY,
    "RO": _OUT_FOR_DELIVERY,
    "AD": _OUT_FOR_DELIVERY,
    "SD": _NEW_DATE,
    "UD": _NEW_DATE,
    "RP": Classification(milestone=None, reason=Reason.COLLECTED.value),
    "RE": _REMARK,
    "UR": Classification(milestone=Milestone.EXCEPTION, reason=Reason.RETURN_IN_PROGRESS.value),
    "IR": _REMARK,
    "FN": _REMARK,
}
"""`ActivityType` of `Generic` (`ups.md` 11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestFact:
    """A parcel that was announced to UPS: the witness when the answer to a ship call was lost."""

    tracking_number: str
    shipper_number: str
    references: tuple[str, ...]
    shipped_on: date | None


def file_events(content: ViewFileContent) -> tuple[ParcelEvent, ...]:
    """An event for each parcel of each record; a record without a number tells of nobody."""
    events = [event for raw in content.manifest for event in _announced(raw)]
    events += [_origin(raw) for raw in content.origin]
    events += [_exception(raw) for raw in content.exception]
    events += [_delivery(raw) for raw in content.delivery]
    events += [_generic(raw) for raw in content.generic]
    return tuple(event for event in events if event.tracking_number)


def file_manifests(content: ViewFileContent) -> tuple[ManifestFact, ...]:
    """The parcels that were announced, with the references of parcel and shipment."""
    return tuple(fact for raw in content.manifest for fact in _facts(Manifest.model_validate(raw)))


def _facts(manifest: Manifest) -> Iterator[ManifestFact]:
    for sent in manifest.package:
        package = ManifestPackage.model_validate(sent)
        if package.tracking_number:
            yield ManifestFact(
                tracking_number=package.tracking_number,
                shipper_number=manifest.shipper.shipper_number,
                references=_references(package.reference_number + manifest.reference_number),
                shipped_on=read_date(manifest.pickup_date),
            )


def _references(references: list[ManifestReference]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reference.value for reference in references if reference.value))


def _announced(raw: dict[str, Any]) -> Iterator[ParcelEvent]:
    """One event for each parcel, with the rest of the record but no other parcel in its raw form."""
    manifest = Manifest.model_validate(raw)
    for sent in manifest.package:
        package = ManifestPackage.model_validate(sent)
        moments = [moment for moment in package.activity if moment.date]
        event = _event(
            "Manifest",
            number=package.tracking_number,
            local=(moments[0].date, moments[0].time) if moments else (manifest.pickup_date, _START_OF_DAY),
            place=manifest.ship_to.address.place,
            clock_of=manifest.shipper.address.country_code,
            meaning=_ANNOUNCED,
        )
        yield replace(event, raw={**raw, "Package": [sent]}, scheduled_date=read_date(manifest.scheduled_delivery_date))


def _origin(raw: dict[str, Any]) -> ParcelEvent:
    record = ViewRecord.model_validate(raw)
    event = _scan("Origin", record, place=_scan_place(record), meaning=_PICKED_UP)
    return replace(event, raw=raw, scheduled_date=read_date(record.scheduled_delivery_date))


def _exception(raw: dict[str, Any]) -> ParcelEvent:
    """Status codes of Quantum View are those of type X; one that is not among them stays an exception with its text."""
    record = ViewRecord.model_validate(raw)
    meaning = classify(type="X", code=record.status_code, status_code="")
    event = _scan("Exception", record, place=_scan_place(record), meaning=meaning)
    return replace(
        event,
        raw=raw,
        code=padded_code(record.status_code),
        description=record.status_description or record.reason_description or record.resolution.description,
        scheduled_date=read_date(record.rescheduled_delivery_date),
    )


def _delivery(raw: dict[str, Any]) -> ParcelEvent:
    """Delivered; or brought to an Access Point, which only the point and a last day to collect give away."""
    record = ViewRecord.model_validate(raw)
    left = record.delivery_location
    at_access_point = bool(record.access_point and record.last_pickup_date)
    place = left.address_artifact_format.place
    event = _scan(
        "Delivery",
        record,
        place=_scan_place(record) if place == Place() else place,
        meaning=_AT_ACCESS_POINT if at_access_point else _DELIVERED,
    )
    signed = not at_access_point and left.signed_for_by_name.upper() != DRIVER_RELEASE
    return replace(event, raw=raw, description=left.description, received_by=left.signed_for_by_name if signed else "")


def _generic(raw: dict[str, Any]) -> ParcelEvent:
    record = ViewRecord.model_validate(raw)
    event = _event(
        "Generic",
        number=record.tracking_number,
        local=(record.activity.date, record.activity.time),
        place=Place(),
        meaning=_GENERIC.get(record.activity_type, _NOT_KNOWN),
    )
    return replace(
        event,
        raw=raw,
        code=padded_code(record.activity_type),
        description=record.failure_notification.failure_notification_code.description,
        scheduled_date=read_date(record.rescheduled_delivery_date),
    )


def _scan_place(record: ViewRecord) -> Place:
    return record.activity_location.address_artifact_format.place


def _scan(name: str, record: ViewRecord, *, place: Place, meaning: Classification) -> ParcelEvent:
    """An event that took place where the activity did, whatever place is shown."""
    return _event(
        name,
        number=record.tracking_number,
        local=(record.date, record.time),
        place=place,
        clock_of=_scan_place(record).country,
        meaning=meaning,
    )


def _event(
    name: str, *, number: str, local: tuple[str, str], place: Place, meaning: Classification, clock_of: str = ""
) -> ParcelEvent:
    """What every record has. Times are local and come without an offset: the country makes an estimate of them."""
    when = scan_time(local=local, country=clock_of or place.country)
    return ParcelEvent(
        source=Source.VIEW,
        tracking_number=number,
        type=name,
        code="",
        status_code="",
        description="",
        happened_at=when.happened_at,
        local_at=when.local_at,
        offset_minutes=None,
        zone_known=False,
        place=place,
        milestone=meaning.milestone,
        reason=meaning.reason,
        received_by="",
        raw={},
        scheduled_date=None,
    )
