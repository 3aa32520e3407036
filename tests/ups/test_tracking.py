"""What the Tracking API answers, in all the shapes in which it does."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts import ups_spec
from tests.ups.makers import bytes_of, samples
from ups.errors import UpsUnexpectedReply
from ups.events import Milestone, ParcelEvent, Place, Source
from ups.payloads import WireError
from ups.tracking import TrackedParcel, TrackingAnswer, read_tracking

NUMBER = "1ZA1B2C36800000016"
TRACK = ups_spec.Operation(file="Tracking.yaml", path="/track/v1/details/{inquiryNumber}", method="get")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
OUT_FOR_DELIVERY = {
    "location": {"address": {"city": "GRONINGEN", "countryCode": "NL", "country": "NL"}, "slic": "4567"},
    "status": {"type": "I", "description": "Out For Delivery", "code": "OF", "statusCode": "021"},
    "date": "20261014",
    "time": "074700",
    "gmtDate": "20261014",
    "gmtOffset": "+02:00",
    "gmtTime": "05:47:00",
}
DELIVERED = {
    "location": {"address": {"city": "GRONINGEN", "countryCode": "NL", "country": "NL"}, "slic": "4567"},
    "status": {
        "type": "D",
        "description": "DELIVERED ",
        "simplifiedTextDescription": "Delivered",
        "code": "FS",
        "statusCode": "011",
    },
    "date": "20261014",
    "time": "101500",
    "gmtDate": "20261014",
    "gmtOffset": "+02:00",
    "gmtTime": "08:15:00",
}


def package(*activities: dict[str, Any], **parts: object) -> dict[str, Any]:
    return {
        "trackingNumber": NUMBER,
        "deliveryDate": [{"type": "SDD", "date": "20261013"}, {"type": "DEL", "date": "20261014"}],
        "activity": list(activities),
        "currentStatus": {"description": "Delivered", "code": "011", "simplifiedTextDescription": "Delivered"},
        "deliveryInformation": {"receivedBy": "DE BOER", "location": "Receiver"},
        "packageCount": 2,
        **parts,
    }


def body_of(*packages: object, **shipment: object) -> bytes:
    return json.dumps(
        {"trackResponse": {"shipment": [{"inquiryNumber": NUMBER, "package": list(packages), **shipment}]}}
    ).encode()


def only_parcel(body: bytes) -> TrackedParcel:
    [parcel] = read_tracking(body).parcels
    return parcel


def only_event(**changes: object) -> ParcelEvent:
    [event] = only_parcel(body_of(package(DELIVERED | changes, currentStatus=None))).events
    return event


def test_delivered_parcel_is_read_whole() -> None:
    parcel = only_parcel(body_of(package(DELIVERED, OUT_FOR_DELIVERY)))

    assert (parcel.tracking_number, parcel.delivered_on, parcel.scheduled_date) == (
        NUMBER,
        date(2026, 10, 14),
        date(2026, 10, 13),
    )
    assert (parcel.received_by, parcel.package_count, parcel.current_status_code) == ("DE BOER", 2, "011")
    assert [event.milestone for event in parcel.events] == [Milestone.DELIVERED, Milestone.OUT_FOR_DELIVERY]
    assert [event.received_by for event in parcel.events] == ["DE BOER", ""]
    assert parcel.events[0] == ParcelEvent(
        source=Source.TRACK,
        tracking_number=NUMBER,
        type="D",
        code="FS",
        status_code="011",
        description="DELIVERED",
        happened_at=datetime(2026, 10, 14, 8, 15, tzinfo=UTC),
        local_at=datetime(2026, 10, 14, 10, 15),  # noqa: DTZ001  local time is naive
        offset_minutes=120,
        zone_known=True,
        place=Place(city="GRONINGEN", country="NL"),
        milestone=Milestone.DELIVERED,
        reason="",
        received_by="DE BOER",
        raw=DELIVERED,
        scheduled_date=None,
    )


def test_the_answers_of_these_tests_are_as_documented() -> None:
    assert ups_spec.answer_problems(TRACK, json.loads(body_of(package(DELIVERED, OUT_FOR_DELIVERY)))) == []


def test_not_found_is_an_answer_without_parcels() -> None:
    body = (
        b'{"trackResponse":{"shipment":[{"inquiryNumber":"1Z","warnings":[{"code":"TW0001","message":"Not Found"}]}]}}'
    )

    assert read_tracking(body) == TrackingAnswer(found=False, warnings=(WireError(code="TW0001", message="Not Found"),))


def test_several_parcels_of_a_shipment_are_told_apart() -> None:
    other = package(OUT_FOR_DELIVERY, trackingNumber=" 1za1b2c36800000025 ")

    answer = read_tracking(body_of(package(DELIVERED), other))

    assert answer.found
    assert [parcel.tracking_number for parcel in answer.parcels] == [NUMBER, "1ZA1B2C36800000025"]


def test_rescheduled_date_goes_before_the_scheduled_one() -> None:
    dates = [{"type": "SDD", "date": "20261013"}, {"type": "RDD", "date": "20261016"}]

    parcel = only_parcel(body_of(package(deliveryDate=dates)))

    assert (parcel.scheduled_date, parcel.delivered_on) == (date(2026, 10, 16), None)


def test_replacement_numbers_are_kept() -> None:
    numbers = [{"number": "92419900000033499522966220", "type": "USPS_PIC"}, {"type": "X"}]

    assert only_parcel(body_of(package(alternateTrackingNumber=numbers))).alternate_numbers == (
        "92419900000033499522966220",
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"code": "011"}, "011"),
        ({"code": "FS", "statusCode": "011"}, "011"),
        ({"code": "SR", "statusCode": ""}, ""),
        (None, ""),
    ],
)
def test_three_digits_of_the_current_status_are_found_in_either_field(
    status: dict[str, str] | None, expected: str
) -> None:
    assert only_parcel(body_of(package(currentStatus=status))).current_status_code == expected


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_missing_parts_are_no_hindrance(nothing: object) -> None:
    parts = ("deliveryDate", "activity", "currentStatus", "deliveryInformation", "packageCount", "trackingNumber")

    parcel = only_parcel(body_of(package(**dict.fromkeys(parts, nothing))))

    assert parcel == TrackedParcel(tracking_number=NUMBER)


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_activity_without_place_status_and_time_is_kept(nothing: object) -> None:
    event = only_event(location=nothing, status=nothing, date=None, time=None, gmtDate=None, gmtTime=None, gmtOffset="")

    assert (event.happened_at, event.place, event.milestone) == (None, Place(), None)


DESTINATION = [
    {"type": "ORIGIN", "address": {"countryCode": "US"}},
    {"type": "DESTINATION", "address": {"city": "GRONINGEN", "countryCode": "NL"}},
]


@pytest.mark.parametrize(
    ("activities", "time", "hour"),
    [
        ([], {"type": "DEL", "endTime": "101500"}, (10, 15, 0)),
        ([], {"type": "DEL"}, (23, 59, 59)),
        ([], None, (23, 59, 59)),
        ([], {"type": "EOD", "endTime": "180000"}, (23, 59, 59)),
        ([OUT_FOR_DELIVERY], {"type": "DEL", "endTime": "101500"}, (10, 15, 0)),
        ([DELIVERED | {"date": "", "gmtDate": ""}], {"type": "DEL", "endTime": "101500"}, (10, 15, 0)),
    ],
)
def test_a_delivery_that_only_the_current_status_tells_of_is_told(
    activities: list[dict[str, Any]], time: dict[str, str] | None, hour: tuple[int, int, int]
) -> None:
    parcel = only_parcel(body_of(package(*activities, deliveryTime=time, packageAddress=DESTINATION)))

    event = parcel.events[0]
    assert len(parcel.events) == len(activities) + 1
    assert (event.milestone, event.status_code, event.received_by) == (Milestone.DELIVERED, "011", "DE BOER")
    assert event.local_at == datetime(2026, 10, 14, *hour)  # noqa: DTZ001  local time is naive
    assert event.happened_at == datetime(2026, 10, 14, hour[0] - 2, *hour[1:], tzinfo=UTC)
    assert (event.zone_known, event.place) == (False, Place(city="GRONINGEN", country="NL"))


@pytest.mark.parametrize(
    "parts",
    [
        {"currentStatus": {"code": "005"}},
        {"currentStatus": {"description": "Delivered"}},
        {"deliveryDate": [{"type": "SDD", "date": "20261013"}]},
        {"deliveryDate": None},
    ],
)
def test_a_current_status_without_an_end_or_its_day_tells_nothing(parts: dict[str, object]) -> None:
    assert only_parcel(body_of(package(**parts))).events == ()


def test_single_objects_stand_for_lists() -> None:
    one = package(activity=DELIVERED, deliveryDate={"type": "DEL", "date": "20261014"})
    body = json.dumps({"trackResponse": {"shipment": {"inquiryNumber": NUMBER, "package": one}}}).encode()

    parcel = only_parcel(body)

    assert parcel.delivered_on == date(2026, 10, 14)
    assert [event.code for event in parcel.events] == ["FS"]


def test_numbers_without_quotes_lose_no_zeros() -> None:
    event = only_event(status={"type": "X", "code": 2, "statusCode": 11}, gmtTime=81500)

    assert (event.code, event.status_code) == ("02", "011")
    assert event.happened_at == datetime(2026, 10, 14, 8, 15, tzinfo=UTC)


def test_unknown_code_keeps_its_text_and_is_no_delivery() -> None:
    event = only_event(status={"type": "D", "code": "Q9", "description": "LEFT ON THE MOON"})

    assert (event.milestone, event.reason, event.description) == (Milestone.UNKNOWN, "unknown", "LEFT ON THE MOON")
    assert event.received_by == ""


def test_characters_no_database_takes_are_left_out() -> None:
    event = only_event(status={"type": "D", "code": "FS", "description": "DE\x00LIVERED", "a\x00b": ["\x00"]})

    assert event.description == "DELIVERED"
    assert event.raw["status"] == {"type": "D", "code": "FS", "description": "DELIVERED", "ab": [""]}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"trackResponse":null}', b'{"trackResponse":[]}'])
def test_answer_of_another_kind_is_unexpected(body: bytes) -> None:
    with pytest.raises(UpsUnexpectedReply):
        read_tracking(body)


@pytest.mark.parametrize("sample", samples("track"))
def test_recorded_answers_are_never_taken_for_deliveries(sample: dict[str, Any]) -> None:
    body = bytes_of({"body": {"trackResponse": sample["body"].get("trackResponse", {})}})

    answer = read_tracking(body)

    assert answer.found == (sample["id"] == "UP08")
    assert [event.milestone for parcel in answer.parcels for event in parcel.events] == [Milestone.LABEL_CREATED][
        : len(answer.parcels)
    ]


@given(content=JSON, activity=JSON)
def test_no_content_whatever_stops_the_reading(content: object, activity: object) -> None:
    changed = {
        "trackResponse": {"shipment": [content, {"package": [content, {"activity": activity, "weight": content}]}]}
    }

    assert read_tracking(json.dumps(changed).encode()).found
