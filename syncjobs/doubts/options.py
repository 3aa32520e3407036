"""Which decisions a person has about a delivery in review, in words: what each does, and what it costs. Reads only."""

import uuid
from dataclasses import dataclass
from enum import StrEnum

from connector_site.lib.wording import said
from syncjobs.doubts.evidence import number_named
from syncjobs.doubts.settling import Reason
from syncjobs.doubts.words import WHY
from syncjobs.models import Attempt, Delivery, Shipment
from syncjobs.problems import from_json
from syncjobs.tracking.courses import CORRECTED, LOST, RETURNED, VOIDED
from ups.models import SEALED_OF_ACCOUNT

A = Attempt.State
LEAST_REASON, LONGEST_REASON = 10, 500
"""Characters of a reason: enough to tell a colleague why, and no diary."""


class Decision(StrEnum):
    """What a person may say."""

    ADOPT = "adopt"
    NOT_MADE = "not_made"
    VOID = "void"
    VOID_AND_SHIP = "void_and_ship"
    KEEP = "keep"
    END = "end"
    SEEN = "seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One decision that is possible now, in words. `numbers` are offered where one must be named."""

    decision: Decision
    title: str
    effect: str
    cost: str
    numbers: tuple[str, ...] = ()
    needs_number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is to be decided: about an attempt, or (None) about the delivery itself and what was shipped for it."""

    delivery: Delivery
    attempt: Attempt | None
    heading: str
    text: str
    options: tuple[Option, ...]
    shipped: Attempt | None = None


class NotPossible(Exception):
    """The decision cannot be taken as things stand; the message says why and what else to do."""


def cases(tenant_id: uuid.UUID, delivery: Delivery) -> list[Case]:
    """What waits for a decision at this delivery, each with its options; within the tenant's context."""
    rows = Attempt.objects.select_related("account", "delivery").filter(tenant_id=tenant_id, delivery=delivery)
    rows = rows.defer("request", *SEALED_OF_ACCOUNT)
    attempts = list(rows.order_by("shipment_no", "attempt_no"))
    found = [_of_attempt(delivery, attempt) for attempt in attempts if _is_open(attempt)]
    is_settling = any(
        attempt.state in (A.REVIEW, A.VOIDING, A.SENDING, A.IN_DOUBT) and attempt.orphaned_at is None
        for attempt in attempts
    )
    is_told = any(attempt.review_reason and attempt.orphaned_at is None for attempt in attempts)
    if delivery.state == Delivery.State.REVIEW and not is_settling and not is_told:
        found.append(_of_delivery(delivery, attempts))
    return found


def _is_open(attempt: Attempt) -> bool:
    return bool(attempt.review_reason) and attempt.state in (A.REVIEW, A.ORPHAN, A.VOID_REFUSED)


def _of_attempt(delivery: Delivery, attempt: Attempt) -> Case:
    if attempt.state == A.ORPHAN:
        heading, options = said("One shipment too many"), _of_orphan(attempt)
    elif attempt.state == A.VOID_REFUSED:
        heading, options = said("UPS did not void the shipment"), _of_refused_void(attempt)
    else:
        heading, options = _HEADINGS.get(attempt.review_reason, _MADE_OR_NOT), _of_doubt(attempt)
    text = _TEXTS.get(attempt.review_reason, _OTHER_TEXT)
    return Case(delivery=delivery, attempt=attempt, heading=heading, text=text, options=options)


_MADE_OR_NOT = said("Did UPS make this shipment?")
_HEADINGS: dict[str, str] = {
    Reason.SEVERAL: said("UPS names more than one shipment"),
    Reason.COUNT: said("Is this the right shipment?"),
    Reason.PLACEHOLDER: said("UPS's test system makes no shipments"),
    Reason.ACCOUNT: said("UPS cannot be asked about this shipment"),
}
_TEXTS = {reason.value: text for reason, text in WHY.items()}
_OTHER_TEXT = said("It could not be settled by itself. What each source says stands below.")
"""For a reason that a newer version wrote before this one was put back."""
_NOTHING_MORE = said("Nothing more is paid.")


def _of_doubt(attempt: Attempt) -> tuple[Option, ...]:
    """It may exist or not."""
    again = Option(
        decision=Decision.NOT_MADE,
        title=said("It was not made: ship again"),
        effect=said("A new shipment is made. The old request is still looked for at UPS for three days."),
        cost=said(
            "A new shipment is paid. If UPS made the first after all, both are paid until the extra one is voided."
        ),
    )
    end = Option(
        decision=Decision.END,
        title=said("Ship nothing more"),
        effect=said("The delivery ends here. If UPS made the shipment after all, you are asked again."),
        cost=said("Nothing now; a shipment that UPS made is paid until it is voided."),
    )
    if attempt.review_reason == Reason.PLACEHOLDER or _is_another_account(attempt):
        return (again, end)
    numbers = numbers_of(attempt)
    adopt = Option(
        decision=Decision.ADOPT,
        title=said("It was made: use it"),
        effect=said("Its labels are fetched from UPS and its number is written to Exact Online."),
        cost=_NOTHING_MORE,
        numbers=numbers,
        needs_number=True,
    )
    void = Option(
        decision=Decision.VOID_AND_SHIP,
        title=said("It was made: void it and ship again"),
        effect=said("UPS is asked to void this number; once it has, a new shipment is made."),
        cost=said("One shipment is paid. If UPS refuses the void, you are asked again before anything is sent."),
        numbers=numbers,
        needs_number=True,
    )
    drop = Option(
        decision=Decision.VOID,
        title=said("It was made: void it and ship nothing"),
        effect=said("UPS is asked to void this number; the delivery ends as cancelled."),
        cost=said("Nothing, unless UPS refuses the void."),
        numbers=numbers,
        needs_number=True,
    )
    return (adopt, again, void, drop, end)


def _is_another_account(attempt: Attempt) -> bool:
    account = attempt.account
    return (account.shipper_number, account.environment) != (attempt.shipper_number, attempt.environment)


def numbers_of(attempt: Attempt) -> tuple[str, ...]:
    """The numbers that UPS has named for it."""
    candidates = tuple(str(number) for number in (attempt.evidence or {}).get("candidates", ()))
    named = number_named(attempt)
    return candidates or ((named,) if named else ())


def _of_orphan(attempt: Attempt) -> tuple[Option, ...]:
    return (
        Option(
            decision=Decision.VOID,
            title=said("Void it all the same"),
            effect=said("UPS is asked to void it. A parcel that is on its way may go on."),
            cost=said("Nothing, unless UPS refuses."),
            numbers=(attempt.void_id,) if attempt.void_id else numbers_of(attempt),
            needs_number=True,
        ),
        _left(said("UPS is still asked now and then.")),
    )


def _of_refused_void(attempt: Attempt) -> tuple[Option, ...]:
    again = Option(
        decision=Decision.VOID if (attempt.evidence or {}).get("then") != "again" else Decision.VOID_AND_SHIP,
        title=said("Ask UPS to void it once more"),
        effect=said(
            "The void of {number} is asked for again, for instance after you have spoken with UPS.",
            number=attempt.void_id,
        ),
        cost=said("Nothing, unless UPS refuses again."),
        numbers=(attempt.void_id,),
    )
    if attempt.orphaned_at is not None:
        return (again, _left(said("UPS is not asked again. Claim the price at UPS.")))
    keep = Option(
        decision=Decision.KEEP,
        title=said("Keep the shipment"),
        effect=said("The label stays good, the number stands in Exact Online and the parcel is followed."),
        cost=_NOTHING_MORE,
    )
    return (again, keep)


def _left(effect: str) -> Option:
    return Option(
        decision=Decision.SEEN,
        title=said("Leave it as it is"),
        effect=" ".join((said("It leaves the to-do list."), effect)),
        cost=said("Both shipments are paid."),
    )


def _of_delivery(delivery: Delivery, attempts: list[Attempt]) -> Case:
    """A delivery that stopped after its label, or without one."""
    codes = {problem.code for problem in from_json(delivery.problems)}
    text = " ".join(problem.text for problem in from_json(delivery.problems))
    shipped = next((attempt for attempt in reversed(attempts) if attempt.state == A.CREATED), None)
    options = _without_label() if shipped is None else _with_label(delivery, shipped, codes)
    heading = said("How does this delivery go on?")
    return Case(delivery=delivery, attempt=None, heading=heading, text=text, options=options, shipped=shipped)


def _without_label() -> tuple[Option, ...]:
    return (
        Option(
            decision=Decision.NOT_MADE,
            title=said("Ship it"),
            effect=said("The delivery is read anew from Exact Online and shipped."),
            cost=said("One shipment is paid."),
        ),
        _end(said("Nothing is shipped for it.")),
    )


def _with_label(delivery: Delivery, shipped: Attempt, codes: set[str]) -> tuple[Option, ...]:
    rows = Shipment.objects.filter(tenant_id=delivery.tenant_id, attempt=shipped, voided_at=None)
    number = rows.values_list("ups_shipment_id", flat=True).first()
    keep = Option(
        decision=Decision.KEEP,
        title=said("The goods leave with this label"),
        effect=said("Its number is written to Exact Online if it is not there yet, and the parcels are followed."),
        cost=_NOTHING_MORE,
    )
    end = _end(said("Parcels are no longer followed here; settle the rest with UPS and the customer."))
    if not number:
        return (end,) if VOIDED in codes else (keep, end)
    void = Option(
        decision=Decision.VOID,
        title=said("Void the label"),
        effect=said("UPS is asked to void {number}; the delivery ends as cancelled.", number=number),
        cost=said("Nothing, unless UPS refuses."),
        numbers=(number,),
    )
    anew = Option(
        decision=Decision.VOID_AND_SHIP,
        title=said("Void the label and ship again"),
        effect=said("UPS is asked to void {number}; once it has, a new shipment is made.", number=number),
        cost=said("One more shipment is paid; the voided one is not, unless UPS refuses."),
        numbers=(number,),
    )
    if VOIDED in codes:
        return (anew, end)
    if codes & {RETURNED, LOST}:
        return (end, keep)
    if CORRECTED in codes:
        return (keep, end)
    if "deleted_after_label" in codes:
        return (void, keep)
    return (keep, void, anew)


def _end(effect: str) -> Option:
    return Option(decision=Decision.END, title=said("End it here"), effect=effect, cost=said("Nothing."))
