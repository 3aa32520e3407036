"""Weights and sizes: one system per shipper, rounded up, never to nothing."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ups.measures import IMPERIAL, METRIC, length_and_girth, plain, sides_in, weight_in
from ups.shipment_spec import ParcelSpec, SizeUnit, WeightUnit


@pytest.mark.parametrize(
    ("weight", "unit", "expected"),
    [
        ("12.5", WeightUnit.KILOGRAM, "12.5"),
        ("8.00", WeightUnit.KILOGRAM, "8"),
        ("0.001", WeightUnit.KILOGRAM, "0.1"),
        ("12.41", WeightUnit.KILOGRAM, "12.5"),
        ("10", WeightUnit.POUND, "4.6"),
        ("70", WeightUnit.KILOGRAM, "70"),
    ],
)
def test_weight_in_kilograms(weight: str, unit: WeightUnit, expected: str) -> None:
    found = weight_in(METRIC, ParcelSpec(weight=Decimal(weight), weight_unit=unit))

    assert found is not None
    assert plain(found) == expected


def test_weight_in_pounds() -> None:
    assert weight_in(IMPERIAL, ParcelSpec(weight=Decimal(2))) == Decimal("4.5")


@pytest.mark.parametrize("weight", [None, Decimal(0), Decimal(-1), Decimal("NaN"), Decimal("Infinity")])
def test_no_weight_is_none(weight: Decimal | None) -> None:
    assert weight_in(METRIC, ParcelSpec(weight=weight)) is None


def test_sides_are_whole_rounded_up_and_longest_first() -> None:
    parcel = ParcelSpec(weight=Decimal(1), length=Decimal("30.2"), width=Decimal(60), height=Decimal("40.01"))

    assert sides_in(METRIC, parcel) == (60, 41, 31)
    assert length_and_girth((60, 41, 31)) == 204


def test_inches_become_centimetres() -> None:
    parcel = ParcelSpec(
        weight=Decimal(1), length=Decimal(10), width=Decimal(4), height=Decimal(2), size_unit=SizeUnit.INCH
    )

    assert sides_in(METRIC, parcel) == (26, 11, 6)


@given(st.decimals(min_value="0.0001", max_value="1e40", allow_nan=False, allow_infinity=False))
def test_no_weight_is_rounded_down_or_to_zero(weight: Decimal) -> None:
    found = weight_in(METRIC, ParcelSpec(weight=weight))

    assert found is not None
    assert found >= Decimal("0.1")
    assert found >= min(weight, Decimal(1_000_000))
