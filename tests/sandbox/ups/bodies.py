"""Ship requests for each lane, composed here, and small changes to them."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Final, cast

Json = dict[str, object]
REMOVED: Final = object()
"""As a new value: take the field away."""

REFERENCE = "T01JB3X7M2QWERTY9HKPASDFGHJ"


def address(country: str, postal_code: str, city: str, *lines: str, state: str = "") -> Json:
    """An address as UPS wants it."""
    found: Json = {"AddressLine": list(lines), "City": city, "PostalCode": postal_code, "CountryCode": country}
    return found | ({"StateProvinceCode": state} if state else {})


def party(name: str, phone: str, where: Json) -> Json:
    """A party with attention name and phone."""
    return {"Name": name, "AttentionName": "Desk 4", "Phone": {"Number": phone}, "Address": where}


DUTCH_SHIPPER = party("Groothandel De Kade BV", "31201234567", address("NL", "3011AA", "Rotterdam", "Kade 12"))
US_SHIPPER = party("Dock Store", "4105550100", address("US", "21201", "Baltimore", "10 Dock Rd", state="MD"))
BRITISH_SHIPPER = party("Mill Ltd", "442071234567", address("GB", "E1 6AN", "London", "8 Mill Lane"))
RECEIVERS: dict[str, Json] = {
    "NL": party("Afnemer Noord", "31501234567", address("NL", "9723 AB", "Groningen", "Havenweg 3", "Poort B")),
    "BE": party("Winkel Zuid", "3232345678", address("BE", "2000", "Antwerpen", "Meir 1")),
    "DE": party("Laden West", "492211234567", address("DE", "50667", "Köln", "Domgasse 2")),
    "ES": party("Tienda Sol", "34911234567", address("ES", "28013", "Madrid", "Calle Mayor 5")),
    "GB": party("Bright Homes Ltd", "442079460000", address("GB", "SW1A 1AA", "London", "1 The Mall")),
    "US": party("Pat Example", "4045550100", address("US", "30303", "Atlanta", "77 Elm St", state="GA")),
    "CH": party("Laden Alpen", "41441234567", address("CH", "8001", "Zürich", "Bahnhofplatz 1")),
}


def invoice_for(receiver: Json) -> Json:
    """International forms with an invoice of one product."""
    return {
        "FormType": ["01"],
        "InvoiceNumber": "2026-17",
        "InvoiceDate": "20261012",
        "TermsOfShipment": "DAP",
        "ReasonForExport": "SALE",
        "CurrencyCode": "EUR",
        "Contacts": {"SoldTo": deepcopy(receiver)},
        "Product": [
            {
                "Description": ["Table lamp"],
                "Unit": {"Number": "4", "UnitOfMeasurement": {"Code": "PCS"}, "Value": "39.50"},
                "CommodityCode": "94052100",
                "OriginCountryCode": "NL",
            }
        ],
    }


def package(weight: str, *, metric: bool = True) -> Json:
    """A box of ordinary size."""
    return {
        "Packaging": {"Code": "02"},
        "PackageWeight": {"UnitOfMeasurement": {"Code": "KGS" if metric else "LBS"}, "Weight": weight},
        "Dimensions": {
            "UnitOfMeasurement": {"Code": "CM" if metric else "IN"},
            "Length": "40",
            "Width": "30",
            "Height": "20",
        },
    }


def ship_body(shipper: Json, receiver: Json, *, account: str, service: str, metric: bool = True) -> Json:
    """A complete request with one package and the reference on the shipment."""
    shipment: Json = {
        "Description": "Lamps",
        "Shipper": shipper | {"ShipperNumber": account},
        "ShipTo": receiver,
        "PaymentInformation": {"ShipmentCharge": [{"Type": "01", "BillShipper": {"AccountNumber": account}}]},
        "Service": {"Code": service},
        "ReferenceNumber": [{"Code": "TN", "Value": REFERENCE}, {"Code": "PO", "Value": "20240015"}],
        "ShipmentRatingOptions": {"NegotiatedRatesIndicator": ""},
        "Package": [package("2.5", metric=metric)],
    }
    request: Json = {
        "RequestOption": "nonvalidate",
        "SubVersion": "2409",
        "TransactionReference": {"CustomerContext": "job-17"},
    }
    label: Json = {"LabelImageFormat": {"Code": "ZPL"}, "LabelStockSize": {"Height": "6", "Width": "4"}}
    return deepcopy(
        {"ShipmentRequest": {"Request": request, "Shipment": shipment, "LabelSpecification": label}},
    )


def dutch(destination: str = "NL", *, service: str = "11") -> Json:
    """From the Dutch account to one of the receivers."""
    return ship_body(DUTCH_SHIPPER, RECEIVERS[destination], account="A1B2C3", service=service)


def american(destination: str = "US", *, service: str = "03") -> Json:
    """From the American account: pounds and inches, inside the US with the reference on the package."""
    body = ship_body(US_SHIPPER, RECEIVERS[destination], account="X9Y8Z7", service=service, metric=False)
    if destination != "US":
        return body
    moved = {
        "Shipment.ReferenceNumber": REMOVED,
        "Shipment.Package.0.ReferenceNumber": [{"Code": "TN", "Value": REFERENCE}],
    }
    return changed(body, moved)


def british(destination: str = "GB", *, service: str = "11") -> Json:
    """From the British account."""
    return ship_body(BRITISH_SHIPPER, RECEIVERS[destination], account="G7H8J9", service=service)


def exported(destination: str) -> Json:
    """From the Dutch account out of the EU, with an invoice."""
    forms = {"Shipment.ShipmentServiceOptions": {"InternationalForms": invoice_for(RECEIVERS[destination])}}
    return changed(dutch(destination, service="65"), forms)


def changed(body: Json, changes: Mapping[str, object]) -> Json:
    """A copy with fields set, or taken away, by dotted path below the root."""
    copy = deepcopy(body)
    for path, value in changes.items():
        _change(cast("Json", next(iter(copy.values()))), path.split("."), value)
    return copy


def _change(node: Json, path: list[str], value: object) -> None:
    holder: object = node
    for part in path[:-1]:
        holder = holder[int(part)] if isinstance(holder, list) else cast("Json", holder).setdefault(part, {})
    last = path[-1]
    if isinstance(holder, list):
        holder[int(last)] = value
    elif value is REMOVED:
        cast("Json", holder).pop(last, None)
    else:
        cast("Json", holder)[last] = value
