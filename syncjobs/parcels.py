"""From items and quantities to parcels: exact weights, one unit, no parcel heavier than the rule or UPS allows."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from uuid import UUID

from connector_site.lib.wording import said
from exact.records import GoodsDeliveryLine, Item
from syncjobs.problems import Problem
from syncjobs.selection import is_goods, item_weight
from tenants.models import Tenant
from ups.limits import PACKAGES, WEIGHT_KG

KILOGRAMS_IN = {
    Tenant.WeightUnit.KILOGRAM: Decimal(1),
    Tenant.WeightUnit.GRAM: Decimal("0.001"),
    Tenant.WeightUnit.POUND: Decimal("0.45359237"),
}


class NoParcels(Exception):
    """Weights are missing or impossible; `problems` names each item."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(problem.text for problem in problems))
        self.problems = problems


def weights_kg(
    lines: Iterable[GoodsDeliveryLine],
    items: Mapping[UUID, Item],
    *,
    unit: Tenant.WeightUnit,
    parcel_max_kg: Decimal | None,
) -> list[Decimal]:
    """The weight of each parcel in kilograms; empty when the lines hold services only.

    Units are put one after the other into the parcel at hand until the next would make it too heavy. Raises
    `NoParcels` naming each item without a weight and each that is too heavy for a parcel.
    """
    limit = min(parcel_max_kg or WEIGHT_KG, WEIGHT_KG)
    problems: list[Problem] = []
    pieces: list[tuple[Decimal, int]] = []
    for line in lines:
        item = items.get(line.item_id) if line.item_id else None
        if item is not None and not is_goods(item):
            continue
        weight = item_weight(item) if item else None
        if weight is None:
            problems.append(_no_weight(line))
            continue
        found = _pieces(line, weight * KILOGRAMS_IN[unit])
        if found[0] > limit:
            problems.append(_too_heavy(line, found[0], limit))
        pieces.append(found)
    if problems:
        raise NoParcels(problems)
    return _fill(pieces, limit)


def total_weight_kg(
    lines: Iterable[GoodsDeliveryLine], items: Mapping[UUID, Item], *, unit: Tenant.WeightUnit
) -> Decimal:
    """What all lines weigh together, as far as the items have weights; for choosing a rule."""
    total = Decimal(0)
    for line in lines:
        item = items.get(line.item_id) if line.item_id else None
        weight = item_weight(item) if item and is_goods(item) else None
        total += (weight or Decimal(0)) * line.quantity * KILOGRAMS_IN[unit]
    return total


def _pieces(line: GoodsDeliveryLine, unit_weight_kg: Decimal) -> tuple[Decimal, int]:
    """The weight of one indivisible piece and how many there are: units, or the line as a whole when it is 2.5 m."""
    if line.quantity == line.quantity.to_integral_value():
        return unit_weight_kg, int(line.quantity)
    return unit_weight_kg * line.quantity, 1


def _fill(pieces: list[tuple[Decimal, int]], limit: Decimal) -> list[Decimal]:
    parcels: list[Decimal] = []
    for weight, count in pieces:
        left = count
        while left:
            room = int((limit - parcels[-1]) // weight) if parcels else 0
            if room <= 0:
                parcels.append(Decimal(0))
                room = max(1, int(limit // weight))
            taken = min(room, left)
            parcels[-1] += weight * taken
            left -= taken
            if len(parcels) > PACKAGES:
                raise NoParcels([_too_many()])
    return parcels


def _no_weight(line: GoodsDeliveryLine) -> Problem:
    return Problem(
        code="item_weight_missing",
        field="weight",
        text=said("Item {item} has no weight.", item=line.item_code or line.item_description),
        where=said("Exact Online, item {item}, net or gross weight", item=line.item_code),
    )


def _too_heavy(line: GoodsDeliveryLine, weight_kg: Decimal, limit: Decimal) -> Problem:
    return Problem(
        code="item_too_heavy",
        field="weight",
        text=said(
            "One piece of item {item} weighs {weight} kg; a parcel may weigh {limit} kg.",
            item=line.item_code,
            weight=f"{weight_kg.normalize():f}",
            limit=limit,
        ),
        where=said(
            "Exact Online, item {item}, or Settings, weight unit, or Shipping rules, heaviest parcel",
            item=line.item_code,
        ),
    )


def _too_many() -> Problem:
    return Problem(
        code="too_many_parcels",
        field="parcels",
        text=said("This would be more than {most} parcels, the most that UPS takes in one shipment.", most=PACKAGES),
        where=said("the goods delivery in Exact Online, or Settings, weight unit"),
    )
