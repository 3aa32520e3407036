"""Our shipment in, UPS's ship request out; UPS's ship answer in, our labels out. Pure functions."""

from dataclasses import replace
from typing import Any

from ups.answers import ParcelLabel, ShipmentAnswer, read_answer
from ups.errors import SpecInvalid
from ups.lanes import is_qualified_domestic
from ups.measures import System, plain, sides_in, weight_in
from ups.phones import phone_digits
from ups.preflight import STATE_COUNTRIES, check, lane_of, measures_of, postal_code
from ups.services import LabelFormat
from ups.shipment_spec import ParcelSpec, PartySpec, ShipmentSpec, SizeUnit, WeightUnit
from ups.text import printable

__all__ = [
    "LabelFormat",
    "ParcelLabel",
    "ParcelSpec",
    "PartySpec",
    "ShipmentAnswer",
    "ShipmentSpec",
    "SizeUnit",
    "WeightUnit",
    "build_request",
    "check",
    "is_qualified_domestic",
    "package_count",
    "read_answer",
    "shipper_question",
]

SUB_VERSION = "2409"
"""Turns on every documented answer element (`ups.md` 5)."""
_TRANSACTION_REFERENCE = "TN"
_PURCHASE_ORDER = "PO"
PRINT_RETURN_LABEL = "9"
"""The return service whose label comes back in the answer, for us to print or to send (`ups.md` 5.8)."""
_USER_AGENT = "Mozilla/4.5"
"""UPS's own default for GIF labels (`ups.md` 5.1)."""
_CHARACTER_SETS = {
    "NL": "nld", "BE": "nld", "DE": "deu", "AT": "deu", "CH": "deu", "LU": "fra", "FR": "fra", "ES": "spa", "IT": "itl",
    "PT": "por", "DK": "dan", "SE": "swe", "NO": "nor", "FI": "fin", "PL": "pol", "CZ": "ces", "SK": "slk", "HU": "hun",
    "RO": "ron", "BG": "bul", "EE": "est", "LV": "lav", "LT": "lit", "GR": "ell", "CY": "ell", "TR": "tur", "RU": "rus",
    "SI": "hun", "HR": "hun",
}  # fmt: skip
"""The label's character set by the receiver's country (Shipping specification, `CharacterSet`). Slovenian and Croatian
have none of their own and are written in Latin-2, as Hungarian is."""
_ENGLISH = "eng"


def build_request(spec: ShipmentSpec) -> dict[str, Any]:
    """The body of the ship call. Raises `SpecInvalid` with every problem; nothing is cut to fit."""
    problems = check(spec)
    if problems:
        raise SpecInvalid(problems)
    return {
        "ShipmentRequest": {
            "Request": {
                "SubVersion": SUB_VERSION,
                "RequestOption": "nonvalidate",
                "TransactionReference": {"CustomerContext": spec.reference},
            },
            "Shipment": _shipment(spec),
            "LabelSpecification": _label(spec),
        }
    }


def package_count(body: dict[str, Any]) -> int:
    """How many parcels a ship request asks for."""
    return len(body["ShipmentRequest"]["Shipment"]["Package"])


def shipper_question(shipper: PartySpec, shipper_number: str) -> dict[str, Any]:
    """A ship request that UPS can only refuse, as it names no service, parcel or payer: it asks about the shipper."""
    return {
        "ShipmentRequest": {
            "Request": {"SubVersion": SUB_VERSION, "RequestOption": "nonvalidate"},
            "Shipment": {
                "Shipper": {**_party(shipper), "ShipperNumber": shipper_number},
                "ShipTo": _party(shipper),
            },
        }
    }


def _shipment(spec: ShipmentSpec) -> dict[str, Any]:
    on_package = lane_of(spec).reference_on_package
    references = _references(spec)
    shipment: dict[str, Any] = {
        "Shipper": {**_party(spec.shipper), "ShipperNumber": spec.shipper_number},
        "ShipTo": _receiver(spec.ship_to),
        "PaymentInformation": {
            "ShipmentCharge": [{"Type": "01", "BillShipper": {"AccountNumber": spec.shipper_number}}]
        },
        "Service": {"Code": spec.service_code},
        "ShipmentRatingOptions": {"NegotiatedRatesIndicator": ""},
        "Package": [_package(parcel, measures_of(spec), references if on_package else []) for parcel in spec.parcels],
    }
    if spec.ship_from is not None:
        shipment["ShipFrom"] = _party(replace(spec.ship_from, email=""))
    if spec.is_return:
        shipment["ReturnService"] = {"Code": PRINT_RETURN_LABEL}
    if not on_package:
        shipment["ReferenceNumber"] = references
    if printable(spec.description):
        shipment["Description"] = printable(spec.description)
    return shipment


def _references(spec: ShipmentSpec) -> list[dict[str, str]]:
    """The recovery key first, the customer's own number second (`ups.md` 5.6)."""
    references = [{"Code": _TRANSACTION_REFERENCE, "Value": spec.reference}]
    if printable(spec.customer_reference):
        references.append({"Code": _PURCHASE_ORDER, "Value": printable(spec.customer_reference)})
    return references


def _party(party: PartySpec) -> dict[str, Any]:
    address: dict[str, Any] = {
        "AddressLine": [printable(line) for line in party.address_lines],
        "City": printable(party.city),
        "CountryCode": party.country,
    }
    if postal_code(party):
        address["PostalCode"] = postal_code(party)
    if party.country in STATE_COUNTRIES and party.state.strip():
        address["StateProvinceCode"] = party.state.strip().upper()
    written: dict[str, Any] = {"Name": printable(party.name), "Address": address}
    if printable(party.attention):
        written["AttentionName"] = printable(party.attention)
    phone = phone_digits(party.phone, party.country)
    if phone:
        written["Phone"] = {"Number": phone}
    if party.email.strip():
        written["EMailAddress"] = party.email.strip()
    return written


def _receiver(party: PartySpec) -> dict[str, Any]:
    """The receiver; a private address is marked by an empty field, which only exists here (`ups.md` 5.1)."""
    written = _party(party)
    if party.residential:
        written["Address"]["ResidentialAddressIndicator"] = ""
    return written


def _package(parcel: ParcelSpec, system: System, references: list[dict[str, str]]) -> dict[str, Any]:
    package: dict[str, Any] = {"Packaging": {"Code": parcel.packaging_code}}
    weight = weight_in(system, parcel)
    if weight is not None:
        package["PackageWeight"] = {"UnitOfMeasurement": {"Code": system.weight_code}, "Weight": plain(weight)}
    if parcel.sides:
        length, width, height = sides_in(system, parcel)
        package["Dimensions"] = {
            "UnitOfMeasurement": {"Code": system.size_code},
            "Length": str(length),
            "Width": str(width),
            "Height": str(height),
        }
    if printable(parcel.description):
        package["Description"] = printable(parcel.description)
    if references:
        package["ReferenceNumber"] = references
    return package


def _label(spec: ShipmentSpec) -> dict[str, Any]:
    label: dict[str, Any] = {
        "LabelImageFormat": {"Code": spec.label_format.value},
        "LabelStockSize": {"Height": str(spec.label_height_inches), "Width": str(spec.label_width_inches)},
        "CharacterSet": _CHARACTER_SETS.get(spec.ship_to.country, _ENGLISH),
    }
    if spec.label_format is LabelFormat.GIF:
        label["HTTPUserAgent"] = _USER_AGENT
    return label
