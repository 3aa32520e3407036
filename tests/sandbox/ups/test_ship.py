"""Accepted shipments: lanes, answers, numbers, prices, envelopes (ups.md 5)."""

import base64

import pytest

from sandbox.ups.numbers import check_digit
from tests.contracts import ups_spec
from tests.sandbox.ups.bodies import (
    REFERENCE,
    REMOVED,
    Json,
    american,
    british,
    changed,
    dutch,
    exported,
    package,
    party,
)
from tests.sandbox.ups.conftest import Caller, Ups, alerts_of, code_of

LANES: dict[str, Json] = {
    "NL-NL": dutch(),
    "NL-BE": dutch("BE"),
    "NL-DE express": dutch("DE", service="65"),
    "NL-ES": dutch("ES"),
    "NL-GB": exported("GB"),
    "NL-CH": exported("CH"),
    "NL-US": exported("US"),
    "GB-GB": british(),
    "US-US": american(),
    "US-CA": changed(
        american("CH", service="11"),
        {
            "Shipment.ShipTo.Address": {
                "AddressLine": ["1 Front St"],
                "City": "Toronto",
                "StateProvinceCode": "ON",
                "PostalCode": "M5J2X2",
                "CountryCode": "CA",
            },
            "Shipment.InvoiceLineTotal": {"CurrencyCode": "USD", "MonetaryValue": "120"},
        },
    ),
}
NUMBER_SERVICES = {"11": "68", "65": "04", "07": "66", "08": "67"}


@pytest.mark.parametrize("lane", LANES)
def test_request_of_each_lane_fits_the_specification_and_so_does_its_answer(caller: Caller, lane: str) -> None:
    assert ups_spec.request_problems(ups_spec.SHIP, LANES[lane]) == []

    answer = caller.ship(LANES[lane])

    assert answer.status_code == 200, answer.text
    assert ups_spec.answer_problems(ups_spec.SHIP, answer.json()) == []


def test_answer_of_two_parcels_is_complete_and_all_text(ups: Ups, caller: Caller) -> None:
    body = changed(dutch(), {"Shipment.Package": [package("12.5"), package("8")]})

    answer = caller.ship(body).json()["ShipmentResponse"]

    reference = answer["Response"].pop("TransactionReference")
    assert reference["CustomerContext"] == "job-17"
    assert len(reference["TransactionIdentifier"]) == 23
    assert answer["Response"] == {
        "ResponseStatus": {"Code": "1", "Description": "Success"},
        "Alert": [{"Code": "110971", "Description": "Your invoice may vary from the displayed reference rates."}],
    }
    results = answer["ShipmentResults"]
    numbers = [each["TrackingNumber"] for each in results["PackageResults"]]
    assert results["ShipmentIdentificationNumber"] == numbers[0]
    assert int(numbers[1][10:17]) == int(numbers[0][10:17]) + 1
    assert results["BillingWeight"] == {
        "UnitOfMeasurement": {"Code": "KGS", "Description": "Kilograms"},
        "Weight": "20.5",
    }
    assert results["ShipmentCharges"] == {
        "BaseServiceCharge": {"CurrencyCode": "EUR", "MonetaryValue": "19.54"},
        "TransportationCharges": {"CurrencyCode": "EUR", "MonetaryValue": "23.06"},
        "ItemizedCharges": [{"Code": "375", "CurrencyCode": "EUR", "MonetaryValue": "3.52"}],
        "ServiceOptionsCharges": {"CurrencyCode": "EUR", "MonetaryValue": "0.00"},
        "TotalCharges": {"CurrencyCode": "EUR", "MonetaryValue": "23.06"},
    }
    assert results["NegotiatedRateCharges"] == {"TotalCharge": {"CurrencyCode": "EUR", "MonetaryValue": "16.60"}}
    [shipment] = ups.shipments()
    assert shipment["references"] == [REFERENCE, "20240015"]


@pytest.mark.parametrize(("destination", "service"), [("NL", "11"), ("DE", "65"), ("DE", "07"), ("DE", "08")])
def test_numbers_carry_account_service_and_a_true_check_digit(caller: Caller, destination: str, service: str) -> None:
    number = str(caller.shipped(dutch(destination, service=service))["ShipmentIdentificationNumber"])

    assert number[:10] == "1ZA1B2C3" + NUMBER_SERVICES[service]
    assert len(number) == 18
    assert number[-1] == check_digit(number)


@pytest.mark.parametrize("number", ["1ZA1B2C36800000016", "1Z0FH3446831744085", "1Z2866YYYZ29803881"])
def test_check_digit_agrees_with_known_numbers(number: str) -> None:
    assert check_digit(number) == number[-1]


def test_equal_calls_make_two_shipments(ups: Ups, caller: Caller) -> None:
    numbers = {caller.shipped(dutch())["ShipmentIdentificationNumber"] for _ in range(2)}

    assert len(numbers) == 2
    assert len(ups.shipments(f"?reference={REFERENCE}")) == 2


def test_negotiated_rates_come_only_when_asked_for(caller: Caller) -> None:
    body = changed(dutch(), {"Shipment.ShipmentRatingOptions": REMOVED})

    answer = caller.ship(body)

    assert alerts_of(answer) == []
    assert "NegotiatedRateCharges" not in answer.json()["ShipmentResponse"]["ShipmentResults"]


def test_account_without_contract_is_told_so(ups: Ups, caller: Caller) -> None:
    account = {"client_id": "app-1", "client_secret": "secret-1", "shipper_number": "A1B2C3", "country": "NL"}
    ups.control("accounts", account | {"negotiated_rates": False})

    answer = caller.ship(dutch())

    assert alerts_of(answer) == ["120900"]
    assert "NegotiatedRateCharges" not in answer.json()["ShipmentResponse"]["ShipmentResults"]


def test_heavy_parcel_costs_more_and_says_so(caller: Caller) -> None:
    answer = caller.ship(changed(dutch(), {"Shipment.Package": [package("1"), package("30")]}))

    results = answer.json()["ShipmentResponse"]["ShipmentResults"]
    assert alerts_of(answer) == ["110971", "129001"]
    assert [each["ServiceOptionsCharges"]["MonetaryValue"] for each in results["PackageResults"]] == ["0.00", "11.50"]
    assert results["ShipmentCharges"]["ServiceOptionsCharges"]["MonetaryValue"] == "11.50"


def test_older_sub_version_leaves_out_newer_elements(caller: Caller) -> None:
    results = caller.shipped(changed(dutch(), {"Request.SubVersion": REMOVED}))

    charges = results["ShipmentCharges"]
    assert isinstance(charges, dict)
    assert sorted(charges) == ["ServiceOptionsCharges", "TotalCharges", "TransportationCharges"]


def test_older_version_answers_single_objects(caller: Caller) -> None:
    answer = caller.ship(dutch(), version="v1").json()["ShipmentResponse"]

    assert isinstance(answer["ShipmentResults"]["PackageResults"], dict)
    assert isinstance(answer["Response"]["Alert"], dict)
    assert ups_spec.answer_problems(ups_spec.SHIP, {"ShipmentResponse": answer}) == []


def test_single_objects_are_read_as_lists_of_one(caller: Caller) -> None:
    body = changed(
        dutch(),
        {
            "Shipment.Package": package("2"),
            "Shipment.ReferenceNumber": {"Code": "TN", "Value": "one"},
            "Shipment.ShipTo.Address.AddressLine": "Havenweg 3",
        },
    )

    assert caller.ship(body).status_code == 200


def test_unknown_fields_are_silently_ignored(ups: Ups, caller: Caller) -> None:
    changes: Json = {"Shipment.Colour": "red", "Shipment.ShipTo.Adress": {"City": "Ede"}, "Shipment.Package.0.Note": 1}

    assert caller.ship(changed(dutch(), changes)).status_code == 200
    assert len(ups.shipments()) == 1


def test_letter_needs_neither_weight_nor_size(caller: Caller) -> None:
    body = changed(dutch("DE"), {"Shipment.Package": [{"Packaging": {"Code": "01"}}]})

    assert caller.ship(body).status_code == 200


def test_ship_from_in_the_same_country_and_a_return_are_accepted(caller: Caller) -> None:
    elsewhere = party("Loods", "31101234567", {"AddressLine": ["Dok 1"], "City": "Ede", "CountryCode": "NL"})
    back: Json = {
        "Shipment.ShipFrom": elsewhere,
        "Shipment.ReturnService": {"Code": "9"},
        "Shipment.Package.0.Description": "Office chairs",
    }

    assert caller.ship(changed(dutch(), {"Shipment.ShipFrom": elsewhere})).status_code == 200
    assert caller.ship(changed(dutch(), back)).status_code == 200


def test_a_return_that_does_not_say_what_is_in_its_parcels_is_refused(ups: Ups, caller: Caller) -> None:
    elsewhere = party("Loods", "31101234567", {"AddressLine": ["Dok 1"], "City": "Ede", "CountryCode": "NL"})

    answer = caller.ship(changed(dutch(), {"Shipment.ShipFrom": elsewhere, "Shipment.ReturnService": {"Code": "9"}}))

    assert (answer.status_code, code_of(answer)) == (400, "120512")
    assert ups.shipments() == []


def test_access_point_delivery_is_accepted_with_its_location(caller: Caller) -> None:
    changes: Json = {
        "Shipment.ShipmentIndicationType": [{"Code": "02"}],
        "Shipment.AlternateDeliveryAddress": {"Name": "Kiosk", "UPSAccessPointID": "U12345678"},
    }

    assert caller.ship(changed(dutch("DE", service="70"), changes)).status_code == 200


def test_export_with_invoice_brings_the_papers_as_pdf(caller: Caller) -> None:
    form = caller.shipped(exported("GB"))["Form"]

    assert isinstance(form, dict)
    assert base64.b64decode(form["Image"]["GraphicImage"]).startswith(b"%PDF")


@pytest.mark.parametrize(
    ("raw", "content_type", "code"),
    [
        (b"{}", "application/json", "10002"),
        (b"[]", "application/json", "10002"),
        (b"{", "application/json", "10001"),
        (b"", "application/json", "10003"),
        (b"{}", "text/xml", "10007"),
    ],
)
def test_body_that_is_no_ship_request_is_refused(
    ups: Ups, caller: Caller, raw: bytes, content_type: str, code: str
) -> None:
    caller.ship({})

    answer = caller.session.post(
        ups.base + "/api/shipments/v2409/ship",
        data=raw,
        headers={"Authorization": f"Bearer {caller.token}", "Content-Type": content_type},
        timeout=5,
    )

    assert (answer.status_code, code_of(answer)) == (400, code)
    assert ups_spec.answer_problems(ups_spec.SHIP, answer.json(), status=400) == []


def test_unknown_version_path_and_method_are_refused_in_the_envelope(caller: Caller) -> None:
    answers = [
        caller.ship(dutch(), version="v9999"),
        caller.call("POST", "/api/shipments/v2409/shipp", {}),
        caller.call("PUT", "/api/shipments/v2409/ship", {}),
    ]

    assert [(answer.status_code, code_of(answer)) for answer in answers] == [
        (400, "20002"),
        (404, "404"),
        (405, "405"),
    ]
