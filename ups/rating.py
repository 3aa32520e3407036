"""What a shipment would cost: our shipment in, UPS's rate request out, and its answer as our price (`ups.md` 12)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

from connector_site.lib.wording import said
from ups.amounts import amount_of
from ups.answers import Alert
from ups.errors import UpsUnexpectedReply
from ups.lanes import currency, lane
from ups.measures import System, plain, sides_in, weight_in
from ups.payloads import RatedShipmentAnswer, RateResponse, as_object, json_object
from ups.preflight import STATE_COUNTRIES, measures_of, postal_code
from ups.shipment_spec import ParcelSpec, PartySpec, ShipmentSpec
from ups.shipping import PRINT_RETURN_LABEL
from ups.text import printable
from ups.transport import Call

RATING_VERSION = "v2409"
"""The only current version (`ups.md` 2)."""
_OPERATION = "rate"
_PARCELS = "03"
_PICKUP_TIME = "1600"
"""Our own choice, where an arrival is asked for: parcels are usually collected in the afternoon."""
_WITHOUT_NEGOTIATED_RATES = frozenset({"110920", "120900"})
"""UPS's remark that app and shipper number together have no contract prices (`ups.md` 12)."""
_UNIT_NAMES = {"KGS": "Kilograms", "LBS": "Pounds", "CM": "Centimeters", "IN": "Inches"}
_DATE = "%Y%m%d"


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedShipment:
    """A price by UPS without VAT: the account's own where it has one, else the list price.

    `arrives_date` is there when it was asked for and UPS knows it.
    """

    service_code: str
    total: Decimal
    currency: str
    is_negotiated: bool
    list_total: Decimal | None = None
    arrives_date: date | None = None
    alerts: tuple[Alert, ...] = ()

    @property
    def lacks_own_rates(self) -> bool:
        """Whether UPS says that this app may not see contract prices of this shipper number."""
        return any(alert.code in _WITHOUT_NEGOTIATED_RATES for alert in self.alerts)


def rate_call(spec: ShipmentSpec, *, collected_on: date | None = None) -> Call:
    """POST /rating/v2409/Rate, or Ratetimeintransit where a day of collection is given: the arrival is told then."""
    option = "Rate" if collected_on is None else "Ratetimeintransit"
    path = f"/api/rating/{RATING_VERSION}/{option}"
    payload = orjson.dumps(build_rate_request(spec, collected_on=collected_on))
    return Call(operation=_OPERATION, method="POST", path=path, route=path, payload=payload)


def build_rate_request(spec: ShipmentSpec, *, collected_on: date | None = None) -> dict[str, Any]:
    """The body of a rating call. Nothing is checked before: UPS says what it does not like, and nothing is bought."""
    shipment: dict[str, Any] = {
        "Shipper": {**_party(spec.shipper), "ShipperNumber": spec.shipper_number},
        "ShipTo": _receiver(spec.ship_to),
        "ShipFrom": _party(spec.origin),
        "PaymentDetails": {"ShipmentCharge": [{"Type": "01", "BillShipper": {"AccountNumber": spec.shipper_number}}]},
        "Service": {"Code": spec.service_code},
        "ShipmentRatingOptions": {"NegotiatedRatesIndicator": ""},
        "Package": [_package(parcel, measures_of(spec)) for parcel in spec.parcels],
    }
    if spec.is_return:
        shipment["ShipmentServiceOptions"] = {"ReturnService": {"Code": PRINT_RETURN_LABEL}}
    if collected_on is not None:
        shipment |= _arrival_question(spec, collected_on)
    head = {"SubVersion": "2409", "TransactionReference": {"CustomerContext": "rate"}}
    return {"RateRequest": {"Request": head, "Shipment": shipment}}


def read_rate(body: bytes) -> RatedShipment:
    """The price in a 2xx answer; raises `UpsUnexpectedReply` when there is none."""
    parsed = json_object(body) or {}
    answer = RateResponse.model_validate(as_object(parsed.get("RateResponse")))
    if not answer.rated_shipment:
        raise UpsUnexpectedReply(said("UPS's price cannot be read."), operation=_OPERATION)
    rated = answer.rated_shipment[0]
    list_total = amount_of(rated.total_charges.monetary_value)
    negotiated = amount_of(rated.negotiated_rate_charges.total_charge.monetary_value)
    total = list_total if negotiated is None else negotiated
    money = rated.total_charges if negotiated is None else rated.negotiated_rate_charges.total_charge
    if total is None or not money.currency_code:
        raise UpsUnexpectedReply(said("UPS's price cannot be read."), operation=_OPERATION)
    remarks = [*answer.response.alert, *rated.rated_shipment_alert]
    return RatedShipment(
        service_code=rated.service.code,
        total=total,
        currency=money.currency_code,
        is_negotiated=negotiated is not None,
        list_total=list_total,
        arrives_date=_arrival(rated),
        alerts=tuple(Alert(code=alert.code, text=alert.description) for alert in remarks if alert.code),
    )


def _party(party: PartySpec) -> dict[str, Any]:
    """Name and address: Rating takes neither phone nor e-mail."""
    address: dict[str, Any] = {
        "AddressLine": [printable(line) for line in party.address_lines],
        "City": printable(party.city),
        "CountryCode": party.country,
    }
    if postal_code(party):
        address["PostalCode"] = postal_code(party)
    if party.country in STATE_COUNTRIES and party.state.strip():
        address["StateProvinceCode"] = party.state.strip().upper()
    return {"Name": printable(party.name), "Address": address}


def _receiver(party: PartySpec) -> dict[str, Any]:
    written = _party(party)
    if party.residential:
        written["Address"]["ResidentialAddressIndicator"] = ""
    return written


def _package(parcel: ParcelSpec, system: System) -> dict[str, Any]:
    package: dict[str, Any] = {"PackagingType": {"Code": parcel.packaging_code}}
    weight = weight_in(system, parcel)
    if weight is not None:
        package["PackageWeight"] = {"UnitOfMeasurement": _unit(system.weight_code), "Weight": plain(weight)}
    if parcel.sides:
        length, width, height = sides_in(system, parcel)
        package["Dimensions"] = {
            "UnitOfMeasurement": _unit(system.size_code),
            "Length": str(length),
            "Width": str(width),
            "Height": str(height),
        }
    return package


def _unit(code: str) -> dict[str, str]:
    """The schema demands the description beside the code (`ups.md` 12)."""
    return {"Code": code, "Description": _UNIT_NAMES[code]}


def _arrival_question(spec: ShipmentSpec, collected_on: date) -> dict[str, Any]:
    """What the arrival needs besides; between countries the weight (else `111546`) and a value (else `111549`)."""
    pickup = {"Date": collected_on.strftime(_DATE), "Time": _PICKUP_TIME}
    asked: dict[str, Any] = {"DeliveryTimeInformation": {"PackageBillType": _PARCELS, "Pickup": pickup}}
    origin, destination = spec.origin, spec.ship_to
    way = lane(
        origin=(origin.country, postal_code(origin)), destination=(destination.country, postal_code(destination))
    )
    if way.is_domestic:
        return asked
    system = measures_of(spec)
    weight = sum((weight_in(system, parcel) or Decimal(0) for parcel in spec.parcels), Decimal(0))
    asked["ShipmentTotalWeight"] = {"UnitOfMeasurement": _unit(system.weight_code), "Weight": plain(weight)}
    asked["InvoiceLineTotal"] = {"CurrencyCode": currency(spec.shipper.country), "MonetaryValue": "1"}
    return asked


def _arrival(rated: RatedShipmentAnswer) -> date | None:
    text = rated.time_in_transit.service_summary.estimated_arrival.arrival.date
    try:
        return datetime.strptime(text, _DATE).date()  # noqa: DTZ007  a day at the place of arrival
    except ValueError:
        return None
