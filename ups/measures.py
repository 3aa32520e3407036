"""Weights and sizes as UPS takes them: one system per shipper country, rounded up, never to nothing."""

from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from ups.limits import (
    LENGTH_AND_GIRTH_CM,
    LENGTH_AND_GIRTH_IN,
    LONGEST_SIDE_CM,
    LONGEST_SIDE_IN,
    WEIGHT_KG,
    WEIGHT_LB,
    WEIGHT_STEP,
)
from ups.shipment_spec import ParcelSpec, SizeUnit, WeightUnit

_KILOGRAMS_PER_POUND = Decimal("0.45359237")
_CENTIMETRES_PER_INCH = Decimal("2.54")
_WHOLE = Decimal(1)
_ABSURD = Decimal(1_000_000)
"""Beyond any limit in any unit; larger values are taken as this, so that rounding cannot overflow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A system of units with its limits."""

    weight_unit: WeightUnit
    weight_code: str
    weight_limit: Decimal
    size_unit: SizeUnit
    size_code: str
    longest_side: int
    length_and_girth: int


METRIC = System(
    weight_unit=WeightUnit.KILOGRAM,
    weight_code="KGS",
    weight_limit=WEIGHT_KG,
    size_unit=SizeUnit.CENTIMETRE,
    size_code="CM",
    longest_side=LONGEST_SIDE_CM,
    length_and_girth=LENGTH_AND_GIRTH_CM,
)
IMPERIAL = System(
    weight_unit=WeightUnit.POUND,
    weight_code="LBS",
    weight_limit=WEIGHT_LB,
    size_unit=SizeUnit.INCH,
    size_code="IN",
    longest_side=LONGEST_SIDE_IN,
    length_and_girth=LENGTH_AND_GIRTH_IN,
)


def weight_in(system: System, parcel: ParcelSpec) -> Decimal | None:
    """The parcel's weight with one decimal, rounded up; None where it has none or less than nothing."""
    if parcel.weight is None or not parcel.weight.is_finite() or parcel.weight <= 0:
        return None
    weight = min(parcel.weight, _ABSURD)
    if parcel.weight_unit is not system.weight_unit:
        pounds_wanted = system.weight_unit is WeightUnit.POUND
        weight = weight / _KILOGRAMS_PER_POUND if pounds_wanted else weight * _KILOGRAMS_PER_POUND
    return as_sent(weight)


def as_sent(weight: Decimal) -> Decimal:
    """A weight in the steps that UPS takes, never less than it is."""
    return weight.quantize(WEIGHT_STEP, rounding=ROUND_UP)


def sides_in(system: System, parcel: ParcelSpec) -> tuple[int, ...]:
    """The parcel's sides in whole units, rounded up, longest first."""
    sides = (_side_in(system, parcel.size_unit, side) for side in parcel.sides)
    return tuple(sorted(sides, reverse=True))


def length_and_girth(sides: tuple[int, ...]) -> int:
    """Length plus twice the width and height, of sides with the longest first."""
    return sides[0] + 2 * sum(sides[1:])


def plain(value: Decimal) -> str:
    """A weight as UPS writes it: no needless zeros (`12.5`, `8`)."""
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"


def _side_in(system: System, unit: SizeUnit, side: Decimal) -> int:
    side = min(side, _ABSURD)
    if unit is not system.size_unit:
        inches_wanted = system.size_unit is SizeUnit.INCH
        side = side / _CENTIMETRES_PER_INCH if inches_wanted else side * _CENTIMETRES_PER_INCH
    return int(side.quantize(_WHOLE, rounding=ROUND_UP))
