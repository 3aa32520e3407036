"""The parts of UPS's answers that we read. Oddities of the wire are undone here and nowhere else.

Any text may be a number or carry `&#xD;`, any list may be one object, any object may be `""` or null (`ups.md` 4.4).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_pascal

_CARRIAGE_RETURN = "&#xD;"
_MESSAGE_CHARACTERS = 500


def as_list(value: object) -> list[Any]:
    """A list of what UPS meant: nothing for null and blank, one element for a single object."""
    if value is None or value == "":
        return []
    elements = value if isinstance(value, list) else [value]
    return [element for element in elements if isinstance(element, dict)]


def clean_text(value: object) -> str:
    """Text of a leaf: numbers as text, without the carriage returns and blanks UPS leaves around it."""
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).replace(_CARRIAGE_RETURN, "").strip()


def as_object(value: object) -> dict[str, Any]:
    """The object UPS meant: the first of a list, an empty one for null and blank."""
    if isinstance(value, list):
        value = value[0] if value else {}
    return value if isinstance(value, dict) else {}


def as_texts(value: object) -> tuple[str, ...]:
    """A list of texts; one text counts as a list of one, blanks as nothing."""
    entries = value if isinstance(value, list) else [value]
    return tuple(text for text in (clean_text(entry) for entry in entries) if text)


Text = Annotated[str, BeforeValidator(clean_text)]


class _Wire(BaseModel):
    """Unknown fields are ignored, missing ones are empty: what must be there is judged by the reader of the answer."""

    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_pascal, populate_by_name=True)


class Coded(_Wire):
    """A code and its description."""

    code: Text = ""
    description: Text = ""


class TransactionReference(_Wire):
    """What UPS calls the transaction; it is undocumented and of use to UPS support."""

    transaction_identifier: Text = ""


class ResponseHead(_Wire):
    """Status and alerts of every answer."""

    response_status: Annotated[Coded, BeforeValidator(as_object)] = Coded()
    alert: Annotated[list[Coded], BeforeValidator(as_list)] = []
    transaction_reference: Annotated[TransactionReference, BeforeValidator(as_object)] = TransactionReference()


class Money(_Wire):
    """An amount."""

    currency_code: Text = ""
    monetary_value: Text = ""


class PublishedCharges(_Wire):
    """List prices."""

    total_charges: Annotated[Money, BeforeValidator(as_object)] = Money()


class NegotiatedCharges(_Wire):
    """The account's own prices."""

    total_charge: Annotated[Money, BeforeValidator(as_object)] = Money()


class Weight(_Wire):
    """A weight with its unit."""

    unit_of_measurement: Annotated[Coded, BeforeValidator(as_object)] = Coded()
    weight: Text = ""


class Image(_Wire):
    """A label or form: its format and base64 content. The ship call and Label Recovery name the format differently."""

    image_format: Annotated[Coded, BeforeValidator(as_object)] = Coded()
    label_image_format: Annotated[Coded, BeforeValidator(as_object)] = Coded()
    graphic_image: Text = ""

    @property
    def format_code(self) -> str:
        """The format in capitals; recovery answers in lower case."""
        return (self.image_format.code or self.label_image_format.code).upper()


class PackageResult(_Wire):
    """One parcel of a new shipment."""

    tracking_number: Text = ""
    shipping_label: Annotated[Image, BeforeValidator(as_object)] = Image()


class ShipmentResults(_Wire):
    """What the ship call made."""

    shipment_charges: Annotated[PublishedCharges, BeforeValidator(as_object)] = PublishedCharges()
    negotiated_rate_charges: Annotated[NegotiatedCharges, BeforeValidator(as_object)] = NegotiatedCharges()
    billing_weight: Annotated[Weight, BeforeValidator(as_object)] = Weight()
    shipment_identification_number: Text = ""
    package_results: Annotated[list[PackageResult], BeforeValidator(as_list)] = []


class ShipmentResponse(_Wire):
    """The answer to a ship call."""

    response: Annotated[ResponseHead, BeforeValidator(as_object)] = ResponseHead()
    shipment_results: Annotated[ShipmentResults, BeforeValidator(as_object)] = ShipmentResults()


class SummaryResult(_Wire):
    """The outcome of a void as a whole."""

    status: Annotated[Coded, BeforeValidator(as_object)] = Coded()


class VoidedPackage(_Wire):
    """The outcome of a void for one parcel."""

    tracking_number: Text = ""
    status: Annotated[Coded, BeforeValidator(as_object)] = Coded()


class VoidShipmentResponse(_Wire):
    """The answer to a void; the list of parcels comes under two names (`ups.md` 6)."""

    response: Annotated[ResponseHead, BeforeValidator(as_object)] = ResponseHead()
    summary_result: Annotated[SummaryResult, BeforeValidator(as_object)] = SummaryResult()
    package_level_results: Annotated[list[VoidedPackage], BeforeValidator(as_list)] = []
    package_level_result: Annotated[list[VoidedPackage], BeforeValidator(as_list)] = []

    @property
    def packages(self) -> list[VoidedPackage]:
        """The parcels, whichever name they came under."""
        return self.package_level_results or self.package_level_result


class RecoveredLabel(_Wire):
    """One label found again."""

    tracking_number: Text = ""
    label_image: Annotated[Image, BeforeValidator(as_object)] = Image()


class TrackingCandidate(_Wire):
    """One of several shipments under the same reference."""

    tracking_number: Text = ""


class LabelRecoveryResponse(_Wire):
    """The answer of Label Recovery."""

    response: Annotated[ResponseHead, BeforeValidator(as_object)] = ResponseHead()
    shipment_identification_number: Text = ""
    label_results: Annotated[list[RecoveredLabel], BeforeValidator(as_list)] = []
    tracking_candidate: Annotated[list[TrackingCandidate], BeforeValidator(as_list)] = []


class Moment(_Wire):
    """A day and a time of day, as digits."""

    date: Text = ""


class EstimatedArrival(_Wire):
    """When UPS means to arrive."""

    arrival: Annotated[Moment, BeforeValidator(as_object)] = Moment()


class ServiceSummary(_Wire):
    """What UPS says about a service's speed."""

    estimated_arrival: Annotated[EstimatedArrival, BeforeValidator(as_object)] = EstimatedArrival()


class TimeInTransit(_Wire):
    """How long a shipment is under way."""

    service_summary: Annotated[ServiceSummary, BeforeValidator(as_object)] = ServiceSummary()


class RatedShipmentAnswer(_Wire):
    """A shipment with its price."""

    service: Annotated[Coded, BeforeValidator(as_object)] = Coded()
    total_charges: Annotated[Money, BeforeValidator(as_object)] = Money()
    negotiated_rate_charges: Annotated[NegotiatedCharges, BeforeValidator(as_object)] = NegotiatedCharges()
    rated_shipment_alert: Annotated[list[Coded], BeforeValidator(as_list)] = []
    time_in_transit: Annotated[TimeInTransit, BeforeValidator(as_object)] = TimeInTransit()


class RateResponse(_Wire):
    """The answer of Rating."""

    response: Annotated[ResponseHead, BeforeValidator(as_object)] = ResponseHead()
    rated_shipment: Annotated[list[RatedShipmentAnswer], BeforeValidator(as_list)] = []


class AddressKey(_Wire):
    """An address as Address Validation writes it."""

    address_line: Annotated[tuple[str, ...], BeforeValidator(as_texts)] = ()
    political_division1: Text = ""
    political_division2: Text = ""
    postcode_primary_low: Text = ""
    postcode_extended_low: Text = ""
    country_code: Text = ""


class AddressCandidate(_Wire):
    """An address that UPS knows."""

    address_key_format: Annotated[AddressKey, BeforeValidator(as_object)] = AddressKey()


class ValidationAnswer(_Wire):
    """The answer of Address Validation, its indicators left out: those count by being there."""

    address_classification: Annotated[Coded, BeforeValidator(as_object)] = Coded()
    candidate: Annotated[list[AddressCandidate], BeforeValidator(as_list)] = []


class TokenAnswer(BaseModel):
    """A token; every value comes as text (`ups.md` 3)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    access_token: Text = Field(min_length=1)
    expires_in: int = Field(gt=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WireError:
    """One error as UPS gives it."""

    code: str
    message: str


def json_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in a body, or None for HTML, nothing, broken JSON, or JSON of another kind."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return parsed if isinstance(parsed, dict) else None


def read_errors(body: bytes) -> tuple[WireError, ...]:
    """The errors in a body of any of the forms of `ups.md` 4.3; empty when it is not shaped like UPS at all."""
    parsed = json_object(body)
    return tuple(_errors(parsed)) if parsed is not None else ()


def _errors(parsed: dict[str, Any]) -> Iterator[WireError]:
    holder = as_object(parsed.get("response")) or parsed
    for error in as_list(holder.get("errors")):
        code = clean_text(error.get("code"))
        if code:
            yield WireError(code=code, message=clean_text(error.get("message"))[:_MESSAGE_CHARACTERS])
    errors = as_object(as_object(as_object(parsed.get("Fault")).get("detail")).get("Errors"))
    for detail in as_list(errors.get("ErrorDetail")):
        primary = as_object(detail.get("PrimaryErrorCode"))
        code = clean_text(primary.get("Code"))
        if code:
            yield WireError(code=code, message=clean_text(primary.get("Description"))[:_MESSAGE_CHARACTERS])
