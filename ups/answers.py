"""What UPS's answers mean to us. An answer that is not complete is no success, whatever its status."""

import base64
import binascii
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from connector_site.lib.wording import said
from ups.amounts import amount_of
from ups.errors import UpsOutcomeUnknown
from ups.numbers import PLACEHOLDER, find_reported, is_valid
from ups.payloads import (
    Image,
    LabelRecoveryResponse,
    Money,
    PackageResult,
    ShipmentResponse,
    ShipmentResults,
    VoidShipmentResponse,
    Weight,
    json_object,
)

_SUCCESS = "1"
_SHIP = "ship"
_BEGINNINGS = {"GIF": b"GIF8", "PNG": b"\x89PNG", "PDF": b"%PDF"}
_ZPL_START = b"^XA"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelLabel:
    """A parcel's number and its label as UPS sent it."""

    tracking_number: str
    image_format: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A remark of UPS on a shipment that was made."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentAnswer:
    """A shipment that exists at UPS, complete with its labels."""

    ups_shipment_id: str
    parcels: tuple[ParcelLabel, ...]
    charge: Decimal | None
    currency: str
    charge_is_negotiated: bool
    billing_weight: Decimal | None
    billing_weight_unit: str
    alerts: tuple[Alert, ...]
    transaction_identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidedParcel:
    """What became of one parcel when a shipment was voided."""

    tracking_number: str
    voided: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidAnswer:
    """UPS's answer to a void: done, or refused with UPS's code and words."""

    voided: bool
    parcels: tuple[VoidedParcel, ...] = ()
    code: str = ""
    text: str = ""


class RecoveryState(StrEnum):
    """What Label Recovery knows (`ups.md` 7)."""

    FOUND = "found"
    NOT_FOUND = "not found"
    VOIDED = "voided"
    SEVERAL = "several shipments"
    WITHOUT_LABEL = "exists, label not available"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryAnswer:
    """What was found under a number or reference; `candidates` when it was more than one shipment."""

    state: RecoveryState
    ups_shipment_id: str = ""
    parcels: tuple[ParcelLabel, ...] = ()
    candidates: tuple[str, ...] = ()
    code: str = ""
    text: str = ""


class _Incomplete(Exception):
    """An answer lacks something that we cannot go on without."""


def read_answer(body: bytes, expected_packages: int) -> ShipmentAnswer:
    """The shipment in a 2xx answer to a ship call.

    Raises `UpsOutcomeUnknown` when anything of `reliability.md` 1.3, line "2xx but", holds, with the number reported.
    """
    try:
        return _complete(body, expected_packages)
    except _Incomplete as error:
        raise UpsOutcomeUnknown(
            said("UPS answered, but {what}. The shipment may exist.", what=error),
            operation=_SHIP,
            status=200,
            tracking_number=find_reported(body),
        ) from error


def read_void(body: bytes, tracking_numbers: tuple[str, ...]) -> VoidAnswer | None:
    """The outcome in a 2xx answer to a void, None where it cannot be read; HTTP 200 is no success (`ups.md` 6)."""
    parsed = json_object(body)
    if parsed is None or not isinstance(parsed.get("VoidShipmentResponse"), dict):
        return None
    answer = VoidShipmentResponse.model_validate(parsed["VoidShipmentResponse"])
    status = answer.summary_result.status
    if not status.code:
        return None
    parcels = tuple(
        VoidedParcel(
            tracking_number=package.tracking_number,
            voided=package.status.code == _SUCCESS,
            text=package.status.description,
        )
        for package in answer.packages
    )
    asked = [parcel for parcel in parcels if not tracking_numbers or parcel.tracking_number in tracking_numbers]
    voided = status.code == _SUCCESS and all(parcel.voided for parcel in asked)
    return VoidAnswer(voided=voided, parcels=parcels, code=status.code, text=status.description)


def read_recovery(body: bytes) -> RecoveryAnswer:
    """What a 2xx answer of Label Recovery says; without a label or a number it says nothing (`ups.md` 7)."""
    parsed = json_object(body)
    if parsed is None or not isinstance(parsed.get("LabelRecoveryResponse"), dict):
        return RecoveryAnswer(state=RecoveryState.UNCLEAR)
    answer = LabelRecoveryResponse.model_validate(parsed["LabelRecoveryResponse"])
    candidates = tuple(
        candidate.tracking_number for candidate in answer.tracking_candidate if candidate.tracking_number
    )
    if candidates:
        return RecoveryAnswer(state=RecoveryState.SEVERAL, candidates=candidates)
    try:
        parcels = tuple(_label(label.tracking_number, label.label_image) for label in answer.label_results)
    except _Incomplete:
        parcels = ()
    shipment = answer.shipment_identification_number or (parcels[0].tracking_number if parcels else "")
    if not parcels or not is_valid(shipment) or answer.response.response_status.code != _SUCCESS:
        return RecoveryAnswer(state=RecoveryState.UNCLEAR, ups_shipment_id=shipment if is_valid(shipment) else "")
    return RecoveryAnswer(state=RecoveryState.FOUND, ups_shipment_id=shipment, parcels=parcels)


def _complete(body: bytes, expected_packages: int) -> ShipmentAnswer:
    parsed = json_object(body)
    if parsed is None or not isinstance(parsed.get("ShipmentResponse"), dict):
        raise _Incomplete(said("the answer cannot be read"))
    answer = ShipmentResponse.model_validate(parsed["ShipmentResponse"])
    if answer.response.response_status.code != _SUCCESS:
        raise _Incomplete(said("it does not say that it succeeded"))
    results = answer.shipment_results
    parcels = _parcels(results.package_results, expected_packages)
    shipment = results.shipment_identification_number or parcels[0].tracking_number
    if not is_valid(shipment):
        raise _Incomplete(_bad_number(shipment))
    charge, currency, negotiated = _charge(results)
    return ShipmentAnswer(
        ups_shipment_id=shipment,
        parcels=parcels,
        charge=charge,
        currency=currency,
        charge_is_negotiated=negotiated,
        billing_weight=amount_of(results.billing_weight.weight),
        billing_weight_unit=_unit(results.billing_weight),
        alerts=tuple(Alert(code=alert.code, text=alert.description) for alert in answer.response.alert if alert.code),
        transaction_identifier=answer.response.transaction_reference.transaction_identifier,
    )


def _parcels(packages: list[PackageResult], expected: int) -> tuple[ParcelLabel, ...]:
    if len(packages) != expected or not packages:
        raise _Incomplete(said("with {number} parcels instead of {expected}", number=len(packages), expected=expected))
    parcels = tuple(_label(package.tracking_number, package.shipping_label) for package in packages)
    if len({parcel.tracking_number for parcel in parcels}) != len(parcels):
        raise _Incomplete(said("two parcels have the same tracking number"))
    return parcels


def _label(number: str, image: Image) -> ParcelLabel:
    if not is_valid(number):
        raise _Incomplete(_bad_number(number))
    try:
        content = base64.b64decode("".join(image.graphic_image.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _Incomplete(said("a label cannot be decoded")) from error
    if not content:
        raise _Incomplete(said("a label is missing"))
    if not _looks_like(image.format_code, content):
        raise _Incomplete(said("a label is not of the kind it says"))
    return ParcelLabel(tracking_number=number, image_format=image.format_code, content=content)


def _looks_like(format_code: str, content: bytes) -> bool:
    if format_code == "ZPL":
        return _ZPL_START in content
    return content.startswith(_BEGINNINGS.get(format_code, b""))


def _bad_number(number: str) -> str:
    if number == PLACEHOLDER:
        return said("with the placeholder number of the UPS test system, which stands for no shipment")
    return said("a tracking number is wrong") if number else said("a tracking number is missing")


def _charge(results: ShipmentResults) -> tuple[Decimal | None, str, bool]:
    negotiated = _money(results.negotiated_rate_charges.total_charge)
    if negotiated is not None:
        return negotiated, results.negotiated_rate_charges.total_charge.currency_code, True
    published = results.shipment_charges.total_charges
    return _money(published), published.currency_code, False


def _money(money: Money) -> Decimal | None:
    return amount_of(money.monetary_value)


def _unit(weight: Weight) -> str:
    return weight.unit_of_measurement.code
