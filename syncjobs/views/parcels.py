"""Shapes for the parcels of one delivery: where each stands, how it is followed, and what UPS told of it."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import get_language

from audit.models import Event
from connector_site.lib.wording import said
from syncjobs.desk import Notice, attention_of
from syncjobs.doubts.notices import answers_slowly
from syncjobs.models import Attempt, Delivery, Parcel, TrackingEvent
from syncjobs.tracking.histories import EventShown, Step, history_of, steps_of
from syncjobs.tracking.looking import OUT_FOR_DELIVERY_HOURS, SILENT_HOURS, WITHOUT_ALERT_HOURS
from syncjobs.tracking.milestones import ENDS
from syncjobs.wording import milestone_word, reason_phrase, words_for
from syncjobs.wording.words import Words
from ups import subscribing
from ups.events import Source
from ups.subscribing import AlertStanding

_SOURCES = {Source.PUSH: "Track Alert", Source.VIEW: "Quantum View", Source.TRACK: "Tracking"}
_LOOKS = {"exception": "stop", "returned_to_sender": "stop", "delivered": "good", "voided": "quiet", "unknown": "quiet"}
_MARKED = ("pk", "milestone", "attention", "claim_at", "look_at", "looked_at", "last_event_at", "scheduled_date")
_CLAIMED = said("An end was reported. It counts once UPS confirms it when asked; that is being done.")
_FINISHED = said("It has come to its end.")
_FORGOTTEN = said("It is not followed any more: neither does UPS tell us of it nor is UPS asked.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One event for the history table; `told` is UPS's own text."""

    event: EventShown
    words: str
    told: str
    sources: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """How news of a parcel reaches us. `until` is when UPS stops telling by itself, `next_at` when it is asked."""

    words: str
    why_not: str = ""
    until: datetime | None = None
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The rows that the page of a delivery shows; `last_event` is the number of its newest event in the trail."""

    attempts: Sequence[Attempt]
    parcels: Sequence[Parcel]
    told: Sequence[TrackingEvent]
    last_event: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelShown:
    """One parcel on the page of its delivery."""

    parcel: Parcel
    status: str
    reason: str
    look: str
    claim: str
    steps: tuple[tuple[Step, str], ...]
    lines: tuple[Line, ...]
    following: Following
    notice: Notice | None


def parcels_shown(delivery: Delivery, parcels: Sequence[Parcel], *, at: datetime) -> list[ParcelShown]:
    """For parcels with `events` read ahead, inside the tenant's context."""
    numbers = [parcel.tracking_number for parcel in parcels]
    alerts = subscribing.standing_of(delivery.tenant_id, numbers, at=at)
    return [_shown(parcel, alerts.get(parcel.tracking_number)) for parcel in parcels]


def mark_of(tenant_id: uuid.UUID, code: uuid.UUID) -> str:
    """Changes whenever the page of the delivery would; five small statements. Empty where there is no such delivery."""
    delivery = Delivery.objects.filter(tenant_id=tenant_id, code=code).first()
    if delivery is None:
        return ""
    told = Event.objects.filter(tenant_id=tenant_id, subject=code).aggregate(last=Max("sequence"))
    parcels = list(Parcel.objects.filter(tenant_id=tenant_id, shipment__delivery=delivery).order_by("pk"))
    heard = TrackingEvent.objects.filter(tenant_id=tenant_id, parcel__in=parcels).only("recorded_at")
    attempts = Attempt.objects.filter(tenant_id=tenant_id, delivery=delivery).defer("request").order_by("pk")
    seen = Seen(attempts=list(attempts), parcels=parcels, told=list(heard), last_event=told["last"])
    return mark_seen(delivery, seen)


def mark_seen(delivery: Delivery, seen: Seen) -> str:
    """The same for what was read already."""
    parcels = [[getattr(parcel, name) for name in _MARKED] for parcel in seen.parcels]
    heard = (len(seen.told), max((event.recorded_at for event in seen.told), default=None))
    attempts = sorted(seen.attempts, key=lambda attempt: attempt.pk)
    asked = [(one.pk, one.state, one.review_reason, one.due_at, one.sent_at) for one in attempts]
    is_slow = any(answers_slowly(one.state, one.sent_at, at=timezone.now()) for one in attempts)
    mine = (delivery.state, delivery.changed_at, delivery.written_at, delivery.printed_at)
    whole = repr((mine, seen.last_event, heard, parcels, asked, is_slow))
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def _shown(parcel: Parcel, alert: AlertStanding | None) -> ParcelShown:
    history, words = history_of(parcel), _readers_words()
    return ParcelShown(
        parcel=parcel,
        status=milestone_word(words, parcel.milestone),
        reason=reason_phrase(words, parcel.reason),
        look=_LOOKS.get(parcel.milestone, "work"),
        claim=_CLAIMED if parcel.claim_at else "",
        steps=tuple((step, milestone_word(words, step.milestone)) for step in steps_of(parcel.milestone, history)),
        lines=tuple(_line(event, words) for event in history),
        following=_following(parcel, alert),
        notice=attention_of(parcel),
    )


def _readers_words() -> Words:
    return words_for(get_language() or "")


def _line(event: EventShown, ours: Words) -> Line:
    word = milestone_word(ours, event.milestone) if event.milestone else ""
    reason = reason_phrase(ours, event.reason)
    words = ": ".join(part for part in (word, reason) if part)
    return Line(
        event=event,
        words=words or event.told,
        told=event.told if words else "",
        sources=", ".join(_SOURCES[source] for source in event.sources),
    )


def _following(parcel: Parcel, alert: AlertStanding | None) -> Following:
    if parcel.milestone in ENDS:
        return Following(words=_FINISHED, next_at=parcel.look_at)
    if parcel.look_at is None:
        return Following(words=_FORGOTTEN)
    if alert is not None and alert.is_heard:
        words = said(
            "UPS tells us of it by itself; it is also asked when {hours} hours pass without news.",
            hours=f"{SILENT_HOURS:.0f}",
        )
        return Following(words=words, until=alert.expires_at, next_at=parcel.look_at)
    is_close = parcel.milestone == Parcel.Milestone.OUT_FOR_DELIVERY
    pause = OUT_FOR_DELIVERY_HOURS if is_close else WITHOUT_ALERT_HOURS
    words = said("UPS is asked when {hours} hours pass without news.", hours=f"{pause:.0f}")
    return Following(words=words, why_not=_why_not(alert), next_at=parcel.look_at)


def _why_not(alert: AlertStanding | None) -> str:
    if alert is not None and alert.is_silent:
        return said("UPS should tell us by itself and does not; see the UPS account, Tracking.")
    if alert is not None and alert.problem:
        return said("UPS does not tell us by itself: {problem}", problem=alert.problem)
    return (
        said("UPS was not asked yet to tell us of it by itself.")
        if alert
        else said("UPS does not tell us of it by itself.")
    )
