"""Which records Quantum View makes of what happens to a parcel (ups.md 11)."""

from datetime import datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from tests.contracts import ups_spec
from tests.sandbox.ups.bodies import REFERENCE, Json, american
from tests.sandbox.ups.conftest import Caller, Ups
from tests.sandbox.ups.viewer import EVENTS, Viewer, files_of, listed, numbers_in, question, records_of, told


@pytest.fixture
def viewer(ups: Ups, caller: Caller) -> Viewer:
    viewer = Viewer(ups, caller)
    viewer.subscribe()
    viewer.set(view_delay_seconds=0, view_files_per_page=1000)
    return viewer


def told_in_the_end(viewer: Viewer, script: str) -> list[str]:
    """Asked every four days, before the files are let go."""
    viewer.travel(script)
    answers = []
    for _ in range(3):
        viewer.wait(100)
        answers.append(viewer.answer())
    return told(*answers)


TO_DEPOT = ["Manifest", "Origin", "Generic AG", "Generic AG"]
ON_THE_ROAD = [*TO_DEPOT, "Generic OT"]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("normal", [*ON_THE_ROAD, "Delivery"]),
        ("access_point", [*ON_THE_ROAD, "Delivery", "Delivery"]),
        (
            "access_point_not_collected",
            [*ON_THE_ROAD, "Delivery", "Exception 3N", "Generic UR", "Generic AG", "Exception UA"],
        ),
        (
            "failed_attempts",
            [*ON_THE_ROAD, "Exception 48", "Generic OT", "Exception 48", "Generic OT", "Delivery"],
        ),
        ("returned", [*ON_THE_ROAD, "Exception AM", "Exception 8H", "Generic UR", "Exception UA"]),
        ("lost", ["Manifest", "Origin", "Generic AG", "Exception GN", "Exception S9"]),
        ("destroyed", ["Manifest", "Origin", "Generic AG", "Exception A2", "Exception 8D"]),
        (
            "wrong_delivery_corrected",
            [*ON_THE_ROAD, "Delivery", "Exception 47", "Generic OT", "Delivery"],
        ),
        ("out_for_delivery_as_d", [*ON_THE_ROAD, "Delivery"]),
        ("weather_delay", [*TO_DEPOT, "Exception DJ", "Generic UD", "Generic OT", "Delivery"]),
        ("never_tendered", ["Manifest", "Exception 5D"]),
        ("voided", ["Manifest", "Generic VM"]),
        ("no_news", ["Manifest", "Origin", "Generic AG"]),
        ("unknown_codes", [*TO_DEPOT, "Generic Q7", "Generic OT", "Generic FS", "Generic OT"]),
    ],
)
def test_script_is_told_in_these_records(viewer: Viewer, script: str, expected: list[str]) -> None:
    assert told_in_the_end(viewer, script) == expected


@pytest.mark.parametrize(
    "script",
    ["access_point", "customs_hold", "returned", "neighbour", "weather_delay", "never_tendered", "voided"],
)
def test_records_of_a_script_fit_the_specification(viewer: Viewer, script: str) -> None:
    viewer.travel(script)
    viewer.wait(100)

    assert ups_spec.answer_problems(EVENTS, viewer.ask(question()).json()) == []


def test_labels_of_a_shipment_share_a_manifest_with_its_references(viewer: Viewer) -> None:
    numbers = viewer.ship(parcels=3)
    viewer.wait(1)

    [manifest] = records_of("Manifest", viewer.answer())

    assert [each["TrackingNumber"] for each in listed(manifest["Package"])] == numbers
    assert manifest["ReferenceNumber"] == [
        {"Number": "1", "Code": "TN", "Value": REFERENCE},
        {"Number": "2", "Code": "PO", "Value": "20240015"},
    ]
    assert cast("Json", manifest["Shipper"])["ShipperNumber"] == "A1B2C3"
    assert cast("Json", manifest["Service"])["Code"] == "011"


def test_reference_of_a_package_stands_with_the_package(viewer: Viewer, caller: Caller) -> None:
    viewer.subscribe("OutboundUS", "X9Y8Z7")
    caller.shipped(american())
    viewer.wait(1)

    [manifest] = records_of("Manifest", viewer.answer())

    [package] = listed(manifest["Package"])
    assert "ReferenceNumber" not in manifest
    assert package["ReferenceNumber"] == [{"Number": "1", "Code": "TN", "Value": REFERENCE}]


def test_drop_at_an_access_point_is_told_apart_from_its_collection(viewer: Viewer) -> None:
    viewer.travel("access_point")
    viewer.wait(60)

    drop, collection = records_of("Delivery", viewer.answer())

    assert {"AccessPointLocationID", "LastPickupDate"} <= drop.keys()
    assert "SignedForByName" not in cast("Json", drop["DeliveryLocation"])
    assert "LastPickupDate" not in collection
    assert cast("Json", collection["DeliveryLocation"])["SignedForByName"] == "JANSEN"


def test_times_are_local_and_carry_no_offset(viewer: Viewer) -> None:
    viewer.travel("normal")
    viewer.wait(30)
    [shipment] = viewer.ups.shipments()
    delivered_at = datetime.fromisoformat(str(shipment["created_at"])) + timedelta(hours=26)

    [delivery] = records_of("Delivery", viewer.answer())

    local_at = delivered_at.astimezone(ZoneInfo("Europe/Amsterdam"))
    assert (delivery["Date"], delivery["Time"]) == (f"{local_at:%Y%m%d}", f"{local_at:%H%M%S}")


def test_new_date_is_told_with_the_update(viewer: Viewer) -> None:
    viewer.travel("weather_delay")
    viewer.wait(24)

    [update] = [each for each in records_of("Generic", viewer.answer()) if each["ActivityType"] == "UD"]

    assert len(str(update["RescheduledDeliveryDate"])) == 8


def test_each_parcel_of_a_shipment_has_its_own_records(viewer: Viewer) -> None:
    numbers = viewer.travel("split_over_days", parcels=2)
    viewer.wait(30)
    first = viewer.answer()

    viewer.wait(48)

    second = viewer.answer()
    assert numbers_in(records_of("Delivery", first)) == {numbers[0]}
    assert numbers_in(records_of("Delivery", second)) == {numbers[1]}


def test_void_is_told_as_manifest_void(viewer: Viewer, caller: Caller) -> None:
    [number] = viewer.ship()
    caller.void(number)
    viewer.wait(1)

    answer = viewer.answer()

    assert told(answer) == ["Manifest", "Generic VM"]
    assert len(files_of(answer)) == 1
