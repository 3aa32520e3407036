"""Which deliveries are ours to ship, and by which rule. Pure functions; the reasons are shown to people."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from connector_site.lib.wording import said
from exact.records import GoodsDelivery, GoodsDeliveryLine, Item
from syncjobs.models import ShippingRule
from syncjobs.problems import Problem

CLOCKS_DIFFER = timedelta(minutes=5)
"""Our own bound: Exact stamps a booking by its clock, we the connection by ours."""
NOT_LIVE = "not_live"
BEFORE_START = "booked_before_start"
WAITS_FOR_GOING_LIVE = (NOT_LIVE, BEFORE_START)
"""What was left alone for these reasons is looked at again when shipping begins, or begins at another moment."""
TIME_UNIT_TYPE = "T"
"""Items measured in time are services (`exact.md` 8.8)."""


class NotOurs(Exception):
    """The delivery is not one for us to ship; `reason` says why."""

    def __init__(self, code: str, text: str, where: str = "") -> None:
        super().__init__(text)
        self.reason = Problem(code=code, text=text, where=where)


def shipped_lines(goods: GoodsDelivery) -> tuple[GoodsDeliveryLine, ...]:
    """The lines that leave the warehouse; trade-ins, whose quantity is negative, come back (`exact.md` 8.1)."""
    return tuple(line for line in goods.lines if line.quantity > 0)


def must_be_ours(goods: GoodsDelivery) -> None:
    """Raise `NotOurs` for what the delivery itself rules out."""
    if goods.tracking_number:
        raise NotOurs("has_tracking_number", said("It already had a tracking number when we first saw it."))
    if not shipped_lines(goods):
        raise NotOurs("nothing_leaves", said("None of its lines has a positive quantity."))


def must_be_new(goods: GoodsDelivery, *, connected_at: datetime) -> None:
    """Raise `NotOurs` for goods that left before we were connected: Exact also tells of old deliveries that are edited.

    Only `Created` proves it; without it (`exact.md` 8.1 does not promise it) the delivery counts as new.
    """
    if goods.created_at is not None and goods.created_at < connected_at - CLOCKS_DIFFER:
        raise NotOurs(
            "booked_before_connection",
            said("It was booked before Exact Online was connected here, so its goods have probably left."),
            said("If it is to be shipped by UPS, use “Check again”."),
        )


def not_live() -> NotOurs:
    """Why nothing is shipped before the company has gone live."""
    return NotOurs(NOT_LIVE, said("Shipping has not been switched on here yet."), said("Go live"))


def must_be_booked_since(goods: GoodsDelivery, ships_from_at: datetime | None, *, seen_at: datetime) -> None:
    """Raise `NotOurs` for what was booked before shipping begins.

    The start is a moment of our clock. What we had seen before it was booked before it, whatever Exact's clock says;
    what we first saw since then is an old one that was edited, unless `Created` is later, or missing (`exact.md` 8.1).
    """
    if ships_from_at is None:
        return
    booked_at = goods.created_at or seen_at
    if seen_at >= ships_from_at and booked_at >= ships_from_at - CLOCKS_DIFFER:
        return
    raise before_start()


def before_start() -> NotOurs:
    """Why nothing is shipped that was booked before shipping begins."""
    return NotOurs(
        BEFORE_START,
        said("It was booked before the moment from which shipping is switched on here."),
        said("If it is to be shipped by UPS, use “Check again”."),
    )


def is_goods(item: Item) -> bool:
    """Whether an item is something to put in a box; services and time are not (`exact.md` 8.8)."""
    if item.unit_type == TIME_UNIT_TYPE:
        return False
    return item.is_stock_item or item_weight(item) is not None


def item_weight(item: Item) -> Decimal | None:
    """The weight of one unit in the tenant's unit, gross before net; None when Exact has none."""
    for weight in (item.gross_weight, item.net_weight):
        if weight is not None and weight > 0:
            return weight
    return None


def match(
    rules: Iterable[ShippingRule],
    *,
    method_id: UUID | None,
    method_name: str,
    country: str,
    warehouse_code: str,
    weight_kg: Decimal | None = None,
) -> ShippingRule:
    """The first rule that fits, by position. Raises `NotOurs` when there is none or it says "not UPS"."""
    candidates = sorted((rule for rule in rules if rule.exact_method_id == method_id), key=lambda rule: rule.position)
    for rule in candidates:
        if _fits(rule, country=country, warehouse_code=warehouse_code, weight_kg=weight_kg):
            if not rule.is_ups:
                raise no_rule(method_id, method_name, is_marked=True)
            return rule
    raise no_rule(method_id, method_name, is_marked=False)


def no_rule(method_id: UUID | None, method_name: str, *, is_marked: bool) -> NotOurs:
    """Why no rule ships a delivery of this method; `is_marked` when the rules say "not UPS"."""
    if method_id is None:
        return NotOurs(
            "no_shipping_method",
            said("Neither the delivery, nor its order, nor the customer has a shipping method."),
            said("the goods delivery in Exact Online"),
        )
    name = method_name or said("this shipping method")
    if is_marked:
        return NotOurs(
            "not_ups",
            said("“{method}” is marked “not UPS” in the shipping rules.", method=name),
            said("Shipping rules"),
        )
    return NotOurs(
        "method_not_mapped",
        said("“{method}” has no UPS service in the shipping rules.", method=name),
        said("Shipping rules"),
    )


def _fits(rule: ShippingRule, *, country: str, warehouse_code: str, weight_kg: Decimal | None) -> bool:
    if rule.country and rule.country != country:
        return False
    if rule.warehouse_code and rule.warehouse_code != warehouse_code:
        return False
    return rule.max_weight_kg is None or weight_kg is None or weight_kg <= rule.max_weight_kg
