"""What UPS's answers mean: complete or in doubt, never a guess."""

import base64
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ups.makers import FIRST_NUMBER, SECOND_NUMBER, ZPL_LABEL, bytes_of, samples, ship_answer
from ups.answers import RecoveryState, read_answer, read_recovery, read_void
from ups.errors import UpsOutcomeUnknown
from ups.payloads import ShipmentResponse

PLACEHOLDER = "1ZXXXXXXXXXXXXXXXX"
ALERTS = {"UP02": ["120016"]}
EXPECTED_OUTCOMES = {
    "UP01": f"in doubt: {PLACEHOLDER}",
    "UP02": "1Z0FH3446831744085 20.22 GBP PNG",
    "UP04": f"in doubt: {PLACEHOLDER}",
    "UP20": "1Z1486YY0110000297 426.40 USD GIF",
    "UP21": "1Z1486YYE123628116 10681.32 USD GIF",
    "UP22": "1Z2866YYYZ38400094 4.57 EUR ZPL",
    "UP23": "in doubt: 1Z1662229115284418",
    "UP43": "1ZA1B2C36800000016 16.33 EUR GIF",
}
"""The test system's placeholder stands for no shipment, and UP23 has no label: both are in doubt, numbers kept."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


def doubt(body: bytes, expected_packages: int = 1) -> UpsOutcomeUnknown:
    with pytest.raises(UpsOutcomeUnknown) as caught:
        read_answer(body, expected_packages)
    assert not caught.value.nothing_happened
    return caught.value


def package(number: str = FIRST_NUMBER, image: str = "", code: str = "ZPL") -> dict[str, Any]:
    return {"TrackingNumber": number, "ShippingLabel": {"ImageFormat": {"Code": code}, "GraphicImage": image}}


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_complete_answer_gives_every_parcel_its_label() -> None:
    answer = read_answer(ship_answer(FIRST_NUMBER, SECOND_NUMBER), 2)

    assert answer.ups_shipment_id == FIRST_NUMBER
    assert [(parcel.tracking_number, parcel.image_format, parcel.content) for parcel in answer.parcels] == [
        (FIRST_NUMBER, "ZPL", ZPL_LABEL),
        (SECOND_NUMBER, "ZPL", ZPL_LABEL),
    ]
    assert (answer.charge, answer.currency, answer.charge_is_negotiated) == (Decimal("14.20"), "EUR", False)
    assert (answer.billing_weight, answer.billing_weight_unit) == (Decimal("20.5"), "KGS")
    assert answer.transaction_identifier == "iews1"


def test_negotiated_price_goes_before_the_published_one() -> None:
    charges = {"TotalCharge": {"CurrencyCode": "EUR", "MonetaryValue": "9.87"}}

    answer = read_answer(ship_answer(NegotiatedRateCharges=charges), 1)

    assert (answer.charge, answer.charge_is_negotiated) == (Decimal("9.87"), True)


def test_unreadable_price_costs_nothing_but_the_price() -> None:
    answer = read_answer(ship_answer(ShipmentCharges={"TotalCharges": {"MonetaryValue": "n/a"}}), 1)

    assert answer.charge is None


def test_shipment_number_may_be_missing() -> None:
    assert read_answer(ship_answer(ShipmentIdentificationNumber=None), 1).ups_shipment_id == FIRST_NUMBER


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>ok</html>",
        b"[]",
        b"{}",
        b'{"ShipmentResponse": null}',
        ship_answer()[:-40],
        ship_answer().replace(b'"ResponseStatus": {"Code": "1"}', b'"ResponseStatus": {"Code": "0"}'),
        ship_answer(PackageResults=[]),
        ship_answer(PackageResults=[package(image="")]),
        ship_answer(PackageResults=[package(image="not base64!")]),
        ship_answer(PackageResults=[package(image=encoded(b"<html>"))]),
        ship_answer(PackageResults=[package(image=encoded(b"<html>"), code="GIF")]),
        ship_answer(PackageResults=[package("1ZA1B2C36800000017", encoded(ZPL_LABEL))]),
        ship_answer(PackageResults=[package("", encoded(ZPL_LABEL))]),
        ship_answer(ShipmentIdentificationNumber="1ZA1B2C36800000017"),
    ],
)
def test_answer_that_is_not_complete_is_in_doubt(body: bytes) -> None:
    assert doubt(body).operation == "ship"


def test_another_number_of_parcels_is_in_doubt_and_keeps_the_number() -> None:
    assert doubt(ship_answer(FIRST_NUMBER), 2).tracking_number == FIRST_NUMBER
    assert doubt(ship_answer(FIRST_NUMBER, SECOND_NUMBER), 1).tracking_number == FIRST_NUMBER


def test_the_same_number_on_two_parcels_is_in_doubt() -> None:
    assert "same tracking number" in doubt(ship_answer(FIRST_NUMBER, FIRST_NUMBER), 2).message


@given(JSON)
def test_any_json_is_in_doubt_and_never_a_crash(content: object) -> None:
    for body in (content, {"ShipmentResponse": content}, {"ShipmentResponse": {"ShipmentResults": content}}):
        doubt(json.dumps(body).encode())


@given(JSON)
def test_any_json_is_no_void_and_no_recovery(content: object) -> None:
    assert read_void(json.dumps({"VoidShipmentResponse": content}).encode(), ()) is None
    found = read_recovery(json.dumps({"LabelRecoveryResponse": content}).encode())
    assert found.state is RecoveryState.UNCLEAR


@pytest.mark.parametrize("sample", samples("ship"))
def test_every_recorded_ship_answer_can_be_read(sample: dict[str, Any]) -> None:
    expect = sample["expect"]

    read = ShipmentResponse.model_validate(sample["body"]["ShipmentResponse"])

    assert len(read.shipment_results.package_results) == expect.get("packages", 1)
    assert [alert.code for alert in read.response.alert] == expect.get("alerts", ALERTS.get(sample["id"], []))
    assert read.shipment_results.shipment_charges.total_charges.monetary_value


@pytest.mark.parametrize("sample", samples("ship"))
def test_recorded_ship_answer_is_complete_or_in_doubt_with_its_number(sample: dict[str, Any]) -> None:
    body = bytes_of(sample)

    outcome = outcome_of(body)

    assert outcome == EXPECTED_OUTCOMES[sample["id"]]


def outcome_of(body: bytes) -> str:
    """The number and price of a complete answer, or what is in doubt with the number reported."""
    try:
        answer = read_answer(body, 1)
    except UpsOutcomeUnknown as error:
        return f"in doubt: {error.tracking_number}"
    return f"{answer.ups_shipment_id} {answer.charge} {answer.currency} {answer.parcels[0].image_format}"


@pytest.mark.parametrize("sample", samples("void"))
def test_recorded_void_answers(sample: dict[str, Any]) -> None:
    answer = read_void(bytes_of(sample), ())

    assert answer is not None
    assert answer.voided is sample["expect"]["voided"]


@pytest.mark.parametrize("sample", samples("recover"))
def test_recorded_recovery_answers(sample: dict[str, Any]) -> None:
    answer = read_recovery(bytes_of(sample))

    assert answer.state is RecoveryState.FOUND
    assert [parcel.tracking_number for parcel in answer.parcels] == [answer.ups_shipment_id]
    assert answer.parcels[0].image_format in {"ZPL", "PDF"}


def test_partly_voided_looks_at_the_parcels_that_were_asked_for() -> None:
    body = {
        "VoidShipmentResponse": {
            "SummaryResult": {"Status": {"Code": "1", "Description": "Partially Voided"}},
            "PackageLevelResults": [
                {"TrackingNumber": FIRST_NUMBER, "Status": {"Code": "1", "Description": "Voided"}},
                {"TrackingNumber": SECOND_NUMBER, "Status": {"Code": "0", "Description": "Not Voided"}},
            ],
        }
    }
    content = json.dumps(body).encode()

    whole, first = read_void(content, ()), read_void(content, (FIRST_NUMBER,))

    assert whole is not None
    assert first is not None
    assert (whole.voided, first.voided) == (False, True)
    assert [parcel.voided for parcel in whole.parcels] == [True, False]


def test_several_candidates_are_listed() -> None:
    body = {"LabelRecoveryResponse": {"TrackingCandidate": [{"TrackingNumber": "a"}, {"TrackingNumber": "b"}]}}

    answer = read_recovery(json.dumps(body).encode())

    assert (answer.state, answer.candidates) == (RecoveryState.SEVERAL, ("a", "b"))


def test_recovery_without_a_label_is_unclear_and_keeps_the_number() -> None:
    body = {
        "LabelRecoveryResponse": {
            "Response": {"ResponseStatus": {"Code": "1"}},
            "ShipmentIdentificationNumber": FIRST_NUMBER,
        }
    }

    answer = read_recovery(json.dumps(body).encode())

    assert (answer.state, answer.ups_shipment_id) == (RecoveryState.UNCLEAR, FIRST_NUMBER)
