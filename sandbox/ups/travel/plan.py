"""From a script to the activities of one parcel: instants, places and announced dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sandbox.ups.shipments import Shipment
from sandbox.ups.travel.activity import Activity
from sandbox.ups.travel.places import Stop, stop_at, zone_of
from sandbox.ups.travel.script import Script, Step, Where

ONE_SECOND = timedelta(seconds=1)
SECONDS_PER_HOUR = 3600.0
LABEL = Step(
    0, "M", "MP", "003", "Shipper created a label, UPS has not received the package yet. ", Where.ORIGIN_COUNTRY
)
VOIDED = Step(0, "MV", "VP", "007", "Billing information voided. ", Where.ORIGIN_COUNTRY)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    step: Step
    happened_at: datetime
    known_at: datetime
    scheduled_date: date | None


def label_activity(shipment: Shipment, *, tracking_number: str) -> Activity:
    """What UPS knows from the label alone."""
    at = shipment.created_at
    moment = _Moment(step=LABEL, happened_at=_whole_second(at), known_at=at, scheduled_date=None)
    return _activity(shipment, tracking_number, number=1, moment=moment)


def void_activity(shipment: Shipment, *, tracking_number: str, at: datetime, after: Sequence[Activity]) -> Activity:
    """The shipment information was voided at `at`, which UPS tells at once."""
    happened_at = _after(_whole_second(at), after)
    moment = _Moment(step=VOIDED, happened_at=happened_at, known_at=at, scheduled_date=None)
    return _activity(shipment, tracking_number, number=len(after) + 1, moment=moment)


def planned_activities(
    shipment: Shipment,
    *,
    tracking_number: str,
    script: Script,
    started_at: datetime,
    hours_per_second: float | None,
    after: Sequence[Activity],
) -> tuple[Activity, ...]:
    """The activities of a script in the order they happen, each at least a second after the one before."""
    seconds_per_hour = 1 / hours_per_second if hours_per_second else SECONDS_PER_HOUR
    late_hours = script.hours_between_parcels * _place_of(shipment, tracking_number)

    def instant(hours: float) -> datetime:
        return _whole_second(started_at + timedelta(seconds=(hours + late_hours) * seconds_per_hour))

    activities: list[Activity] = []
    announced = next((activity.scheduled_date for activity in reversed(after)), None)
    receiver_zone = zone_of(country=shipment.destination, state=shipment.receiver_state)
    for step in sorted(script.steps, key=lambda step: step.hours):
        if step.scheduled_hours is not None:
            announced = instant(step.scheduled_hours).astimezone(receiver_zone).date()
        happened_at = _after(instant(step.hours), [*after, *activities])
        known_at = max(happened_at, instant(step.known_hours or step.hours), started_at)
        moment = _Moment(step=step, happened_at=happened_at, known_at=known_at, scheduled_date=announced)
        number = len(after) + len(activities) + 1
        activities.append(_activity(shipment, tracking_number, number=number, moment=moment))
    return tuple(activities)


def _activity(shipment: Shipment, tracking_number: str, *, number: int, moment: _Moment) -> Activity:
    step = moment.step
    stop: Stop = stop_at(shipment, step.where)
    return Activity(
        id=f"{tracking_number}-{number:03d}",
        tracking_number=tracking_number,
        happened_at=moment.happened_at,
        known_at=moment.known_at,
        zone=stop.zone,
        type=step.type,
        code=step.code,
        status_code=step.status_code,
        description=step.description,
        where=step.where,
        city=stop.city,
        state=stop.state,
        postal_code=stop.postal_code,
        country=stop.country,
        received_by=step.received_by,
        scheduled_date=moment.scheduled_date,
        announces_date=step.scheduled_hours is not None,
    )


def _after(at: datetime, activities: Sequence[Activity]) -> datetime:
    """`at`, or a second after the latest of the activities."""
    latest = max((activity.happened_at for activity in activities), default=None)
    return at if latest is None else max(at, latest + ONE_SECOND)


def _place_of(shipment: Shipment, tracking_number: str) -> int:
    numbers = [parcel.tracking_number for parcel in shipment.parcels]
    return numbers.index(tracking_number)


def _whole_second(at: datetime) -> datetime:
    return at.replace(microsecond=0)
