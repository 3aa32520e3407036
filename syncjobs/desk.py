"""What people look at: the list of deliveries, the work list, and the words for states. Reads only.

Every function runs inside the tenant's context (`tenants.gate.inside`).
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone

from connector_site.lib.wording import said
from exact.models import Connection
from syncjobs.account_notices import count_in_trouble
from syncjobs.alarm_notices import count_listed
from syncjobs.doubt_notices import DoubtNotice, doubt_notices, notices_of, pressing_deliveries
from syncjobs.going_live import APPROVAL, content_to_approve
from syncjobs.looking import FOLLOWED_DAYS
from syncjobs.models import Attempt, Delivery, Parcel, Shipment, SyncJob
from syncjobs.problems import Problem, from_json
from syncjobs.receivers import Receiver, receiver_of, with_receiver
from syncjobs.replay import step_to_run
from syncjobs.reporting import GONE_FROM_EXACT
from syncjobs.selection import BEFORE_START, NOT_LIVE

PAGE_SIZE = 25
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
_PROBLEM_STATES = frozenset({D.HOLD, D.REVIEW})
PROOF_DAYS = 30
"""So long a delivery whose proof could not be filed waits for a person."""
STOPPED_DAYS = 14
"""So long a parcel that is no longer followed waits for a person, who may have nothing more to find out."""
_OUR_FAULT = frozenset({"poison", "gave_up"})
"""Problems that nobody fixes in Exact: the button says "Try again" (`engine`, `retry`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A choice in the list of deliveries."""

    key: str
    word: str
    states: frozenset[str]
    milestones: frozenset[str] = frozenset()


FILTERS = (
    Filter(key="work", word=said("In work"), states=MOVING),
    Filter(key="todo", word=said("To do"), states=frozenset({D.HOLD, D.REVIEW})),
    Filter(key="reported", word=said("Number in Exact"), states=frozenset({D.REPORTED})),
    Filter(key="way", word=said("On the way"), states=frozenset({D.IN_TRANSIT})),
    Filter(
        key="exceptions",
        word=said("Exceptions"),
        states=FOLLOWED,
        milestones=frozenset({M.EXCEPTION, M.RETURNED_TO_SENDER, M.UNKNOWN}),
    ),
    Filter(key="delivered", word=said("Delivered"), states=frozenset({D.DELIVERED, D.CLOSED})),
    Filter(key="skipped", word=said("Not ours"), states=frozenset({D.SKIPPED})),
    Filter(key="cancelled", word=said("Cancelled"), states=frozenset({D.CANCELLED})),
)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A delivery in a list."""

    delivery: Delivery
    shown: Shown
    milestone: Shown | None
    receiver: Receiver | None
    tracking_numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A piece of the list; `older` is the code to go on from, None at the end."""

    rows: tuple[Row, ...]
    older: uuid.UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """Something that waits for a person. `since` is None where only its parcels call for attention."""

    delivery: Delivery
    shown: Shown
    problems: tuple[Problem, ...]
    notices: tuple[Notice, ...]
    unfiled: str
    """Why its proof is not in Exact; empty where it is, or is not wanted."""
    doubts: tuple[DoubtNotice, ...]
    since: datetime | None
    button: str

    @property
    def needs_decision(self) -> bool:
        """Whether a manager has to choose how it goes on."""
        return self.delivery.state == D.REVIEW or any(doubt.needs_decision for doubt in self.doubts)


def find_deliveries(tenant_id: uuid.UUID, *, choice: str, search: str, before: uuid.UUID | None) -> Page:
    """Newest first, a page at a time, from after the delivery `before`."""
    found = Delivery.objects.filter(tenant_id=tenant_id)
    chosen = next((one for one in FILTERS if one.key == choice), None)
    if chosen is not None:
        found = found.filter(state__in=chosen.states)
    if chosen is not None and chosen.milestones:
        found = found.filter(milestone__in=chosen.milestones)
    if search:
        found = found.filter(_matches(tenant_id, search))
    mark = Delivery.objects.filter(tenant_id=tenant_id, code=before).first() if before else None
    if mark is not None:
        found = found.filter(
            Q(created_at__lt=mark.created_at) | Q(created_at=mark.created_at, pk__lt=mark.pk),
        )
    some = list(_with_story(found).order_by("-created_at", "-pk")[: PAGE_SIZE + 1])
    rows = tuple(_row(delivery) for delivery in some[:PAGE_SIZE])
    return Page(rows=rows, older=rows[-1].delivery.code if len(some) > PAGE_SIZE else None)


def waiting_count(tenant_id: uuid.UUID) -> int:
    """How many deliveries, UPS accounts and alarms wait for a person."""
    return _waiting_keys(tenant_id).count() + count_in_trouble(tenant_id) + count_listed(tenant_id)


def work_list(tenant_id: uuid.UUID) -> list[WorkItem]:
    """What waits for a person, longest waiting first; what only waits for approval stands apart (`approvals`)."""
    to_approve = Q(state=D.HOLD, problems__0__code=APPROVAL)
    found = Delivery.objects.filter(tenant_id=tenant_id, pk__in=list(_waiting_keys(tenant_id)))
    rows = found.exclude(to_approve).select_related("connection__reporting")
    waiting = list(rows.order_by("changed_at", "pk"))
    doubts = doubt_notices(tenant_id, waiting, at=timezone.now())
    notices = _notices(tenant_id, waiting)
    return [_item(delivery, doubts.get(delivery.pk, ()), notices.get(delivery.pk, ())) for delivery in waiting]


def _item(delivery: Delivery, doubts: tuple[DoubtNotice, ...], notices: tuple[Notice, ...]) -> WorkItem:
    stands = delivery.state in _PROBLEM_STATES or lacks_proof(delivery)
    return WorkItem(
        delivery=delivery,
        shown=shown_state(delivery, doubts),
        problems=tuple(from_json(delivery.problems)) if delivery.state in _PROBLEM_STATES else (),
        notices=notices,
        unfiled=delivery.proof_problem if lacks_proof(delivery) else "",
        doubts=doubts,
        since=delivery.changed_at if stands or doubts else None,
        button="" if any(doubt.is_doubt for doubt in doubts) else button_for(delivery),
    )


def shown_state(delivery: Delivery, doubts: Iterable[DoubtNotice]) -> Shown:
    """The badge of a delivery; a shipment that UPS may or may not have made comes before being shipped.

    What was left alone before going live is not called foreign, and what waits for approval is not called wrong.
    """
    code = delivery.problems[0]["code"] if delivery.problems else ""
    if (delivery.state, code) in _SHOWN_FOR:
        return _SHOWN_FOR[delivery.state, code]
    open_ones = [doubt for doubt in doubts if doubt.is_doubt]
    if not open_ones or delivery.state != D.SHIPPING:
        return SHOWN[delivery.state]
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
    )


def _waiting_keys(tenant_id: uuid.UUID) -> QuerySet[Delivery, Any]:
    """Keys of what waits for a person, each once. Every part has an index of its own: one condition would have none."""
    stopped = Delivery.objects.filter(tenant_id=tenant_id, state__in=_PROBLEM_STATES)
    return stopped.values_list("pk", flat=True).union(
        pressing_deliveries(tenant_id, at=timezone.now()).values_list("delivery_id", flat=True),
        _with_attention(tenant_id).values_list("delivery_id", flat=True),
        _without_proof(tenant_id).values_list("pk", flat=True),
    )


def _without_proof(tenant_id: uuid.UUID) -> QuerySet[Delivery]:
    """Those that `lacks_proof` tells of, while it is not too long ago."""
    wanted = Q(connection__reporting=None) | Q(connection__reporting__writes_proof=True)
    return Delivery.objects.filter(
        ~Q(proof_problem=""),
        Q(state=D.DELIVERED) | Q(wanted, state=D.CLOSED, exact_document_id=None),
        tenant_id=tenant_id,
        changed_at__gte=timezone.now() - timedelta(days=PROOF_DAYS),
    ).exclude(proof_problem=GONE_FROM_EXACT)


def _calling(tenant_id: uuid.UUID) -> QuerySet[Parcel]:
    """Parcels that call for attention; one that is no longer followed does so for a while only."""
    since = timezone.now() - timedelta(days=FOLLOWED_DAYS + STOPPED_DAYS)
    is_over = Q(attention=Parcel.Attention.STOPPED, shipment__created_at__lt=since)
    return Parcel.objects.filter(tenant_id=tenant_id, shipment__voided_at=None).exclude(attention="").exclude(is_over)


def _with_attention(tenant_id: uuid.UUID) -> QuerySet[Shipment]:
    return Shipment.objects.filter(tenant_id=tenant_id, pk__in=_calling(tenant_id).values("shipment_id"))


def _notices(tenant_id: uuid.UUID, deliveries: Sequence[Delivery]) -> dict[int, tuple[Notice, ...]]:
    """By delivery, in the order of its parcels."""
    rows = (
        _calling(tenant_id)
        .filter(shipment__delivery__in=deliveries)
        .select_related("shipment")
        .order_by("shipment_id", "position")
    )
    found: dict[int, tuple[Notice, ...]] = {}
    for row in rows:
        notice = attention_of(row)
        if notice is not None:
            found[row.shipment.delivery_id] = (*found.get(row.shipment.delivery_id, ()), notice)
    return found


def _matches(tenant_id: uuid.UUID, search: str) -> Q:
    """Part of a number; letters in numbers of UPS and Exact are capitals, so that no row's have to be made so."""
    part = "".join(search.upper().split())
    parcels = Parcel.objects.filter(tenant_id=tenant_id, tracking_number__contains=part).values("shipment__delivery_id")
    return Q(delivery_number__contains=part) | Q(order_numbers__contains=part) | Q(pk__in=parcels)


def _with_story(found: QuerySet[Delivery]) -> QuerySet[Delivery]:
    return with_receiver(found).prefetch_related(
        Prefetch("shipments", queryset=Shipment.objects.order_by("created_at").prefetch_related("parcels")),
        Prefetch("attempts", queryset=Attempt.objects.filter(state=Attempt.State.IN_DOUBT).defer("request")),
    )


def _row(delivery: Delivery) -> Row:
    parcels = live_parcels(list(delivery.shipments.all()))
    return Row(
        delivery=delivery,
        shown=shown_state(delivery, notices_of(delivery.attempts.all(), at=timezone.now())),
        milestone=shown_milestone(delivery),
        receiver=receiver_of(delivery),
        tracking_numbers=tuple(parcel.tracking_number for parcel in parcels),
    )
