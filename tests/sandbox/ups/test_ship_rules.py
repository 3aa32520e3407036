"""Every rule of ups.md 5 with its code. A refused request makes no shipment."""

from typing import Final

import pytest

from tests.sandbox.ups.bodies import (
    RECEIVERS,
    REMOVED,
    Json,
    american,
    changed,
    dutch,
    exported,
    package,
)
from tests.sandbox.ups.conftest import Caller, Ups, alerts_of, code_of

LONG: Final = "x" * 36
REFERENCES_3: Final = [{"Code": "TN", "Value": str(number)} for number in range(3)]
FORMS = "Shipment.ShipmentServiceOptions.InternationalForms."
PACKAGE = "Shipment.Package.0."
CHARGES = "Shipment.PaymentInformation.ShipmentCharge"

Change = dict[str, object]


def sized(length: str, width: str, height: str) -> Change:
    """Other sides of the first package."""
    size = PACKAGE + "Dimensions."
    return {size + "Length": length, size + "Width": width, size + "Height": height}


SHIPPER_RULES: list[tuple[str, Change]] = [
    ("120100", {"Shipment.Shipper.ShipperNumber": REMOVED}),
    ("120100", {"Shipment.Shipper.ShipperNumber": "A1B2C"}),
    ("120121", {"Shipment.Shipper.ShipperNumber": "Q1Q2Q3"}),
    ("120120", {"Shipment.Shipper.ShipperNumber": "X9Y8Z7"}),
    ("120101", {"Shipment.Shipper.Name": ""}),
    ("120101", {"Shipment.Shipper.Name": LONG}),
    ("120110", {"Shipment.Shipper.AttentionName": LONG}),
    ("120102", {"Shipment.Shipper.Address.AddressLine": REMOVED}),
    ("120103", {"Shipment.Shipper.Address.AddressLine": ["Kade 12", ""]}),
    ("120104", {"Shipment.Shipper.Address.AddressLine": ["a", "b", LONG]}),
    ("120105", {"Shipment.Shipper.Address.City": REMOVED}),
    ("120107", {"Shipment.Shipper.Address.PostalCode": "3011"}),
    ("120108", {"Shipment.Shipper.Address.CountryCode": "Netherlands"}),
    ("120115", {"Shipment.Shipper.Phone.Number": "+31201234567"}),
    ("120115", {"Shipment.Shipper.Phone.Number": "442071234567"}),
    ("120109", {"Shipment.Shipper.Phone.Number": ""}),
    ("120109", {"Shipment.Shipper.Phone.Number": "3120123456789012"}),
    ("120801", {"Shipment.Shipper.Address.PostalCode": "9999ZZ"}),
]
SHIP_TO_RULES: list[tuple[str, Change]] = [
    ("120200", {"Shipment.ShipTo.Name": REMOVED}),
    ("120200", {"Shipment.ShipTo.Name": LONG}),
    ("120201", {"Shipment.ShipTo.AttentionName": LONG}),
    ("120202", {"Shipment.ShipTo.Address.AddressLine": []}),
    ("120202", {"Shipment.ShipTo.Address.AddressLine": [LONG]}),
    ("120203", {"Shipment.ShipTo.Address.AddressLine": ["a", LONG]}),
    ("120204", {"Shipment.ShipTo.Address.AddressLine": ["a", "b", "c", "d"]}),
    ("120205", {"Shipment.ShipTo.Address.City": "x" * 31}),
    ("120206", {"Shipment.ShipTo.Address.StateProvinceCode": "Groningen"}),
    ("120207", {"Shipment.ShipTo.Address.PostalCode": "12345"}),
    ("120207", {"Shipment.ShipTo.Address.PostalCode": "9723AB9723"}),
    ("120208", {"Shipment.ShipTo.Address.CountryCode": REMOVED}),
    ("120208", {"Shipment.ShipTo.Address.CountryCode": "nl"}),
    ("120213", {"Shipment.ShipTo.Phone.Number": "312012345"}),
    ("120213", {"Shipment.ShipTo.Phone.Number": "31 50 1234567"}),
    ("120213", {"Shipment.ShipTo.Phone.Number": "0501234567"}),
    ("120217", {"Shipment.ShipTo.Phone.Number": "3150123456789012"}),
    ("120802", {"Shipment.ShipTo.Address.PostalCode": "9999 ZZ"}),
]
SHIP_FROM_RULES: list[tuple[str, Change]] = [
    ("120317", {"Shipment.ShipFrom": RECEIVERS["BE"]}),
    ("120300", {"Shipment.ShipFrom": RECEIVERS["NL"] | {"Name": ""}}),
    ("120302", {"Shipment.ShipFrom": {"Name": "Loods", "Address": {"City": "Ede", "CountryCode": "NL"}}}),
    ("120300", {"Shipment.ReturnService": {"Code": "9"}}),
]
REQUEST_RULES: list[tuple[str, Change]] = [
    ("20007", {"Request.RequestOption": REMOVED}),
    ("20006", {"Request.RequestOption": "sometimes"}),
    ("20002", {"Request.SubVersion": "1602"}),
    ("20012", {"Request.TransactionReference.CustomerContext": "x" * 513}),
    ("20008", {"Shipment.ShipmentDate": "12-10-2026"}),
    ("20008", {"Shipment.ShipmentDate": "20200101"}),
    ("20008", {"Shipment.ShipmentDate": "20991231"}),
]
SERVICE_RULES: list[tuple[str, Change]] = [
    ("120500", {"Shipment.Service": REMOVED}),
    ("120500", {"Shipment.Service.Code": "011"}),
    ("120124", {"Shipment.Service.Code": "03"}),
    ("120124", {"Shipment.Service.Code": "74"}),
    ("121210", {"Shipment.Service.Code": "17"}),
    ("121210", {"Shipment.Service.Code": "70"}),
]
PAYMENT_RULES: list[tuple[str, Change]] = [
    ("120400", {"Shipment.PaymentInformation": REMOVED}),
    ("120400", {CHARGES + ".0.Type": "02"}),
    ("120400", {CHARGES: [{"Type": "01", "BillShipper": {"AccountNumber": "A1B2C3"}}] * 2}),
    ("120413", {CHARGES: [{"Type": "01"}]}),
    ("120413", {CHARGES + ".0.BillReceiver": {"AccountNumber": "A1B2C3"}}),
    ("120413", {CHARGES: [{"Type": "01", "ConsigneeBilledIndicator": ""}]}),
    ("120415", {CHARGES + ".0.BillShipper.AccountNumber": "X9Y8Z7"}),
    ("120416", {CHARGES + ".0.BillShipper": {}}),
    ("120416", {CHARGES: [{"Type": "01", "BillReceiver": {"AccountNumber": "12"}}]}),
    ("121529", {CHARGES: [{"Type": "01", "BillThirdParty": {"AccountNumber": "C1C2C3"}}]}),
]
PACKAGE_RULES: list[tuple[str, Change]] = [
    ("120600", {"Shipment.Package": []}),
    ("120600", {"Shipment.Package": [package("1")] * 201}),
    ("120600", {PACKAGE + "Packaging": REMOVED}),
    ("120600", {PACKAGE + "Packaging": REMOVED, PACKAGE + "PackagingType": {"Code": "02"}}),
    ("120600", {PACKAGE + "Packaging.Code": "99"}),
    ("120601", {PACKAGE + "Packaging.Code": "30"}),
    ("120528", {PACKAGE + "PackageWeight": REMOVED}),
    ("120528", {PACKAGE + "PackageWeight.UnitOfMeasurement": REMOVED}),
    ("120529", {PACKAGE + "Dimensions.UnitOfMeasurement": REMOVED}),
    ("120546", {PACKAGE + "PackageWeight.UnitOfMeasurement.Code": "LBS", PACKAGE + "Dimensions": REMOVED}),
    ("120547", {PACKAGE + "Packaging.Code": "01", PACKAGE + "PackageWeight": REMOVED,
                PACKAGE + "Dimensions.UnitOfMeasurement.Code": "IN"}),
    ("120548", {PACKAGE + "Dimensions.UnitOfMeasurement.Code": "IN"}),
    ("120602", {PACKAGE + "PackageWeight.Weight": ""}),
    ("120602", {PACKAGE + "PackageWeight.Weight": "0"}),
    ("120602", {PACKAGE + "PackageWeight.Weight": 2.5}),
    ("120602", {PACKAGE + "PackageWeight.Weight": "2.55"}),
    ("120602", {PACKAGE + "PackageWeight.Weight": "2,5"}),
    ("121030", {PACKAGE + "PackageWeight.Weight": "70.1"}),
    ("120605", {PACKAGE + "Dimensions.Length": "40.5"}),
    ("120606", {PACKAGE + "Dimensions.Width": "0"}),
    ("120608", {PACKAGE + "Dimensions.Height": REMOVED}),
    ("121055", sized("271", "1", "1")),
    ("121050", sized("131", "60", "40")),
]  # fmt: skip
REFERENCE_RULES: list[tuple[str, Change]] = [
    ("120542", {PACKAGE + "ReferenceNumber": [{"Code": "TN", "Value": "1"}]}),
    ("120543", {"Shipment.ReferenceNumber": REFERENCES_3}),
    ("120501", {"Shipment.ReferenceNumber": [{"Code": "TN", "Value": LONG}]}),
    ("120501", {"Shipment.ReferenceNumber": [{"Code": "TN"}]}),
    ("120501", {"Shipment.ReferenceNumber": [{"Code": "TN", "Value": "A" * 15, "BarCodeIndicator": ""}]}),
    ("120506", {"Shipment.ReferenceNumber": [{"Code": "TRN", "Value": "1"}]}),
]
LABEL_RULES: list[tuple[str, Change]] = [
    ("120700", {"LabelSpecification": REMOVED}),
    ("120701", {"LabelSpecification.LabelImageFormat": REMOVED}),
    ("120701", {"LabelSpecification.LabelImageFormat.Code": "PDF"}),
    ("120702", {"LabelSpecification.HTTPUserAgent": "x" * 65}),
    ("120703", {"LabelSpecification.LabelStockSize": REMOVED}),
    ("120704", {"LabelSpecification.LabelStockSize.Height": "7"}),
    ("120705", {"LabelSpecification.LabelStockSize.Width": "6"}),
]
PAPER_RULES_INSIDE: list[tuple[str, Change]] = [
    ("120545", {"Shipment.Description": "x" * 51}),
    ("120504", {"Shipment.InvoiceLineTotal": {"CurrencyCode": "EUR", "MonetaryValue": "10"}}),
    ("128103", {FORMS + "FormType": ["01"]}),
]
EXPORT_RULES: list[tuple[str, Change]] = [
    ("120512", {"Shipment.Description": REMOVED}),
    ("128001", {"Shipment.ShipmentServiceOptions": REMOVED}),
    ("128001", {FORMS + "FormType": ["99"]}),
    ("128202", {PACKAGE + "Packaging.Code": "01"}),
    ("128105", {FORMS + "FormType": ["01", "05"]}),
    ("128238", {FORMS + "FormType": ["07"]}),
    ("128066", {FORMS + "InvoiceDate": REMOVED}),
    ("128068", {FORMS + "TermsOfShipment": "NON"}),
    ("128069", {FORMS + "ReasonForExport": "x" * 21}),
    ("128067", {FORMS + "CurrencyCode": REMOVED}),
    ("9120800", {FORMS + "Contacts": REMOVED}),
    ("128096", {FORMS + "Contacts.SoldTo.Address.City": REMOVED}),
    ("128102", {FORMS + "Contacts.SoldTo.Address.CountryCode": "NL"}),
    ("128040", {FORMS + "Product": []}),
    ("128041", {FORMS + "Product.0.Description": [LONG]}),
    ("128044", {FORMS + "Product.0.Unit.Number": "0"}),
    ("128045", {FORMS + "Product.0.Unit.UnitOfMeasurement": REMOVED}),
    ("128046", {FORMS + "Product.0.Unit.Value": REMOVED}),
    ("128048", {FORMS + "Product.0.CommodityCode": "9405.21"}),
    ("128049", {FORMS + "Product.0.OriginCountryCode": REMOVED}),
]
DOMESTIC_RULES = [
    *SHIPPER_RULES,
    *SHIP_TO_RULES,
    *SHIP_FROM_RULES,
    *REQUEST_RULES,
    *SERVICE_RULES,
    *PAYMENT_RULES,
    *PACKAGE_RULES,
    *REFERENCE_RULES,
    *LABEL_RULES,
    *PAPER_RULES_INSIDE,
]


def assert_refused(ups: Ups, caller: Caller, body: Json, code: str) -> None:
    answer = caller.ship(body)

    assert (answer.status_code, code_of(answer)) == (400, code)
    assert ups.shipments() == []


def name_of(value: object) -> str:
    return value if isinstance(value, str) else next(iter(value)) if isinstance(value, dict) else ""


@pytest.mark.parametrize(("code", "change"), DOMESTIC_RULES, ids=name_of)
def test_domestic_request_breaking_a_rule_is_refused(ups: Ups, caller: Caller, code: str, change: Change) -> None:
    assert_refused(ups, caller, changed(dutch(), change), code)


@pytest.mark.parametrize(("code", "change"), EXPORT_RULES, ids=name_of)
def test_export_breaking_a_rule_is_refused(ups: Ups, caller: Caller, code: str, change: Change) -> None:
    assert_refused(ups, caller, changed(exported("GB"), change), code)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("120201", {"Shipment.ShipTo.AttentionName": REMOVED}),
        ("120209", {"Shipment.ShipTo.Phone": REMOVED}),
        ("120110", {"Shipment.Shipper.AttentionName": REMOVED}),
        ("120109", {"Shipment.Shipper.Phone": REMOVED}),
    ],
)
def test_contact_is_demanded_across_a_border_and_not_inside(
    ups: Ups, caller: Caller, code: str, change: Change
) -> None:
    assert_refused(ups, caller, changed(dutch("DE"), change), code)
    assert caller.ship(changed(dutch("NL"), change)).status_code == 200


def test_contact_is_demanded_for_next_day_air_early(ups: Ups, caller: Caller) -> None:
    assert_refused(ups, caller, changed(american(service="14"), {"Shipment.ShipTo.Phone": REMOVED}), "120209")


@pytest.mark.parametrize(
    ("service", "status"),
    [("11", 200), ("65", 400), ("07", 400)],
)
def test_description_is_free_for_standard_inside_the_eu_only(caller: Caller, service: str, status: int) -> None:
    answer = caller.ship(changed(dutch("DE", service=service), {"Shipment.Description": REMOVED}))

    assert answer.status_code == status
    assert status == 200 or code_of(answer) == "120512"


@pytest.mark.parametrize(
    ("destination", "service", "code"),
    [("US", "11", "121210"), ("DE", "72", "121210"), ("DE", "12", "120124")],
)
def test_service_that_does_not_go_there_is_refused(
    ups: Ups, caller: Caller, destination: str, service: str, code: str
) -> None:
    assert_refused(ups, caller, dutch(destination, service=service), code)


@pytest.mark.parametrize(("service", "code"), [("07", "121210"), ("11", "121210"), ("74", "120124")])
def test_service_of_the_us_that_does_not_go_there_is_refused(ups: Ups, caller: Caller, service: str, code: str) -> None:
    assert_refused(ups, caller, american(service=service), code)


def test_references_inside_the_us_stand_on_the_package(ups: Ups, caller: Caller) -> None:
    on_shipment = changed(american(), {"Shipment.ReferenceNumber": [{"Code": "TN", "Value": "1"}]})
    too_many = changed(american(), {PACKAGE + "ReferenceNumber": REFERENCES_3})
    too_long = changed(american(), {PACKAGE + "ReferenceNumber": [{"Code": "TN", "Value": LONG}]})
    odd_code = changed(american(), {PACKAGE + "ReferenceNumber": [{"Code": "T", "Value": "1"}]})

    assert_refused(ups, caller, on_shipment, "120541")
    assert_refused(ups, caller, too_many, "120544")
    assert_refused(ups, caller, too_long, "120603")
    assert_refused(ups, caller, odd_code, "120607")


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("120106", {"Shipment.Shipper.Address.StateProvinceCode": REMOVED}),
        ("120206", {"Shipment.ShipTo.Address.StateProvinceCode": REMOVED}),
        ("120207", {"Shipment.ShipTo.Address.PostalCode": REMOVED}),
        ("120546", {PACKAGE + "PackageWeight.UnitOfMeasurement.Code": "KGS", PACKAGE + "Dimensions": REMOVED}),
        ("121031", {PACKAGE + "PackageWeight.Weight": "150.1"}),
        ("121056", {PACKAGE + "Dimensions.Length": "109"}),
        ("121050", {PACKAGE + "Dimensions.Length": "100"}),
    ],
)
def test_american_request_breaking_a_rule_is_refused(ups: Ups, caller: Caller, code: str, change: Change) -> None:
    assert_refused(ups, caller, changed(american(), change), code)


def test_export_from_the_us_needs_an_invoice_total(ups: Ups, caller: Caller) -> None:
    assert_refused(ups, caller, american("CH", service="65"), "120502")


def test_duties_payer_inside_the_eu_is_an_alert_or_a_refusal(ups: Ups, caller: Caller) -> None:
    charges = [{"Type": kind, "BillShipper": {"AccountNumber": "A1B2C3"}} for kind in ("01", "02")]
    body = changed(dutch("DE"), {CHARGES: charges})

    assert alerts_of(caller.ship(body)) == ["121524", "110971"]

    ups.control("settings", {"duties_payer_inside_eu": "refuse"})
    assert code_of(caller.ship(body)) == "121524"
    assert len(ups.shipments()) == 1


def test_export_without_papers_can_be_let_through_with_an_alert(ups: Ups, caller: Caller) -> None:
    ups.control("settings", {"export_without_invoice": "alert"})
    misplaced = {"Shipment.InternationalForms": {"FormType": ["01"]}}

    answer = caller.ship(changed(dutch("GB", service="65"), misplaced))

    assert alerts_of(answer) == ["120016", "110971"]
    assert "Form" not in answer.json()["ShipmentResponse"]["ShipmentResults"]


@pytest.mark.parametrize("postal_code", ["35001", "38001", "51001"])
def test_spanish_islands_and_enclaves_are_export(ups: Ups, caller: Caller, postal_code: str) -> None:
    body = changed(dutch("ES", service="65"), {"Shipment.ShipTo.Address.PostalCode": postal_code})

    assert_refused(ups, caller, body, "128001")


def test_goods_not_in_free_circulation_need_papers_inside_the_eu(ups: Ups, caller: Caller) -> None:
    body = changed(dutch("DE"), {"Shipment.GoodsNotInFreeCirculationIndicator": ""})

    assert_refused(ups, caller, body, "128001")


def test_account_that_was_closed_is_refused(ups: Ups, caller: Caller) -> None:
    account = {"client_id": "app-1", "client_secret": "secret-1", "shipper_number": "A1B2C3", "country": "NL"}
    ups.control("accounts", account | {"usable": False})

    assert_refused(ups, caller, dutch(), "120122")


def test_account_of_another_app_is_refused(ups: Ups, stranger: Caller) -> None:
    assert_refused(ups, stranger, dutch(), "120121")


def test_phone_of_another_country_passes_where_the_check_is_off(ups: Ups, caller: Caller) -> None:
    ups.control("settings", {"phone_country_must_match": False})

    assert caller.ship(changed(dutch(), {"Shipment.ShipTo.Phone.Number": "442079460000"})).status_code == 200
