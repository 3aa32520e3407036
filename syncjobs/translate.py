"""The one place where Exact's delivery becomes a UPS shipment. Pure functions: values in, value or problems out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from connector_site.lib.wording import said
from exact.records import Account as Customer
from exact.records import Address, Contact, GoodsDelivery, Item
from syncjobs.labels.printing import LABEL_HEIGHT_INCHES
from syncjobs.models import ShippingRule
from syncjobs.packing import Packed
from syncjobs.parcels import weights_kg
from syncjobs.problems import Problem
from syncjobs.selection import shipped_lines
from tenants.models import Tenant
from ups.limits import ADDRESS_LINE_CHARACTERS, ADDRESS_LINES, DESCRIPTION_CHARACTERS, NAME_CHARACTERS
from ups.phones import phone_digits
from ups.services import LabelFormat
from ups.shipment_spec import ParcelSpec, PartySpec, ShipmentSpec
from ups.text import break_lines, printable

_ADDRESS_IN_EXACT = said("the delivery address in Exact Online")


class Untranslatable(Exception):
    """The delivery cannot be shipped as it is; `problems` says what to fix where."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(problem.text for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Who a delivery goes to, from up to three records of Exact; the later two fill the gaps of the first."""

    address: Address
    contact: Contact | None = None
    customer: Customer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """Who a delivery goes to, and the same line by line as Exact has her."""

    party: PartySpec
    in_exact: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Everything that decides how a delivery is shipped; `ship_from` where the goods leave from elsewhere.

    What a person `packed` stands above what the items weigh.
    """

    goods: GoodsDelivery
    receiver: Receiver
    items: Mapping[UUID, Item]
    rule: ShippingRule
    shipper: PartySpec
    shipper_number: str
    weight_unit: Tenant.WeightUnit
    ship_from: PartySpec | None = None
    packed: Packed | None = None


def shipment_spec(order: Order, *, reference: str) -> ShipmentSpec:
    """The shipment to ask UPS for. Raises `Untranslatable`, or `NoParcels` from `weights_kg`."""
    return ShipmentSpec(
        shipper=order.shipper,
        shipper_number=order.shipper_number,
        ship_to=ship_to(order.goods, order.receiver),
        service_code=order.rule.service_code,
        parcels=_parcels(order),
        reference=reference,
        ship_from=order.ship_from,
        customer_reference=customer_reference(order.goods),
        description=_description(order.goods),
        label_format=LabelFormat(order.rule.label_format),
        label_height_inches=LABEL_HEIGHT_INCHES[ShippingRule.LabelSize(order.rule.label_size)],
    )


def ship_to(goods: GoodsDelivery, receiver: Receiver) -> PartySpec:
    """The receiver as UPS will print her: street first, three lines of 35 at most, broken between words.

    A name over 35 characters goes on in the attention line or in a free address line; what does not fit anywhere is a
    problem that names the field, never cut.
    """
    party = _as_known(goods, receiver)
    problems = _missing(party)
    if problems:
        raise Untranslatable(problems)
    return party


def addressee(goods: GoodsDelivery, receiver: Receiver | None) -> Addressee:
    """Who a delivery goes to as far as is known, whether or not UPS would take it; without an address a name alone."""
    if receiver is not None:
        return Addressee(party=_as_known(goods, receiver), in_exact=as_in_exact(goods, receiver.address))
    name, attention = printable(goods.account_name), printable(goods.contact_name)
    party = PartySpec(name=name, attention=attention, address_lines=(), city="", country="")
    return Addressee(party=party, in_exact=tuple(line for line in (goods.account_name, goods.contact_name) if line))


def _as_known(goods: GoodsDelivery, receiver: Receiver) -> PartySpec:
    address = receiver.address
    name = goods.account_name or address.account_name or address.contact_name
    party = PartySpec(
        name=printable(name),
        attention=printable(goods.contact_name or address.contact_name),
        phone=phone_of(receiver),
        address_lines=street_lines(address.lines),
        city=printable(address.city),
        postal_code=printable(address.postcode),
        state=address.state,
        country=address.country,
    )
    party = _with_name_in_place(party)
    return party if party.attention else replace(party, attention=party.name)


def as_in_exact(goods: GoodsDelivery, address: Address) -> tuple[str, ...]:
    """The receiver as Exact has her, line by line, before anything was made to fit a label."""
    place = " ".join(part for part in (address.postcode, address.city, address.state) if part)
    whole = (goods.account_name or address.account_name, goods.contact_name or address.contact_name, *address.lines)
    return tuple(line for line in (*whole, place, address.country, address.phone) if line)


def phone_is_usable(address: Address) -> bool:
    """Whether the address itself has a phone that UPS takes, so that no other record need be read for one."""
    return bool(address.phone and phone_digits(address.phone, address.country))


def customer_reference(goods: GoodsDelivery) -> str:
    """The number that the customer's people know: the sales order's, else the delivery's."""
    numbers = order_numbers(goods)
    return str(numbers[0] if numbers else goods.delivery_number or "")


def order_numbers(goods: GoodsDelivery) -> list[int]:
    """The sales orders behind a delivery, each once, in line order (`exact.md` 8.2)."""
    return list(dict.fromkeys(line.sales_order_number for line in goods.lines if line.sales_order_number))


def street_lines(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Exact's lines, each kept on its own where all fit; else run together and broken anew."""
    kept = [piece for line in lines for piece in break_lines(line, width=ADDRESS_LINE_CHARACTERS)]
    if len(kept) <= ADDRESS_LINES:
        return tuple(kept)
    return break_lines(" ".join(lines), width=ADDRESS_LINE_CHARACTERS)


def _with_name_in_place(party: PartySpec) -> PartySpec:
    if len(party.name) <= NAME_CHARACTERS:
        return party
    first, *rest = break_lines(party.name, width=NAME_CHARACTERS)
    remainder = " ".join(rest)
    if not party.attention and len(remainder) <= NAME_CHARACTERS:
        return replace(party, name=first, attention=remainder)
    more = break_lines(remainder, width=ADDRESS_LINE_CHARACTERS)
    return replace(party, name=first, address_lines=(*party.address_lines, *more))


def phone_of(receiver: Receiver) -> str:
    """The first phone that belongs to the country of the address: address, contact, customer."""
    country = receiver.address.country
    candidates = [receiver.address.phone]
    if receiver.contact:
        candidates += [receiver.contact.phone, receiver.contact.mobile]
    if receiver.customer:
        candidates.append(receiver.customer.phone)
    return next((phone for phone in candidates if phone and phone_digits(phone, country)), "")


def _parcels(order: Order) -> tuple[ParcelSpec, ...]:
    if order.packed is not None:
        return order.packed.specs(order.rule.packaging_code)
    weights = weights_kg(
        shipped_lines(order.goods),
        order.items,
        unit=order.weight_unit,
        parcel_max_kg=order.rule.parcel_max_weight_kg,
    )
    return tuple(_parcel(weight, order.rule) for weight in weights)


def _parcel(weight_kg: Decimal, rule: ShippingRule) -> ParcelSpec:
    sides = (rule.length_cm, rule.width_cm, rule.height_cm)
    length, width, height = (Decimal(side) if side else None for side in sides)
    return ParcelSpec(weight=weight_kg, length=length, width=width, height=height, packaging_code=rule.packaging_code)


def _description(goods: GoodsDelivery) -> str:
    """What is in the boxes, as a summary for the label: the first item's words, as many as fit."""
    words = next((line.item_description for line in shipped_lines(goods) if line.item_description), "Goods")
    return break_lines(words, width=DESCRIPTION_CHARACTERS)[0][:DESCRIPTION_CHARACTERS]


def _missing(party: PartySpec) -> list[Problem]:
    problems: list[Problem] = []
    for field, value, text in (
        ("name", party.name, said("The delivery has no customer name.")),
        ("address", "".join(party.address_lines), said("The delivery address has no street.")),
        ("city", party.city, said("The delivery address has no city.")),
        ("country", party.country, said("The delivery address has no country.")),
    ):
        if not value:
            problems.append(Problem(code=f"{field}_missing", field=field, text=text, where=_ADDRESS_IN_EXACT))
    too_long = len(party.address_lines) > ADDRESS_LINES or any(
        len(line) > ADDRESS_LINE_CHARACTERS for line in party.address_lines
    )
    if too_long:
        problems.append(
            Problem(
                code="address_too_long",
                field="address",
                text=(
                    said(
                        "Name and street together need more than {lines} lines of {characters} characters, the most "
                        "that UPS prints. Shorten one of them.",
                        lines=ADDRESS_LINES,
                        characters=ADDRESS_LINE_CHARACTERS,
                    )
                ),
                where=_ADDRESS_IN_EXACT,
            )
        )
    return problems
