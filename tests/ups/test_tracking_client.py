"""Tracking, Track Alert and Quantum View over the wire: what is sent, what comes of it, and what it never costs."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from connector_site.lib.http import new_session
from connector_site.lib.outside_calls import OutsideCall
from connector_site.lib.secrets import Secret
from tests.contracts import ups_spec
from tests.ups.makers import FIRST_NUMBER, SECOND_NUMBER, TokensInHand, error_body
from tests.ups.rawserver import RawServer, http_answer, raw_server
from tests.ups.wirebench import HTML, NOT_FOUND, header, sent_json
from ups.errors import (
    UpsAccountBlocked,
    UpsCredentialRefused,
    UpsError,
    UpsProductMissing,
    UpsRejected,
    UpsUnavailable,
)
from ups.quantum_view import events_request
from ups.tracking_client import ALERT_NUMBERS, Destination, TrackingClient

T = TypeVar("T")
TRACK = ups_spec.Operation(file="Tracking.yaml", path="/track/v1/details/{inquiryNumber}", method="get")
SUBSCRIBE = {
    "v1": ups_spec.Operation(file="UPSTrackAlert-v1.yaml", path="/subscription/standard/package", method="post"),
    "v2": ups_spec.Operation(file="UPSTrackAlert.yaml", path="/subscription/{type}/package", method="post"),
}
VIEW = ups_spec.Operation(file="QuantumView.yaml", path="/quantumview/{version}/events", method="post")
DESTINATION = Destination(url="https://connector.example.com/hooks/ups/7c1f0c8e", credential=Secret("b64-random"))
NUMBERS = (FIRST_NUMBER, SECOND_NUMBER)
BAD_TOKEN = http_answer(401, error_body("250002", "Invalid authentication information."))
VIEW_BODY = {"QuantumViewRequest": {"Request": {"RequestAction": "QVEvents"}}}


class Bench:
    """A tracking client against one scripted server, with what it told its observer and its token source."""

    def __init__(self, server: RawServer) -> None:
        self.server = server
        self.calls: list[OutsideCall] = []
        self.tokens = TokensInHand()
        self.client = TrackingClient(
            new_session(), self.tokens, base_url=server.url, shipper_number="A1B2C3", observe=self.calls.append
        )


@contextmanager
def bench(*script: bytes | None) -> Iterator[Bench]:
    with raw_server(*script) as server:
        yield Bench(server)


def track(client: TrackingClient) -> object:
    return client.track(FIRST_NUMBER)


def subscribe(client: TrackingClient) -> object:
    return client.subscribe(NUMBERS, destination=None)


def view(client: TrackingClient) -> object:
    return client.quantum_view(VIEW_BODY)


EVERY_CALL = pytest.mark.parametrize(
    ("question", "product"), [(track, "Tracking"), (subscribe, "Track Alert"), (view, "Quantum View")]
)


def path_of(request: bytes) -> str:
    return request.split(b" ")[1].decode()


def answer(body: object, status: int = 200) -> bytes:
    return http_answer(status, json.dumps(body).encode())


def tracked(**shipment: object) -> bytes:
    return answer({"trackResponse": {"shipment": [{"inquiryNumber": FIRST_NUMBER, **shipment}]}})


DELIVERED = tracked(
    package=[
        {
            "trackingNumber": FIRST_NUMBER,
            "activity": [
                {
                    "location": {"address": {"city": "GRONINGEN", "countryCode": "NL"}},
                    "status": {"type": "D", "description": "DELIVERED ", "code": "FS", "statusCode": "011"},
                    "date": "20261014",
                    "time": "101500",
                    "gmtDate": "20261014",
                    "gmtOffset": "+02:00",
                    "gmtTime": "08:15:00",
                }
            ],
        }
    ]
)
NO_DATA = tracked(warnings=[{"code": "TW0001", "message": "Tracking Information Not Found"}])


def test_tracked_parcel_comes_with_its_events() -> None:
    with bench(DELIVERED) as at:
        found = at.client.track(FIRST_NUMBER)

    ((event,),) = [parcel.events for parcel in found.parcels]
    assert found.found
    assert (event.type, event.code, event.happened_at) == ("D", "FS", datetime(2026, 10, 14, 8, 15, tzinfo=UTC))


def test_number_is_asked_for_as_the_specification_wants_it() -> None:
    with bench(DELIVERED) as at:
        at.client.track("1Z/../ 9")

    (sent,) = at.server.requests
    path, _, query = path_of(sent).partition("?")
    headers = {name: header(sent, name) for name in ("transid", "transactionsrc")}
    assert path == "/api/track/v1/details/1Z%2F..%2F%209"
    assert query == "locale=en_US"
    assert ups_spec.call_problems(TRACK, query=query, headers=headers) == []
    assert at.calls[0].route == "/api/track/v1/details/{number}"
    assert at.calls[0].transaction_id == headers["transid"]


@pytest.mark.parametrize(
    "nothing",
    [
        NO_DATA,
        http_answer(404, error_body("151044", "No tracking information available")),
        http_answer(404, error_body("TW0001", "Tracking Information Not Found")),
        http_answer(404, error_body("404", "Not found")),
        http_answer(400, error_body("151018", "Invalid tracking number")),
    ],
)
def test_no_tracking_information_is_an_answer(nothing: bytes) -> None:
    with bench(nothing) as at:
        found = at.client.track(FIRST_NUMBER)

    assert (found.found, found.parcels) == (False, ())
    assert found.warnings[0].message


def test_number_ups_does_not_take_is_refused_with_its_words() -> None:
    with (
        bench(http_answer(400, error_body("TV1002", "Invalid inquiry number"))) as at,
        pytest.raises(UpsRejected) as no,
    ):
        at.client.track("1Z")

    assert (no.value.code, no.value.text) == ("TV1002", "Invalid inquiry number")


@pytest.mark.parametrize(("version", "destination"), [("v1", DESTINATION), ("v2", None)])
def test_subscription_fits_the_specification_of_its_version(version: str, destination: Destination | None) -> None:
    with bench(answer({"validTrackingNumbers": list(NUMBERS)})) as at:
        taken = at.client.subscribe(NUMBERS, destination=destination)

    (sent,) = at.server.requests
    assert path_of(sent) == f"/api/track/{version}/subscription/standard/package"
    assert ups_spec.request_problems(SUBSCRIBE[version], sent_json(sent)) == []
    assert header(sent, "transId") == at.calls[0].transaction_id
    assert header(sent, "transactionSrc") == "ml-connector"
    assert (taken.valid, taken.invalid) == (frozenset(NUMBERS), frozenset())


def test_first_version_tells_ups_where_to_send_events_and_what_to_prove_itself_with() -> None:
    with bench(answer({})) as at:
        at.client.subscribe(NUMBERS, destination=DESTINATION)

    assert sent_json(at.server.requests[0]) == {
        "locale": "en_US",
        "trackingNumberList": list(NUMBERS),
        "destination": {"url": DESTINATION.url, "credentialType": "Bearer", "credential": "b64-random"},
    }
    assert "b64-random" not in repr(DESTINATION)
    assert "b64-random" not in repr(at.calls)


@pytest.mark.parametrize(
    ("lists", "valid", "invalid"),
    [
        ({"validTrackingNumbers": [FIRST_NUMBER], "invalidTrackingNumbers": [SECOND_NUMBER]}, {0}, {1}),
        ({"validTrackingNumbers": f" {FIRST_NUMBER.lower()} ", "invalidTrackingNumbers": None}, {0}, set()),
        ({"invalidTrackingNumbers": list(NUMBERS)}, set(), {0, 1}),
        ({}, set(), set()),
    ],
)
def test_each_number_is_told_apart(lists: dict[str, object], valid: set[int], invalid: set[int]) -> None:
    with bench(answer(lists)) as at:
        taken = at.client.subscribe(NUMBERS, destination=None)

    assert taken.valid == {NUMBERS[place] for place in valid}
    assert taken.invalid == {NUMBERS[place] for place in invalid}


@pytest.mark.parametrize("code", ["VSS200", "VSS210", "VSS215"])
@pytest.mark.parametrize("listed", [{"invalidTrackingNumbers": list(NUMBERS)}, {}])
def test_a_batch_without_a_good_number_is_an_answer(code: str, listed: dict[str, object]) -> None:
    refusal = {"response": {"errors": [{"code": code, "message": "at least one valid number"}]}, **listed}

    with bench(answer(refusal, 400)) as at:
        taken = at.client.subscribe(NUMBERS, destination=None)

    assert (taken.valid, taken.invalid) == (frozenset(), frozenset(NUMBERS))
    assert (taken.code, taken.text) == (code, "at least one valid number")


def test_refusal_that_is_not_about_numbers_is_an_error() -> None:
    with bench(http_answer(400, error_body("VSS610", "URL is too long"))) as at, pytest.raises(UpsRejected) as refused:
        at.client.subscribe(NUMBERS, destination=DESTINATION)

    assert refused.value.code == "VSS610"


def test_more_numbers_than_ups_takes_are_not_sent() -> None:
    with bench() as at, pytest.raises(UpsRejected):
        at.client.subscribe((FIRST_NUMBER,) * (ALERT_NUMBERS + 1), destination=None)

    assert at.server.requests == []


def test_quantum_view_answers_come_as_they_are() -> None:
    refused = b'{"QuantumViewResponse": {"Response": {"ResponseStatusCode": "0"}}} '
    body = events_request(name="OutboundNL", begins_at=datetime(2026, 10, 12, tzinfo=UTC), context="qv-1")

    with bench(http_answer(200, refused)) as at:
        found = at.client.quantum_view(body)

    assert found == refused
    assert path_of(at.server.requests[0]) == "/api/quantumview/v3/events"
    assert sent_json(at.server.requests[0]) == body
    assert ups_spec.request_problems(VIEW, body) == []


@EVERY_CALL
@pytest.mark.parametrize(
    "failure",
    [
        None,
        b"",
        http_answer(503, error_body("VSS100", "temporarily unavailable")),
        http_answer(500, error_body("10004")),
        http_answer(502, HTML, content_type="text/html"),
        http_answer(404, HTML, content_type="text/html"),
        http_answer(429, error_body("10429", "Too Many Requests")),
    ],
)
def test_a_call_without_an_answer_may_be_repeated(
    question: Callable[[TrackingClient], object], product: str, failure: bytes | None
) -> None:
    with bench(failure) as at, pytest.raises(UpsUnavailable):
        question(at.client)

    assert product
    assert len(at.server.requests) == 1
    assert (at.tokens.dropped, at.tokens.stopped) == ([], [])


@pytest.mark.parametrize("question", [track, subscribe])
@pytest.mark.parametrize("garbled", [http_answer(200, HTML), http_answer(200, b""), http_answer(200, b"[]")])
def test_a_success_that_cannot_be_read_may_be_repeated(
    question: Callable[[TrackingClient], object], garbled: bytes
) -> None:
    with bench(garbled) as at, pytest.raises(UpsUnavailable):
        question(at.client)


@EVERY_CALL
@pytest.mark.parametrize("refusal", [BAD_TOKEN, http_answer(401, b""), http_answer(401, error_body("250003"))])
def test_missing_product_is_named_and_costs_no_token(
    question: Callable[[TrackingClient], object], product: str, refusal: bytes
) -> None:
    with bench(refusal, NOT_FOUND) as at, pytest.raises(UpsProductMissing) as missing:
        question(at.client)

    assert f"The API product {product} is not added" in missing.value.message
    assert [call.operation for call in at.calls][1:] == ["recover"]
    assert (at.tokens.dropped, at.tokens.stopped) == ([], [])


@EVERY_CALL
def test_missing_product_told_by_403_is_the_same(question: Callable[[TrackingClient], object], product: str) -> None:
    with bench(http_answer(403, error_body("250002"))) as at, pytest.raises(UpsProductMissing) as missing:
        question(at.client)

    assert product in missing.value.message
    assert at.tokens.stopped == []


@pytest.mark.parametrize("code", ["250002", "251004", "UJ0001"])
def test_token_refused_everywhere_is_replaced_once(code: str) -> None:
    refusal = http_answer(401, error_body(code))

    with bench(refusal, refusal, NO_DATA) as at:
        found = at.client.track(FIRST_NUMBER)

    assert not found.found
    assert at.tokens.dropped == ["token-1"]
    assert header(at.server.requests[2], "Authorization") == "Bearer token-2"


def test_new_token_refused_too_is_an_error_and_leaves_shipping_alone() -> None:
    refusal = http_answer(401, error_body("UJ0001"))

    with bench(refusal, refusal, refusal) as at, pytest.raises(UpsCredentialRefused):
        at.client.track(FIRST_NUMBER)

    assert len(at.server.requests) == 3
    assert (at.tokens.dropped, at.tokens.stopped) == (["token-1"], [])


@pytest.mark.parametrize("unclear", [None, http_answer(503, b""), http_answer(429, error_body("10429"))])
def test_no_token_is_given_up_while_nobody_can_say_whether_it_is_good(unclear: bytes | None) -> None:
    with bench(BAD_TOKEN, unclear) as at, pytest.raises(UpsUnavailable):
        at.client.track(FIRST_NUMBER)

    assert (at.tokens.dropped, at.tokens.stopped) == ([], [])


def test_block_of_one_api_does_not_stop_shipping() -> None:
    with bench(http_answer(403, error_body("10403", "Blocked Merchant"))) as at, pytest.raises(UpsError) as blocked:
        at.client.track(FIRST_NUMBER)

    assert isinstance(blocked.value, UpsAccountBlocked)
    assert at.tokens.stopped == []
