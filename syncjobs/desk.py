"""What people look at: the words for states, and what stands around every page. Reads only.

Every function runs inside the tenant's context (`tenants.gate.inside`).
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connector_site.lib.wording import said
from exact.models import Connection
from syncjobs.doubts.notices import DoubtNotice
from syncjobs.models import Delivery, Parcel, Shipment, SyncJob
from syncjobs.problems import from_json
from syncjobs.replay import step_to_run
from syncjobs.reporting import GONE_FROM_EXACT
from syncjobs.selection import BEFORE_START, NOT_LIVE
from syncjobs.setup.going_live import APPROVAL, content_to_approve

D = Delivery.State
M = Parcel.Milestone


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A state as a badge: a word, and one of the looks of `site.css`."""

    word: str
    look: str


SHOWN: dict[str, Shown] = {
    D.RECEIVED: Shown(word=said("Received"), look="work"),
    D.READY: Shown(word=said("Ready to ship"), look="work"),
    D.SHIPPING: Shown(word=said("Asking UPS"), look="work"),
    D.LABELLED: Shown(word=said("Label made"), look="work"),
    D.REPORTED: Shown(word=said("Number in Exact"), look="good"),
    D.IN_TRANSIT: Shown(word=said("On the way"), look="good"),
    D.DELIVERED: Shown(word=said("Delivered"), look="good"),
    D.CLOSED: Shown(word=said("Completed"), look="good"),
    D.SKIPPED: Shown(word=said("Not ours"), look="quiet"),
    D.HOLD: Shown(word=said("Needs fixing"), look="stop"),
    D.REVIEW: Shown(word=said("Needs a decision"), look="ask"),
    D.CANCELLED: Shown(word=said("Cancelled"), look="quiet"),
}
SHOWN_MILESTONES: dict[str, Shown] = {
    M.PICKED_UP: Shown(word=said("Picked up"), look="good"),
    M.OUT_FOR_DELIVERY: Shown(word=said("Out for delivery"), look="good"),
    M.AVAILABLE_FOR_PICKUP: Shown(word=said("Ready for collection"), look="good"),
    M.EXCEPTION: Shown(word=said("Exception"), look="stop"),
    M.RETURNED_TO_SENDER: Shown(word=said("Returned"), look="stop"),
    M.VOIDED: Shown(word=said("Label voided"), look="quiet"),
    M.UNKNOWN: Shown(word=said("Status unknown"), look="quiet"),
}
"""Milestones that say more than the state beside them does."""
_SHOWN_BACK: dict[str, Shown] = {
    D.RECEIVED: Shown(word=said("Being ordered"), look="work"),
    D.READY: Shown(word=said("Being ordered"), look="work"),
    D.REPORTED: Shown(word=said("Label ready"), look="good"),
    D.IN_TRANSIT: Shown(word=said("Coming back"), look="good"),
    D.DELIVERED: Shown(word=said("Back with you"), look="good"),
    D.CLOSED: Shown(word=said("Back with you"), look="good"),
}
"""The states of returns that mean something else: none of it stands in Exact, and the company is who receives."""
_SHOWN_FOR: dict[tuple[str, str], Shown] = {
    (D.SKIPPED, NOT_LIVE): Shown(word=said("Not switched on"), look="quiet"),
    (D.SKIPPED, BEFORE_START): Shown(word=said("Booked before"), look="quiet"),
    (D.HOLD, APPROVAL): Shown(word=said("Waits for approval"), look="ask"),
}
"""Reasons that say more than the state does."""
IN_DOUBT = Shown(word=said("Checking with UPS"), look="work")
LONG_IN_DOUBT = Shown(word=said("UPS outcome unknown"), look="ask")
MOVING = frozenset({D.RECEIVED, D.READY, D.SHIPPING, D.LABELLED})
"""States that change by themselves within seconds."""
FOLLOWED = frozenset({D.REPORTED, D.IN_TRANSIT, D.DELIVERED, D.REVIEW})
"""States in which UPS may tell something at any moment."""
_OUR_FAULT = frozenset({"poison", "gave_up"})
"""Problems that nobody fixes in Exact: the button says "Try again" (`engine`, `retry`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something a person should know of a parcel, and what to do about it."""

    number: str
    text: str
    advice: str


_ATTENTION = {
    Parcel.Attention.NO_DATA: (
        said("UPS has no data of this parcel"),
        said("See whether it was handed to UPS. If it was, ask UPS about the number; if not, hand it over or void it."),
    ),
    Parcel.Attention.SILENT: (
        said("UPS has told nothing of this parcel for days"),
        said("Ask UPS where it is; with the number it can start a search."),
    ),
    Parcel.Attention.UNCONFIRMED: (
        said("This parcel was reported as delivered, but UPS's tracking does not confirm it"),
        said("Ask the receiver, or look at UPS's own page; the delivery stays open until UPS confirms it."),
    ),
    Parcel.Attention.STOPPED: (
        said("This parcel is no longer followed"),
        said(
            "Its label is older than UPS is asked for. Look at UPS's own page, and claim it at UPS if it never arrived."
        ),
    ),
}


def shown_state(delivery: Delivery, doubts: Iterable[DoubtNotice]) -> Shown:
    """The badge of a delivery; a shipment that UPS may or may not have made comes before being shipped.

    What was left alone before going live is not called foreign, and what waits for approval is not called wrong.
    """
    code = delivery.problems[0]["code"] if delivery.problems else ""
    if (delivery.state, code) in _SHOWN_FOR:
        return _SHOWN_FOR[delivery.state, code]
    open_ones = [doubt for doubt in doubts if doubt.is_doubt]
    if not open_ones or delivery.state != D.SHIPPING:
        word = SHOWN[delivery.state]
        return word if delivery.return_of_id is None else _SHOWN_BACK.get(delivery.state, word)
    return LONG_IN_DOUBT if any(doubt.is_long for doubt in open_ones) else IN_DOUBT


def shown_milestone(delivery: Delivery) -> Shown | None:
    """The badge beside the state, while the parcels' way is what moves the delivery."""
    return SHOWN_MILESTONES.get(delivery.milestone) if delivery.state in FOLLOWED else None


def attention_of(parcel: Parcel) -> Notice | None:
    """What a person should know of a parcel, None when all is well."""
    if parcel.attention not in Parcel.Attention.values:
        return None
    text, advice = _ATTENTION[Parcel.Attention(parcel.attention)]
    return Notice(number=parcel.tracking_number, text=text, advice=advice)


def button_for(delivery: Delivery) -> str:
    """What the button that runs it again says; empty where there is none."""
    step = step_to_run(delivery)
    if content_to_approve(delivery):
        return ""
    if step == SyncJob.Kind.PROOF:
        return said("File the proof again") if lacks_proof(delivery) else ""
    if step == SyncJob.Kind.REPORT:
        return said("Write it again")
    if step is None:
        return ""
    codes = {problem.code for problem in from_json(delivery.problems)}
    return said("Try again") if codes & _OUR_FAULT else said("Check again")


def lacks_proof(delivery: Delivery) -> bool:
    """Whether filing the proof stopped and a person may have it filed again."""
    if delivery.proof_problem in {"", GONE_FROM_EXACT}:
        return False
    if delivery.state == D.DELIVERED:
        return True
    chosen = getattr(delivery.connection, "reporting", None)
    is_wanted = chosen is None or chosen.writes_proof
    return is_wanted and delivery.state == D.CLOSED and delivery.exact_document_id is None


def keeps_number(delivery: Delivery) -> bool:
    """Whether Exact does not let the number of a shipment go that was voided; it is tried every hour."""
    return delivery.state == D.CANCELLED and delivery.proof_problem not in {"", GONE_FROM_EXACT}


def needs_reconnect(tenant_id: uuid.UUID) -> bool:
    """Whether the permission for a connected Exact company has ended."""
    return Connection.objects.filter(
        tenant_id=tenant_id, disconnected_at=None, grant__needs_reconnect_at__isnull=False
    ).exists()


def live_parcels(shipments: Sequence[Shipment]) -> tuple[Parcel, ...]:
    """Parcels of shipments that were not voided, in order; for shipments with `parcels` read ahead."""
    return tuple(
        parcel
        for shipment in shipments
        if shipment.voided_at is None
        for parcel in sorted(shipment.parcels.all(), key=lambda parcel: parcel.position)
        if parcel.voided_at is None
    )
