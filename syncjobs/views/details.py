"""Shapes for the page of one delivery."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import get_language

from connector_site.lib.wording import said
from syncjobs.desk import live_parcels
from syncjobs.labels.printing import is_picture
from syncjobs.models import Attempt, Delivery, Label
from syncjobs.reporting import EXACT_WRITES
from syncjobs.wording import milestone_word, words_for
from ups.services import service_name

A = Attempt.State
_SHOWN: dict[str, tuple[str, str, str]] = {
    A.PLANNED: (said("Prepared, not sent yet"), "work", ""),
    A.SENDING: (said("Waiting for the answer"), "work", ""),
    A.CREATED: (said("Shipment made"), "good", ""),
    A.REFUSED: (said("Refused by UPS"), "stop", ""),
    A.NOT_SENT: (said("Never reached UPS"), "quiet", ""),
    A.IN_DOUBT: (
        said("Answer lost"),
        "ask",
        said("UPS is being asked. The shipment may exist, so nothing is sent a second time and nothing is paid twice."),
    ),
    A.ABSENT: (
        said("Not made"),
        "quiet",
        said("Nothing was paid for it. In case it turns up late, it is looked for again."),
    ),
    A.VOIDED_THERE: (
        said("Voided at UPS"),
        "quiet",
        said("It was made, and somebody voided it at UPS, not through this page."),
    ),
    A.REVIEW: (said("Decision needed"), "ask", ""),
    A.ORPHAN: (
        said("One too many"),
        "ask",
        said("UPS made it after all, when another one had been sent in its place."),
    ),
    A.VOIDING: (said("Being voided"), "work", ""),
    A.VOIDED: (said("Voided"), "quiet", ""),
    A.VOID_REFUSED: (said("UPS did not void it"), "ask", ""),
    A.CANCELLED: (said("Dropped unsent"), "quiet", ""),
    A.ABANDONED: (said("Never settled"), "quiet", ""),
}
"""Word, look, and what it means, of a request's state."""
_OTHER = (said("In a state that this version of the site has no word for"), "quiet", "")
"""A newer version may have written it before this one was put back."""


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
    quote: str
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
    word, look, meaning = _SHOWN.get(attempt.state, _OTHER)
    told = [meaning]
    if evidence.get("code"):
        told.append(said("UPS answered with code {code}.", code=evidence["code"]))
    if evidence.get("reported_number"):
        told.append(said("UPS named the number {number}.", number=evidence["reported_number"]))
    return AttemptShown(attempt=attempt, word=word, look=look, said=" ".join(part for part in told if part))


def labels_of(delivery: Delivery) -> list[Label]:
    """The labels of parcels that still count, in the order of the parcels."""
    parcels = live_parcels(list(delivery.shipments.all()))
    return [parcel.label for parcel in parcels if hasattr(parcel, "label")]


def kept_labels_of(delivery: Delivery) -> list[Label]:
    """Those of them that were not erased."""
    return [label for label in labels_of(delivery) if label.erased_at is None]


def printable(delivery: Delivery) -> Printable:
    """What there is to print."""
    formats = {label.image_format for label in kept_labels_of(delivery)}
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
    return ShippingFacts(
        service=service_name(account.country, newest.service_code),
        account=f"{account.name} ({account.shipper_number})",
        environment=newest.attempt.environment,
        quote=_amount(newest.attempt.quoted_amount, newest.attempt.quoted_currency),
        charge=_amount(newest.charge_amount, newest.charge_currency),
    )


def _amount(amount: Decimal | None, currency: str) -> str:
    """In the reader's way of writing numbers; empty where none is known."""
    return f"{number_format(amount, decimal_pos=2)} {currency}" if amount is not None else ""


def written_facts(delivery: Delivery) -> WrittenFacts | None:
    """None while nothing was written."""
    if delivery.written_at is None:
        return None
    milestone = delivery.written.get("milestone", "")
    return WrittenFacts(
        tracking_number=delivery.written.get("tracking_number", ""),
        line=delivery.written.get("remarks_line", ""),
        milestone=milestone_word(words_for(get_language() or ""), milestone) if milestone else "",
        at=delivery.written_at,
        writes=delivery.exact_writes,
        most_writes=EXACT_WRITES,
        has_document=delivery.exact_document_id is not None,
    )
