"""Description of goods, customs papers, invoice total (ups.md 5.1, 5.9)."""

import re

from sandbox.ups.geography import US_AND_PUERTO_RICO, Lane
from sandbox.ups.refusals import UpsRefusal
from sandbox.ups.rules.parcels import LETTER
from sandbox.ups.settings import UpsSettings
from sandbox.ups.wire import Node

MAX_DESCRIPTION = 50
ALWAYS_DESCRIBED = frozenset({"AE"})
STANDARD = "11"
INVOICE, PARTIAL_INVOICE, OWN_DOCUMENTS, PACKING_LIST = "01", "05", "07", "06"
FORM_TYPES = frozenset({"01", "03", "04", "05", "06", "07", "08", "09", "10", "11"})
TERMS = frozenset(["CFR", "CIF", "CIP", "CPT", "DAF", "DAP", "DDP", "DDU", "DEQ", "DES", "EXW", "FAS", "FCA", "FOB"])
MAX_REASON = 20
MAX_INVOICE_PRODUCTS = 100
INVOICE_REQUIRED = ("120016", "A customs invoice is required when the shipment is tendered to UPS.")
_DATE = re.compile(r"20\d{6}")
_COMMODITY = re.compile(r"[0-9A-Za-z]{6,15}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_UNIT_NUMBER = re.compile(r"[1-9]\d{0,6}")
_UNIT_VALUE = re.compile(r"\d{1,12}(\.\d{1,6})?")
_MONEY = re.compile(r"\d{1,11}(\.\d{1,2})?")


def check_description(shipment: Node, *, lane: Lane, service: str, packages: list[Node]) -> None:
    """Required for every export and for express inside the EU, not for letters."""
    description = shipment.text("Description")
    if len(description) > MAX_DESCRIPTION:
        raise UpsRefusal("120545", f"The description is longer than {MAX_DESCRIPTION} characters")
    only_letters = all(package.child("Packaging").text("Code") == LETTER for package in packages)
    free = only_letters or not lane.crosses_border or (lane.within_eu and service == STANDARD)
    if not description and (not free or lane.destination in ALWAYS_DESCRIBED):
        raise UpsRefusal("120512", "A description of the goods is required")


def check_invoice_total(shipment: Node, *, lane: Lane) -> None:
    """From the US abroad it is demanded, from elsewhere it has no place (ups.md 5.9)."""
    total = shipment.child("InvoiceLineTotal")
    wanted = lane.origin in US_AND_PUERTO_RICO and lane.crosses_border and lane.destination != "US"
    if wanted and not _MONEY.fullmatch(total.text("MonetaryValue")):
        raise UpsRefusal("120502", "Missing or invalid invoice line total")
    if total and not wanted:
        raise UpsRefusal("120504", "The invoice line total is not allowed for this shipment")


def check_forms(shipment: Node, *, lane: Lane, packages: list[Node], settings: UpsSettings) -> list[tuple[str, str]]:
    """Refuses wrong customs papers; returns alerts."""
    forms = shipment.child("ShipmentServiceOptions", "InternationalForms")
    only_letters = all(package.child("Packaging").text("Code") == LETTER for package in packages)
    if not forms:
        return _without_forms(lane=lane, only_letters=only_letters, settings=settings)
    if only_letters:
        raise UpsRefusal("128202", "International forms are not allowed for letters")
    types = forms.texts("FormType")
    if not types or set(types) - FORM_TYPES:
        raise UpsRefusal("128001", "Missing or invalid form type")
    if not lane.needs_invoice and INVOICE in types:
        raise UpsRefusal("128103", "The form is not valid between these countries")
    if INVOICE in types and PARTIAL_INVOICE in types:
        raise UpsRefusal("128105", "Invoice and partial invoice exclude each other")
    if OWN_DOCUMENTS in types:
        raise UpsRefusal("128238", "No uploaded document was found for the document id")
    if INVOICE in types:
        _check_invoice(forms, destination=shipment.child("ShipTo", "Address").text("CountryCode"))
    return []


def _without_forms(*, lane: Lane, only_letters: bool, settings: UpsSettings) -> list[tuple[str, str]]:
    if only_letters or not lane.needs_invoice:
        return []
    if settings.export_without_invoice == "refuse":
        raise UpsRefusal("128001", "International forms with an invoice are required for this shipment")
    return [INVOICE_REQUIRED]


def _check_invoice(forms: Node, *, destination: str) -> None:
    if not _DATE.fullmatch(forms.text("InvoiceDate")):
        raise UpsRefusal("128066", "Missing or invalid invoice date")
    if forms.has("TermsOfShipment") and forms.text("TermsOfShipment") not in TERMS:
        raise UpsRefusal("128068", "Invalid terms of shipment")
    reason = forms.text("ReasonForExport")
    if not reason or len(reason) > MAX_REASON:
        raise UpsRefusal("128069", "Missing or invalid reason for export")
    if not re.fullmatch(r"[A-Z]{3}", forms.text("CurrencyCode")):
        raise UpsRefusal("128067", "Missing or invalid currency code")
    _check_sold_to(forms.child("Contacts", "SoldTo"), destination=destination)
    products = forms.children("Product")
    if not products or len(products) > MAX_INVOICE_PRODUCTS:
        raise UpsRefusal("128040", "An invoice has from 1 to 100 products")
    for product in products:
        _check_product(product)


def _check_sold_to(sold_to: Node, *, destination: str) -> None:
    """The schema calls it optional; an invoice without it is refused (ups.md 5.9)."""
    if not (sold_to.text("Name") and sold_to.text("AttentionName") and sold_to.child("Phone").text("Number")):
        raise UpsRefusal("9120800", "The sold to party with name, attention name and phone is required for an invoice")
    address = sold_to.child("Address")
    if not (address.texts("AddressLine") and address.text("City")):
        raise UpsRefusal("128096", "Missing or invalid sold to address")
    if address.text("CountryCode") != destination:
        raise UpsRefusal("128102", "The sold to country must equal the ship to country")


def _check_product(product: Node) -> None:
    descriptions = product.texts("Description")
    if not descriptions or any(not text or len(text) > 35 for text in descriptions):  # noqa: PLR2004 - ups.md 5.9
        raise UpsRefusal("128041", "Missing or invalid product description")
    unit = product.child("Unit")
    if not _UNIT_NUMBER.fullmatch(unit.text("Number")):
        raise UpsRefusal("128044", "Missing or invalid number of product units")
    if not unit.child("UnitOfMeasurement").text("Code"):
        raise UpsRefusal("128045", "Missing or invalid unit of measurement of a product")
    if not _UNIT_VALUE.fullmatch(unit.text("Value")):
        raise UpsRefusal("128046", "Missing or invalid unit value of a product")
    if product.has("CommodityCode") and not _COMMODITY.fullmatch(product.text("CommodityCode")):
        raise UpsRefusal("128048", "Invalid commodity code")
    if not _COUNTRY.fullmatch(product.text("OriginCountryCode")):
        raise UpsRefusal("128049", "Missing or invalid country of origin of a product")
