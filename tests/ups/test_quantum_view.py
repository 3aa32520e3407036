"""Quantum View: what is asked, and what each record means, whichever of its shapes it comes in."""

import copy
import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts import ups_spec
from tests.ups.makers import bytes_of, samples
from ups.errors import UpsUnexpectedReply
from ups.events import Milestone, ParcelEvent, Place, Source
from ups.payloads import WireError
from ups.quantum_view import (
    ManifestFact,
    ProblemKind,
    ViewAnswer,
    ViewProblem,
    events_request,
    problem_in,
    read_view,
)

NUMBER = "1ZA1B2C36800000016"
OTHER_NUMBER = "1ZA1B2C36800000025"
EVENTS = ups_spec.Operation(file="QuantumView.yaml", path="/quantumview/{version}/events", method="post")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
MANIFEST: dict[str, Any] = {
    "Shipper": {"ShipperNumber": "A1B2C3", "Address": {"City": "ROTTERDAM", "CountryCode": "NL"}},
    "ShipTo": {"Address": {"City": "BERLIN", "PostalCode": "10115", "CountryCode": "DE"}},
    "ReferenceNumber": [{"Number": "1", "Code": "TN", "Value": "01JB3X7M2QWERTY9HKPASDFGHJ"}],
    "Service": {"Code": "011"},
    "PickupDate": "20261012",
    "ScheduledDeliveryDate": "20261014",
    "Package": [
        {
            "TrackingNumber": NUMBER,
            "Activity": [{"Date": "20261012", "Time": "120000"}],
            "ReferenceNumber": [{"Code": "TN", "Value": "P1"}, {"Code": "TN", "Value": "01JB3X7M2QWERTY9HKPASDFGHJ"}],
        },
        {"TrackingNumber": OTHER_NUMBER, "Activity": ""},
    ],
}
SCAN: dict[str, Any] = {
    "ShipperNumber": "A1B2C3",
    "TrackingNumber": NUMBER,
    "Date": "20261014",
    "Time": "101500",
    "ActivityLocation": {"AddressArtifactFormat": {"PoliticalDivision2": "GRONINGEN", "CountryCode": "NL"}},
}
LEFT_AT: dict[str, Any] = {
    "AddressArtifactFormat": {"PoliticalDivision3": "HAREN", "PostcodePrimaryLow": "9751AB", "CountryCode": "NL"},
    "Code": "R",
    "Description": "RECEIVER",
    "SignedForByName": "DE BOER",
}
SCANNED_AT = datetime(2026, 10, 14, 8, 15, tzinfo=UTC)


def file_of(**records: object) -> dict[str, Any]:
    return {"FileName": "261012_101500001", "StatusType": {"Code": "U", "Description": "Unread"}, **records}


def body_of(*files: object, **parts: object) -> bytes:
    return json.dumps(answer_of(*files, **parts)).encode()


def answer_of(*files: object, **parts: object) -> dict[str, Any]:
    return {
        "QuantumViewResponse": {
            "Response": {
                "TransactionReference": {"CustomerContext": "qv-0001", "XpciVersion": "1.0007"},
                "ResponseStatusCode": "1",
                "ResponseStatusDescription": "Success",
            },
            "QuantumViewEvents": {
                "SubscriberID": "voorbeeld",
                "SubscriptionEvents": [
                    {
                        "Name": "OutboundNL",
                        "Number": "4F0A1B2C3D4E5F6A",
                        "SubscriptionStatus": {"Code": "A", "Description": "Active"},
                        "SubscriptionFile": list(files),
                    }
                ],
            },
            **parts,
        }
    }


def failure(*errors: dict[str, str]) -> bytes:
    head = {"ResponseStatusCode": "0", "ResponseStatusDescription": "Failure", "Error": list(errors)}
    return body_of(Response=head)


def only_event(**records: object) -> ParcelEvent:
    [file] = read_view(body_of(file_of(**records))).files
    [event] = file.events
    return event


def fingerprint_of(**parts: object) -> str:
    [file] = read_view(body_of(file_of(Origin=[SCAN]) | parts)).files
    return file.fingerprint


def problem_of(*errors: dict[str, str]) -> ViewProblem | None:
    return read_view(failure(*errors)).problem


def test_request_asks_for_a_period_by_name_so_that_nothing_depends_on_unread_marks() -> None:
    begins_at = datetime(2026, 10, 12, 2, 0, tzinfo=timezone(timedelta(hours=2)))

    request = events_request(name="OutboundNL", begins_at=begins_at, bookmark="T1VUQk9VTkROTA==", context="qv-1")

    assert request["QuantumViewRequest"]["SubscriptionRequest"] == [
        {"Name": "OutboundNL", "DateTimeRange": {"BeginDateTime": "20261012000000"}}
    ]
    assert request["QuantumViewRequest"]["Bookmark"] == "T1VUQk9VTkROTA=="
    assert request["QuantumViewRequest"]["Request"]["TransactionReference"]["CustomerContext"] == "qv-1"
    assert ups_spec.request_problems(EVENTS, request) == []


def test_first_request_has_no_bookmark() -> None:
    request = events_request(name="OutboundNL", begins_at=SCANNED_AT, context="qv-1")

    assert "Bookmark" not in request["QuantumViewRequest"]
    assert ups_spec.request_problems(EVENTS, request) == []


def test_the_answers_of_these_tests_are_as_documented() -> None:
    delivery = SCAN | {"DeliveryLocation": LEFT_AT}

    assert ups_spec.answer_problems(EVENTS, answer_of(file_of(Origin=[SCAN], Delivery=[delivery]))) == []


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


def test_fingerprint_stays_when_the_file_was_read_before_and_changes_with_its_content() -> None:
    first = fingerprint_of()

    assert fingerprint_of(StatusType={"Code": "R", "Description": "Read"}) == first
    assert fingerprint_of(Origin=[SCAN | {"Time": "101501"}]) != first
    assert fingerprint_of(FileName="261012_101500002") != first


def test_files_of_all_subscriptions_are_told_with_their_names() -> None:
    answer = answer_of(file_of(Origin=[SCAN]))
    events = answer["QuantumViewResponse"]["QuantumViewEvents"]
    events["SubscriptionEvents"].append({"Name": "Inbound", "SubscriptionFile": file_of(Delivery=SCAN)})

    files = read_view(json.dumps(answer).encode()).files

    assert [(file.subscription, file.name, len(file.events)) for file in files] == [
        ("OutboundNL", "261012_101500001", 1),
        ("Inbound", "261012_101500001", 1),
    ]


def test_bookmark_is_handed_on_until_there_is_none() -> None:
    assert read_view(body_of(Bookmark="I3btAry3RydF")).bookmark == "I3btAry3RydF"
    assert read_view(body_of(Bookmark="")).bookmark == ""


@pytest.mark.parametrize("nothing", [None, "", {}, []])
def test_answer_without_files_says_that_nothing_is_new(nothing: object) -> None:
    assert read_view(body_of(QuantumViewEvents=nothing)) == ViewAnswer()


@pytest.mark.parametrize(
    "text",
    [
        "No files for the given request",
        "There are no files for the given request.",
        "No unread files found",
        "Subscription names do not exist",
        "The subscription name does not exist.",
    ],
)
def test_hard_error_that_only_says_no_files_is_nothing_to_do(text: str) -> None:
    error = {"ErrorSeverity": "Hard", "ErrorCode": "330028", "ErrorDescription": text}

    assert problem_of(error) == ViewProblem(kind=ProblemKind.NOTHING_NEW, code="330028", text=text)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [("60", 60), ("", 300), ("soon", 300), ("0", 300), ("-5", 300), ("99999999", 86400), ("9" * 5000, 300)],
)
def test_transient_error_says_when_to_ask_again(seconds: str, expected: int) -> None:
    error = {
        "ErrorSeverity": "TransientError",
        "ErrorCode": "330001",
        "ErrorDescription": "Busy",
        "MinimumRetrySeconds": seconds,
    }

    assert problem_of(error) == ViewProblem(
        kind=ProblemKind.TRANSIENT, code="330001", text="Busy", retry_after_seconds=expected
    )


def test_any_other_failure_is_shown() -> None:
    nothing = {"ErrorSeverity": "Hard", "ErrorCode": "1", "ErrorDescription": "No files"}
    refusal = {"ErrorSeverity": "Hard", "ErrorCode": "330011", "ErrorDescription": "User is not subscribed"}

    assert problem_of(nothing, refusal) == ViewProblem(
        kind=ProblemKind.REFUSED, code="330011", text="User is not subscribed"
    )
    assert problem_of() == ViewProblem(kind=ProblemKind.REFUSED, text="Failure")


def test_errors_of_the_usual_form_are_judged_alike() -> None:
    body = b'{"response":{"errors":[{"code":"330028","message":"No files for the given request"}]}}'

    assert read_view(body).problem == ViewProblem(
        kind=ProblemKind.NOTHING_NEW, code="330028", text="No files for the given request"
    )
    assert problem_in((WireError(code="9", message="Missing name"),)).kind is ProblemKind.REFUSED


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"QuantumViewResponse":""}', b'{"QuantumViewResponse":{}}']
)
def test_answer_of_another_kind_is_unexpected(body: bytes) -> None:
    with pytest.raises(UpsUnexpectedReply):
        read_view(body)


@pytest.mark.parametrize("sample", samples("quantum_view"))
def test_recorded_answers_tell_their_delivery(sample: dict[str, Any]) -> None:
    answer = read_view(bytes_of(sample))

    [file] = answer.files
    [event] = file.events
    assert (file.name, file.subscription, answer.problem) == ("140505_130607001", "Rig Name", None)
    assert bool(answer.bookmark) == sample["id"].startswith("UQ3")
    assert (event.tracking_number, event.milestone) == ("1ZF96A000000000000", Milestone.DELIVERED)
    assert event.happened_at == datetime(2014, 5, 5, 15, 58, tzinfo=UTC)
    assert (event.received_by, event.description) == ("Rig SignedForByName", "FRONT DESK")
    assert event.place == Place(city="NEW YORK", state="NY", postal_code="10006", country="US")


@given(content=JSON, kind=st.sampled_from(["Manifest", "Origin", "Exception", "Delivery", "Generic", "FileName"]))
def test_no_content_whatever_stops_the_reading(content: object, kind: str) -> None:
    record = copy.deepcopy(SCAN) | {"Package": content, "Activity": content, "DeliveryLocation": content}

    answer = read_view(body_of(file_of(**{kind: content}), file_of(**{kind: [record, content]}), content))

    assert answer.problem is None
