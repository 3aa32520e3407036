"""Shipments that UPS may or may not have made, in plain words, for the work list and a delivery's page. Reads only.

Every function runs inside the tenant's context (`tenants.gate.inside`).
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from connector_site.lib.wording import said
from syncjobs.alarms.troubles import DOUBT_MINUTES
from syncjobs.doubts.settling import Reason, minutes
from syncjobs.doubts.testimony import Told, last_heard
from syncjobs.doubts.words import WHY
from syncjobs.models import Attempt, Delivery

A = Attempt.State
_DOUBTFUL = (A.IN_DOUBT, A.REVIEW)
_OPEN_STATES = (A.IN_DOUBT, A.REVIEW, A.ORPHAN, A.VOIDING)
_UNASKABLE = (Reason.PLACEHOLDER, Reason.ACCOUNT)
"""Asking UPS will hardly bring anything: a person is expected to end it."""
SLOW_AFTER = timedelta(minutes=1)
"""UPS answers within seconds; a request without an answer is in doubt after two minutes (`queue.LEASE_SECONDS`)."""
_DECIDE = said("Nothing is sent again and nothing more is paid until a manager has decided.")
_DECIDE_VOID = said("A manager decides whether it is voided after all or left as it is.")
_WHY = {reason.value: words for reason, words in WHY.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtNotice:
    """What people should know of one request to UPS.

    `next_at` is when UPS is asked again without anybody's doing, `is_due` whether that is now. `is_doubt`: whether the
    shipment exists is what is not known; `is_long`: longer than usual; `is_extra`: one shipment
    too many. `decided` is what a person has said already and is being carried out, or could not be.
    """

    attempt: Attempt
    title: str
    text: str
    heard: Told | None
    next_at: datetime | None
    is_due: bool
    is_doubt: bool
    is_long: bool
    is_extra: bool
    decided: str
    since: datetime | None
    needs_decision: bool


def notice_of(attempt: Attempt, *, at: datetime) -> DoubtNotice | None:
    """None when all is clear about it."""
    needs_decision = bool(attempt.review_reason)
    if not needs_decision and attempt.state not in _OPEN_STATES:
        return None
    title, text = _words(attempt, at)
    next_at = None if attempt.review_reason in _UNASKABLE else attempt.due_at
    return DoubtNotice(
        attempt=attempt,
        title=title,
        text=text,
        heard=last_heard(attempt),
        next_at=next_at,
        is_due=next_at is not None and next_at <= at,
        is_doubt=attempt.state in _DOUBTFUL,
        is_long=attempt.state == A.IN_DOUBT and is_long(attempt, at=at),
        is_extra=attempt.orphaned_at is not None,
        decided=_decided(attempt),
        since=attempt.doubt_at or attempt.sent_at,
        needs_decision=needs_decision,
    )


def notices_of(attempts: Iterable[Attempt], *, at: datetime) -> tuple[DoubtNotice, ...]:
    """What people should know of these, in their order."""
    found = (notice_of(attempt, at=at) for attempt in attempts)
    return tuple(notice for notice in found if notice is not None)


def doubt_notices(
    tenant_id: uuid.UUID, deliveries: Iterable[Delivery], *, at: datetime
) -> dict[int, tuple[DoubtNotice, ...]]:
    """What waits for a person or is long in doubt, by the delivery's key."""
    by_delivery: dict[int, list[Attempt]] = {}
    rows = pressing(tenant_id, at=at).filter(delivery__in=list(deliveries)).defer("request").order_by("pk")
    for attempt in rows:
        by_delivery.setdefault(attempt.delivery_id, []).append(attempt)
    return {key: notices_of(attempts, at=at) for key, attempts in by_delivery.items()}


def is_long(attempt: Attempt, *, at: datetime) -> bool:
    """Whether the doubt has lasted so long that a person should know."""
    since = attempt.doubt_at or attempt.sent_at
    return since is not None and at - since > minutes(DOUBT_MINUTES)


def answers_slowly(state: str, sent_at: datetime | None, *, at: datetime) -> bool:
    """Whether UPS has been silent about a request just sent for longer than it usually is."""
    return state == A.SENDING and sent_at is not None and at - sent_at > SLOW_AFTER


def pressing(tenant_id: uuid.UUID, *, at: datetime) -> QuerySet[Attempt]:
    """Requests of which a person should know: she has to decide, or UPS's answer is missing for long."""
    long_ago = at - minutes(DOUBT_MINUTES)
    rows = Attempt.objects.filter(tenant_id=tenant_id).annotate(since=Coalesce("doubt_at", "sent_at"))
    return rows.filter(
        ~Q(review_reason="") | Q(state=A.IN_DOUBT, since__lt=long_ago),
    )


def _decided(attempt: Attempt) -> str:
    evidence = attempt.evidence or {}
    if attempt.state != A.REVIEW or not evidence.get("chosen"):
        return ""
    if evidence.get("choice_failed"):
        why = str(evidence["choice_failed"]).rstrip(".")
        return said(
            "UPS did not give the labels of {number}: {why}. Please decide again.", number=evidence["chosen"], why=why
        )
    return said("Decided: shipment {number} is used. Its labels are being fetched from UPS.", number=evidence["chosen"])


def _words(attempt: Attempt, at: datetime) -> tuple[str, str]:
    if attempt.review_reason:
        title = _WHY[attempt.review_reason]
        return title, _DECIDE if attempt.state == A.REVIEW else _DECIDE_VOID
    if attempt.state == A.IN_DOUBT:
        return said("It is not known yet whether UPS made this shipment."), _doubt_text(attempt, at)
    if attempt.state == A.ORPHAN:
        return (
            said("UPS made a shipment after all that had been given up."),
            said("Another one was sent in its place, so this one is voided by itself. You need not do anything."),
        )
    return (
        said("A shipment is being voided at UPS."),
        said("UPS is asked by itself until it confirms. You need not do anything."),
    )


def _doubt_text(attempt: Attempt, at: datetime) -> str:
    text = said(
        "The answer of UPS was lost. UPS is asked about it by itself, again and again. Nothing is sent a second time "
        "until that is known, so nothing is paid twice."
    )
    if not is_long(attempt, at=at):
        then = said("Most of the time it is settled within twenty minutes; you need not do anything.")
    else:
        then = said("It takes longer than usual; if it stays unclear, a manager is asked to decide.")
    return f"{text} {then}"
