"""Shapes for the page of one delivery."""

from dataclasses import dataclass
from datetime import datetime

from syncjobs.desk import live_parcels
from syncjobs.models import Attempt, Delivery, Label
from syncjobs.printing import is_picture
from syncjobs.reporting import EXACT_WRITES
from syncjobs.wording import milestone_word, words_for
from ups.services import service_name

_LOOKS = {
    Attempt.State.CREATED: "good",
    Attempt.State.REFUSED: "stop",
    Attempt.State.IN_DOUBT: "ask",
    Attempt.State.REVIEW: "ask",
    Attempt.State.PLANNED: "work",
    Attempt.State.SENDING: "work",
}
_DOUBT = (
    "The answer of UPS did not arrive. The shipment may exist, "
    "so nothing is sent a second time and nothing is paid twice."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptShown:
    """A request to UPS and what became of it."""

    attempt: Attempt
    word: str
    look: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Printable:
    """Which buttons the labels get."""

    pictures: bool
    commands: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingFacts:
    """How it was shipped."""

    service: str
    account: str
    environment: str
    charge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFacts:
    """What of ours stands in Exact."""

    tracking_number: str
    line: str
    milestone: str
    at: datetime
    writes: int
    most_writes: int
    has_document: bool


def attempt_shown(attempt: Attempt) -> AttemptShown:
    """The attempt with a word for its state and what UPS said."""
    evidence = attempt.evidence or {}
    said = _DOUBT if attempt.state == Attempt.State.IN_DOUBT else ""
    if not said and evidence.get("code"):
        said = f"UPS answered with code {evidence['code']}."
    if evidence.get("reported_number"):
        said = f"{said} UPS named the number {evidence['reported_number']}."
    return AttemptShown(
        attempt=attempt,
        word=Attempt.State(attempt.state).label.capitalize(),
        look=_LOOKS.get(Attempt.State(attempt.state), "quiet"),
        said=said.strip(),
    )


def labels_of(delivery: Delivery) -> list[Label]:
    """The labels of parcels that still count, in the order of the parcels."""
    parcels = live_parcels(list(delivery.shipments.all()))
    return [parcel.label for parcel in parcels if hasattr(parcel, "label")]


def printable(delivery: Delivery) -> Printable:
    """What there is to print."""
    formats = {label.image_format for label in labels_of(delivery)}
    return Printable(
        pictures=any(is_picture(found) for found in formats),
        commands=any(not is_picture(found) for found in formats),
    )


def shipping_facts(delivery: Delivery) -> ShippingFacts | None:
    """Service, account and price of the newest shipment that was not voided."""
    shipments = [shipment for shipment in delivery.shipments.all() if shipment.voided_at is None]
    if not shipments:
        return None
    newest = shipments[-1]
    account = newest.attempt.account
    charge = f"{newest.charge_amount} {newest.charge_currency}" if newest.charge_amount is not None else ""
    return ShippingFacts(
        service=service_name(account.country, newest.service_code),
        account=f"{account.name} ({account.shipper_number})",
        environment=newest.attempt.environment,
        charge=charge,
    )


def written_facts(delivery: Delivery) -> WrittenFacts | None:
    """None while nothing was written."""
    if delivery.written_at is None:
        return None
    milestone = delivery.written.get("milestone", "")
    return WrittenFacts(
        tracking_number=delivery.written.get("tracking_number", ""),
        line=delivery.written.get("remarks_line", ""),
        milestone=milestone_word(words_for("en"), milestone) if milestone else "",
        at=delivery.written_at,
        writes=delivery.exact_writes,
        most_writes=EXACT_WRITES,
        has_document=delivery.exact_document_id is not None,
    )
