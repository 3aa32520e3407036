"""What each record of Quantum View means for its parcel."""

from datetime import UTC, date, datetime

import pytest

from tests.ups.view_answers import (
    LEFT_AT,
    MANIFEST,
    NUMBER,
    OTHER_NUMBER,
    SCAN,
    SCANNED_AT,
    body_of,
    file_of,
    only_event,
)
from ups.events import Milestone, ParcelEvent, Place, Source
from ups.quantum_view import ManifestFact, read_view


def test_manifest_tells_of_each_parcel() -> None:
    [file] = read_view(body_of(file_of(Manifest=[MANIFEST]))).files

    assert [(event.tracking_number, event.type, event.milestone) for event in file.events] == [
        (NUMBER, "Manifest", Milestone.LABEL_CREATED),
        (OTHER_NUMBER, "Manifest", Milestone.LABEL_CREATED),
    ]
    assert [event.happened_at for event in file.events] == [
        datetime(2026, 10, 12, 10, 0, tzinfo=UTC),
        datetime(2026, 10, 11, 22, 0, tzinfo=UTC),
    ]
    assert [event.raw["Package"] for event in file.events] == [[MANIFEST["Package"][0]], [MANIFEST["Package"][1]]]
    assert file.events[0].place == Place(city="BERLIN", postal_code="10115", country="DE")
    assert file.events[0].scheduled_date == date(2026, 10, 14)


def test_manifest_is_a_witness_with_every_reference() -> None:
    [file] = read_view(body_of(file_of(Manifest=MANIFEST))).files

    assert file.manifests == (
        ManifestFact(
            tracking_number=NUMBER,
            shipper_number="A1B2C3",
            references=("P1", "01JB3X7M2QWERTY9HKPASDFGHJ"),
            shipped_on=date(2026, 10, 12),
        ),
        ManifestFact(
            tracking_number=OTHER_NUMBER,
            shipper_number="A1B2C3",
            references=("01JB3X7M2QWERTY9HKPASDFGHJ",),
            shipped_on=date(2026, 10, 12),
        ),
    )


def test_origin_is_a_pickup_with_an_estimated_time() -> None:
    origin = SCAN | {"ScheduledDeliveryDate": "20261016"}

    assert only_event(Origin=[origin]) == ParcelEvent(
        source=Source.VIEW,
        tracking_number=NUMBER,
        type="Origin",
        code="",
        status_code="",
        description="",
        happened_at=SCANNED_AT,
        local_at=datetime(2026, 10, 14, 10, 15),  # noqa: DTZ001  local time is naive
        offset_minutes=None,
        zone_known=False,
        place=Place(city="GRONINGEN", country="NL"),
        milestone=Milestone.PICKED_UP,
        reason="",
        received_by="",
        raw=origin,
        scheduled_date=date(2026, 10, 16),
    )


def test_delivery_tells_where_and_who_signed() -> None:
    event = only_event(Delivery=[SCAN | {"DeliveryLocation": LEFT_AT}])

    assert (event.type, event.milestone, event.received_by) == ("Delivery", Milestone.DELIVERED, "DE BOER")
    assert (event.description, event.happened_at) == ("RECEIVER", SCANNED_AT)
    assert event.place == Place(city="HAREN", postal_code="9751AB", country="NL")


@pytest.mark.parametrize("left_at", [None, "", {}, {"Description": "FRONT DOOR"}])
def test_delivery_without_an_address_happened_where_it_was_scanned(left_at: object) -> None:
    assert only_event(Delivery=SCAN | {"DeliveryLocation": left_at}).place == Place(city="GRONINGEN", country="NL")


def test_driver_release_is_nobody_s_signature() -> None:
    event = only_event(Delivery=SCAN | {"DeliveryLocation": LEFT_AT | {"SignedForByName": "Driver Release"}})

    assert (event.milestone, event.received_by) == (Milestone.DELIVERED, "")


def test_delivery_to_an_access_point_waits_for_its_receiver() -> None:
    at_point = {"AccessPointLocationID": "U12345678", "LastPickupDate": "20261021", "DeliveryLocation": LEFT_AT}

    event = only_event(Delivery=SCAN | at_point)

    assert (event.milestone, event.reason) == (Milestone.AVAILABLE_FOR_PICKUP, "waiting_for_collection")
    assert event.received_by == ""


@pytest.mark.parametrize("part", ["AccessPointLocationID", "LastPickupDate"])
def test_one_sign_of_an_access_point_alone_is_not_enough(part: str) -> None:
    empty = {"AccessPointLocationID": "", "LastPickupDate": ""}

    assert only_event(Delivery=SCAN | empty | {part: "20261021"}).milestone is Milestone.DELIVERED


@pytest.mark.parametrize(
    ("code", "milestone", "reason"),
    [
        ("48", "exception", "delivery_attempted"),
        ("2", "exception", "delivery_attempted"),
        ("UA", "returned_to_sender", "returned_final"),
        ("S9", "exception", "lost_or_destroyed"),
        ("CG", None, "number_changed"),
        ("QQ", "exception", "unknown"),
        ("", "exception", "unknown"),
    ],
)
def test_exception_means_what_its_status_code_does(code: str, milestone: str | None, reason: str) -> None:
    record = {"StatusCode": code, "StatusDescription": "THE TEXT", "RescheduledDeliveryDate": "20261016"}

    event = only_event(Exception=[SCAN | record])

    assert (event.type, event.milestone, event.reason) == ("Exception", milestone, reason)
    assert (event.description, event.scheduled_date) == ("THE TEXT", date(2026, 10, 16))


def test_exception_without_a_status_text_tells_its_reason_or_resolution() -> None:
    resolution = {"Resolution": {"Code": "01", "Description": "WILL RETRY"}}

    assert only_event(Exception=SCAN | resolution).description == "WILL RETRY"
    assert only_event(Exception=SCAN | resolution | {"ReasonDescription": "CLOSED"}).description == "CLOSED"


@pytest.mark.parametrize(
    ("activity", "milestone", "reason"),
    [
        ("VM", "voided", ""),
        ("AG", "in_transit", ""),
        ("DS", "in_transit", ""),
        ("TC", "in_transit", ""),
        ("PS", "in_transit", ""),
        ("FM", "in_transit", ""),
        ("PT", "in_transit", ""),
        ("PC", "in_transit", ""),
        ("OD", "out_for_delivery", ""),
        ("OT", "out_for_delivery", ""),
        ("RO", "out_for_delivery", ""),
        ("AD", "out_for_delivery", ""),
        ("SD", None, "new_date"),
        ("UD", None, "new_date"),
        ("RP", None, "collected"),
        ("RE", None, "remark"),
        ("UR", "exception", "return_in_progress"),
        ("IR", None, "remark"),
        ("FN", None, "remark"),
        ("QQ", "unknown", "unknown"),
    ],
)
def test_generic_record_means_what_its_activity_does(activity: str, milestone: str | None, reason: str) -> None:
    record = {
        "TrackingNumber": NUMBER,
        "ActivityType": activity,
        "Activity": {"Date": "20261014", "Time": "101500"},
        "RescheduledDeliveryDate": "20261016",
    }

    event = only_event(Generic=[record])

    assert (event.type, event.code, event.milestone, event.reason) == ("Generic", activity, milestone, reason)
    assert event.scheduled_date == date(2026, 10, 16)
    assert event.local_at == datetime(2026, 10, 14, 10, 15)  # noqa: DTZ001  local time is naive
    assert event.zone_known is False


def test_failed_e_mail_is_told_in_ups_words() -> None:
    notice = {"FailureNotificationCode": {"Code": "04", "Description": "Returned to sender from Access Point"}}

    event = only_event(Generic={"TrackingNumber": NUMBER, "ActivityType": "FN", "FailureNotification": notice})

    assert event.description == "Returned to sender from Access Point"


def test_record_without_a_number_tells_of_nobody() -> None:
    [file] = read_view(body_of(file_of(Origin=[SCAN | {"TrackingNumber": ""}], Delivery=[{}, None, "x"]))).files

    assert file.events == ()
