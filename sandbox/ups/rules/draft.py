"""A ship request that passed every rule, reduced to what is kept of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.ups.accounts import Account, Client
from sandbox.ups.geography import Lane, territory_of
from sandbox.ups.offers import ACCESS_POINT_ECONOMY, KNOWN_CODES, goes, names_from
from sandbox.ups.refusals import UpsRefusal
from sandbox.ups.rules.label_request import read_label_format
from sandbox.ups.rules.papers import check_description, check_forms, check_invoice_total
from sandbox.ups.rules.parcels import CheckedParcel, check_packages, read_parcel
from sandbox.ups.rules.parties import (
    SHIP_FROM,
    SHIP_TO,
    SHIPPER,
    check_contact,
    check_party,
    check_ship_from_country,
    contact_required,
    country_of,
)
from sandbox.ups.rules.payment import check_payment
from sandbox.ups.rules.references import References, read_references
from sandbox.ups.rules.returns import check_return, check_return_service
from sandbox.ups.settings import UpsSettings
from sandbox.ups.wire import Node

MAX_CUSTOMER_CONTEXT = 512
SUB_VERSIONS = frozenset(["", "1601", "1607", "1701", "1707", "1801", "1807", "2108", "2205", "2403", "2407", "2409"])
SHIPPER_NUMBER_LENGTH = 6
SHIPMENT_DATE_DAYS = 7
NO_NEGOTIATED_RATES = ("120900", "User Id and Shipper Number combination is not qualified to receive negotiated rates.")
RATES_MAY_VARY = ("110971", "Your invoice may vary from the displayed reference rates.")
ADDITIONAL_HANDLING = ("129001", "Additional handling has automatically been set on package {}.")

Alert = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Everything the answer, the label and later questions need."""

    account: Account
    lane: Lane
    service: str
    service_name: str
    parcels: tuple[CheckedParcel, ...]
    references: References
    label_format: str
    shipper: Node
    ship_from: Node
    """The shipper, where nothing else is said."""
    ship_to: Node
    description: str
    negotiated: bool
    sub_version: str
    context: str
    has_invoice: bool
    is_return: bool
    alerts: tuple[Alert, ...]


def read_draft(request: Node, *, client: Client, settings: UpsSettings, at: datetime) -> Draft:
    """Apply the rules of ups.md 5 in UPS's order; the first one broken refuses the request."""
    _check_request(request.child("Request"))
    shipment = request.child("Shipment")
    account = account_of(shipment.child("Shipper"), client=client)
    is_return = bool(shipment.child("ReturnService"))
    if is_return:
        check_return_service(shipment.child("ReturnService"))
    lane = _check_parties(shipment, account=account, is_return=is_return, settings=settings)
    service = _check_service(shipment, lane=lane)
    alerts = check_payment(shipment, lane=lane, shipper_number=account.shipper_number, settings=settings)
    _check_ship_date(shipment.text("ShipmentDate"), present=shipment.has("ShipmentDate"), at=at)
    packages = check_packages(
        shipment, shipper_country=account.country, service=service, is_return=is_return, settings=settings
    )
    check_description(shipment, lane=lane, service=service, packages=packages)
    if is_return:
        check_return(shipment, shipper_country=account.country, lane=lane, service=service, packages=packages)
    references, package_references = read_references(shipment, packages, lane=lane)
    check_invoice_total(shipment, lane=lane)
    alerts += check_forms(shipment, lane=lane, packages=packages, settings=settings)
    parcels = tuple(
        read_parcel(package, references=own) for package, own in zip(packages, package_references, strict=True)
    )
    wants_negotiated = shipment.child("ShipmentRatingOptions").has("NegotiatedRatesIndicator")
    alerts += _price_alerts(account, wants_negotiated=wants_negotiated)
    alerts += _handling_alerts(parcels, account=account)
    forms = shipment.child("ShipmentServiceOptions", "InternationalForms")
    return Draft(
        account=account,
        lane=lane,
        service=service,
        service_name=names_from(lane.origin)[service],
        parcels=parcels,
        references=references,
        label_format=read_label_format(request),
        shipper=shipment.child("Shipper"),
        ship_from=shipment.child("ShipFrom") or shipment.child("Shipper"),
        ship_to=shipment.child("ShipTo"),
        description=shipment.text("Description"),
        negotiated=wants_negotiated and account.negotiated_rates,
        sub_version=request.child("Request").text("SubVersion"),
        context=request.child("Request", "TransactionReference").text("CustomerContext"),
        has_invoice="01" in forms.texts("FormType"),
        is_return=is_return,
        alerts=tuple(alerts),
    )


def _check_request(request: Node) -> None:
    option = request.text("RequestOption")
    if not option:
        raise UpsRefusal("20007", "Required field is missing: RequestOption")
    if option not in {"validate", "nonvalidate"}:
        raise UpsRefusal("20006", "Invalid request option")
    if request.text("SubVersion") not in SUB_VERSIONS:
        raise UpsRefusal("20002", "The sub version is not known for this service")
    if len(request.child("TransactionReference").text("CustomerContext")) > MAX_CUSTOMER_CONTEXT:
        raise UpsRefusal("20012", "The customer context is too long")


def account_of(shipper: Node, *, client: Client) -> Account:
    """The account that ships; refused when it is not the calling app's, or not to be used."""
    number = shipper.text("ShipperNumber")
    if len(number) != SHIPPER_NUMBER_LENGTH:
        raise UpsRefusal("120100", "Missing or invalid shipper number")
    account = client.accounts.get(number)
    if account is None:
        raise UpsRefusal("120121", "The shipper number is not registered for the calling user")
    if not account.usable:
        raise UpsRefusal("120122", "The shipper number cannot be used for this shipment")
    return account


def _check_parties(shipment: Node, *, account: Account, is_return: bool, settings: UpsSettings) -> Lane:
    shipper, ship_to = shipment.child("Shipper"), shipment.child("ShipTo")
    ship_from = shipment.child("ShipFrom")
    check_party(shipper, SHIPPER)
    if country_of(shipper, SHIPPER) != account.country:
        raise UpsRefusal("120120", "The shipper's country must equal the country of the shipper number")
    check_party(ship_to, SHIP_TO)
    if ship_from or is_return:
        check_party(ship_from, SHIP_FROM)
    if ship_from and not is_return:
        check_ship_from_country(ship_from, shipper_country=account.country)
    lane = Lane(
        origin=place_of(ship_from or shipper),
        destination=place_of(ship_to),
        in_free_circulation=not shipment.has("GoodsNotInFreeCirculationIndicator"),
    )
    required = contact_required(lane=lane, service=shipment.child("Service").text("Code"))
    must_match = settings.phone_country_must_match
    check_contact(shipper, SHIPPER, required=required, country_must_match=must_match)
    check_contact(ship_to, SHIP_TO, required=required, country_must_match=must_match)
    return lane


def place_of(party: Node) -> str:
    """The territory of a party's address."""
    address = party.child("Address")
    return territory_of(country=address.text("CountryCode"), postal_code=address.text("PostalCode"))


def _check_service(shipment: Node, *, lane: Lane) -> str:
    service = shipment.child("Service").text("Code")
    if service not in KNOWN_CODES:
        raise UpsRefusal("120500", "Missing or invalid service code")
    if service not in names_from(lane.origin):
        raise UpsRefusal("120124", "The requested service is not available from the country of origin")
    if not goes(service, lane):
        raise UpsRefusal("121210", "The requested service is unavailable between the selected locations.")
    if service == ACCESS_POINT_ECONOMY and not _names_access_point(shipment):
        raise UpsRefusal("121210", "UPS Access Point Economy needs an alternate delivery address")
    return service


def _names_access_point(shipment: Node) -> bool:
    """Service 70 goes with indication 02 and the location's 9-character id (ups.md 5.8)."""
    indications = {each.text("Code") for each in shipment.children("ShipmentIndicationType")}
    location = shipment.child("AlternateDeliveryAddress")
    return "02" in indications and bool(location.text("Name")) and len(location.text("UPSAccessPointID")) == 9  # noqa: PLR2004


def _check_ship_date(text: str, *, present: bool, at: datetime) -> None:
    """Today to seven days ahead; a day of grace, as the date is local to the place (ups.md 5.1)."""
    if not present:
        return
    try:
        date = datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a date without a place
    except ValueError as err:
        raise UpsRefusal("20008", "The field is invalid: ShipmentDate") from err
    if not at.date() - timedelta(days=1) <= date <= at.date() + timedelta(days=SHIPMENT_DATE_DAYS + 1):
        raise UpsRefusal("20008", "The field is invalid: ShipmentDate must be within the next 7 days")


def _price_alerts(account: Account, *, wants_negotiated: bool) -> list[Alert]:
    if not wants_negotiated:
        return []
    return [RATES_MAY_VARY] if account.negotiated_rates else [NO_NEGOTIATED_RATES]


def _handling_alerts(parcels: tuple[CheckedParcel, ...], *, account: Account) -> list[Alert]:
    metric = account.country not in {"US", "PR", "VI"}
    code, text = ADDITIONAL_HANDLING
    return [
        (code, text.format(place))
        for place, parcel in enumerate(parcels, start=1)
        if parcel.needs_additional_handling(metric=metric)
    ]
