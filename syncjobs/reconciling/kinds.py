"""What the comparison can find: one table says it in words, how bad it is, and which repair is safe."""

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from connector_site.lib.wording import said


class FindingKind(StrEnum):
    """A way in which Exact, UPS and we can differ; stored in `Finding.kind`."""

    UNKNOWN_DELIVERY = "unknown_delivery"
    OUTDATED = "outdated"
    CANCELLED_BUT_THERE = "cancelled_but_there"
    GONE = "gone"
    GONE_UNDER_WAY = "gone_under_way"
    NUMBER_MISSING = "number_missing"
    FOREIGN_NUMBER = "foreign_number"
    BORROWED_NUMBER = "borrowed_number"
    NOT_REPORTED = "not_reported"
    STUCK = "stuck"
    NOT_FOLLOWED = "not_followed"
    MADE_AFTER_ALL = "made_after_all"
    ORPHAN = "orphan"
    REFUSED_BUT_MADE = "refused_but_made"
    OTHER_NUMBER = "other_number"
    UNKNOWN_REFERENCE = "unknown_reference"
    LONG_DOUBT = "long_doubt"
    TWO_SHIPMENTS = "two_shipments"
    VOIDED_BUT_MOVING = "voided_but_moving"
    LABEL_OF_CANCELLED = "label_of_cancelled"
    UNSEEN_LABEL = "unseen_label"


class Repair(StrEnum):
    """What one click, or the comparison by itself, can do without harm: each looks once more before it acts."""

    TAKE_IN = "take_in"
    READ = "read"
    REPORT = "report"
    WRITE = "write"
    ASK_UPS = "ask_ups"
    GO_ON = "go_on"
    LOOK = "look"


class Place(StrEnum):
    """Where a finding is mended; findings are shown by it, in this order."""

    CLICK = "click"
    UPS = "ups"
    EXACT = "exact"
    ITSELF = "itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is told of a kind. `text` is filled from the finding's details.

    `needs_exact` when only a complete reading of Exact can tell that it is gone; `is_serious` when money or goods may
    be lost; `by_itself` when the comparison makes the repair without being asked.
    """

    text: str
    advice: str
    place: Place
    needs_exact: bool = False
    is_serious: bool = False
    repair: Repair | None = None
    button: str = ""
    by_itself: bool = False


_VOID = said("If the goods did not leave with it, void the shipment at UPS, so that it is not paid for.")

KINDS: dict[FindingKind, About] = {
    FindingKind.UNKNOWN_DELIVERY: About(
        text=said("Goods delivery {number} stands in Exact Online and is not with us."),
        advice=said("Take it in: it is read from Exact Online and shipped if its shipping method means UPS."),
        place=Place.CLICK,
        needs_exact=True,
        is_serious=True,
        repair=Repair.TAKE_IN,
        button=said("Take it in"),
    ),
    FindingKind.OUTDATED: About(
        text=said(
            "The shipping method of delivery {number} was changed in Exact Online, and we still have the old one."
        ),
        advice=said("Read it again; it is shipped if its new shipping method means UPS."),
        place=Place.CLICK,
        needs_exact=True,
        repair=Repair.READ,
        button=said("Read it again"),
    ),
    FindingKind.CANCELLED_BUT_THERE: About(
        text=said("Delivery {number} is cancelled with us as deleted, but it stands in Exact Online."),
        advice=said("Read it again; it is shipped if its shipping method means UPS."),
        place=Place.CLICK,
        needs_exact=True,
        repair=Repair.READ,
        button=said("Read it again"),
    ),
    FindingKind.GONE: About(
        text=said("Delivery {number} was deleted in Exact Online and is still open with us."),
        advice=said("Have it stopped. If its label is made already, it then stands under To do, and you decide."),
        place=Place.CLICK,
        needs_exact=True,
        repair=Repair.READ,
        button=said("Stop it"),
    ),
    FindingKind.GONE_UNDER_WAY: About(
        text=said("Delivery {number} was deleted in Exact Online after its parcels had left."),
        advice=said(
            "If the goods were meant to go, book the delivery again in Exact Online; nothing is written there now."
        ),
        place=Place.EXACT,
        needs_exact=True,
    ),
    FindingKind.NUMBER_MISSING: About(
        text=said("Tracking number {tracking} of delivery {number} no longer stands in Exact Online."),
        advice=said("Have it written again. It is not written if another number stands there by then."),
        place=Place.CLICK,
        needs_exact=True,
        repair=Repair.WRITE,
        button=said("Write it again"),
    ),
    FindingKind.FOREIGN_NUMBER: About(
        text=said("Exact Online shows tracking number {shown} at delivery {number}; ours is {tracking}."),
        advice=said(
            "We never write over another number. To see ours there, clear it in Exact Online; after the next "
            "comparison ours can be written again."
        ),
        place=Place.EXACT,
        needs_exact=True,
    ),
    FindingKind.BORROWED_NUMBER: About(
        text=said(
            "Tracking number {tracking} of delivery {number} also stands at goods delivery {other} in Exact Online."
        ),
        advice=said("If the goods of {other} did not leave in the same parcel, clear the number there."),
        place=Place.EXACT,
        needs_exact=True,
    ),
    FindingKind.NOT_REPORTED: About(
        text=said(
            "The label of delivery {number} was made more than an hour ago, and its tracking number {tracking} is "
            "not in Exact Online yet."
        ),
        advice=said("It is tried again by itself; you can have it tried now."),
        place=Place.CLICK,
        repair=Repair.REPORT,
        button=said("Write it now"),
    ),
    FindingKind.STUCK: About(
        text=said("Nothing was going on any more with delivery {number}."),
        advice=said("It was set going again by itself; the next comparison shows whether that was enough."),
        place=Place.ITSELF,
        repair=Repair.GO_ON,
        button=said("Set it going again"),
        by_itself=True,
    ),
    FindingKind.NOT_FOLLOWED: About(
        text=said("Nobody asked UPS any more about the parcels of delivery {number}."),
        advice=said("UPS is asked again by itself."),
        place=Place.ITSELF,
        repair=Repair.LOOK,
        button=said("Ask UPS now"),
        by_itself=True,
    ),
    FindingKind.MADE_AFTER_ALL: About(
        text=said(
            "UPS has announced parcel {tracking} under a request of delivery {number} whose outcome is not known yet."
        ),
        advice=said("UPS is asked about the request by itself; the shipment is then taken over."),
        place=Place.ITSELF,
        is_serious=True,
        repair=Repair.ASK_UPS,
        button=said("Ask UPS now"),
        by_itself=True,
    ),
    FindingKind.ORPHAN: About(
        text=said(
            "UPS has announced parcel {tracking} under a request of delivery {number} that it had not known before."
        ),
        advice=said("UPS is asked about it by itself; a shipment too many is voided, unless it has left already."),
        place=Place.ITSELF,
        is_serious=True,
        repair=Repair.ASK_UPS,
        button=said("Ask UPS now"),
        by_itself=True,
    ),
    FindingKind.REFUSED_BUT_MADE: About(
        text=said("UPS has announced parcel {tracking} under a request of delivery {number} that ended as “{state}”."),
        advice=_VOID,
        place=Place.UPS,
        is_serious=True,
    ),
    FindingKind.OTHER_NUMBER: About(
        text=said("UPS has announced parcel {tracking} for delivery {number}, whose shipment has other numbers."),
        advice=_VOID,
        place=Place.UPS,
        is_serious=True,
    ),
    FindingKind.UNKNOWN_REFERENCE: About(
        text=said(
            "UPS has announced parcel {tracking} under the reference {reference}. It looks like ours, and we never "
            "used it."
        ),
        advice=said(
            "If you use this UPS account with a second installation of ml-connector, dismiss this. Else ask UPS "
            "who made the shipment."
        ),
        place=Place.UPS,
        is_serious=True,
    ),
    FindingKind.LONG_DOUBT: About(
        text=said("For more than a day it has not been known whether UPS made the shipment of delivery {number}."),
        advice=said("Have UPS asked now; if it still cannot say, look the reference {reference} up at UPS and decide."),
        place=Place.CLICK,
        repair=Repair.ASK_UPS,
        button=said("Ask UPS now"),
    ),
    FindingKind.TWO_SHIPMENTS: About(
        text=said("Delivery {number} has more than one shipment at UPS: {tracking}. This must never be."),
        advice=said("See which label is on the parcel, and void the other shipment at UPS."),
        place=Place.UPS,
        is_serious=True,
    ),
    FindingKind.VOIDED_BUT_MOVING: About(
        text=said("The shipment of delivery {number} was voided, but UPS is moving parcel {tracking}."),
        advice=said(
            "The voided label was used: UPS will charge it. If the goods were not to leave, ask UPS to stop them."
        ),
        place=Place.UPS,
        is_serious=True,
    ),
    FindingKind.LABEL_OF_CANCELLED: About(
        text=said("Delivery {number} does not leave, but its label {tracking} is still valid at UPS."),
        advice=_VOID,
        place=Place.UPS,
        is_serious=True,
    ),
    FindingKind.UNSEEN_LABEL: About(
        text=said(
            "The label {tracking} of delivery {number} is more than a week old, and UPS has not seen the parcel."
        ),
        advice=said("Hand the parcel over, or void the shipment at UPS."),
        place=Place.UPS,
    ),
}
"""Every kind, in the words of the page. Nothing here names a person or an address, for findings are kept."""

SERIOUS = frozenset(kind for kind, about in KINDS.items() if about.is_serious)
"""Those that people are told of at once."""
NEED_EXACT = frozenset(kind for kind, about in KINDS.items() if about.needs_exact)
NEED_UPS = frozenset({FindingKind.VOIDED_BUT_MOVING})
"""Nothing but UPS's Tracking API can tell that it is gone."""
BY_ITSELF = frozenset(kind for kind, about in KINDS.items() if about.by_itself)


def text_of(kind: FindingKind, details: dict[str, Any]) -> str:
    """The finding as a sentence."""
    return KINDS[kind].text.format_map(_filled(details))


def advice_of(kind: FindingKind, details: dict[str, Any]) -> str:
    """What to do about it, or what happens by itself."""
    return KINDS[kind].advice.format_map(_filled(details))


def _filled(details: dict[str, Any]) -> defaultdict[str, str]:
    return defaultdict(lambda: said("without number"), {name: str(value) for name, value in details.items() if value})
