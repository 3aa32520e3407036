"""Quantum View: what is asked, and what an answer says, whichever of its shapes it comes in."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts import ups_spec
from tests.ups.makers import bytes_of, samples
from tests.ups.view_answers import LEFT_AT, SCAN, SCANNED_AT, answer_of, body_of, file_of
from ups.errors import UpsUnexpectedReply
from ups.events import Milestone, Place
from ups.payloads import WireError
from ups.quantum_view import ProblemKind, ViewAnswer, ViewProblem, events_request, problem_in, read_view

EVENTS = ups_spec.Operation(file="QuantumView.yaml", path="/quantumview/{version}/events", method="post")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


def failure(*errors: dict[str, str]) -> bytes:
    head = {"ResponseStatusCode": "0", "ResponseStatusDescription": "Failure", "Error": list(errors)}
    return body_of(Response=head)


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
    record = SCAN | {"Package": content, "Activity": content, "DeliveryLocation": content}

    answer = read_view(body_of(file_of(**{kind: content}), file_of(**{kind: [record, content]}), content))

    assert answer.problem is None
