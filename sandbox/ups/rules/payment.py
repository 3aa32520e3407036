"""Who pays (ups.md 5.7)."""

import re

from sandbox.ups.geography import POSTAL_CODE_REQUIRED, US_AND_PUERTO_RICO, Lane
from sandbox.ups.refusals import UpsRefusal
from sandbox.ups.settings import UpsSettings
from sandbox.ups.wire import Node

TRANSPORTATION = "01"
DUTIES = "02"
BROKER = "03"
PAYERS = ("BillShipper", "BillReceiver", "BillThirdParty", "ConsigneeBilledIndicator")
_ACCOUNT = re.compile(r"[0-9A-Z]{6}")
DUTIES_NOT_REQUIRED = ("121524", "The payer of duty and tax is not required for qualified domestic shipments")


def check_payment(shipment: Node, *, lane: Lane, shipper_number: str, settings: UpsSettings) -> list[tuple[str, str]]:
    """Refuses a wrong payer; returns alerts."""
    charges = shipment.child("PaymentInformation").children("ShipmentCharge")
    types = [charge.text("Type") for charge in charges]
    if types.count(TRANSPORTATION) != 1:
        raise UpsRefusal("120400", "Exactly one transportation charge with a payer is required")
    if set(types) - {TRANSPORTATION, DUTIES, BROKER} or types.count(DUTIES) > 1:
        raise UpsRefusal("120413", "Invalid or repeated shipment charge type")
    for charge in charges:
        _check_payer(charge, lane=lane, shipper_number=shipper_number)
    if DUTIES not in types or not lane.qualified_domestic:
        return []
    if settings.duties_payer_inside_eu == "refuse":
        raise UpsRefusal(*DUTIES_NOT_REQUIRED)
    return [DUTIES_NOT_REQUIRED]


def _check_payer(charge: Node, *, lane: Lane, shipper_number: str) -> None:
    named = [payer for payer in PAYERS if charge.has(payer)]
    if len(named) != 1:
        raise UpsRefusal("120413", "Exactly one payer is required per charge")
    payer = charge.child(named[0])
    account = payer.text("AccountNumber")
    if named[0] == "BillShipper":
        _check_shipper_pays(payer, account=account, shipper_number=shipper_number)
    elif named[0] == "ConsigneeBilledIndicator":
        _check_consignee_pays(charge, lane=lane)
    elif not _ACCOUNT.fullmatch(account):
        raise UpsRefusal("120416", "Missing or invalid account number of the payer")
    elif named[0] == "BillThirdParty" and not payer.child("Address").text("CountryCode"):
        raise UpsRefusal("121529", "Missing country of the third party's account")
    elif named[0] == "BillReceiver" and lane.destination in POSTAL_CODE_REQUIRED:
        _check_receiver_place(payer)


def _check_shipper_pays(payer: Node, *, account: str, shipper_number: str) -> None:
    if payer.has("CreditCard") or payer.text("AlternatePaymentMethod") == "01":
        return
    if not account:
        raise UpsRefusal("120416", "Missing or invalid account number of the payer")
    if account != shipper_number:
        raise UpsRefusal("120415", "The payer's account number must equal the shipper number")


def _check_receiver_place(payer: Node) -> None:
    if not payer.child("Address").text("PostalCode"):
        raise UpsRefusal("121528", "Missing postal code of the receiver's account")


def _check_consignee_pays(charge: Node, *, lane: Lane) -> None:
    inside = {lane.origin, lane.destination} <= US_AND_PUERTO_RICO
    if charge.text("Type") != TRANSPORTATION or not inside:
        raise UpsRefusal("120413", "Consignee billing is for transportation inside the US and Puerto Rico")
