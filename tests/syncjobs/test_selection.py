"""Which deliveries are ours, and why the others are not."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from exact.records import GoodsDelivery
from syncjobs.models import ShippingRule
from syncjobs.selection import NotOurs, match, must_be_booked_since, must_be_new, must_be_ours
from tests.syncjobs.samples import METHOD, goods, line, rule


@pytest.mark.parametrize(
    ("delivery", "reason"),
    [
        (goods(tracking_number="3SABC"), "has_tracking_number"),
        (goods(lines=(line(quantity=Decimal(-1)),)), "nothing_leaves"),
        (goods(lines=(line(quantity=Decimal(0)),)), "nothing_leaves"),
    ],
)
def test_what_the_delivery_itself_rules_out(delivery: GoodsDelivery, reason: str) -> None:
    with pytest.raises(NotOurs) as caught:
        must_be_ours(delivery)

    assert caught.value.reason.code == reason


def test_a_delivery_with_one_positive_line_is_ours() -> None:
    must_be_ours(goods(lines=(line(quantity=Decimal(-1)), line())))


def found(rules: list[ShippingRule], *, method: uuid.UUID | None = METHOD, country: str = "NL") -> ShippingRule:
    """The match for a delivery of 10 kg from warehouse 1."""
    return match(
        rules, method_id=method, method_name="UPS Standard", country=country, warehouse_code="1", weight_kg=Decimal(10)
    )


@pytest.mark.parametrize(
    ("rules", "method", "reason"),
    [
        ([rule()], None, "no_shipping_method"),
        ([rule()], uuid.uuid4(), "method_not_mapped"),
        ([], METHOD, "method_not_mapped"),
        ([rule(service_code="")], METHOD, "not_ups"),
        ([rule(country="BE")], METHOD, "method_not_mapped"),
        ([rule(warehouse_code="2")], METHOD, "method_not_mapped"),
        ([rule(max_weight_kg=Decimal(9))], METHOD, "method_not_mapped"),
    ],
)
def test_why_no_rule_ships_it(rules: list[ShippingRule], method: uuid.UUID | None, reason: str) -> None:
    with pytest.raises(NotOurs) as caught:
        found(rules, method=method)

    assert caught.value.reason.code == reason


def test_the_first_fitting_rule_by_position_decides() -> None:
    general = rule(position=200, service_code="11")
    belgian = rule(position=100, country="BE", service_code="65")

    assert found([general, belgian], country="BE") is belgian
    assert found([general, belgian], country="NL") is general


def test_goods_booked_before_the_connection_are_left_alone_and_new_ones_are_not() -> None:
    connected_at = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

    must_be_new(goods(created_at=connected_at - timedelta(minutes=4)), connected_at=connected_at)
    must_be_new(goods(created_at=None), connected_at=connected_at)
    with pytest.raises(NotOurs) as refused:
        must_be_new(goods(created_at=connected_at - timedelta(minutes=6)), connected_at=connected_at)

    assert refused.value.reason.code == "booked_before_connection"


START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("created_at", "seen_at", "is_shipped"),
    [
        (START + MINUTE, START + MINUTE, True),
        (START - 4 * MINUTE, START + MINUTE, True),
        (START - 6 * MINUTE, START + MINUTE, False),
        (START + MINUTE, START - MINUTE, False),
        (None, START + MINUTE, True),
        (None, START - MINUTE, False),
    ],
    ids=[
        "since",
        "Exact's clock is behind",
        "old and edited since",
        "seen before, Exact's clock is ahead",
        "Exact names no moment, seen since",
        "Exact names no moment, seen before",
    ],
)
def test_what_is_booked_since_shipping_begins(
    created_at: datetime | None, seen_at: datetime, *, is_shipped: bool
) -> None:
    delivery = goods(created_at=created_at)

    if is_shipped:
        must_be_booked_since(delivery, START, seen_at=seen_at)
        return
    with pytest.raises(NotOurs) as refused:
        must_be_booked_since(delivery, START, seen_at=seen_at)
    assert refused.value.reason.code == "booked_before_start"
