"""Shipments that bring goods back (ups.md 5.8, Shipping specification: ReturnService, Package, ShipTo)."""

from sandbox.ups.geography import US_AND_PUERTO_RICO, Lane
from sandbox.ups.refusals import UpsRefusal
from sandbox.ups.rules.payment import TRANSPORTATION
from sandbox.ups.wire import Node

RETURN_SERVICES = frozenset({"2", "3", "5", "8", "9", "10", *(str(code) for code in range(11, 21))})
NOT_BACK = frozenset({"13", "59", "82", "83", "84", "85", "86", "C6", "C7", "C8"})
MAX_PACKAGE_DESCRIPTION = 35


def check_return_service(service: Node) -> None:
    """The kind of return."""
    if service.text("Code") not in RETURN_SERVICES:
        raise UpsRefusal("120055", "Missing or invalid return service code")


def check_return_way(*, shipper_country: str, lane: Lane, service: str) -> None:
    """Two of shipper, ship to and ship from are in one country, and the service brings something back."""
    if len({shipper_country, lane.origin[:2], lane.destination[:2]}) > 2:  # noqa: PLR2004
        raise UpsRefusal("120208", "Two of shipper, ship to and ship from must be in the same country")
    if service in NOT_BACK:
        raise UpsRefusal("121210", "The requested service is unavailable for return shipments.")


def check_return(shipment: Node, *, shipper_country: str, lane: Lane, service: str, packages: list[Node]) -> None:
    """Everything a return needs beside what every shipment needs; codes are the nearest documented ones."""
    check_return_way(shipper_country=shipper_country, lane=lane, service=service)
    for package in packages:
        description = package.text("Description")
        if not description or len(description) > MAX_PACKAGE_DESCRIPTION:
            raise UpsRefusal("120512", "A description of the merchandise is required for each package of a return")
    if lane.origin in US_AND_PUERTO_RICO and len(packages) > 1:
        raise UpsRefusal("120600", "A return from the US or Puerto Rico has one package")
    for charge in shipment.child("PaymentInformation").children("ShipmentCharge"):
        if charge.text("Type") == TRANSPORTATION and charge.has("BillReceiver"):
            raise UpsRefusal("120413", "The receiver cannot pay for the transport of a return")
