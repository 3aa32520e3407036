"""Asking about an attempt whose outcome is unknown: Label Recovery first, then whoever else may have seen it.

Calls UPS and writes nothing. Absence is believed of Label Recovery alone (`reliability.md` R4, 1.4).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice

from connector_site.lib.wording import said
from syncjobs.doubts.adopting import label_format_of
from syncjobs.doubts.evidence import number_named
from syncjobs.models import Attempt, Manifest
from syncjobs.steps.context import Step
from tenants.context import tenant_context
from ups.access import open_client, open_tracking_client
from ups.answers import RecoveryAnswer, RecoveryState
from ups.client import UpsClient
from ups.errors import UpsError, UpsProductMissing
from ups.events import Milestone
from ups.numbers import is_valid
from ups.services import LabelFormat

_WORDS = {
    RecoveryState.FOUND: said("the shipment exists"),
    RecoveryState.NOT_FOUND: said("nothing is known under this reference"),
    RecoveryState.VOIDED: said("the shipment was made and voided"),
    RecoveryState.SEVERAL: said("several shipments carry this reference"),
    RecoveryState.WITHOUT_LABEL: said("the shipment exists, its label is not available"),
    RecoveryState.UNCLEAR: said("no clear answer"),
}
NUMBERS_TRIED = 5
"""Our own bound: the shipment's own number is the first one nearly always."""
_BEFORE_A_SCAN = frozenset({Milestone.LABEL_CREATED, Milestone.VOIDED, Milestone.UNKNOWN, None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a source said: `answer` is None where it said nothing clear, `said` are words for a person.

    `is_chosen`: it is the answer about the number that a person chose; `choice_failed`: why that number cannot be used.
    `beside` is what others said who were asked at the same time.
    """

    source: str
    said: str
    answer: RecoveryAnswer | None = None
    numbers: tuple[str, ...] = ()
    is_chosen: bool = False
    choice_failed: str = ""
    beside: "tuple[Heard, ...]" = ()


def ask_recovery(attempt: Attempt, step: Step) -> Heard:
    """What Label Recovery knows: of the number that a person chose, else by our reference, else of one UPS named.

    What is told of a chosen number never counts for the reference.
    """
    client = open_client(attempt.account, observe=step.observe)
    chosen = str((attempt.evidence or {}).get("chosen", "")) if attempt.state == Attempt.State.REVIEW else ""
    failed = ""
    try:
        if chosen:
            picked = _by_number(attempt, client, chosen)
            if picked.state is RecoveryState.FOUND:
                return replace(_heard(picked), is_chosen=True)
            failed = _heard(picked).said if picked.state is not RecoveryState.UNCLEAR else ""
        answer = _by_reference(attempt, client)
        named = number_named(attempt)
        if answer.state is RecoveryState.NOT_FOUND and named:
            answer = _by_number(attempt, client, named)
    except UpsError as error:
        return Heard(source="label_recovery", said=str(error), choice_failed=failed)
    return replace(_heard(answer), choice_failed=failed)


def _heard(answer: RecoveryAnswer) -> Heard:
    numbers = answer.candidates or tuple(parcel.tracking_number for parcel in answer.parcels)
    words = _WORDS[answer.state]
    heard = said("{words} ({code})", words=words, code=answer.code) if answer.code else words
    clear = None if answer.state is RecoveryState.UNCLEAR else answer
    return Heard(source="label_recovery", said=heard, answer=clear, numbers=numbers)


def ask_others(attempt: Attempt, step: Step) -> tuple[Heard, ...]:
    """What the second sources show: Quantum View's manifests, which cost no call, and Tracking by reference."""
    return _manifests(attempt), _tracking(attempt, step)


def numbers_of(others: Iterable[Heard]) -> tuple[str, ...]:
    """The numbers that second sources show, each once."""
    return tuple(dict.fromkeys(number for other in others for number in other.numbers))


def _manifests(attempt: Attempt) -> Heard:
    with tenant_context(attempt.tenant_id):
        rows = Manifest.objects.filter(tenant_id=attempt.tenant_id, reference=attempt.reference)
        announced = tuple(rows.order_by("pk").values_list("tracking_number", flat=True))
    heard = (
        said("it was announced under this reference")
        if announced
        else said("nothing was announced under this reference so far")
    )
    return Heard(source="manifest", said=heard, numbers=announced)


def _tracking(attempt: Attempt, step: Step) -> Heard:
    if attempt.sent_at is None:
        return Heard(source="tracking", said=said("not asked: nothing was sent"))
    client = open_tracking_client(attempt.account, observe=step.observe)
    try:
        answer = client.track_reference(attempt.reference, shipped_since=attempt.sent_at.date())
    except UpsError as error:
        return Heard(source="tracking", said=said("could not be asked: {error}", error=error))
    numbers = tuple(parcel.tracking_number for parcel in answer.parcels if is_valid(parcel.tracking_number))
    heard = said("it shows parcels with this reference") if numbers else said("it shows nothing with this reference")
    return Heard(source="tracking", said=heard, numbers=numbers)


def recover_numbers(attempt: Attempt, numbers: Iterable[str], step: Step) -> RecoveryAnswer | None:
    """The labels of a shipment whose parcels a second source named; None where they cannot be had now.

    Only one of the numbers, the shipment's own, brings all labels (`ups.md` 7); the others bring one each.
    """
    client, best = open_client(attempt.account, observe=step.observe), None
    for number in islice(numbers, NUMBERS_TRIED):
        try:
            answer = _by_number(attempt, client, number)
        except UpsError:
            return best
        if answer.state is RecoveryState.FOUND and len(answer.parcels) == attempt.packages:
            return answer
        best = answer if answer.state is RecoveryState.FOUND and best is None else best
    return best


def was_scanned(attempt: Attempt, number: str, step: Step) -> bool | None:
    """Whether UPS has had this parcel in its hands; None where the app may not ask. Raises `UpsError` to ask later."""
    client = open_tracking_client(attempt.account, observe=step.observe)
    try:
        answer = client.track(number)
    except UpsProductMissing:
        return None
    return any(event.milestone not in _BEFORE_A_SCAN for parcel in answer.parcels for event in parcel.events)


def _by_reference(attempt: Attempt, client: UpsClient) -> RecoveryAnswer:
    """By reference; a shipment of which it names fewer labels than were asked for is asked for by its number."""
    label_format = _format(attempt)
    shipper_number = attempt.shipper_number
    answer = client.recover_by_reference(attempt.reference, shipper_number=shipper_number, label_format=label_format)
    if answer.state is not RecoveryState.FOUND or len(answer.parcels) == attempt.packages:
        return answer
    whole = client.recover_by_number(answer.ups_shipment_id, label_format=label_format)
    fits = whole.state is RecoveryState.FOUND and len(whole.parcels) == attempt.packages
    return replace(whole, ups_shipment_id=answer.ups_shipment_id) if fits else answer


def _by_number(attempt: Attempt, client: UpsClient, number: str) -> RecoveryAnswer:
    return client.recover_by_number(number, label_format=_format(attempt))


def _format(attempt: Attempt) -> LabelFormat:
    return LabelFormat(label_format_of(attempt))
