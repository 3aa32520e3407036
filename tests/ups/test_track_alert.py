"""Pushes: read whatever their shape, told apart, kept without photos, and refused when they are none."""

import json
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts import ups_spec
from tests.ups.makers import bytes_of, samples
from ups.events import Milestone, ParcelEvent, Place, Source
from ups.track_alert import MAX_BODY_BYTES, MAX_PUSH_BYTES, NotAPush, read_push

NUMBER = "1ZA1B2C36800000016"
LEAST_ACCEPTED_BYTES = 5_000_000
EXPECTED = {"UP45": ("picked_up", datetime(2024, 1, 12, 20, 42, 7, tzinfo=UTC))}
PUSH: dict[str, Any] = {
    "trackingNumber": NUMBER,
    "localActivityDate": "20261014",
    "localActivityTime": "101500",
    "activityLocation": {"city": "GRONINGEN", "stateProvince": "", "postalCode": "", "country": "NL"},
    "activityStatus": {"type": "D", "code": "FS", "description": "DELIVERED", "descriptionCode": "011"},
    "scheduledDeliveryDate": "20261015",
    "actualDeliveryDate": "20261014",
    "actualDeliveryTime": "101500",
    "gmtActivityDate": "20261014",
    "gmtActivityTime": "081500",
    "gmtOffset": "+02.00",
    "deliveryStartTime": "",
    "deliveryEndTime": "",
    "deliveryTimeDescription": "",
    "deliveryPhoto": "",
    "alternateTrackingNumber": "",
    "receivedBy": "DE BOER",
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


def body_of(**changes: object) -> bytes:
    return json.dumps(PUSH | changes).encode()


def event_of(**changes: object) -> ParcelEvent:
    return read_push(body_of(**changes)).event


def fingerprint_of(**changes: object) -> str:
    return read_push(body_of(**changes)).fingerprint


def test_push_is_read_whole() -> None:
    body = body_of()

    pushed = read_push(body)

    assert (pushed.had_photo, pushed.stored_body) == (False, body)
    assert pushed.event == ParcelEvent(
        source=Source.PUSH,
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
        raw=PUSH,
        scheduled_date=date(2026, 10, 15),
    )


def test_the_pushes_of_these_tests_are_as_documented() -> None:
    assert ups_spec.component_problems("UPSTrackAlert.yaml", "TrackingEventRequest", ups_spec.drop_empty(PUSH)) == []


@pytest.mark.parametrize("sample", samples("push"))
def test_recorded_pushes_are_read(sample: dict[str, Any]) -> None:
    event = read_push(bytes_of(sample)).event

    assert (event.milestone, event.happened_at) == EXPECTED[sample["id"]]


def test_number_is_trimmed_and_three_digits_come_back_from_a_number() -> None:
    event = event_of(
        trackingNumber=f" {NUMBER.lower()} ", activityStatus={"type": "I", "code": "OF", "descriptionCode": 21}
    )

    assert (event.tracking_number, event.status_code) == (NUMBER, "021")
    assert event.milestone is Milestone.OUT_FOR_DELIVERY


def test_loaded_parcel_pushed_under_delivered_is_not_delivered() -> None:
    event = event_of(activityStatus={"type": "D", "code": "OD", "description": "Loaded", "descriptionCode": "072"})

    assert (event.milestone, event.received_by) == (Milestone.IN_TRANSIT, "")


def test_unknown_code_under_delivered_keeps_its_text_and_is_no_delivery() -> None:
    event = event_of(activityStatus={"type": "D", "code": "Q9", "description": "LEFT ON THE MOON"})

    assert (event.milestone, event.description) == (Milestone.UNKNOWN, "LEFT ON THE MOON")


def test_new_date_is_told_without_a_milestone() -> None:
    event = event_of(activityStatus={"type": "U", "code": "UP"}, scheduledDeliveryDate="20261016")

    assert (event.milestone, event.reason, event.scheduled_date) == (None, "new_date", date(2026, 10, 16))


def test_photo_is_never_kept() -> None:
    body = body_of(activityStatus={"type": "U", "code": "PX"}, deliveryPhoto="QUJD" * 1000, extra=["kept"])

    pushed = read_push(body)

    assert pushed.had_photo
    assert b"QUJD" not in pushed.stored_body
    assert "QUJD" not in str(pushed.event)
    assert json.loads(pushed.stored_body) == pushed.event.raw
    assert (pushed.event.raw["deliveryPhoto"], pushed.event.raw["extra"]) == ("", ["kept"])


def test_photo_changes_nothing_about_which_event_it_is() -> None:
    assert fingerprint_of(deliveryPhoto="QUJD") == fingerprint_of()


@pytest.mark.parametrize(
    "change",
    [
        {"trackingNumber": "1ZA1B2C36800000025"},
        {"gmtActivityDate": "20261015"},
        {"gmtActivityTime": "081501"},
        {"activityStatus": PUSH["activityStatus"] | {"type": "I"}},
        {"activityStatus": PUSH["activityStatus"] | {"code": "2Q"}},
        {"activityLocation": PUSH["activityLocation"] | {"city": "ASSEN"}},
        {"activityLocation": PUSH["activityLocation"] | {"country": "BE"}},
    ],
)
def test_another_event_has_another_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint_of(**change) != fingerprint_of()


@pytest.mark.parametrize(
    "change",
    [
        {"trackingNumber": f" {NUMBER}"},
        {"activityStatus": PUSH["activityStatus"] | {"description": "Delivered"}},
        {"receivedBy": ""},
        {"localActivityTime": "101501"},
        {"someNewField": 1},
    ],
)
def test_same_event_told_otherwise_has_the_same_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint_of(**change) == fingerprint_of()


def test_local_time_tells_events_apart_where_there_is_no_gmt() -> None:
    without_gmt = {"gmtActivityDate": "", "gmtActivityTime": ""}

    assert fingerprint_of(**without_gmt) != fingerprint_of(**without_gmt, localActivityTime="101501")
    assert event_of(**without_gmt, gmtOffset="").zone_known is False


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"<html>",
        b"[]",
        b'"1ZA1B2C36800000016"',
        b"null",
        b"{}",
        b'{"trackingNumber":null}',
        b'{"trackingNumber":" "}',
        b'{"trackingNumber":{"a":1}}',
        b'{"trackingNumber":"1Z\xff"}',
        b'{"trackingNumber":"' + b"1" * 35 + b'"}',
        b"[" * 5000,
    ],
)
def test_body_that_is_no_push_is_refused(body: bytes) -> None:
    with pytest.raises(NotAPush):
        read_push(body)


def test_push_of_nothing_but_a_number_is_kept() -> None:
    event = read_push(b'{"trackingNumber":"1ZA1B2C36800000016"}').event

    assert (event.tracking_number, event.milestone, event.happened_at) == (NUMBER, None, None)


def test_photos_of_the_size_ups_sends_are_accepted() -> None:
    assert MAX_BODY_BYTES >= LEAST_ACCEPTED_BYTES


def test_what_is_no_photo_and_larger_than_any_push_is_refused() -> None:
    most = MAX_PUSH_BYTES - len(orjson.dumps(PUSH | {"new": ""}))

    assert read_push(body_of(new="x" * most, deliveryPhoto="")).event.tracking_number == NUMBER
    for_photo = read_push(body_of(new="x" * most, deliveryPhoto="/9j/" * MAX_PUSH_BYTES))
    assert len(for_photo.stored_body) == MAX_PUSH_BYTES
    with pytest.raises(NotAPush):
        read_push(body_of(new="x" * (most + 1)))


def test_blanks_are_not_kept_of_a_push_that_has_more_of_them_than_words() -> None:
    blank = read_push(body_of() + b" " * MAX_PUSH_BYTES)

    assert json.loads(blank.stored_body) == PUSH
    assert len(blank.stored_body) < len(body_of())


@pytest.mark.parametrize(
    "status", [{"type": "ß" * 10, "code": "ŉ" * 4}, {"type": "ﬃ" * 10, "code": "ΐ" * 4}, {"type": " I ", "code": " 1 "}]
)
def test_capitals_are_no_more_than_a_row_holds(status: dict[str, str]) -> None:
    event = event_of(activityStatus=status, activityLocation={"city": "", "country": "ßßß"})

    assert len(event.type) <= 10
    assert len(event.code) <= 4
    assert len(event.place.country) <= 3
    assert (event.type, event.code) == (event.type.upper(), event.code.upper())


@given(content=JSON, name=st.sampled_from(sorted(set(PUSH) - {"trackingNumber"})))
def test_no_content_whatever_stops_the_reading(content: object, name: str) -> None:
    assert event_of(**{name: content}).tracking_number == NUMBER
