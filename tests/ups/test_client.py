"""What is sent to UPS, and what each answer means, over the wire: `reliability.md` 1.3 row by row."""

import json
import socket
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from connector_site.lib import http
from connector_site.lib.http import Timeouts, new_session
from connector_site.lib.outside_calls import OutsideCall
from tests.contracts import ups_spec
from tests.ups.makers import FIRST_NUMBER, SECOND_NUMBER, TokensInHand, error_body, make_body, make_party, ship_answer
from tests.ups.rawserver import RawServer, http_answer, raw_server
from ups import client as client_module
from ups import places
from ups.answers import RecoveryState
from ups.client import ProbeAnswer, UpsClient
from ups.errors import (
    UpsAccountBlocked,
    UpsCredentialRefused,
    UpsError,
    UpsOutcomeUnknown,
    UpsProductMissing,
    UpsRejected,
    UpsUnavailable,
    UpsUnexpectedReply,
)
from ups.shipping import LabelFormat, PartySpec, ShipmentAnswer

T = TypeVar("T")
HTML = b"<html><body>Bad Gateway</body></html>"
NOT_FOUND = http_answer(400, error_body("9801031"))


class Bench:
    """A client against one scripted server, with what it told its observer and its token source."""

    def __init__(self, server: RawServer) -> None:
        self.calls: list[OutsideCall] = []
        self.tokens = TokensInHand()
        self.client = UpsClient(
            new_session(), self.tokens, base_url=server.url, shipper_number="A1B2C3", observe=self.calls.append
        )


def ship(*script: bytes | None) -> tuple[ShipmentAnswer | UpsError, RawServer, Bench]:
    """The outcome of one ship call, whichever it is, the server and the bench."""
    with raw_server(*script) as server:
        bench = Bench(server)
        try:
            return bench.client.ship(make_body()), server, bench
        except UpsError as error:
            return error, server, bench


def ask(question: Callable[[UpsClient], T], *script: bytes | None) -> tuple[T, RawServer, Bench]:
    with raw_server(*script) as server:
        bench = Bench(server)
        return question(bench.client), server, bench


def sent_json(request: bytes) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(request.partition(b"\r\n\r\n")[2])
    return sent


def header(request: bytes, name: str) -> str:
    lines = request.partition(b"\r\n\r\n")[0].decode().splitlines()[1:]
    found = [line.partition(": ")[2] for line in lines if line.lower().startswith(name.lower() + ":")]
    assert len(found) == 1, f"{name} is there {len(found)} times"
    return found[0]


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
    ("code", "expected", "stops"),
    [("250002", UpsProductMissing, 0), ("250003", UpsProductMissing, 0), ("UJ0001", UpsCredentialRefused, 1)],
)
def test_refusal_of_the_new_token_too_is_final(code: str, expected: type[UpsError], stops: int) -> None:
    outcome, server, bench = ship(http_answer(401, error_body(code)), http_answer(401, error_body(code)))

    assert isinstance(outcome, expected)
    assert outcome.nothing_happened
    assert bench.tokens.dropped == ["token-1"]
    assert len(bench.tokens.stopped) == stops
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


def test_cookies_of_ups_are_not_kept() -> None:
    answer = NOT_FOUND.replace(b"Content-Type", b"Set-Cookie: who=tenant-a; Path=/\r\nContent-Type")

    def ask_twice(client: UpsClient) -> None:
        client.recover_by_reference("T01JB")
        client.recover_by_reference("T01JB")

    _, server, _ = ask(ask_twice, answer, answer)

    assert len(server.requests) == 2
    assert b"cookie" not in server.requests[1].lower()


def test_answer_larger_than_the_cap_is_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 1000)

    outcome, _, _ = ship(http_answer(200, b" " * 5000 + ship_answer()))

    assert isinstance(outcome, UpsOutcomeUnknown)


def void_answer(code: str = "1") -> bytes:
    body = {"VoidShipmentResponse": {"SummaryResult": {"Status": {"Code": code, "Description": "text"}}}}
    return http_answer(200, json.dumps(body).encode())


def test_void_of_a_shipment_has_no_body_and_no_parameter() -> None:
    answer, server, bench = ask(lambda client: client.void(FIRST_NUMBER), void_answer())

    assert answer.voided
    assert server.requests[0].startswith(f"DELETE /api/shipments/v2409/void/cancel/{FIRST_NUMBER} HTTP".encode())
    assert bench.calls[0].route == "/api/shipments/v2409/void/cancel/{shipment}"


@pytest.mark.parametrize(
    ("numbers", "query"),
    [
        ((FIRST_NUMBER,), f"?trackingnumber={FIRST_NUMBER}"),
        ((FIRST_NUMBER, SECOND_NUMBER), f"?trackingnumber=%5B%22{FIRST_NUMBER}%22%2C%22{SECOND_NUMBER}%22%5D"),
    ],
)
def test_void_of_parcels_names_them(numbers: tuple[str, ...], query: str) -> None:
    _, server, _ = ask(lambda client: client.void(FIRST_NUMBER, numbers), void_answer())

    assert server.requests[0].split(b" ")[1].decode().endswith(query)


@pytest.mark.parametrize(
    ("answer", "voided", "code"),
    [
        (void_answer("0"), False, "0"),
        (http_answer(400, error_body("190117")), True, "190117"),
        (http_answer(400, error_body("190102", "No shipment found")), False, "190102"),
    ],
)
def test_void_refusals_are_answers(answer: bytes, voided: bool, code: str) -> None:  # noqa: FBT001  a test's row
    found, _, _ = ask(lambda client: client.void(FIRST_NUMBER), answer)

    assert (found.voided, found.code) == (voided, code)


@pytest.mark.parametrize(
    "answer", [http_answer(500, b""), http_answer(200, b"{}"), http_answer(400, error_body("190001")), None]
)
def test_void_without_a_clear_answer_may_be_repeated(answer: bytes | None) -> None:
    with pytest.raises(UpsUnavailable):
        ask(lambda client: client.void(FIRST_NUMBER), answer)


def test_void_repeats_once_with_a_new_token() -> None:
    answer, server, bench = ask(
        lambda client: client.void(FIRST_NUMBER), http_answer(401, error_body("251004")), void_answer()
    )

    assert answer.voided
    assert bench.tokens.dropped == ["token-1"]
    assert len(server.requests) == 2


@pytest.mark.parametrize("label_format", list(LabelFormat))
def test_recovery_requests_fit_the_specification(label_format: LabelFormat) -> None:
    _, first, _ = ask(lambda client: client.recover_by_number(FIRST_NUMBER, label_format=label_format), NOT_FOUND)
    _, second, _ = ask(lambda client: client.recover_by_reference("T01JB3X7M2Q", label_format=label_format), NOT_FOUND)

    for server in (first, second):
        assert ups_spec.request_problems(ups_spec.RECOVER_LABEL, sent_json(server.requests[0])) == []


def test_recovery_names_a_stock_size_for_printer_languages_only() -> None:
    _, gif, _ = ask(lambda client: client.recover_by_number(FIRST_NUMBER), NOT_FOUND)
    _, zpl, _ = ask(lambda client: client.recover_by_number(FIRST_NUMBER, label_format=LabelFormat.ZPL), NOT_FOUND)

    assert "LabelStockSize" not in sent_json(gif.requests[0])["LabelRecoveryRequest"]["LabelSpecification"]
    assert sent_json(zpl.requests[0])["LabelRecoveryRequest"]["LabelSpecification"] == {
        "LabelImageFormat": {"Code": "ZPL"},
        "LabelStockSize": {"Height": "6", "Width": "4"},
    }


def test_recovery_by_reference_asks_the_account_that_was_billed() -> None:
    _, server, _ = ask(lambda client: client.recover_by_reference("T01JB", shipper_number="Z9Z9Z9"), NOT_FOUND)

    values = sent_json(server.requests[0])["LabelRecoveryRequest"]["ReferenceValues"]
    assert values == {"ReferenceNumber": {"Value": "T01JB"}, "ShipperNumber": "Z9Z9Z9"}


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("9801031", RecoveryState.NOT_FOUND),
        ("300007", RecoveryState.NOT_FOUND),
        ("9801040", RecoveryState.VOIDED),
        ("300033", RecoveryState.VOIDED),
        ("300001", RecoveryState.SEVERAL),
        ("300006", RecoveryState.WITHOUT_LABEL),
    ],
)
def test_recovery_codes(code: str, state: RecoveryState) -> None:
    body = json.dumps({"errors": [{"code": code, "message": "x"}]}).encode()

    answer, _, _ = ask(lambda client: client.recover_by_reference("T01JB"), http_answer(400, body))

    assert (answer.state, answer.code) == (state, code)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (http_answer(400, error_body("9801050")), UpsRejected),
        (http_answer(400, error_body("300000")), UpsUnavailable),
        (http_answer(404, HTML), UpsUnavailable),
        (http_answer(429, error_body("10429")), UpsUnavailable),
        (http_answer(500, HTML), UpsUnavailable),
        (http_answer(403, error_body("10403")), UpsAccountBlocked),
        (None, UpsUnavailable),
    ],
)
def test_recovery_failures(answer: bytes | None, expected: type[UpsError]) -> None:
    with pytest.raises(expected):
        ask(lambda client: client.recover_by_reference("T01JB"), answer)


def probe(*script: bytes | None) -> tuple[ProbeAnswer, RawServer, Bench]:
    shipper: PartySpec = make_party("NL")
    return ask(lambda client: client.probe(shipper), *script)


def test_probe_accepts_a_refusal_that_is_not_about_the_shipper() -> None:
    answer, server, bench = probe(NOT_FOUND, http_answer(400, error_body("120500")))

    assert answer.shipper_accepted
    assert [call.operation for call in bench.calls] == ["recover", "check shipper"]
    assert "Package" not in sent_json(server.requests[1])["ShipmentRequest"]["Shipment"]


def test_probe_tells_a_wrong_shipper_number() -> None:
    answer, _, _ = probe(NOT_FOUND, http_answer(400, error_body("120121")))

    assert not answer.shipper_accepted
    assert answer.message == "UPS cannot use this shipper number for this shipment."


def test_probe_that_is_not_answered_says_nothing_about_the_shipper() -> None:
    with pytest.raises(UpsUnavailable):
        probe(NOT_FOUND, http_answer(503, HTML))


def test_probe_that_was_accepted_is_our_fault() -> None:
    with pytest.raises(UpsUnexpectedReply):
        probe(NOT_FOUND, http_answer(200, ship_answer()))
