"""Believable prices: by distance, service and billing weight."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sandbox.ups.geography import Lane

CENT = Decimal("0.01")
FUEL_SHARE = Decimal("0.18")
FUEL_CODE = "375"
NEGOTIATED_SHARE = Decimal("0.72")
ADDITIONAL_HANDLING = Decimal("11.50")
_STARTS = {"domestic": Decimal("6.90"), "union": Decimal("10.40"), "world": Decimal("34.00")}
_PER_UNIT = {"domestic": Decimal("0.28"), "union": Decimal("0.62"), "world": Decimal("3.10")}
_FACTORS = {"03": "1.0", "08": "1.6", "11": "1.0", "12": "1.4", "65": "2.1", "07": "2.5", "54": "3.6", "70": "0.8"}
_OTHER_FACTOR = "2.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """List price of a shipment, taxes left out."""

    base: Decimal
    fuel: Decimal
    options: Decimal

    @property
    def transportation(self) -> Decimal:
        """What moving costs, fuel included."""
        return self.base + self.fuel

    @property
    def total(self) -> Decimal:
        """Everything."""
        return self.transportation + self.options

    @property
    def negotiated(self) -> Decimal:
        """What an account with a contract pays."""
        return (self.total * NEGOTIATED_SHARE).quantize(CENT)


def price_of(*, lane: Lane, service: str, billing_weights: Iterable[Decimal], handled_parcels: int) -> Price:
    """The price of a shipment of these parcels."""
    zone = _zone(lane)
    weighed = sum((_STARTS[zone] + _PER_UNIT[zone] * weight for weight in billing_weights), Decimal(0))
    base = (weighed * Decimal(_FACTORS.get(service, _OTHER_FACTOR))).quantize(CENT)
    return Price(
        base=base,
        fuel=(base * FUEL_SHARE).quantize(CENT),
        options=(ADDITIONAL_HANDLING * handled_parcels).quantize(CENT),
    )


def _zone(lane: Lane) -> str:
    if not lane.crosses_border:
        return "domestic"
    return "union" if lane.within_eu else "world"
