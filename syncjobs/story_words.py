"""The words in which a delivery's story is told, by what the audit trail has of it."""

from collections.abc import Callable

from django.utils.translation import ngettext

from audit.models import Event
from connector_site.lib.wording import said
from syncjobs.doubts.options import Decision
from syncjobs.intake import FOUND
from syncjobs.models import Attempt, Delivery, Parcel
from syncjobs.reconciling.kinds import Repair
from syncjobs.replay import HELD_BY_PERSON
from syncjobs.selection import BEFORE_START, NOT_LIVE
from syncjobs.setup.going_live import APPROVAL
from syncjobs.tracking.courses import CORRECTED, LOST, RETURNED, VOIDED

D = Delivery.State
A = Attempt.State
SYSTEMS = {"exact": said("Exact Online"), "ups": "UPS"}
FAILED = {
    "read": said("Reading from Exact Online did not work"),
    "recheck": said("Looking again at Exact Online did not work"),
    "gone": said("Looking after a deletion did not work"),
    "ship": said("Asking UPS did not work"),
    "report": said("Writing to Exact Online did not work"),
    "events": said("Taking in what UPS told did not work"),
    "look": said("Asking UPS where the parcels are did not work"),
    "confirm": said("Asking UPS whether a parcel has arrived did not work"),
    "status": said("Writing the status to Exact Online did not work"),
    "proof": said("Storing the proof of delivery did not work"),
    "settle": said("Asking UPS what became of a request did not work"),
    "void": said("Asking UPS to void parcels did not work"),
}
OTHER_FAILED = said("A step did not work")
ACTORS = {"exact": said("Exact Online"), "ups": "UPS", "key": said("a program, with a key")}
MOVED: dict[str, tuple[str, str]] = {
    D.RECEIVED: (said("Started again"), "move"),
    D.READY: (said("Read from Exact Online: everything UPS needs is there"), "move"),
    D.SHIPPING: (said("Asked UPS for the shipment"), "move"),
    D.LABELLED: (said("UPS made the shipment"), "good"),
    D.REPORTED: (said("The goods delivery in Exact Online shows the tracking number"), "good"),
    D.IN_TRANSIT: (said("On the way"), "move"),
    D.DELIVERED: (said("All parcels were delivered"), "good"),
    D.CLOSED: (said("Completed"), "good"),
    D.SKIPPED: (said("Left alone: not ours to ship"), "move"),
    D.HOLD: (said("Stopped: something needs fixing"), "stop"),
    D.REVIEW: (said("Stopped: a person must decide"), "stop"),
    D.CANCELLED: (said("Cancelled"), "stop"),
}
MOVED_FROM: dict[tuple[str, str], tuple[str, str]] = {
    (D.REVIEW, D.LABELLED): (said("Goes on with the label that was made"), "move"),
    (D.HOLD, D.LABELLED): (said("Goes on with the label that was made"), "move"),
    (D.RECEIVED, D.LABELLED): (said("Goes on with the label that was made"), "move"),
    (D.READY, D.LABELLED): (said("Goes on with the label that was made"), "move"),
    (D.SKIPPED, D.LABELLED): (said("Goes on with the label that was made"), "move"),
}
ATTEMPT_MOVED: dict[str, tuple[str, str]] = {
    A.CREATED: (said("UPS has made the shipment after all; it is used, and nothing is paid twice"), "good"),
    A.REFUSED: (said("UPS refused the request"), "stop"),
    A.NOT_SENT: (said("The request never reached UPS; nothing was bought"), "quiet"),
    A.IN_DOUBT: (said("The answer of UPS was lost; UPS is asked by itself whether it made the shipment"), "stop"),
    A.ABSENT: (said("UPS made no shipment: asked again and again, it knows none under this reference"), "quiet"),
    A.VOIDED_THERE: (said("UPS made the shipment, and somebody voided it there"), "stop"),
    A.REVIEW: (said("UPS could not settle whether it made the shipment"), "stop"),
    A.ORPHAN: (said("UPS made a shipment after all that had been given up: it is one too many"), "stop"),
    A.VOIDING: (said("UPS is asked to void the shipment"), "move"),
    A.VOIDED: (said("UPS has voided the shipment"), "quiet"),
    A.VOID_REFUSED: (said("UPS did not void the shipment"), "stop"),
    A.CANCELLED: (said("The planned request was dropped before it was sent"), "quiet"),
    A.ABANDONED: (said("What became of it was not known when the company was closed"), "quiet"),
}
ATTEMPT_MOVED_FROM: dict[tuple[str, str], tuple[str, str]] = {
    (A.REVIEW, A.ABSENT): (
        said("The request counts as not carried out; UPS is asked about it for three days more"),
        "quiet",
    ),
    (A.ABSENT, A.CREATED): (said("UPS made the shipment late; it is used, and no other one is sent"), "good"),
    (A.VOID_REFUSED, A.CREATED): (said("The shipment is kept"), "move"),
}
"""Where the state before makes it another story, here and for the delivery."""
OTHER_STEP = (said("Went on in a way that this version of the site has no words for"), "quiet")
"""A newer version may have written the trail before this one was put back."""
FOLDED = frozenset({(A.PLANNED, A.SENDING), (A.SENDING, A.CREATED)})
"""Moves of a request that the delivery makes with it: told once, with the reference."""
DECIDED: dict[str, str] = {
    Decision.ADOPT: said("Decided: UPS made the shipment, use it"),
    Decision.NOT_MADE: said("Decided: make a new shipment"),
    Decision.VOID: said("Decided: void the shipment"),
    Decision.VOID_AND_SHIP: said("Decided: void the shipment and make a new one"),
    Decision.KEEP: said("Decided: keep the shipment"),
    Decision.END: said("Decided: do nothing more for this delivery"),
    Decision.SEEN: said("Decided: leave the second shipment as it is"),
}
REPAIRED: dict[str, str] = {
    Repair.TAKE_IN: said("it is taken in from Exact Online"),
    Repair.READ: said("it is read again from Exact Online"),
    Repair.REPORT: said("the tracking number is written to Exact Online now"),
    Repair.WRITE: said("the tracking number is written to Exact Online again"),
    Repair.ASK_UPS: said("UPS is asked now what became of the request"),
    Repair.GO_ON: said("it is set going again"),
    Repair.LOOK: said("UPS is asked again where the parcels are"),
}
RECEIVED = {
    "Create": said("Exact Online told of a new goods delivery"),
    "Update": said("Exact Online told of a change to the goods delivery"),
    "Delete": said("Exact Online told that the goods delivery was deleted"),
    FOUND: said("Found when reading what changed in Exact Online; no notification had told of it"),
}
CHANGED = {
    "labels stored": said("The labels were stored"),
    "labels fetched": said("The labels were fetched from UPS"),
    "deleted in Exact": said("The goods delivery was deleted in Exact Online"),
    "tracking number in Exact": said("The tracking number in Exact Online is no longer ours"),
    "late answer": said("The answer of UPS came after all, late: it made the shipment"),
    "orphan": said("The shipment that is one too many"),
    "voided": said("Its parcels are no longer followed"),
    "events": said("UPS told of the parcels"),
    "alerts": said("UPS was asked to tell of the parcels by itself"),
    "tracking asked": said("UPS was asked where the parcels are"),
    "alert missing": said("UPS does not tell of this parcel by itself; it is asked instead"),
    "alerts silent": said("UPS took our subscriptions but tells us nothing; it is asked more often instead"),
    "alerts heard": said("UPS tells us of the parcels by itself again"),
    "note written": said("A colleague left a note"),
    "void refused": said("UPS did not void it; it stays good"),
    "parcels voided": said("UPS has voided single parcels"),
    "another problem": said("UPS's news made it another matter"),
}
ASKED = {
    "run again": said("Asked to check again"),
    "return ordered": said("Ordered a return label"),
    "approved": said("Approved by a person"),
    "cancel": said("Asked to ship nothing"),
    "hold": said("Stopped by a person"),
    "release": said("Let go on by a person"),
    "void": said("Asked to void the shipment"),
    "void parcels": said("Asked to void single parcels"),
    "ship again": said("Asked to ship again, at the price that was shown"),
    "preview": said("Asked what would happen; nothing was made"),
    "packed": said("Weighed and packed at the scan desk"),
    "labels printed": said("Labels printed"),
    "labels not printed": said("Taken from the printing queue of a packing station"),
    "given to a person": said("Taken by a person, or given to her"),
    "given to nobody": said("Given back: nobody has it"),
    "put off": said("Put off for a while"),
    "taken up again": said("Taken up again"),
    "row looked at in the admin": said("Looked at by the team of ml-connector"),
}
MOVED_BECAUSE: dict[tuple[str, str], tuple[str, str]] = {
    (D.SKIPPED, NOT_LIVE): (said("Left alone: shipping was not switched on yet"), "move"),
    (D.SKIPPED, BEFORE_START): (said("Left alone: booked before shipping was switched on"), "move"),
    (D.HOLD, APPROVAL): (said("Waits for a person's approval"), "move"),
    (D.HOLD, HELD_BY_PERSON): (said("Stopped by a person before it was shipped"), "move"),
}
"""By the state it moved to and the first reason."""
PROBLEMS = {
    RETURNED: said("UPS brought it back"),
    LOST: said("UPS reports it as lost or destroyed"),
    CORRECTED: said("UPS took back that it was delivered"),
    VOIDED: said("The shipment was voided at UPS"),
}
"""What a person has to decide about, where UPS's news is the reason."""

CAUSES = {
    "ExactUnavailable": said("Exact Online could not be reached; it is tried again"),
    "ExactOutcomeUnknown": said("The answer of Exact Online was lost; it is looked up"),
    "ExactBudgetSpent": said("The calls Exact Online allows are used up for now; it goes on later"),
    "ExactRefreshUnderWay": said("The permission of Exact Online was being renewed; it is tried again"),
    "ExactNeedsReconnect": said("The permission of Exact Online has ended; connect again"),
    "ExactGone": said("Exact Online no longer has what was asked for"),
    "ExactUnexpectedReply": said("Exact Online answered in a way that is not known here"),
    "UpsUnavailable": said("UPS could not be reached; it is tried again"),
    "UpsOutcomeUnknown": said("The answer of UPS was lost; UPS is asked about it"),
    "UpsUnexpectedReply": said("UPS answered in a way that is not known here"),
    "exact_right": said("A right in Exact Online is missing"),
    "exact_refused": said("Exact Online refused it"),
    "ups_account": said("The UPS account needs attention"),
    "gave_up": said("It failed too many times"),
    "poison": said("It ended without a result too many times"),
    "line_refused": said("Exact Online did not take our line; the reason stands beside it"),
    "not_taken": said("Exact Online did not take all of it; the reason stands beside it"),
    "not_filed": said("The proof of delivery could not be stored; the reason stands beside it"),
}
"""What `engine` keeps of a failure: the class of an error, or the code of a problem."""
ATTENTION = {value: str(label) for value, label in Parcel.Attention.choices}
MILESTONE_LOOKS: dict[str, str] = {
    Parcel.Milestone.DELIVERED: "good",
    Parcel.Milestone.EXCEPTION: "stop",
    Parcel.Milestone.RETURNED_TO_SENDER: "stop",
}


def _events(number: int) -> str:
    return ngettext("{number} event", "{number} events", number).format(number=number)


COUNTED: dict[str, Callable[[int], str]] = {
    "count": _events,
    "active": lambda number: said("{number} told", number=number),
    "renewed": lambda number: said("{number} renewed", number=number),
    "refused": lambda number: said("{number} refused", number=number),
    "postponed": lambda number: said("{number} put off", number=number),
    "failed": lambda number: said("{number} not renewed", number=number),
}
"""What an event may count."""
PLAIN: dict[str, str] = {
    Event.Kind.CONNECTED: said("Connected"),
    Event.Kind.DISCONNECTED: said("Disconnected"),
    Event.Kind.CALLED: said("Call to an outside system"),
}
OTHER_CAUSE = said("A technical problem; it is tried again")
