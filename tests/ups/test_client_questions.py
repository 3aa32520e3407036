"""Void, Label Recovery and the check of an account, over the wire."""

import json

import pytest

from tests.contracts import ups_spec
from tests.ups.makers import FIRST_NUMBER, SECOND_NUMBER, error_body, make_party, ship_answer
from tests.ups.rawserver import RawServer, http_answer
from tests.ups.wirebench import HTML, NOT_FOUND, Bench, ask, sent_json
from ups.answers import RecoveryState
from ups.client import ProbeAnswer, UpsClient
from ups.errors import (
    UpsAccountBlocked,
    UpsError,
    UpsRejected,
    UpsUnavailable,
    UpsUnexpectedReply,
)
from ups.shipping import LabelFormat, PartySpec


def test_cookies_of_ups_are_not_kept() -> None:
    answer = NOT_FOUND.replace(b"Content-Type", b"Set-Cookie: who=tenant-a; Path=/\r\nContent-Type")

    def ask_twice(client: UpsClient) -> None:
        client.recover_by_reference("T01JB")
        client.recover_by_reference("T01JB")

    _, server, _ = ask(ask_twice, answer, answer)

    assert len(server.requests) == 2
    assert b"cookie" not in server.requests[1].lower()


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
