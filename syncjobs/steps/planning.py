"""From a delivery as Exact shows it to a frozen UPS request, or to the reason why there is none.

Reads master data through the cache, so it may call Exact; it writes nothing but that cache.
"""

import json
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from audit.chain import fingerprint
from connector_site.lib.references import new_shipment_reference
from connector_site.lib.wording import said
from exact.master import MasterData
from exact.records import Address, GoodsDelivery
from syncjobs import selection, translate
from syncjobs.packing import CHANGED, Packed, PackedParcel
from syncjobs.parcels import NoParcels, total_weight_kg
from syncjobs.problems import Problem
from syncjobs.setup.ship_from import ship_from_of, unless_shipper
from syncjobs.steps.choices import Choices
from ups.accounts import shipper_of
from ups.errors import SpecInvalid
from ups.measures import METRIC
from ups.models import Account
from ups.shipment_spec import PartySpec, ShipmentSpec
from ups.shipping import build_request


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A request that is ready to be sent once; `in_exact` is the receiver as she stands in Exact, line by line.

    `unpacked` is the fingerprint of all but the parcels, with the goods that go into them; `is_packed` says that a
    person packed just this, for this shipment; where not `is_weighed`, a parcel stands for those that are not known.
    """

    reference: str
    account: Account
    spec: ShipmentSpec
    body: dict[str, Any]
    content_hash: str
    in_exact: tuple[str, ...]
    unpacked: str = ""
    is_packed: bool = False
    is_weighed: bool = True

    @property
    def to(self) -> translate.Addressee:
        """Who it goes to."""
        return translate.Addressee(party=self.spec.ship_to, in_exact=self.in_exact)


class Unready(Exception):
    """The delivery is ours and cannot be shipped yet; `problems` says what a person must fix.

    Where it lacks nothing but right parcels, `but_for_parcels` is the plan with one that stands for them; `to` is who
    it goes to, as far as that is known.
    """

    def __init__(
        self, problems: list[Problem], *, to: translate.Addressee | None = None, but_for_parcels: Plan | None = None
    ) -> None:
        super().__init__(" ".join(problem.text for problem in problems))
        self.problems = problems
        self.to = to
        self.but_for_parcels = but_for_parcels


def plan(goods: GoodsDelivery, *, choices: Choices, master: MasterData, packed: Packed | None = None) -> Plan:
    """A frozen request. Raises `selection.NotOurs`, `Unready`, or Exact's errors.

    What was `packed` makes its parcels as long as all else is what the person saw then; what was packed for an earlier
    shipment is passed over when it is not.
    """
    made = _plan(goods, choices, master, packed)
    if packed is None:
        return made
    if made.unpacked == packed.content:
        return replace(made, is_packed=packed.is_binding)
    if packed.is_binding:
        raise Unready([_changed()], to=made.to, but_for_parcels=made)
    return _plan(goods, choices, master, None)


def _plan(goods: GoodsDelivery, choices: Choices, master: MasterData, packed: Packed | None) -> Plan:
    selection.must_be_ours(goods)
    method_id = method_id_of(goods, master)
    rules = choices.rules_for(method_id)
    name = choices.method_names.get(method_id, goods.shipping_method_code) if method_id else ""
    if not any(rule.is_ups for rule in rules):
        raise selection.no_rule(method_id, name, is_marked=bool(rules))
    address = _address(goods, master)
    items = master.items(item_ids(goods))
    rule = selection.match(
        rules,
        method_id=method_id,
        method_name=name,
        country=address.country,
        warehouse_code=goods.warehouse_code,
        weight_kg=packed.weight_kg
        if packed
        else total_weight_kg(selection.shipped_lines(goods), items, unit=choices.weight_unit),
    )
    account = rule.account
    if account is None:
        raise Unready([_no_account()], to=translate.addressee(goods, translate.Receiver(address=address)))
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
        packed=packed,
    )
    return _freeze(order, account)


def item_ids(goods: GoodsDelivery) -> list[UUID]:
    """What its parcels hold."""
    return [line.item_id for line in selection.shipped_lines(goods) if line.item_id]


def _freeze(order: translate.Order, account: Account) -> Plan:
    try:
        return _frozen(order, account)
    except (translate.Untranslatable, NoParcels) as error:
        raise _unready(order, account, error.problems) from error
    except SpecInvalid as error:
        problems = [
            Problem(code=f"{found.field}_invalid", field=found.field, text=found.message, where=found.where_to_fix)
            for found in error.problems
        ]
        raise _unready(order, account, problems) from error


def _unready(order: translate.Order, account: Account, problems: list[Problem]) -> Unready:
    to = translate.addressee(order.goods, order.receiver)
    return Unready(problems, to=to, but_for_parcels=_but_for_parcels(order, account))


def _but_for_parcels(order: translate.Order, account: Account) -> Plan | None:
    """With one parcel of the rule's size in place of those that are not right; None where something else is wrong."""
    rule = order.rule
    sides = tuple(side for side in (rule.length_cm, rule.width_cm, rule.height_cm) if side)
    parcel = PackedParcel(weight=Decimal(1), sides=sides)
    packed = Packed(parcels=(parcel,), system=METRIC, content="", is_binding=False)
    try:
        return replace(_frozen(replace(order, packed=packed), account), is_weighed=False)
    except (translate.Untranslatable, SpecInvalid):
        return None


def _frozen(order: translate.Order, account: Account) -> Plan:
    reference = new_shipment_reference(account.environment)
    spec = translate.shipment_spec(order, reference=reference)
    if not spec.parcels:
        raise selection.NotOurs("only_services", said("Its lines hold services only, nothing to put in a box."))
    body = build_request(spec)
    content = json.loads(json.dumps(body).replace(reference, ""))
    return Plan(
        reference=reference,
        account=account,
        spec=spec,
        body=body,
        content_hash=fingerprint(content),
        in_exact=translate.as_in_exact(order.goods, order.receiver.address),
        unpacked=_unpacked(content, order.goods),
    )


def _unpacked(content: dict[str, Any], goods: GoodsDelivery) -> str:
    """The fingerprint of all that a person sees at the packing desk before she weighs: the request and the goods."""
    request = content["ShipmentRequest"]
    shipment = {name: value for name, value in request["Shipment"].items() if name != "Package"}
    lines = [[line.item_code, f"{line.quantity.normalize():f}"] for line in selection.shipped_lines(goods)]
    return fingerprint({"request": request | {"Shipment": shipment}, "lines": lines})


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


def _address(goods: GoodsDelivery, master: MasterData) -> Address:
    address = master.address(goods.address_id) if goods.address_id else None
    if address is None:
        raise Unready([_no_address()], to=translate.addressee(goods, None))
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


def _changed() -> Problem:
    return Problem(
        code=CHANGED,
        text=said("It changed in Exact Online or in the shipping rules after it was packed."),
        where=said("Scan desk: scan it once more"),
    )


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
