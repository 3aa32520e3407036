"""What is sent to UPS, and what each answer means, over the wire: `reliability.md` 1.3 row by row."""

import socket

import pytest

from connector_site.lib import http
from connector_site.lib.http import Timeouts
from tests.ups.makers import FIRST_NUMBER, SECOND_NUMBER, error_body, make_body, ship_answer
from tests.ups.rawserver import RawServer, http_answer, raw_server
from tests.ups.wirebench import HTML, NOT_FOUND, Bench, header, sent_json, ship
from ups import client as client_module
from ups import places
from ups.errors import (
    UpsAccountBlocked,
    UpsCredentialRefused,
    UpsError,
    UpsOutcomeUnknown,
    UpsProductMissing,
    UpsRejected,
    UpsUnavailable,
)
from ups.shipping import ShipmentAnswer


def test_complete_answer_is_a_shipment_and_one_request_was_sent() -> None:
    outcome, server, bench = ship(http_answer(200, ship_answer()))

    assert isinstance(outcome, ShipmentAnswer)
    assert outcome.ups_shipment_id == FIRST_NUMBER
    assert len(server.requests) == 1
    assert server.requests[0].startswith(b"POST /api/shipments/v2409/ship HTTP/1.1")
    assert sent_json(server.requests[0]) == make_body()
    assert header(server.requests[0], "Authorization") == "Bearer token-1"
    assert header(server.requests[0], "Content-Type") == "application/json"
    assert header(server.requests[0], "transactionSrc") == "ml-connector"
    (call,) = bench.calls
    assert header(server.requests[0], "transId") == call.transaction_id
    assert len(call.transaction_id) == 32
    assert (call.operation, call.status, call.error_code) == ("ship", 200, "")
    assert call.route == "/api/shipments/v2409/ship"
    assert len(call.request_hash) == 64


@pytest.mark.parametrize("status", [400, 404, 405, 413, 415, 422])
def test_refused(status: int) -> None:
    outcome, server, bench = ship(http_answer(status, error_body("120202", "Invalid ShipTo address line 1")))

    assert isinstance(outcome, UpsRejected)
    assert (outcome.code, outcome.status, outcome.text) == ("120202", status, "Invalid ShipTo address line 1")
    assert (outcome.field, outcome.where_to_fix) == ("ship_to.address_lines", places.ADDRESS)
    assert len(server.requests) == 1
    assert bench.calls[0].error_code == "120202"


def test_unknown_code_keeps_the_words_of_ups() -> None:
    outcome, _, _ = ship(http_answer(400, error_body("999999", "The moon is not serviced")))

    assert isinstance(outcome, UpsRejected)
    assert outcome.message == "UPS refused: The moon is not serviced"


def test_too_many_calls_is_not_sent_and_asks_for_a_pause() -> None:
    outcome, server, _ = ship(http_answer(429, error_body("10429", "Too Many Requests")))

    assert isinstance(outcome, UpsUnavailable)
    assert outcome.retry_after_seconds == 30
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        http_answer(400, HTML, content_type="text/html"),
        http_answer(401, b""),
        http_answer(403, HTML, content_type="text/html"),
        http_answer(404, b"{}"),
        http_answer(429, b"slow down"),
        http_answer(402, error_body("120100")),
        http_answer(408, error_body("10400")),
        http_answer(409, error_body("120021")),
        http_answer(400, error_body("120001", "system unavailable")),
        http_answer(400, error_body("120021", "requested twice")),
        http_answer(302, b""),
        http_answer(500, error_body("10004")),
        http_answer(500, error_body("20001")),
        http_answer(502, HTML, content_type="text/html"),
        http_answer(503, error_body("10429")),
        http_answer(504, b""),
        http_answer(200, HTML, content_type="text/html"),
        http_answer(200, b""),
        http_answer(200, ship_answer()[:-20]),
        http_answer(200, ship_answer(), length=100_000),
        http_answer(200, ship_answer(FIRST_NUMBER, SECOND_NUMBER)),
        http_answer(201, b"{}"),
        b"HTTP/1.1 200 OK\r\n",
        b"not http at all\r\n\r\n",
        b"",
        None,
    ],
)
def test_in_doubt_and_sent_once(answer: bytes | None) -> None:
    outcome, server, bench = ship(answer)

    assert isinstance(outcome, UpsOutcomeUnknown), outcome
    assert not outcome.nothing_happened
    assert len(server.requests) == 1
    assert len(bench.calls) == 1


def test_number_in_an_unusable_answer_is_kept() -> None:
    outcome, _, _ = ship(http_answer(500, b'{"oops": "1ZA1B2C36800000016"}'))

    assert isinstance(outcome, UpsOutcomeUnknown)
    assert outcome.tracking_number == FIRST_NUMBER


def test_slow_answer_is_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_TIMEOUTS", Timeouts(connect_seconds=1, read_seconds=0.05, total_seconds=1))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = RawServer(script=[], url=f"http://127.0.0.1:{silent.getsockname()[1]}")

        with pytest.raises(UpsOutcomeUnknown):
            Bench(server).client.ship(make_body())


def test_nobody_listening_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    bench = Bench(RawServer(script=[], url=url))

    with pytest.raises(UpsUnavailable) as caught:
        bench.client.ship(make_body())

    assert caught.value.nothing_happened
    assert (bench.calls[0].status, bench.calls[0].error_code) == (None, "NeverSent")


def test_unknown_host_is_not_sent() -> None:
    bench = Bench(RawServer(script=[], url="http://no-such-host.invalid"))

    with pytest.raises(UpsUnavailable):
        bench.client.ship(make_body())


def test_no_token_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server() as server:
        bench = Bench(server)

        def refuse() -> None:
            raise UpsCredentialRefused("no")

        monkeypatch.setattr(bench.tokens, "token", refuse)
        with pytest.raises(UpsCredentialRefused):
            bench.client.ship(make_body())

        assert server.requests == []


def test_refused_token_is_replaced_and_the_shipment_is_not_sent_again() -> None:
    outcome, server, bench = ship(http_answer(401, error_body("251004")), NOT_FOUND)

    assert isinstance(outcome, UpsUnavailable)
    assert outcome.nothing_happened
    assert bench.tokens.dropped == ["token-1"]
    assert [request.split(b" ")[1] for request in server.requests] == [
        b"/api/shipments/v2409/ship",
        b"/api/labels/v1/recovery",
    ]
    assert header(server.requests[1], "Authorization") == "Bearer token-2"


@pytest.mark.parametrize(
    ("code", "expected"),
    [("250002", UpsProductMissing), ("250003", UpsProductMissing), ("UJ0001", UpsCredentialRefused)],
)
def test_refusal_of_the_new_token_too_stops_the_account(code: str, expected: type[UpsError]) -> None:
    outcome, server, bench = ship(http_answer(401, error_body(code)), http_answer(401, error_body(code)))

    assert isinstance(outcome, expected)
    assert outcome.nothing_happened
    assert bench.tokens.dropped == ["token-1"]
    assert len(bench.tokens.stopped) == 1
    assert len(server.requests) == 2


def test_blocked_account_is_stopped() -> None:
    outcome, _, bench = ship(http_answer(403, error_body("10403", "Blocked Merchant")))

    assert isinstance(outcome, UpsAccountBlocked)
    assert len(bench.tokens.stopped) == 1


def test_missing_product_by_403_does_not_stop_the_account() -> None:
    outcome, _, bench = ship(http_answer(403, error_body("250002")))

    assert isinstance(outcome, UpsProductMissing)
    assert bench.tokens.stopped == []


@pytest.mark.parametrize("target", [b"http://127.0.0.1:1/", b"http://[bad", b"http://127.0.0.1:99999/", b"\xff", b"//"])
def test_redirects_are_not_followed_nor_even_parsed(target: bytes) -> None:
    answer = b"HTTP/1.1 307 X\r\nLocation: " + target + b"\r\nContent-Length: 0\r\n\r\n"

    outcome, server, _ = ship(answer)

    assert isinstance(outcome, UpsOutcomeUnknown)
    assert len(server.requests) == 1


def test_answer_larger_than_the_cap_is_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 1000)

    outcome, _, _ = ship(http_answer(200, b" " * 5000 + ship_answer()))

    assert isinstance(outcome, UpsOutcomeUnknown)
