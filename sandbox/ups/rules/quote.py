"""What UPS demands of a rating request: mostly what it demands of a shipment, under other codes (ups.md 12)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sandbox.ups.accounts import Account, Client
from sandbox.ups.geography import Lane
from sandbox.ups.offers import KNOWN_CODES, PALLET_SERVICES, goes, names_from
from sandbox.ups.refusals import UpsRefusal
from sandbox.ups.rules.draft import (
    MAX_CUSTOMER_CONTEXT,
    RATES_MAY_VARY,
    SUB_VERSIONS,
    Alert,
    account_of,
    place_of,
)
from sandbox.ups.rules.parcels import PALLET, CheckedParcel, check_each, read_parcel
from sandbox.ups.rules.parties import (
    SHIP_FROM,
    SHIP_TO,
    SHIPPER,
    check_party,
    check_ship_from_country,
    country_of,
)
from sandbox.ups.rules.payment import check_payment
from sandbox.ups.rules.returns import check_return_service, check_return_way
from sandbox.ups.settings import UpsSettings
from sandbox.ups.wire import Node

RATE, SHOP = "rate", "shop"
WITH_TIME = "timeintransit"
OPTIONS = frozenset({RATE, SHOP, RATE + WITH_TIME, SHOP + WITH_TIME})
NO_NEGOTIATED_RATES = ("110920", "User Id and Shipper Number combination is not qualified to receive negotiated rates.")
BILL_TYPES = frozenset({"02", "03", "04", "07"})
EARLIEST_PICKUP, LATEST_PICKUP = timedelta(days=35), timedelta(days=60)
SIZES_REQUIRED = frozenset({"GB", "PL"})
"""Within these countries a package is not priced without its sizes."""
_SHIPPING_FAMILY, _RATING_FAMILY = "12", "11"
_CODE_LENGTH = 6
_ACCESS_POINT_ECONOMY = "70"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A rating request that passed every rule."""

    account: Account
    lane: Lane
    services: tuple[str, ...]
    parcels: tuple[CheckedParcel, ...]
    negotiated: bool
    pickup_date: date | None
    bill_type: str
    context: str
    alerts: tuple[Alert, ...]


def read_quote(request: Node, *, option: str, client: Client, settings: UpsSettings, at: datetime) -> Quote:
    """Apply the rules; a refusal that shipping knows comes with the code of Rating that says the same."""
    try:
        return _read(request, option=option, client=client, settings=settings, at=at)
    except UpsRefusal as refusal:
        raise _as_rating(refusal) from refusal


def _as_rating(refusal: UpsRefusal) -> UpsRefusal:
    """Codes of 11xxxx say what those of 12xxxx say (ups.md 18)."""
    is_shipping = refusal.code.startswith(_SHIPPING_FAMILY) and len(refusal.code) == _CODE_LENGTH
    code = _RATING_FAMILY + refusal.code[len(_SHIPPING_FAMILY) :] if is_shipping else refusal.code
    return UpsRefusal(code, refusal.message, status=refusal.status)


def _read(request: Node, *, option: str, client: Client, settings: UpsSettings, at: datetime) -> Quote:
    head, shipment = request.child("Request"), request.child("Shipment")
    context = head.child("TransactionReference").text("CustomerContext")
    if not request.has("Request"):
        raise UpsRefusal("20007", "Required field is missing: Request")
    if head.text("SubVersion") not in SUB_VERSIONS:
        raise UpsRefusal("20002", "The sub version is not known for this service")
    if len(context) > MAX_CUSTOMER_CONTEXT:
        raise UpsRefusal("20012", "The customer context is too long")
    account = account_of(shipment.child("Shipper"), client=client)
    returned = shipment.child("ShipmentServiceOptions", "ReturnService")
    lane = _lane(shipment, account=account, is_return=bool(returned))
    if shipment.has("PaymentDetails"):
        paid = shipment.renamed("PaymentDetails", "PaymentInformation")
        check_payment(paid, lane=lane, shipper_number=account.shipper_number, settings=settings)
    packages = [package.renamed("PackagingType", "Packaging") for package in shipment.children("Package")]
    services = _services(shipment, option=option, lane=lane, packages=packages)
    if returned:
        check_return_service(returned)
        check_return_way(shipper_country=account.country, lane=lane, service=services[0])
    check_each(packages, account.country, services[0], is_return=bool(returned), settings=settings)
    _check_sizes(packages, lane=lane)
    wants_negotiated = shipment.child("ShipmentRatingOptions").has("NegotiatedRatesIndicator")
    pickup_date = _pickup_date(shipment, lane=lane, at=at) if option.endswith(WITH_TIME) else None
    return Quote(
        account=account,
        lane=lane,
        services=services,
        parcels=tuple(read_parcel(package, references=()) for package in packages),
        negotiated=wants_negotiated and account.negotiated_rates,
        pickup_date=pickup_date,
        bill_type=shipment.child("DeliveryTimeInformation").text("PackageBillType"),
        context=context,
        alerts=_alerts(account, wants_negotiated=wants_negotiated),
    )


def _lane(shipment: Node, *, account: Account, is_return: bool) -> Lane:
    shipper, ship_to, ship_from = (shipment.child(name) for name in ("Shipper", "ShipTo", "ShipFrom"))
    check_party(shipper, SHIPPER)
    if country_of(shipper, SHIPPER) != account.country:
        raise UpsRefusal("120120", "The shipper's country must equal the country of the shipper number")
    check_party(ship_to, SHIP_TO)
    if ship_from:
        check_party(ship_from, SHIP_FROM)
        if not is_return:
            check_ship_from_country(ship_from, shipper_country=account.country)
    return Lane(
        origin=place_of(ship_from or shipper),
        destination=place_of(ship_to),
        in_free_circulation=not shipment.has("GoodsNotInFreeCirculationIndicator"),
    )


def _services(shipment: Node, *, option: str, lane: Lane, packages: list[Node]) -> tuple[str, ...]:
    """The one that was asked for, or everything that goes there with such packages."""
    offered = names_from(lane.origin)
    if option.startswith(SHOP):
        on_pallets = any(package.child("Packaging").text("Code") == PALLET for package in packages)
        going = [
            code
            for code in offered
            if goes(code, lane) and (code in PALLET_SERVICES) == on_pallets and code != _ACCESS_POINT_ECONOMY
        ]
        if not going:
            raise UpsRefusal("121210", "The requested service is unavailable between the selected locations.")
        return tuple(going)
    service = shipment.child("Service").text("Code")
    if service not in KNOWN_CODES:
        raise UpsRefusal("120500", "Missing or invalid service code")
    if service not in offered:
        raise UpsRefusal("121100", "The requested service is invalid from the selected origin.")
    if not goes(service, lane):
        raise UpsRefusal("121210", "The requested service is unavailable between the selected locations.")
    return (service,)


def _check_sizes(packages: list[Node], *, lane: Lane) -> None:
    if lane.crosses_border or lane.origin not in SIZES_REQUIRED:
        return
    if not all(package.child("Dimensions") for package in packages):
        raise UpsRefusal("120605", "Missing or invalid package length")


def _pickup_date(shipment: Node, *, lane: Lane, at: datetime) -> date:
    """The day of collection, with what the arrival is reckoned from (ups.md 12)."""
    asked = shipment.child("DeliveryTimeInformation")
    if asked.text("PackageBillType") not in BILL_TYPES:
        raise UpsRefusal("20008", "The field is invalid: PackageBillType")
    if lane.crosses_border and not shipment.child("ShipmentTotalWeight").text("Weight"):
        raise UpsRefusal("111546", "Invalid shipment weight")
    if lane.crosses_border and not shipment.child("InvoiceLineTotal").text("MonetaryValue"):
        raise UpsRefusal("111549", "Invalid shipment contents value")
    try:
        found = datetime.strptime(asked.child("Pickup").text("Date"), "%Y%m%d").date()  # noqa: DTZ007 - a local day
    except ValueError as err:
        raise UpsRefusal("20008", "The field is invalid: Pickup.Date") from err
    if not at.date() - EARLIEST_PICKUP <= found <= at.date() + LATEST_PICKUP:
        raise UpsRefusal("20008", "The field is invalid: Pickup.Date must be within 35 days back and 60 days ahead")
    return found


def _alerts(account: Account, *, wants_negotiated: bool) -> tuple[Alert, ...]:
    code, text = RATES_MAY_VARY
    vary = ("110" + code[3:], text)
    return (vary, NO_NEGOTIATED_RATES) if wants_negotiated and not account.negotiated_rates else (vary,)
