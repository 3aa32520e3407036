"""From a delivery as Exact shows it to a frozen UPS request, or to the reason why there is none.

Reads master data through the cache, so it may call Exact; it writes nothing but that cache.
"""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from audit.chain import fingerprint
from connector_site.lib.references import new_shipment_reference
from connector_site.lib.wording import said
from exact.master import MasterData
from exact.records import Address, GoodsDelivery
from syncjobs import selection, translate
from syncjobs.parcels import NoParcels, total_weight_kg
from syncjobs.problems import Problem
from syncjobs.ship_from import ship_from_of, unless_shipper
from syncjobs.steps.choices import Choices
from ups.accounts import shipper_of
from ups.errors import SpecInvalid
from ups.models import Account
from ups.shipment_spec import PartySpec, ShipmentSpec
from ups.shipping import build_request


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A request that is ready to be sent once."""

    reference: str
    account: Account
    spec: ShipmentSpec
    body: dict[str, Any]
    content_hash: str


class Unready(Exception):
    """The delivery is ours and cannot be shipped yet; `problems` says what a person must fix."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(problem.text for problem in problems))
        self.problems = problems


def plan(goods: GoodsDelivery, *, choices: Choices, master: MasterData) -> Plan:
    """A frozen request. Raises `selection.NotOurs`, `Unready`, or Exact's errors."""
    selection.must_be_ours(goods)
    method_id = method_id_of(goods, master)
    rules = choices.rules_for(method_id)
    name = choices.method_names.get(method_id, goods.shipping_method_code) if method_id else ""
    if not any(rule.is_ups for rule in rules):
        raise selection.no_rule(method_id, name, is_marked=bool(rules))
    if goods.address_id is None:
        raise Unready([_no_address()])
    address = _address(goods.address_id, master)
    items = master.items(item_ids(goods))
    rule = selection.match(
        rules,
        method_id=method_id,
        method_name=name,
        country=address.country,
        warehouse_code=goods.warehouse_code,
        weight_kg=total_weight_kg(selection.shipped_lines(goods), items, unit=choices.weight_unit),
    )
    account = rule.account
    if account is None:
        raise Unready([_no_account()])
    shipper = shipper_of(account)
    origin = ship_from_of(choices.ship_from, account, goods.warehouse_code)
    order = translate.Order(
        goods=goods,
        receiver=_receiver(goods, address, origin, master),
        items=items,
        rule=rule,
        shipper=shipper,
        ship_from=unless_shipper(origin, shipper),
        shipper_number=account.shipper_number,
        weight_unit=choices.weight_unit,
    )
    return _freeze(order, account)


def item_ids(goods: GoodsDelivery) -> list[UUID]:
    """What its parcels hold."""
    return [line.item_id for line in selection.shipped_lines(goods) if line.item_id]


def _freeze(order: translate.Order, account: Account) -> Plan:
    reference = new_shipment_reference(account.environment)
    try:
        spec = translate.shipment_spec(order, reference=reference)
        if not spec.parcels:
            raise selection.NotOurs("only_services", said("Its lines hold services only, nothing to put in a box."))
        body = build_request(spec)
    except (translate.Untranslatable, NoParcels) as error:
        raise Unready(error.problems) from error
    except SpecInvalid as error:
        raise Unready(
            [
                Problem(code=f"{found.field}_invalid", field=found.field, text=found.message, where=found.where_to_fix)
                for found in error.problems
            ]
        ) from error
    content = json.loads(json.dumps(body).replace(reference, ""))
    return Plan(reference=reference, account=account, spec=spec, body=body, content_hash=fingerprint(content))


def method_id_of(goods: GoodsDelivery, master: MasterData) -> UUID | None:
    """The delivery's own method, else the first order's that has one, else the customer's (`exact.md` 8.1)."""
    if goods.shipping_method_id:
        return goods.shipping_method_id
    for number in translate.order_numbers(goods):
        order = master.sales_order(number)
        if order and order.shipping_method_id:
            return order.shipping_method_id
    customer = master.account(goods.account_id) if goods.account_id else None
    return customer.shipping_method_id if customer else None


def _address(address_id: UUID, master: MasterData) -> Address:
    address = master.address(address_id)
    if address is None:
        raise Unready([_no_address()])
    return address


def _receiver(goods: GoodsDelivery, address: Address, origin: PartySpec, master: MasterData) -> translate.Receiver:
    """Contact and customer are read only where the address leaves out the phone that the lane needs."""
    if translate.phone_is_usable(address) or address.country == origin.country:
        return translate.Receiver(address=address)
    contact_id = goods.contact_id or address.contact_id
    contact = master.contact(contact_id) if contact_id else None
    receiver = translate.Receiver(address=address, contact=contact)
    if translate.phone_of(receiver) or goods.account_id is None:
        return receiver
    return translate.Receiver(address=address, contact=contact, customer=master.account(goods.account_id))


def _no_address() -> Problem:
    return Problem(
        code="address_missing",
        field="address",
        text=said("The delivery has no delivery address in Exact."),
        where=said("the goods delivery or the customer's addresses in Exact Online"),
    )


def _no_account() -> Problem:
    return Problem(
        code="account_missing", text=said("The shipping rule names no UPS account."), where=said("Shipping rules")
    )
