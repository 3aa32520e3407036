"""Shipments that UPS may or may not have made, in plain words, for the work list and a delivery's page. Reads only.

Every function runs inside the tenant's context (`tenants.gate.inside`).
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from syncjobs.testimony import Told, last_heard
from syncjobs.models import Attempt, Delivery
from syncjobs.settling import Reason, minutes

A = Attempt.State
LONG_DOUBT_MINUTES = 30.0
"""A doubt that is older is a person's matter to know of (`reliability.md` 8); most are settled within twenty."""
_OPEN_STATES = (A.IN_DOUBT, A.REVIEW, A.ORPHAN, A.VOIDING)

REASONS: dict[str, str] = {
    Reason.SEVERAL: "UPS has more than one shipment under this reference.",
    Reason.COUNT: "UPS made a shipment, but with another number of parcels than we asked for.",
    Reason.NO_LABEL: "UPS made the shipment, but does not give out its label any more.",
    Reason.NO_ANSWER: "UPS has given no clear answer about this shipment for an hour.",
    Reason.REPORTED: "UPS named a tracking number at first, but now says it knows no such shipment.",
    Reason.TOO_OLD: "The request is too old for UPS to say for certain that it made no shipment.",
    Reason.ACCOUNT: "The UPS account was changed since the request was sent; UPS cannot be asked about it any more.",
    Reason.PLACEHOLDER: "UPS's test system answered without a real tracking number.",
    Reason.NUMBER_TAKEN: "UPS named a tracking number that belongs to another delivery already.",
    Reason.SCANNED: "UPS made a second shipment for this delivery, and that parcel is on its way already.",
    Reason.UNSEEN: "UPS made a second shipment for this delivery; whether its parcel is on its way is not known.",
    Reason.VOID_REFUSED: "UPS did not void a shipment that is not needed.",
}
"""Why a person must decide (`settling.Reason`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtNotice:
    """What people should know of one request to UPS. `next_at` is when UPS is asked again without anybody's doing."""

    attempt: Attempt
    title: str
    text: str
    heard: Told | None
    next_at: datetime | None
    since: datetime | None
    needs_decision: bool


def notice_of(attempt: Attempt, *, at: datetime) -> DoubtNotice | None:
    """None when all is clear about it."""
    needs_decision = bool(attempt.review_reason) or attempt.state == A.REVIEW
    if not needs_decision and attempt.state not in _OPEN_STATES:
        return None
    title, text = _words(attempt, at)
    return DoubtNotice(
        attempt=attempt,
        title=title,
        text=text,
        heard=last_heard(attempt),
        next_at=attempt.due_at,
        since=attempt.doubt_at or attempt.sent_at,
        needs_decision=needs_decision,
    )


def notices(tenant_id: uuid.UUID, deliveries: Iterable[Delivery], *, at: datetime) -> dict[int, list[DoubtNotice]]:
    """What waits for a person or is long in doubt, by the delivery's key."""
    found: dict[int, list[DoubtNotice]] = {}
    for attempt in _pressing(tenant_id, at).filter(delivery__in=list(deliveries)).order_by("pk"):
        notice = notice_of(attempt, at=at)
        if notice is not None:
            found.setdefault(attempt.delivery_id, []).append(notice)
    return found


def pressing_deliveries(tenant_id: uuid.UUID, *, at: datetime) -> QuerySet[Attempt]:
    """Keys of deliveries with a request that a person should know of, for use inside another query."""
    return _pressing(tenant_id, at).values("delivery_id")


def is_long(attempt: Attempt, *, at: datetime) -> bool:
    """Whether the doubt has lasted so long that a person should know."""
    since = attempt.doubt_at or attempt.sent_at
    return since is not None and at - since > minutes(LONG_DOUBT_MINUTES)


def _pressing(tenant_id: uuid.UUID, at: datetime) -> QuerySet[Attempt]:
    long_ago = at - minutes(LONG_DOUBT_MINUTES)
    rows = Attempt.objects.filter(tenant_id=tenant_id).annotate(since=Coalesce("doubt_at", "sent_at"))
    return rows.filter(
        ~Q(review_reason="") | Q(state=A.REVIEW) | Q(state=A.IN_DOUBT, since__lt=long_ago),
    )


def _words(attempt: Attempt, at: datetime) -> tuple[str, str]:
    if attempt.review_reason or attempt.state == A.REVIEW:
        title = REASONS.get(attempt.review_reason, "It could not be found out whether UPS made this shipment.")
        return title, "Nothing is sent again and nothing more is paid until a manager has decided."
    if attempt.state == A.IN_DOUBT:
        return "It is not known yet whether UPS made this shipment.", _doubt_text(attempt, at)
    if attempt.state == A.ORPHAN:
        return (
            "UPS made a shipment after all that had been given up.",
            "Another one was sent in its place, so this one is voided by itself. You need not do anything.",
        )
    return (
        "A shipment is being voided at UPS.",
        "UPS is asked by itself until it confirms. You need not do anything.",
    )


def _doubt_text(attempt: Attempt, at: datetime) -> str:
    text = (
        "The answer of UPS was lost. UPS is asked about it by itself, again and again. Nothing is sent a second time "
        "until that is known, so nothing is paid twice."
    )
    if not is_long(attempt, at=at):
        return f"{text} Most of the time it is settled within twenty minutes; you need not do anything."
    return f"{text} It takes longer than usual; if it stays unclear, a manager is asked to decide."
