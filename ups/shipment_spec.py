"""A shipment as the rest of the house describes it, before it becomes UPS's words."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from ups.services import LABEL_WIDTH_INCHES, LabelFormat


class WeightUnit(StrEnum):
    """Units a parcel may be weighed in."""

    KILOGRAM = "kg"
    POUND = "lb"


class SizeUnit(StrEnum):
    """Units a parcel may be measured in."""

    CENTIMETRE = "cm"
    INCH = "in"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartySpec:
    """A sender or receiver."""

    name: str
    address_lines: tuple[str, ...]
    city: str
    country: str
    postal_code: str = ""
    state: str = ""
    attention: str = ""
    phone: str = ""
    email: str = ""
    residential: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelSpec:
    """One parcel. Sizes may be missing; a weight may be missing for a UPS Letter only."""

    weight: Decimal | None
    weight_unit: WeightUnit = WeightUnit.KILOGRAM
    length: Decimal | None = None
    width: Decimal | None = None
    height: Decimal | None = None
    size_unit: SizeUnit = SizeUnit.CENTIMETRE
    packaging_code: str = "02"
    description: str = ""

    @property
    def sides(self) -> tuple[Decimal, ...]:
        """The sides that are given."""
        return tuple(side for side in (self.length, self.width, self.height) if side is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentSpec:
    """One shipment to one receiver, paid by the shipper.

    One that brings goods back (`is_return`) leaves from the customer (`ship_from`), and each of its parcels says what
    is in it.
    """

    shipper: PartySpec
    shipper_number: str
    ship_to: PartySpec
    service_code: str
    parcels: tuple[ParcelSpec, ...]
    reference: str
    ship_from: PartySpec | None = None
    customer_reference: str = ""
    description: str = ""
    label_format: LabelFormat = LabelFormat.GIF
    label_height_inches: int = 6
    label_width_inches: int = LABEL_WIDTH_INCHES
    is_return: bool = False

    @property
    def origin(self) -> PartySpec:
        """Where the goods leave from."""
        return self.ship_from or self.shipper
