"""The `package` of a Tracking answer, in the shapes that were seen (ups.md 8)."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from sandbox.core.damage import single_objects
from sandbox.ups.shipments import Shipment
from sandbox.ups.travel.activity import Activity
from sandbox.ups.travel.places import stop_at
from sandbox.ups.travel.script import Where

SPARSE = "sparse"
OBJECTS = "objects"
NULLS = "nulls"
BARE = "bare"
UPDATE = "U"
"""Only Track Alert tells updates (ups.md 9.1)."""
WITHOUT_CODE = frozenset({"I", "M", "P"})
"""Types whose meaning survives the loss of the 2-character code."""
COLLECT_DAYS = 7
Json = dict[str, object]

_SIMPLE_TEXTS = {
    "D": "Delivered",
    "M": "Label Created",
    "MV": "Void Information Received",
    "P": "We Have Your Package",
    "X": "Warning",
}


def package_answer(
    shipment: Shipment, *, tracking_number: str, activities: Sequence[Activity], is_own: bool, shape: str
) -> Json:
    """Newest activity first; who received it and the references only for the shipper."""
    scans = [activity for activity in activities if activity.type != UPDATE]
    current = _current(scans)
    rows = [_activity_row(activity) for activity in scans]
    if shape == SPARSE:
        rows = [_DROPS[place % len(_DROPS)](row) for place, row in enumerate(rows)]
    package: Json = {
        "trackingNumber": tracking_number,
        "activity": rows[::-1],
        "currentStatus": {
            "description": current.description.strip(),
            "code": current.status_code,
            "simplifiedTextDescription": _simple_text(current),
        },
        "packageAddress": [
            _address("ORIGIN", shipment, Where.ORIGIN),
            _address("DESTINATION", shipment, Where.DESTINATION),
        ],
        "service": {
            "code": shipment.service.zfill(3),
            "levelCode": shipment.service.zfill(3),
            "description": shipment.service_name,
        },
        "packageCount": len(shipment.parcels),
    }
    package |= _delivery(activities, current=current, is_own=is_own)
    if is_own:
        package["referenceNumber"] = [{"type": "SHIPMENT", "number": value} for value in shipment.references]
    parcel = shipment.find_parcel(tracking_number)
    if parcel and shape != SPARSE:
        weight, _, unit = parcel.weight.partition(" ")
        package["weight"] = {"unitOfMeasurement": unit, "weight": weight}
    if shape == BARE:
        del package["activity"]
    return package | (_nothing_to_say(package) if shape == NULLS else {})


def shaped(answer: Json, *, shape: str) -> object:
    """Lists of one object become that object, if so set."""
    return single_objects(answer) if shape == OBJECTS else answer


def _current(scans: Sequence[Activity]) -> Activity:
    """The newest scan; ordinary scans after a delivery do not undo it."""
    current = scans[0]
    for scan in scans:
        if not (current.is_delivery and scan.type == "I"):
            current = scan
    return current


def _activity_row(activity: Activity) -> Json:
    """Local date and time, and the same instant in GMT: `gmtOffset` is no longer to be applied."""
    local = activity.local_at
    offset = local.utcoffset() or timedelta()
    location: Json = {"address": _place(activity)}
    if activity.city:
        location["slic"] = f"{sum(activity.city.encode()) % 10_000:04d}"
    row: Json = {
        "location": location,
        "status": {
            "type": activity.type,
            "description": activity.description,
            "simplifiedTextDescription": _simple_text(activity),
            "code": activity.code,
            "statusCode": activity.status_code,
        },
        "date": f"{local:%Y%m%d}",
        "time": f"{local:%H%M%S}",
        "gmtDate": f"{activity.happened_at:%Y%m%d}",
        "gmtOffset": offset_text(offset, separator=":"),
        "gmtTime": f"{activity.happened_at:%H:%M:%S}",
    }
    if not activity.country:
        del row["location"]
    return row


def offset_text(offset: timedelta, *, separator: str) -> str:
    """`+02:00` in Tracking, `+02.00` in pushes (ups.md 19.7)."""
    minutes = int(offset.total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"{sign}{hours:02d}{separator}{rest:02d}"


def _place(activity: Activity) -> Json:
    """The postal code is mostly absent (ups.md 8)."""
    place = {
        "city": activity.city,
        "stateProvince": activity.state,
        "countryCode": activity.country,
        "country": activity.country,
    }
    return {name: value for name, value in place.items() if value}


def _address(kind: str, shipment: Shipment, where: Where) -> Json:
    stop = stop_at(shipment, where)
    place = {"city": stop.city, "stateProvince": stop.state, "countryCode": stop.country, "country": stop.country}
    return {"type": kind, "address": {name: value for name, value in place.items() if value}}


def _delivery(activities: Sequence[Activity], *, current: Activity, is_own: bool) -> Json:
    if current.is_delivery:
        local = current.local_at
        information = {"receivedBy": current.received_by if is_own else "", "location": "Receiver"}
        return {
            "deliveryDate": [{"type": "DEL", "date": f"{local:%Y%m%d}"}],
            "deliveryTime": {"type": "DEL", "endTime": f"{local:%H%M%S}"},
            "deliveryInformation": {name: value for name, value in information.items() if value},
        }
    found: Json = {}
    announced = [activity for activity in activities if activity.announces_date and activity.scheduled_date]
    if announced:
        kind = "SDD" if len(announced) == 1 else "RDD"
        found["deliveryDate"] = [{"type": kind, "date": f"{announced[-1].scheduled_date:%Y%m%d}"}]
        found["deliveryTime"] = {"type": "EOD", "startTime": "", "endTime": ""}
    if current.where is Where.ACCESS_POINT:
        last_day = current.local_at + timedelta(days=COLLECT_DAYS)
        found["accessPointInformation"] = {"pickupByDate": f"{last_day:%Y%m%d}"}
    return found


def _simple_text(activity: Activity) -> str:
    if activity.status_code == "021":
        return "Out for Delivery"
    return _SIMPLE_TEXTS.get(activity.type, "On the Way")


def _nothing_to_say(package: Json) -> Json:
    optional = (
        "alternateTrackingNumber",
        "deliveryDate",
        "deliveryTime",
        "deliveryInformation",
        "weight",
        "milestones",
    )
    return {name: package.get(name) for name in optional}


def _without_location(row: Json) -> Json:
    return {name: value for name, value in row.items() if name != "location"}


def _without_address(row: Json) -> Json:
    return row | {"location": None}


def _without_code(row: Json) -> Json:
    status = row["status"]
    if not isinstance(status, dict) or status["type"] not in WITHOUT_CODE:
        return row
    return row | {"status": {name: value for name, value in status.items() if name != "code"}}


def _without_gmt(row: Json) -> Json:
    return {name: value for name, value in row.items() if not name.startswith("gmt")}


def _without_colons(row: Json) -> Json:
    """As some clients see it: digits, the leading zero gone."""
    return row | {"gmtTime": str(row["gmtTime"]).replace(":", "").lstrip("0") or "0"}


_DROPS: tuple[Callable[[Json], Json], ...] = (
    _without_code,
    _without_location,
    _without_gmt,
    _without_address,
    _without_colons,
)
