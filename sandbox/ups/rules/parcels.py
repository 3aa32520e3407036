"""Packages: packaging, weight, size, units (ups.md 5.5)."""

import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from sandbox.ups.geography import INCH_COUNTRIES
from sandbox.ups.offers import PALLET_SERVICES
from sandbox.ups.refusals import UpsRefusal
from sandbox.ups.settings import UpsSettings
from sandbox.ups.wire import Node

MAX_PACKAGES = 200
MAX_RETURN_PACKAGES = 20
LETTER = "01"
PALLET = "30"
PACKAGINGS = frozenset({"01", "02", "03", "04", "21", "24", "25", "30", "2a", "2b", "2c"})
WITHOUT_DIMENSIONS = frozenset({"01", "04", "21", "24", "25", "2a", "2b", "2c"})
MAX_WEIGHT_KGS = Decimal(70)
MAX_WEIGHT_LBS = Decimal(150)
LONGEST_SIDE_IN = 108
LENGTH_AND_GIRTH_IN = 165
HEAVY_KGS = Decimal(25)
HEAVY_LBS = Decimal(50)
LONG_CM = 100
LONG_IN = 48
CUBIC_CM_PER_KG = Decimal(5000)
CUBIC_IN_PER_LB = Decimal(139)
_WEIGHT = re.compile(r"\d{1,5}(\.\d)?")
_SIZE = re.compile(r"[1-9]\d{0,2}")
MAX_WEIGHT_CHARACTERS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedParcel:
    """A package that passed: what label and price need."""

    packaging: str
    weight: Decimal
    sides: tuple[int, int, int] | None
    references: tuple[tuple[str, str], ...]

    def billing_weight(self, *, metric: bool) -> Decimal:
        """The greater of real and volume weight, in half units upwards."""
        volume = Decimal(0)
        if self.sides:
            length, width, height = self.sides
            volume = Decimal(length * width * height) / (CUBIC_CM_PER_KG if metric else CUBIC_IN_PER_LB)
        return (max(self.weight, volume) * 2).to_integral_value(ROUND_CEILING) / 2

    def needs_additional_handling(self, *, metric: bool) -> bool:
        """Heavy or long: more money, not an error (ups.md 5.5)."""
        too_heavy = self.weight > (HEAVY_KGS if metric else HEAVY_LBS)
        too_long = bool(self.sides) and max(self.sides or ()) > (LONG_CM if metric else LONG_IN)
        return too_heavy or too_long


def check_packages(
    shipment: Node, *, shipper_country: str, service: str, is_return: bool, settings: UpsSettings
) -> list[Node]:
    """All packages of the request, every one of them sound."""
    return check_each(shipment.children("Package"), shipper_country, service, is_return=is_return, settings=settings)


def check_each(
    packages: list[Node], shipper_country: str, service: str, *, is_return: bool, settings: UpsSettings
) -> list[Node]:
    """These packages, every one of them sound."""
    most = MAX_RETURN_PACKAGES if is_return else MAX_PACKAGES
    if not packages or len(packages) > most:
        raise UpsRefusal("120600", f"A shipment has from 1 to {most} packages")
    metric = shipper_country not in INCH_COUNTRIES
    for package in packages:
        _check_packaging(package, service=service)
        _check_units(package, metric=metric)
        _check_weight(package, metric=metric)
        _check_size(package, metric=metric, settings=settings)
    return packages


def read_parcel(package: Node, *, references: tuple[tuple[str, str], ...]) -> CheckedParcel:
    """The facts of a package that passed `check_packages`."""
    sides = sides_of(package)
    return CheckedParcel(
        packaging=package.child("Packaging").text("Code"),
        weight=Decimal(package.child("PackageWeight").text("Weight") or "0"),
        sides=sides,
        references=references,
    )


def sides_of(package: Node) -> tuple[int, int, int] | None:
    """Length, width and height; None for packaging of fixed size or when none were given."""
    dimensions = package.child("Dimensions")
    if not dimensions or package.child("Packaging").text("Code") in WITHOUT_DIMENSIONS:
        return None
    return int(dimensions.text("Length")), int(dimensions.text("Width")), int(dimensions.text("Height"))


def _check_packaging(package: Node, *, service: str) -> None:
    code = package.child("Packaging").text("Code")
    if code not in PACKAGINGS:
        raise UpsRefusal("120600", "Missing or invalid package type code")
    if (code == PALLET) != (service in PALLET_SERVICES):
        raise UpsRefusal("120601", "The packaging does not fit the service")


def _check_units(package: Node, *, metric: bool) -> None:
    """One system per shipment, the one of the shipper's country: so all packages agree too (ups.md 5.2)."""
    weight_unit = package.child("PackageWeight", "UnitOfMeasurement").text("Code")
    size_unit = package.child("Dimensions", "UnitOfMeasurement").text("Code")
    is_letter = package.child("Packaging").text("Code") == LETTER
    if not weight_unit and not (is_letter and not package.child("PackageWeight")):
        raise UpsRefusal("120528", "Missing or invalid unit of measurement of the package weight")
    if package.child("Dimensions") and size_unit not in {"CM", "IN"}:
        raise UpsRefusal("120529", "Missing or invalid unit of measurement of the package dimensions")
    if weight_unit and size_unit and (weight_unit, size_unit) not in {("KGS", "CM"), ("LBS", "IN")}:
        raise UpsRefusal("120548", "The units of weight and dimensions are of different systems")
    if weight_unit and weight_unit != ("KGS" if metric else "LBS"):
        raise UpsRefusal("120546", "The unit of weight is not valid for the shipper's country")
    if size_unit and size_unit != ("CM" if metric else "IN"):
        raise UpsRefusal("120547", "The unit of dimensions is not valid for the shipper's country")


def _check_weight(package: Node, *, metric: bool) -> None:
    is_letter = package.child("Packaging").text("Code") == LETTER
    if is_letter and not package.child("PackageWeight"):
        return
    text = package.child("PackageWeight").text("Weight")
    if not _WEIGHT.fullmatch(text) or len(text) > MAX_WEIGHT_CHARACTERS:
        raise UpsRefusal("120602", "Missing or invalid package weight")
    weight = Decimal(text)
    if not weight and not is_letter:
        raise UpsRefusal("120602", "The package weight must be greater than zero")
    if metric and weight > MAX_WEIGHT_KGS:
        raise UpsRefusal("121030", f"The maximum weight per package is {MAX_WEIGHT_KGS} kg")
    if weight > MAX_WEIGHT_LBS:
        raise UpsRefusal("121031", f"The maximum weight per package is {MAX_WEIGHT_LBS} pounds")


def _check_size(package: Node, *, metric: bool, settings: UpsSettings) -> None:
    dimensions = package.child("Dimensions")
    if not dimensions or package.child("Packaging").text("Code") in WITHOUT_DIMENSIONS:
        return
    for code, name in (("120605", "Length"), ("120606", "Width"), ("120608", "Height")):
        if not _SIZE.fullmatch(dimensions.text(name)):
            raise UpsRefusal(code, f"Missing or invalid package {name.lower()}")
    longest, middle, shortest = sorted(sides_of(package) or (), reverse=True)
    longest_allowed = settings.longest_side_cm if metric else LONGEST_SIDE_IN
    if longest > longest_allowed:
        code, unit = ("121055", "centimeters") if metric else ("121056", "inches")
        raise UpsRefusal(code, f"The package exceeds the maximum length of {longest_allowed} {unit}")
    total_allowed = settings.length_and_girth_cm if metric else LENGTH_AND_GIRTH_IN
    if longest + 2 * (middle + shortest) > total_allowed:
        unit = "centimeters" if metric else "inches"
        raise UpsRefusal("121050", f"Length and girth of the package exceed {total_allowed} {unit}")
