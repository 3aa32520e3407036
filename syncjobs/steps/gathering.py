"""Master data of several deliveries at once, so that what many of them need costs one call a resource, not one each."""

from collections.abc import Iterable
from uuid import UUID

from exact.errors import ExactGone, ExactRejected, ExactRightMissing, ExactScopeMissing, ExactUnexpectedReply
from exact.master import MasterData
from exact.records import Address, Contact, GoodsDelivery
from syncjobs import selection, translate
from syncjobs.setup.ship_from import ship_from_of
from syncjobs.steps.choices import Choices
from syncjobs.steps.planning import item_ids, method_id_of

_REFUSED = (ExactRejected, ExactRightMissing, ExactScopeMissing, ExactGone, ExactUnexpectedReply)


def gather(found: Iterable[GoodsDelivery], *, choices: Choices, master: MasterData) -> None:
    """Read what planning these deliveries will ask for: what is kept in one statement, the rest in few calls.

    What Exact refuses for many is asked for again by each, so that one does not stop the others.
    """
    goods = [one for one in found if _may_be_ours(one)]
    _load_kept(goods, master)
    if len(goods) > 1:
        try:
            _ask(goods, choices, master)
        except _REFUSED:
            return


def _may_be_ours(goods: GoodsDelivery) -> bool:
    try:
        selection.must_be_ours(goods)
    except selection.NotOurs:
        return False
    return True


def _load_kept(goods: list[GoodsDelivery], master: MasterData) -> None:
    nameless = [one for one in goods if one.shipping_method_id is None]
    master.load(
        items={item_id for one in goods for item_id in item_ids(one)},
        addresses={one.address_id for one in goods if one.address_id},
        orders={number for one in nameless for number in translate.order_numbers(one)},
    )


def _ask(goods: list[GoodsDelivery], choices: Choices, master: MasterData) -> None:
    """What goes into and onto the parcels of those for UPS."""
    _ask_for_methods([one for one in goods if one.shipping_method_id is None], master)
    from_of = {one.entry_id: _shipped_from(choices, method_id_of(one, master), one.warehouse_code) for one in goods}
    ours = [one for one in goods if from_of[one.entry_id]]
    addresses = master.addresses([one.address_id for one in ours if one.address_id])
    master.items([item_id for one in ours for item_id in item_ids(one)])
    going = [(one, addresses[one.address_id]) for one in ours if one.address_id in addresses]
    _ask_for_phones([(one, to) for one, to in going if from_of[one.entry_id] != {to.country}], master)


def _ask_for_methods(nameless: list[GoodsDelivery], master: MasterData) -> None:
    """The orders, and where those name none, the customers, that tell the shipping method (`exact.md` 8.1)."""
    numbers = {one.entry_id: translate.order_numbers(one) for one in nameless}
    orders = master.sales_orders([number for each in numbers.values() for number in each])
    named = {number for number, order in orders.items() if order.shipping_method_id}
    undecided = [one for one in nameless if not named.intersection(numbers[one.entry_id])]
    master.accounts([one.account_id for one in undecided if one.account_id])


def _shipped_from(choices: Choices, method_id: UUID | None, warehouse_code: str) -> frozenset[str]:
    """The countries that parcels of this shipping method may leave from there; none where it is not for UPS."""
    accounts = [rule.account for rule in choices.rules_for(method_id) if rule.is_ups]
    return frozenset(
        ship_from_of(choices.ship_from, account, warehouse_code).country for account in accounts if account is not None
    )


def _ask_for_phones(abroad: list[tuple[GoodsDelivery, Address]], master: MasterData) -> None:
    """A lane abroad needs a phone number: the address's, else the contact's, else the customer's (`planning.py`)."""
    silent = [(one, to) for one, to in abroad if not translate.phone_is_usable(to)]
    contact_ids = {one.entry_id: one.contact_id or to.contact_id for one, to in silent}
    contacts = master.contacts([contact_id for contact_id in contact_ids.values() if contact_id])
    receivers = {
        one.entry_id: translate.Receiver(address=to, contact=_held(contacts, contact_ids[one.entry_id]))
        for one, to in silent
    }
    without = [one for one, _ in silent if not translate.phone_of(receivers[one.entry_id])]
    master.accounts([one.account_id for one in without if one.account_id])


def _held(contacts: dict[UUID, Contact], contact_id: UUID | None) -> Contact | None:
    return contacts.get(contact_id) if contact_id else None
