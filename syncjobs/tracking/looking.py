"""When UPS's Tracking API is asked about a parcel: the answer is a moment, None when it is followed no more. Pure.

Pushes come first, Quantum View second; this is what finds what both have missed (`ups.md` 8, last paragraph).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from syncjobs.models import Parcel
from syncjobs.tracking.milestones import Standing
from ups.events import Milestone

SILENT_HOURS = 24.0
"""A parcel that UPS tells us of by itself is asked about after so long without news (`ups.md` 8)."""
WITHOUT_ALERT_HOURS = 6.0
"""The same while no Track Alert stands behind it: pushes cannot be missing, they do not exist."""
OUT_FOR_DELIVERY_HOURS = 3.0
"""Two to four (`ups.md` 8)."""
CLAIM_MINUTES = (0.0, 1.0, 5.0, 15.0, 60.0, 180.0)
"""An end that somebody else told of is looked into at once, then ever more seldom."""
NEW_CLAIM_MINUTES = 10.0
"""Our own bound: a new claim is looked into at once when the last look is so long ago."""
NEW_CLAIM_LOOKS = CLAIM_MINUTES.index(15.0)
"""Otherwise after a quarter of an hour at the latest."""
AFTER_THE_END_HOURS = 24.0
FOLLOWED_AFTER_THE_END_HOURS = 48.0
"""A correction comes soon or not at all: two days after an end nobody asks any more (`ups.md` 8)."""
FOLLOWED_DAYS = 60
"""`ups.md` 8."""
GRACE_HOURS = 48.0
"""So long after its label UPS need not know a parcel; then a person should look where it is (`ups.md` 8, `TW0001`)."""
SILENT_ALARM_DAYS = 5
"""A parcel under way of which UPS has told nothing for so long, weekend and a holiday allowed for."""
CLAIM_ALARM_HOURS = 24.0
"""So long a reported delivery may stay unconfirmed before a person is told."""
AFTER_SUBSCRIBING_MINUTES = 2.0
"""What happened before UPS began to tell us is not told any more (`ups.md` 10.2): read once when it has begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What decides besides the standing: when the label was made, the last look, and whether UPS tells by itself."""

    labelled_at: datetime
    looked_at: datetime | None
    looks_in_vain: int
    has_alert: bool


def hours(number: float) -> timedelta:
    """So many hours; the demo lets them pass faster (`TRACKING_HOUR_SECONDS`)."""
    return timedelta(seconds=number * settings.TRACKING_HOUR_SECONDS)


def next_look(standing: Standing, watch: Watch, *, at: datetime) -> datetime | None:
    """When to ask next."""
    if at - watch.labelled_at >= timedelta(days=FOLLOWED_DAYS):
        return None
    if standing.claim_at is not None:
        minutes = CLAIM_MINUTES[min(watch.looks_in_vain, len(CLAIM_MINUTES) - 1)]
        due_at = (watch.looked_at or at) + hours(minutes / 60)
        is_worth_it = due_at <= standing.claim_at + hours(FOLLOWED_AFTER_THE_END_HOURS) or not watch.looks_in_vain
        if is_worth_it or not standing.is_over:
            return due_at
    if standing.is_over:
        ended_at = standing.milestone_at or at
        due_at = max(watch.looked_at or ended_at, ended_at) + hours(AFTER_THE_END_HOURS)
        return due_at if due_at <= ended_at + hours(FOLLOWED_AFTER_THE_END_HOURS) else None
    news_at = max(filter(None, (standing.last_event_at, watch.looked_at, watch.labelled_at)))
    return min(news_at, at) + hours(_pause(standing, watch))


def looks_for_new_claim(looks_in_vain: int, *, looked_at: datetime | None, at: datetime) -> int:
    """How many looks count as vain when another end is claimed: none, unless UPS was asked a moment ago.

    A flood of claims, each of another moment, then costs a look every ten minutes, and no claim waits for long.
    """
    if looked_at is None or at - looked_at >= hours(NEW_CLAIM_MINUTES / 60):
        return 0
    return min(looks_in_vain, NEW_CLAIM_LOOKS)


def attention(standing: Standing, watch: Watch, *, at: datetime) -> str:
    """What a person should know, as a value of `Parcel.Attention`; empty when all is well."""
    if standing.is_over:
        return ""
    if at - watch.labelled_at >= timedelta(days=FOLLOWED_DAYS):
        return Parcel.Attention.STOPPED
    if standing.claim_at is not None:
        return Parcel.Attention.UNCONFIRMED if at - standing.claim_at >= hours(CLAIM_ALARM_HOURS) else ""
    if standing.last_event_at is None or standing.milestone == Milestone.LABEL_CREATED:
        is_late = watch.looked_at is not None and at - watch.labelled_at >= hours(GRACE_HOURS)
        return Parcel.Attention.NO_DATA if is_late else ""
    is_silent = at - standing.last_event_at >= hours(24.0 * SILENT_ALARM_DAYS)
    return Parcel.Attention.SILENT if is_silent else ""


def _pause(standing: Standing, watch: Watch) -> float:
    if standing.milestone == Milestone.OUT_FOR_DELIVERY:
        return OUT_FOR_DELIVERY_HOURS
    return SILENT_HOURS if watch.has_alert else WITHOUT_ALERT_HOURS
