"""Exact's delivery becomes a UPS shipment, with nothing cut and nothing invented."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncjobs.setup.ship_from import unless_shipper
from syncjobs.translate import Receiver, Untranslatable, ship_to, shipment_spec
from tests.contracts import ups_spec
from tests.syncjobs.samples import CHAIR, SHIPPER, address, contact, customer, goods, item, line, order
from ups.limits import ADDRESS_LINE_CHARACTERS, ADDRESS_LINES, NAME_CHARACTERS
from ups.shipping import build_request


def test_a_plain_delivery_becomes_a_request_that_ups_would_take() -> None:
    spec = shipment_spec(order(), reference="T01JB3X7M2QWERTY9HKPASDFGHJ")
    shipment = build_request(spec)["ShipmentRequest"]["Shipment"]

    assert shipment["ShipTo"]["Name"] == "Afnemer Noord"
    assert shipment["ShipTo"]["AttentionName"] == "Jan de Boer"
    assert shipment["ShipTo"]["Address"]["AddressLine"] == ["Havenweg 3", "Poort B"]
    assert shipment["ShipTo"]["Phone"] == {"Number": "31501234567"}
    assert shipment["ReferenceNumber"] == [
        {"Code": "TN", "Value": "T01JB3X7M2QWERTY9HKPASDFGHJ"},
        {"Code": "PO", "Value": "20240015"},
    ]
    assert [package["PackageWeight"]["Weight"] for package in shipment["Package"]] == ["8.4"]
    assert shipment["Service"] == {"Code": "11"}


def test_the_delivery_number_stands_in_for_a_missing_order_number() -> None:
    spec = shipment_spec(order(goods=goods(lines=(line(sales_order_number=None),))), reference="R")

    assert spec.customer_reference == "7001"


def test_a_long_street_is_broken_between_words_and_keeps_its_house_number() -> None:
    street = "Burgemeester van der Meulenstraat boven de markt 117 bis"

    party = ship_to(goods(), Receiver(address=address(lines=(street,))))

    assert " ".join(party.address_lines) == street
    assert max(len(text) for text in party.address_lines) <= ADDRESS_LINE_CHARACTERS
    assert all(not text[0].isdigit() for text in party.address_lines)


def test_a_long_company_name_goes_on_in_the_attention_line_when_that_is_free() -> None:
    name = "Internationale Handelsmaatschappij De Gouden Leeuw Groningen"

    party = ship_to(goods(account_name=name), Receiver(address=address(contact_name="")))

    assert f"{party.name} {party.attention}" == name
    assert len(party.name) <= NAME_CHARACTERS


def test_a_long_company_name_takes_a_free_address_line_when_there_is_a_contact() -> None:
    name = "Internationale Handelsmaatschappij De Gouden Leeuw Groningen"

    party = ship_to(goods(account_name=name), Receiver(address=address(lines=("Havenweg 3",))))

    assert party.attention == "Jan de Boer"
    assert party.address_lines[0] == "Havenweg 3"
    assert f"{party.name} {' '.join(party.address_lines[1:])}" == name


def test_an_address_that_does_not_fit_is_a_problem_and_is_not_cut() -> None:
    long = address(
        lines=tuple(f"Regel nummer {number} van een heel lang adres" for number in ["een", "twee", "drie", "vier"])
    )

    with pytest.raises(Untranslatable) as caught:
        ship_to(goods(), Receiver(address=long))

    assert [problem.code for problem in caught.value.problems] == ["address_too_long"]
    assert caught.value.problems[0].where == "the delivery address in Exact Online"


@given(st.text(alphabet="abcdefgh 123", min_size=1, max_size=140).filter(str.strip))
def test_whatever_the_street_it_is_whole_or_refused(street: str) -> None:
    try:
        party = ship_to(goods(), Receiver(address=address(lines=(street,))))
    except Untranslatable:
        return

    assert " ".join(" ".join(party.address_lines).split()) == " ".join(street.split())
    assert len(party.address_lines) <= ADDRESS_LINES
    assert max(len(text) for text in party.address_lines) <= ADDRESS_LINE_CHARACTERS


@pytest.mark.parametrize(
    ("receiver", "phone"),
    [
        (Receiver(address=address(country="BE", phone="+32 2 123 45 67")), "+32 2 123 45 67"),
        (
            Receiver(address=address(country="BE", phone="050 123"), contact=contact(phone="+32 2 765 43 21")),
            "+32 2 765 43 21",
        ),
        (
            Receiver(address=address(country="BE", phone=""), contact=contact(mobile="+32 470 12 34 56")),
            "+32 470 12 34 56",
        ),
        (
            Receiver(address=address(country="BE", phone=""), customer=customer(phone="+32 2 111 22 33")),
            "+32 2 111 22 33",
        ),
        (Receiver(address=address(country="BE", phone="+31 20 123 4567")), ""),
    ],
)
def test_the_phone_belongs_to_the_country_of_the_address(receiver: Receiver, phone: str) -> None:
    assert ship_to(goods(), receiver).phone == phone


def test_a_missing_city_and_street_are_named_together() -> None:
    with pytest.raises(Untranslatable) as caught:
        ship_to(goods(), Receiver(address=address(lines=(), city="")))

    assert [problem.field for problem in caught.value.problems] == ["address", "city"]


def test_a_heavy_delivery_becomes_several_parcels() -> None:
    heavy = order(items={CHAIR: item(net_weight=Decimal(40))}, goods=goods(lines=(line(quantity=Decimal(3)),)))

    spec = shipment_spec(heavy, reference="R")

    assert [parcel.weight for parcel in spec.parcels] == [Decimal(40)] * 3


def test_goods_from_the_shipper_s_own_address_are_sent_as_before_there_were_others() -> None:
    origin = replace(SHIPPER, email="other@example.com")

    spec = shipment_spec(order(ship_from=unless_shipper(origin, SHIPPER)), reference="R")

    assert "ShipFrom" not in build_request(spec)["ShipmentRequest"]["Shipment"]
    assert build_request(spec) == build_request(shipment_spec(order(), reference="R"))


def test_goods_from_a_warehouse_elsewhere_name_it_beside_the_shipper_as_ups_specifies() -> None:
    dock = replace(SHIPPER, name="Loods Utrecht", address_lines=("Loodsweg 4",), city="Utrecht", postal_code="3542AD")

    body = build_request(shipment_spec(order(ship_from=unless_shipper(dock, SHIPPER)), reference="R"))

    shipment = body["ShipmentRequest"]["Shipment"]
    assert shipment["ShipFrom"]["Address"]["PostalCode"] == "3542AD"
    assert shipment["Shipper"]["Address"]["PostalCode"] == "3011AA"
    assert ups_spec.request_problems(ups_spec.SHIP, body) == []


@pytest.mark.parametrize(("size", "height"), [("4x6", "6"), ("4x8", "8")])
@pytest.mark.parametrize("label_format", ["GIF", "ZPL"])
def test_the_label_is_asked_for_in_the_size_and_format_of_the_rule(size: str, height: str, label_format: str) -> None:
    rule = order().rule
    rule.label_size, rule.label_format = size, label_format

    body = build_request(shipment_spec(order(rule=rule), reference="R"))

    label = body["ShipmentRequest"]["LabelSpecification"]
    assert label["LabelStockSize"] == {"Height": height, "Width": "4"}
    assert label["LabelImageFormat"] == {"Code": label_format}
    assert ups_spec.request_problems(ups_spec.SHIP, body) == []
