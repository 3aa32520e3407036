"""Problems are found before money is spent, and name field, limit, value and place."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.ups.makers import make_party, make_spec
from ups import places
from ups.shipping import ParcelSpec, ShipmentSpec, check

LONG = "Vereniging tot Behoud van Binnenvaartschepen"


def fields(spec: ShipmentSpec) -> list[str]:
    return [problem.field for problem in check(spec)]


def parcel(**changes: object) -> tuple[ParcelSpec, ...]:
    return (replace(ParcelSpec(weight=Decimal(1)), **changes),)  # type: ignore[arg-type]


@pytest.mark.parametrize("destination", ["NL", "BE", "DE", "FR", "ES", "IT", "PL", "IE"])
def test_goods_to_the_european_union_have_no_problem(destination: str) -> None:
    assert check(make_spec("NL", destination)) == []


def test_name_too_long_is_named_with_limit_value_and_place() -> None:
    (problem,) = check(make_spec(ship_to=make_party("NL", name=LONG)))

    assert problem.field == "ship_to.name"
    assert problem.message == "The name of the receiver has 44 characters; UPS takes 35."
    assert (problem.limit, problem.value) == ("35 characters", LONG)
    assert problem.where_to_fix == places.ADDRESS


def test_every_problem_is_listed_at_once() -> None:
    receiver = make_party("NL", name=LONG, city="", address_lines=("x" * 36, "b", "c", "d"))

    assert fields(make_spec(ship_to=receiver)) == [
        "ship_to.name",
        "ship_to.city",
        "ship_to.address_lines.1",
        "ship_to.address_lines",
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "ship_to.name"),
        ({"address_lines": ()}, "ship_to.address_lines"),
        ({"address_lines": ("Kade 1", "")}, "ship_to.address_lines.2"),
        ({"country": "NLD"}, "ship_to.country"),
        ({"postal_code": ""}, "ship_to.postal_code"),
        ({"postal_code": "12345"}, "ship_to.postal_code"),
        ({"email": "a" * 40 + "@example.com"}, "ship_to.email"),
        ({"attention": LONG}, "ship_to.attention"),
    ],
)
def test_each_fault_of_an_address(change: dict[str, Any], field: str) -> None:
    assert field in fields(make_spec(ship_to=replace(make_party("NL"), **change)))


@pytest.mark.parametrize("change", [{"phone": ""}, {"phone": "+31 20 123 4567"}, {"attention": ""}])
def test_between_countries_contact_person_and_local_phone_are_needed(change: dict[str, str]) -> None:
    field = f"ship_to.{next(iter(change))}"

    assert fields(make_spec("NL", "DE", ship_to=make_party("DE", **change))) == [field]
    assert fields(make_spec("NL", "NL", ship_to=make_party("NL", phone="", attention=""))) == []


def test_shipper_contact_is_fixed_in_the_account() -> None:
    (problem,) = check(make_spec("NL", "DE", shipper=make_party("NL", phone="")))

    assert (problem.field, problem.where_to_fix) == ("shipper.phone", places.ACCOUNT)


def test_american_addresses_need_a_state() -> None:
    assert fields(make_spec("US", "US", ship_to=make_party("US", state=""))) == ["ship_to.state"]


def test_description_is_needed_for_express_between_countries_and_not_within_one() -> None:
    assert fields(make_spec("NL", "DE", service_code="65", description="")) == ["description"]
    assert fields(make_spec("NL", "DE", service_code="11", description="")) == []
    assert fields(make_spec("NL", "NL", service_code="65", description="")) == []


@pytest.mark.parametrize(
    ("origin", "destination"), [("NL", "GB"), ("NL", "CH"), ("NL", "US"), ("GB", "NL"), ("US", "CA"), ("US", "PR")]
)
def test_lane_with_customs_papers_is_held_before_it_is_bought(origin: str, destination: str) -> None:
    (problem,) = check(make_spec(origin, destination, service_code="65"))

    assert problem.field == "customs"
    assert problem.value == f"{origin}-{destination}"


def test_canary_islands_are_an_export() -> None:
    assert fields(make_spec("ES", "ES", ship_to=make_party("ES", postal_code="35001"))) == ["customs"]


def test_letters_need_no_customs_papers_and_no_weight() -> None:
    letter = parcel(weight=None, packaging_code="01")

    assert fields(make_spec("NL", "CH", service_code="65", parcels=letter)) == []


@pytest.mark.parametrize(
    ("origin", "destination", "service", "expected"),
    [
        ("NL", "NL", "03", ["service_code"]),
        ("DE", "DE", "74", []),
        ("DE", "FR", "74", ["service_code"]),
        ("PL", "PL", "82", []),
        ("NL", "NL", "74", ["service_code"]),
        ("US", "US", "03", []),
    ],
)
def test_services_by_origin(origin: str, destination: str, service: str, expected: list[str]) -> None:
    assert fields(make_spec(origin, destination, service_code=service)) == expected


@pytest.mark.parametrize(
    ("parcels", "field"),
    [
        ((), "parcels"),
        (parcel() * 201, "parcels"),
        (parcel(weight=None), "parcels.1.weight"),
        (parcel(weight=Decimal("70.01")), "parcels.1.weight"),
        (parcel(packaging_code="99"), "parcels.1.packaging"),
        (parcel(description="x" * 36), "parcels.1.description"),
        (parcel(length=Decimal(10)), "parcels.1.size"),
        (parcel(length=Decimal(10), width=Decimal(0), height=Decimal(1)), "parcels.1.size"),
        (parcel(length=Decimal(275), width=Decimal(1), height=Decimal(1)), "parcels.1.size"),
        (parcel(length=Decimal(200), width=Decimal(60), height=Decimal(50)), "parcels.1.size"),
    ],
)
def test_each_fault_of_parcels(parcels: tuple[ParcelSpec, ...], field: str) -> None:
    assert fields(make_spec(parcels=parcels)) == [field]


def test_heaviest_and_largest_parcel_pass() -> None:
    largest = parcel(weight=Decimal(70), length=Decimal(274), width=Decimal(40), height=Decimal(32))

    assert fields(make_spec(parcels=largest * 200)) == []


def test_missing_weight_is_fixed_at_the_items() -> None:
    (problem,) = check(make_spec(parcels=(*parcel(), *parcel(weight=None))))

    assert problem.message == "Parcel 2 has no weight."
    assert problem.where_to_fix == places.ITEM_WEIGHTS


def test_goods_must_leave_from_the_country_of_the_account() -> None:
    spec = make_spec("NL", "NL", ship_from=make_party("BE", phone="", attention=""))

    assert "ship_from.country" in fields(spec)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"shipper_number": "A1B2C"}, "shipper_number"),
        ({"reference": ""}, "reference"),
        ({"reference": "x" * 36}, "reference"),
        ({"customer_reference": "x" * 36}, "customer_reference"),
        ({"description": "x" * 51}, "description"),
        ({"label_height_inches": 5}, "label"),
    ],
)
def test_each_fault_of_the_shipment(change: dict[str, Any], field: str) -> None:
    assert fields(make_spec(**change)) == [field]
