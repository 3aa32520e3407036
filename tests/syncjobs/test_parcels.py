"""Weights are exact, in one unit, and no parcel is heavier than allowed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncjobs.parcels import NoParcels, weights_kg
from tenants.models import Tenant
from tests.syncjobs.samples import CHAIR, item, line

KG = Tenant.WeightUnit.KILOGRAM


@pytest.mark.parametrize(
    ("unit", "weight", "quantity", "expected"),
    [
        (KG, "4.2", "3", ["12.6"]),
        (Tenant.WeightUnit.GRAM, "250", "3", ["0.750"]),
        (Tenant.WeightUnit.POUND, "10", "1", ["4.53592370"]),
        (KG, "0.1", "2.5", ["0.25"]),
    ],
)
def test_weight_is_item_weight_times_quantity_in_kilograms(
    unit: Tenant.WeightUnit, weight: str, quantity: str, expected: list[str]
) -> None:
    items = {CHAIR: item(net_weight=Decimal(weight))}

    found = weights_kg([line(quantity=Decimal(quantity))], items, unit=unit, parcel_max_kg=None)

    assert found == [Decimal(text) for text in expected]


def test_gross_weight_comes_before_net_weight() -> None:
    items = {CHAIR: item(net_weight=Decimal(4), gross_weight=Decimal(5))}

    assert weights_kg([line(quantity=Decimal(1))], items, unit=KG, parcel_max_kg=None) == [Decimal(5)]


@pytest.mark.parametrize("weight", [None, Decimal(0), Decimal(-1)])
def test_a_missing_weight_names_the_item(weight: Decimal | None) -> None:
    items = {CHAIR: item(net_weight=weight)}

    with pytest.raises(NoParcels) as caught:
        weights_kg([line()], items, unit=KG, parcel_max_kg=None)

    assert [(problem.code, problem.text) for problem in caught.value.problems] == [
        ("item_weight_missing", "Item CHAIR has no weight.")
    ]


def test_services_weigh_nothing_and_are_no_parcels() -> None:
    service = item(net_weight=None, is_stock_item=False, unit_type="T")

    assert weights_kg([line()], {CHAIR: service}, unit=KG, parcel_max_kg=None) == []


def test_a_piece_heavier_than_a_parcel_is_a_problem() -> None:
    with pytest.raises(NoParcels, match="weighs 71 kg; a parcel may weigh 70 kg"):
        weights_kg([line()], {CHAIR: item(net_weight=Decimal(71))}, unit=KG, parcel_max_kg=None)


def test_units_are_spread_over_parcels_below_the_limit() -> None:
    found = weights_kg([line(quantity=Decimal(5))], {CHAIR: item()}, unit=KG, parcel_max_kg=Decimal(10))

    assert found == [Decimal("8.4"), Decimal("8.4"), Decimal("4.2")]


@given(
    st.lists(
        st.tuples(st.decimals("0.1", "20", places=1), st.integers(1, 30)),
        min_size=1,
        max_size=4,
    )
)
def test_nothing_is_lost_and_no_parcel_is_too_heavy(rows: list[tuple[Decimal, int]]) -> None:
    items = {}
    lines = []
    for index, (weight, quantity) in enumerate(rows):
        key = CHAIR.__class__(int=index + 1)
        items[key] = item(id=key, net_weight=weight)
        lines.append(line(item_id=key, quantity=Decimal(quantity)))

    found = weights_kg(lines, items, unit=KG, parcel_max_kg=Decimal(25))

    assert sum(found) == sum(weight * quantity for weight, quantity in rows)
    assert max(found) <= 25
