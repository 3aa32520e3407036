"""Our shipment becomes a ship request that UPS's specification allows, with what its lane asks for."""

from decimal import Decimal
from typing import Any

import pytest

from tests.contracts import ups_spec
from tests.ups.makers import make_body, make_party, make_return_spec, make_spec
from ups.errors import SpecInvalid
from ups.shipping import LabelFormat, ParcelSpec, build_request, package_count, shipper_question

HOME = ["NL", "BE", "DE", "FR", "ES", "GB", "IT", "PL", "US", "PR"]
LANES = [
    *[(country, country, "03" if country in {"US", "PR"} else "11") for country in HOME],
    *[("NL", destination, "11") for destination in ("BE", "DE", "FR", "ES", "IT", "PL", "IE")],
    *[("NL", "DE", service) for service in ("07", "08", "54", "65")],
    ("DE", "DE", "74"),
    ("PL", "PL", "82"),
]


def shipment_of(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["ShipmentRequest"]["Shipment"]
    return found


@pytest.mark.parametrize(("origin", "destination", "service"), LANES)
def test_request_of_every_supported_lane_fits_the_specification(origin: str, destination: str, service: str) -> None:
    body = make_body(origin, destination, service_code=service)

    assert ups_spec.request_problems(ups_spec.SHIP, body) == []


@pytest.mark.parametrize("label_format", list(LabelFormat))
def test_request_with_everything_filled_to_its_limit_fits_the_specification(label_format: LabelFormat) -> None:
    full = make_party(
        "NL", name="N" * 35, attention="A" * 35, city="C" * 30, address_lines=("L" * 35,) * 3, residential=True
    )
    size = (Decimal(100), Decimal(60), Decimal(40))
    parcel = ParcelSpec(weight=Decimal("69.9"), description="D" * 35, length=size[0], width=size[1], height=size[2])

    body = make_body(
        shipper=full,
        ship_from=full,
        ship_to=full,
        parcels=(parcel,) * 200,
        reference="R" * 35,
        customer_reference="O" * 35,
        description="G" * 50,
        label_format=label_format,
        label_height_inches=8,
    )

    assert ups_spec.request_problems(ups_spec.SHIP, body) == []
    assert package_count(body) == 200


def test_references_stand_on_the_shipment_with_ours_first() -> None:
    body = make_body("NL", "DE")

    assert shipment_of(body)["ReferenceNumber"] == [
        {"Code": "TN", "Value": "T01JB3X7M2QWERTY9HKPASDFGHJ"},
        {"Code": "PO", "Value": "20240015"},
    ]
    assert "ReferenceNumber" not in shipment_of(body)["Package"][0]


@pytest.mark.parametrize("country", ["US", "PR"])
def test_references_stand_on_every_parcel_within_the_united_states(country: str) -> None:
    shipment = shipment_of(make_body(country, country, parcels=(ParcelSpec(weight=Decimal(1)),) * 2))

    assert "ReferenceNumber" not in shipment
    assert [package["ReferenceNumber"][0]["Value"] for package in shipment["Package"]] == [
        "T01JB3X7M2QWERTY9HKPASDFGHJ",
        "T01JB3X7M2QWERTY9HKPASDFGHJ",
    ]


def test_shipper_pays_and_nobody_is_named_for_duties() -> None:
    assert shipment_of(make_body())["PaymentInformation"] == {
        "ShipmentCharge": [{"Type": "01", "BillShipper": {"AccountNumber": "A1B2C3"}}]
    }


def test_units_follow_the_shipper_country() -> None:
    parcel = ParcelSpec(weight=Decimal(2), length=Decimal(20), width=Decimal("30.5"), height=Decimal(10))

    european = shipment_of(make_body("NL", "NL", parcels=(parcel,)))["Package"][0]
    american = shipment_of(make_body("US", "US", parcels=(parcel,)))["Package"][0]

    assert european["PackageWeight"] == {"UnitOfMeasurement": {"Code": "KGS"}, "Weight": "2"}
    assert european["Dimensions"] == {
        "UnitOfMeasurement": {"Code": "CM"},
        "Length": "31",
        "Width": "20",
        "Height": "10",
    }
    assert american["PackageWeight"] == {"UnitOfMeasurement": {"Code": "LBS"}, "Weight": "4.5"}
    assert american["Dimensions"]["UnitOfMeasurement"] == {"Code": "IN"}


def test_address_is_written_as_ups_takes_it() -> None:
    receiver = shipment_of(make_body("NL", "NL", ship_to=make_party("NL", residential=True, state="NH")))["ShipTo"]

    assert receiver == {
        "Name": "Company in NL",
        "AttentionName": "Goods In",
        "Phone": {"Number": "31201234567"},
        "EMailAddress": "goods@example.com",
        "Address": {
            "AddressLine": ["Kade 12"],
            "City": "Rotterdam",
            "PostalCode": "3011AA",
            "CountryCode": "NL",
            "ResidentialAddressIndicator": "",
        },
    }


def test_american_address_has_its_state_and_a_postal_code_of_digits() -> None:
    receiver = make_party("US", postal_code="21201-1234")

    address = shipment_of(make_body("US", "US", ship_to=receiver))["ShipTo"]["Address"]

    assert (address["StateProvinceCode"], address["PostalCode"]) == ("MD", "212011234")


def test_unusable_phone_is_left_out_where_none_is_needed() -> None:
    assert "Phone" not in shipment_of(make_body(ship_to=make_party("NL", phone="12")))["ShipTo"]


@pytest.mark.parametrize(("country", "expected"), [("DE", "deu"), ("PL", "pol"), ("NL", "nld"), ("IE", "eng")])
def test_character_set_follows_the_receiver(country: str, expected: str) -> None:
    assert make_body("NL", country)["ShipmentRequest"]["LabelSpecification"]["CharacterSet"] == expected


def test_negotiated_prices_are_asked_for() -> None:
    assert shipment_of(make_body())["ShipmentRatingOptions"] == {"NegotiatedRatesIndicator": ""}


def test_invalid_shipment_is_not_built_and_lists_its_problems() -> None:
    spec = make_spec(ship_to=make_party("NL", name="N" * 36, city="C" * 31))

    with pytest.raises(SpecInvalid) as caught:
        build_request(spec)

    assert [problem.field for problem in caught.value.problems] == ["ship_to.name", "ship_to.city"]
    assert caught.value.nothing_happened


def test_question_about_the_shipper_has_nothing_that_could_be_shipped() -> None:
    shipment = shipment_of(shipper_question(make_party("NL"), "A1B2C3"))

    assert sorted(shipment) == ["ShipTo", "Shipper"]


@pytest.mark.parametrize(("customer", "us", "service"), [("NL", "NL", "11"), ("DE", "NL", "11"), ("US", "US", "03")])
def test_a_return_goes_from_the_customer_to_us_and_says_what_comes_back(customer: str, us: str, service: str) -> None:
    body = build_request(make_return_spec(customer, us, service_code=service))

    shipment = shipment_of(body)
    assert ups_spec.request_problems(ups_spec.SHIP, body) == []
    assert shipment["ReturnService"] == {"Code": "9"}
    assert shipment["ShipFrom"]["Name"] == f"Company in {customer}"
    assert shipment["ShipTo"]["Name"] == shipment["Shipper"]["Name"] == f"Company in {us}"
    assert shipment["Package"][0]["Description"] == "Office chairs"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("parcels.1.description", {"parcels": (ParcelSpec(weight=Decimal(1)),)}),
        ("parcels", {"parcels": (ParcelSpec(weight=Decimal(1), description="Chair"),) * 21}),
        ("ship_from", {"ship_from": None}),
        ("customs", {"ship_from": make_party("CH")}),
        ("ship_to.country", {"ship_from": make_party("DE"), "ship_to": make_party("BE")}),
    ],
)
def test_a_return_that_ups_would_refuse_is_not_asked_for(field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(SpecInvalid) as refused:
        build_request(make_return_spec("NL", "NL", **changes))

    assert [problem.field for problem in refused.value.problems] == [field]
