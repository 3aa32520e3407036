"""From activities to the records of a Quantum View file (ups.md 11). Times are local and carry no offset."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sandbox.ups.geography import Lane
from sandbox.ups.shipments import Parcel, Shipment
from sandbox.ups.travel.activity import Activity
from sandbox.ups.travel.script import Where

ORIGIN_CODES = frozenset({"PU", "PC", "PT", "XD", "OR"})
"""Under type I: the parcel itself was seen (ups.md 9.3)."""
OUT_FOR_DELIVERY = frozenset({"006", "021", "037", "078", "089", "091", "146", "162"})
WAITING_FOR_COLLECTION = frozenset({"017", "040", "144", "161"})
RETURNING = frozenset({"033", "035", "036", "118", "119"})
RETURNED = frozenset({"034", "067", "081"})
"""Three-digit codes of ups.md 9.2."""
GENERIC_MOVEMENTS = {"AG": "AG", "DP": "AG", "DS": "DS", "OF": "OT", "OT": "OT"}
"""Codes under type I with a generic record, a departure as `on its way to a facility`; others are not told."""
VOIDED, UNDELIVERABLE, NEW_DATE, ON_THE_VAN = "VM", "UR", "UD", "OT"
NO_SIGNATURE = "DRIVER RELEASE"
DELIVERED_AT = {"3H": ("N", "NEIGHBOR"), "2W": ("AP", "ACCESS POINT"), "2Q": ("AP", "ACCESS POINT")}
RECEIVER = ("R", "RECEIVER")
ACCESS_POINT_ID = "U30114258"
COLLECT_WITHIN = timedelta(days=7)
MAX_TEXT = 120
MAX_RELEASE_TEXT = 40
MAX_NAME = 35

Json = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """An activity with its shipment, and whether it is the first time the parcel itself was seen."""

    shipment: Shipment
    activity: Activity
    is_first_sight: bool


def scans_of(shipment: Shipment, activities: Sequence[Activity]) -> list[Scan]:
    """The activities of one parcel, in the order they happened."""
    first = next((activity for activity in activities if _is_origin(activity)), None)
    return [Scan(shipment=shipment, activity=activity, is_first_sight=activity is first) for activity in activities]


def records_of(scans: Iterable[Scan]) -> dict[str, tuple[Json, ...]]:
    """Records by kind; kinds without a record are left out. Labels of one shipment share a manifest."""
    found: defaultdict[str, list[Json]] = defaultdict(list)
    labels: defaultdict[str, list[Scan]] = defaultdict(list)
    for scan in scans:
        if _is_label(scan.activity):
            labels[scan.shipment.number].append(scan)
            continue
        for kind, record in _records(scan):
            found[kind].append(record)
    if labels:
        found["Manifest"] = [_manifest(group) for group in labels.values()]
    return {kind: tuple(records) for kind, records in found.items()}


def _is_label(activity: Activity) -> bool:
    return activity.type == "M" and activity.code != "VP"


def _is_origin(activity: Activity) -> bool:
    return activity.type == "P" or (activity.type == "I" and activity.code in ORIGIN_CODES)


def _records(scan: Scan) -> list[tuple[str, Json]]:
    """One activity gives no record, one, or for a return two. Not all that is of type D was delivered (ups.md 9.3)."""
    activity = scan.activity
    if scan.is_first_sight:
        return [("Origin", _origin(scan))]
    if activity.is_delivery or (activity.type == "D" and activity.status_code in WAITING_FOR_COLLECTION):
        return [("Delivery", _delivery(scan))]
    kind = _generic_kind(activity)
    generic = [("Generic", _generic(scan, kind))] if kind else []
    return [("Exception", _exception(scan)), *generic] if activity.type == "X" else generic


def _generic_kind(activity: Activity) -> str:
    """The `ActivityType`, or "" for what Quantum View does not tell in this way; of unknown types the bare code."""
    if activity.type in {"M", "MV"}:
        return VOIDED
    if activity.type == "U":
        return NEW_DATE if activity.announces_date else ""
    if activity.type == "X":
        return UNDELIVERABLE if activity.status_code in RETURNING else ""
    if activity.type in {"D", "I"} and activity.status_code in OUT_FOR_DELIVERY:
        return ON_THE_VAN
    if activity.type == "D":
        return UNDELIVERABLE if activity.status_code in RETURNED else ""
    return GENERIC_MOVEMENTS.get(activity.code, "") if activity.type in {"I", "P"} else activity.code


def _manifest(scans: Sequence[Scan]) -> Json:
    shipment = scans[0].shipment
    first = scans[0].activity
    numbers = {scan.activity.tracking_number for scan in scans}
    parcels = [parcel for parcel in shipment.parcels if parcel.tracking_number in numbers]
    on_shipment, _ = _references(shipment, parcels[0])
    manifest: Json = {
        "Shipper": {
            "Name": shipment.shipper_name[:MAX_NAME],
            "ShipperNumber": shipment.shipper_number,
            "Address": {"City": shipment.shipper_place, "CountryCode": shipment.origin},
        },
        "ShipTo": {
            "CompanyName": shipment.receiver[:MAX_NAME],
            "Address": {
                "City": shipment.receiver_place,
                "PostalCode": shipment.receiver_postal_code,
                "CountryCode": shipment.destination,
            },
        },
        "Service": {"Code": shipment.service.rjust(3, "0"), "Description": shipment.service_name},
        "PickupDate": first.local_at.strftime("%Y%m%d"),
        "Package": [_package(shipment, parcel, activity=first) for parcel in parcels],
        "ShipmentServiceOptions": {"SaturdayPickup": "", "SaturdayDelivery": ""},
        "BillToAccount": _payer(shipment),
        "ConsigneeBillIndicator": "",
        "CollectBillIndicator": "",
        "LeadShipmentTrackingNumber": shipment.number,
    }
    return manifest | _filled({"ReferenceNumber": on_shipment, "ScheduledDeliveryDate": _announced(first)})


def _package(shipment: Shipment, parcel: Parcel, *, activity: Activity) -> Json:
    _, on_package = _references(shipment, parcel)
    return {
        "Activity": [_date_and_time(activity)],
        "PackageWeight": {"Weight": parcel.weight.partition(" ")[0]},
        "TrackingNumber": parcel.tracking_number,
        "PackageServiceOptions": {"COD": "", "HoldForPickup": ""},
    } | _filled({"ReferenceNumber": on_package})


def _origin(scan: Scan) -> Json:
    return _scanned(scan) | _filled({"ScheduledDeliveryDate": _announced(scan.activity)})


def _exception(scan: Scan) -> Json:
    activity = scan.activity
    return (
        _scanned(scan)
        | {"StatusCode": activity.code, "StatusDescription": activity.description[:MAX_TEXT]}
        | _filled(
            {
                "RescheduledDeliveryDate": _announced(activity) if activity.announces_date else "",
                "AccessPointLocationID": ACCESS_POINT_ID if activity.where is Where.ACCESS_POINT else "",
            }
        )
    )


def _delivery(scan: Scan) -> Json:
    """A drop at an access point is told apart from its collection by the last day to collect (ups.md 11)."""
    activity = scan.activity
    code, description = DELIVERED_AT.get(activity.code, RECEIVER)
    is_drop = activity.status_code in WAITING_FOR_COLLECTION
    place = _filled(
        {
            "PoliticalDivision2": activity.city,
            "PoliticalDivision1": activity.state,
            "CountryCode": activity.country,
            "PostcodePrimaryLow": activity.postal_code,
        }
    )
    location: Json = {
        "AddressArtifactFormat": {**place, "ResidentialAddressIndicator": ""},
        "Code": code,
        "Description": description,
    }
    if not is_drop:
        location["SignedForByName"] = activity.received_by or NO_SIGNATURE
    is_released = not (is_drop or activity.received_by)
    last_day = (activity.local_at + COLLECT_WITHIN).strftime("%Y%m%d")
    return (
        _scanned(scan)
        | {"DeliveryLocation": location, "COD": ""}
        | _filled(
            {
                "DriverRelease": activity.description.strip()[:MAX_RELEASE_TEXT] if is_released else "",
                "AccessPointLocationID": ACCESS_POINT_ID if activity.where is Where.ACCESS_POINT or is_drop else "",
                "LastPickupDate": last_day if is_drop else "",
            }
        )
    )


def _generic(scan: Scan, kind: str) -> Json:
    shipment, activity = scan.shipment, scan.activity
    return (
        {
            "ActivityType": kind,
            "TrackingNumber": activity.tracking_number,
            "ShipperNumber": shipment.shipper_number,
            "Service": {"Code": shipment.service.rjust(3, "0"), "Description": shipment.service_name},
            "Activity": _date_and_time(activity),
            "BillToAccount": _payer(shipment),
        }
        | _reference_fields(scan)
        | _filled({"RescheduledDeliveryDate": _announced(activity) if activity.announces_date else ""})
    )


def _scanned(scan: Scan) -> Json:
    """What Origin, Exception and Delivery share."""
    activity = scan.activity
    record: Json = {
        **_reference_fields(scan),
        "ShipperNumber": scan.shipment.shipper_number,
        "TrackingNumber": activity.tracking_number,
        **_date_and_time(activity),
        "BillToAccount": _payer(scan.shipment),
    }
    if activity.country:
        place = {
            "PoliticalDivision2": activity.city,
            "PoliticalDivision1": activity.state,
            "CountryCode": activity.country,
        }
        record["ActivityLocation"] = {"AddressArtifactFormat": _filled(place)}
    return record


def _reference_fields(scan: Scan) -> Json:
    parcel = scan.shipment.find_parcel(scan.activity.tracking_number)
    on_shipment, on_package = _references(scan.shipment, parcel) if parcel else ([], [])
    return _filled({"PackageReferenceNumber": on_package, "ShipmentReferenceNumber": on_shipment})


def _references(shipment: Shipment, parcel: Parcel) -> tuple[list[Json], list[Json]]:
    """The references of the shipment, and those of the package where they stand there; as printed on its label."""
    printed = set(parcel.label.references)
    found = [
        {"Number": str(place)} | _filled({"Code": code}) | {"Value": value}
        for place, (code, value) in enumerate(dict.fromkeys(shipment.coded_references), start=1)
        if (f"{code}: {value}" if code else value) in printed
    ]
    lane = Lane(origin=shipment.origin, destination=shipment.destination)
    return ([], found) if lane.references_on_package else (found, [])


def _date_and_time(activity: Activity) -> Json:
    return {"Date": activity.local_at.strftime("%Y%m%d"), "Time": activity.local_at.strftime("%H%M%S")}


def _announced(activity: Activity) -> str:
    return activity.scheduled_date.strftime("%Y%m%d") if activity.scheduled_date else ""


def _payer(shipment: Shipment) -> Json:
    return {"Option": "01", "Number": shipment.shipper_number}


def _filled(fields: Mapping[str, object]) -> Json:
    return {name: value for name, value in fields.items() if value}
