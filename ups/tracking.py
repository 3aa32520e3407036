"""What the Tracking API answers (`ups.md` 8)."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from connector_site.lib.wording import said
from ups.errors import UpsUnexpectedReply
from ups.event_payloads import (
    DeliveryDate,
    TrackedPackage,
    TrackedShipment,
    TrackingActivity,
    TrackResponse,
    sent_object,
)
from ups.events import Milestone, ParcelEvent, Source
from ups.payloads import WireError
from ups.scan_times import read_date, scan_time
from ups.statuses import classify, padded_code, padded_status_code

_OPERATION = "track"
_DELIVERED = "DEL"
_REAL = frozenset({_DELIVERED, ""})
"""Of a parcel that has come to its end a date of no kind is no plan."""
_ENDS = frozenset({Milestone.DELIVERED, Milestone.RETURNED_TO_SENDER})
_DESTINATION = "DESTINATION"
_END_OF_DAY = "235959"
_SCHEDULED = ("RDD", "SDD")
"""Rescheduled goes before scheduled."""
_THREE_DIGITS = re.compile(r"[0-9]{3}")
_PACKAGE_COUNT = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedParcel:
    """A parcel as the Tracking API sees it; `events` stand newest first."""

    tracking_number: str
    events: tuple[ParcelEvent, ...] = ()
    delivered_on: date | None = None
    received_by: str = ""
    scheduled_date: date | None = None
    package_count: int | None = None
    alternate_numbers: tuple[str, ...] = ()
    current_status_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingAnswer:
    """The parcels UPS knows under a number; not found (`TW0001`) is an answer like any other, without parcels."""

    found: bool
    parcels: tuple[TrackedParcel, ...] = ()
    warnings: tuple[WireError, ...] = ()


def read_tracking(body: bytes) -> TrackingAnswer:
    """The parcels in a 2xx answer; raises `UpsUnexpectedReply` when it cannot be read."""
    parsed = sent_object(body)
    if parsed is None or not isinstance(parsed.get("trackResponse"), dict):
        raise UpsUnexpectedReply(said("UPS's answer about a parcel cannot be read."), operation=_OPERATION)
    shipments = TrackResponse.model_validate(parsed["trackResponse"]).shipment
    parcels = tuple(_parcel(shipment, package) for shipment in shipments for package in shipment.package)
    warnings = tuple(
        WireError(code=warning.code, message=warning.message)
        for shipment in shipments
        for warning in shipment.warnings
        if warning.code
    )
    return TrackingAnswer(found=bool(parcels), parcels=parcels, warnings=warnings)


def _parcel(shipment: TrackedShipment, package: TrackedPackage) -> TrackedParcel:
    number = package.tracking_number or shipment.inquiry_number
    received_by = package.delivery_information.received_by
    events = [_event(activity, number=number, received_by=received_by) for activity in package.activity if activity]
    return TrackedParcel(
        tracking_number=number,
        events=(*_untold_end(package, events, number=number), *events),
        delivered_on=_date_of(package.delivery_date, _DELIVERED),
        received_by=received_by,
        scheduled_date=_date_of(package.delivery_date, *_SCHEDULED),
        package_count=int(package.package_count) if _PACKAGE_COUNT.fullmatch(package.package_count) else None,
        alternate_numbers=tuple(
            alternate.number for alternate in package.alternate_tracking_number if alternate.number
        ),
        current_status_code=_three_digits(package.current_status.status_code, package.current_status.code),
    )


def _event(raw: dict[str, Any], *, number: str, received_by: str) -> ParcelEvent:
    activity = TrackingActivity.model_validate(raw)
    status, place = activity.status, activity.location.address.place
    meaning = classify(type=status.type, code=status.code, status_code=status.status_code, has_place=bool(place.city))
    when = scan_time(
        local=(activity.date, activity.time),
        gmt=(activity.gmt_date, activity.gmt_time),
        offset=activity.gmt_offset,
        country=place.country,
    )
    return ParcelEvent(
        source=Source.TRACK,
        tracking_number=number,
        type=status.type,
        code=padded_code(status.code),
        status_code=padded_status_code(status.status_code),
        description=status.description or status.simplified_text_description,
        happened_at=when.happened_at,
        local_at=when.local_at,
        offset_minutes=when.offset_minutes,
        zone_known=when.zone_known,
        place=place,
        milestone=meaning.milestone,
        reason=meaning.reason,
        received_by=received_by if meaning.milestone is Milestone.DELIVERED else "",
        raw=raw,
        scheduled_date=None,
    )


def _untold_end(package: TrackedPackage, events: list[ParcelEvent], *, number: str) -> list[ParcelEvent]:
    """The end that the current status tells of and no activity does: any part may be missing (`ups.md` 8).

    Made into the activity that is missing. Without its time of day it counts as the last thing of its day.
    """
    status = package.current_status
    status_code = _three_digits(status.status_code, status.code)
    milestone = classify(type="", code="", status_code=status_code).milestone
    if milestone not in _ENDS or any(event.happened_at and event.milestone == milestone for event in events):
        return []
    days = [entry.date for entry in package.delivery_date if entry.type in _REAL]
    places = [entry.address for entry in package.package_address if entry.type == _DESTINATION]
    moment = package.delivery_time.end_time if package.delivery_time.type in _REAL else ""
    description = status.description or status.simplified_text_description
    activity = {
        "status": {"type": status.type, "statusCode": status_code, "description": description},
        "location": {"address": places[0].model_dump(by_alias=True) if places else {}},
        "date": next(iter(days), ""),
        "time": moment or _END_OF_DAY,
    }
    event = _event(activity, number=number, received_by=package.delivery_information.received_by)
    return [event] if event.happened_at else []


def _date_of(dates: list[DeliveryDate], *kinds: str) -> date | None:
    """The first readable date of the first of these kinds."""
    found = (read_date(entry.date) for kind in kinds for entry in dates if entry.type == kind)
    return next((day for day in found if day), None)


def _three_digits(*codes: str) -> str:
    """Whichever field holds the three digits; they have been seen in `code` (`ups.md` 8)."""
    return next((code for code in codes if _THREE_DIGITS.fullmatch(code)), "")
