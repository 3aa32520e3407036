"""Taking events into a delivery's history: the parcels' milestones, the delivery's own, and the work that follows.

All of it in one transaction under the lock of the delivery, so that two workers with news of one delivery take turns.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from audit.models import Event
from audit.record import Happening, happenings
from syncjobs import queue
from syncjobs.models import Delivery, Parcel, SyncJob, TrackingEvent
from syncjobs.problems import as_json
from syncjobs.reporting import milestone_to_tell
from syncjobs.steps.facts import touch
from syncjobs.tracking.alerting import Heard, fallen_silent, heard, look_after_alerts, want_missing
from syncjobs.tracking.courses import Course, Followed, course_of
from syncjobs.tracking.history_rows import rows_of, store, told_of
from syncjobs.tracking.looking import AFTER_SUBSCRIBING_MINUTES, Watch, attention, hours, looks_for_new_claim, next_look
from syncjobs.tracking.merging import Told, merge, told
from syncjobs.tracking.milestones import Standing, least_advanced, standing_of, without_idle
from syncjobs.transitions import delivery_event, move
from ups import subscribing
from ups.events import Milestone, ParcelEvent, Source

COALESCE_SECONDS = 2
"""A burst of news becomes one write to Exact; an event is to be there within five seconds."""
FROM_THE_FUTURE = timedelta(hours=26)
"""More than any two zones are apart: an estimated moment later than that moves nothing."""
CLOCKS_DIFFER = timedelta(minutes=15)
"""The same where UPS gave the moment itself: a scanner's clock is a little fast at most."""
_WAITS_FOR_A_PERSON = frozenset({Delivery.State.HOLD, Delivery.State.REVIEW})
"""There `changed_at` says since when."""
_NOTHING: Mapping[str, None] = MappingProxyType({})
_COLUMNS = (
    "milestone",
    "milestone_at",
    "reason",
    "claim_at",
    "confirmed_at",
    "scheduled_date",
    "promised_date",
    "had_exception",
    "last_event_at",
    "looked_at",
    "looks_in_vain",
    "look_at",
    "attention",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What came of the news; `conclude` writes it to the delivery."""

    events: tuple[Happening, ...]
    milestone: str
    course: Course | None


def lock(tenant_id: UUID, code: UUID) -> Delivery:
    """The delivery, locked until the open transaction ends."""
    rows = Delivery.objects.select_for_update(of=("self",)).select_related("connection")
    return rows.get(tenant_id=tenant_id, code=code)


def parcels_of(delivery: Delivery) -> list[Parcel]:
    """The parcels of its shipments that were not voided by us, with their shipments."""
    rows = Parcel.objects.select_related("shipment__attempt").filter(
        tenant_id=delivery.tenant_id, shipment__delivery=delivery, shipment__voided_at=None, voided_at=None
    )
    return list(rows.order_by("shipment__created_at", "position"))


def current(parcels: list[Parcel]) -> list[Parcel]:
    """Those that say where the delivery stands: of an earlier shipment only what has not come to its end."""
    newest = max((row.shipment.attempt.shipment_no for row in parcels), default=0)
    return [row for row in parcels if row.shipment.attempt.shipment_no == newest or row.confirmed_at is None]


def take_in(
    delivery: Delivery,
    news: Iterable[ParcelEvent],
    *,
    at: datetime,
    looked: Mapping[str, date | None] = _NOTHING,
) -> Progress:
    """Merge news into the history of a locked delivery.

    `looked`: numbers the Tracking API was asked about just now, each with the day it expects the delivery on.
    """
    parcels = parcels_of(delivery)
    stored = {parcel.pk: _columns_of(parcel) for parcel in parcels}
    rows = rows_of(parcels)
    by_number: dict[str, list[Told]] = {}
    for event in news:
        by_number.setdefault(event.tracking_number, []).append(_possible(told(event), at))
    alerts = subscribing.standing_of(delivery.tenant_id, [parcel.tracking_number for parcel in parcels], at=at)
    events: list[Happening] = []
    followed: list[Followed] = []
    histories: list[Heard] = []
    for parcel in parcels:
        number = parcel.tracking_number
        mine, alert = by_number.get(number, []), alerts.get(number)
        standing, history = _merge_into(parcel, rows[parcel.pk], mine, at)
        if number in looked:
            parcel.looks_in_vain = parcel.looks_in_vain + 1 if standing.claim_at else 0
            parcel.looked_at = at
        elif standing.claim_at != parcel.claim_at:
            parcel.looks_in_vain = looks_for_new_claim(parcel.looks_in_vain, looked_at=parcel.looked_at, at=at)
        parcel.promised_date = _promised(parcel, history, looked.get(number))
        parcel.had_exception = parcel.had_exception or _was_exception(history, at)
        parcel.scheduled_date = _expected(parcel, standing, mine, looked.get(number))
        events += _update(parcel, standing, delivery, at=at, has_alert=alert is not None and alert.is_heard)
        histories.append((parcel, alert, history))
        followed.append(Followed(tracking_number=number, standing=standing, last_words=_last_words(history)))
    is_pushed = any(Source.PUSH in event.sources for mine in by_number.values() for event in mine)
    events += heard(parcels, alerts) if is_pushed else fallen_silent(histories, at=at)
    _write(parcels, stored)
    over = frozenset(one.tracking_number for one in followed if one.standing.is_over)
    look_after_alerts(delivery, parcels, over, at=at)
    want_missing(delivery.tenant_id, [row for row in parcels if row.tracking_number not in over], alerts, at=at)
    return _progress(delivery, followed, parcels, events, at)


def conclude(delivery: Delivery, progress: Progress, *, at: datetime, events: Iterable[Happening] = ()) -> None:
    """Move the delivery on and record everything: the last thing in the transaction, after the job was ended."""
    told_now = [*events, *progress.events]
    changes: dict[str, Any] = {"milestone": progress.milestone}
    course = progress.course
    if course is not None and course.to == delivery.state:
        details = {"what": "another problem", "problems": [{"code": problem.code} for problem in course.problems]}
        told_now.append(delivery_event(delivery, Event.Kind.CHANGED, details=details))
        changes["problems"] = as_json(course.problems)
    elif course is not None:
        move(delivery, to=course.to, at=at, problems=course.problems, changes=changes, events=told_now)
        return
    if delivery.milestone != progress.milestone or "problems" in changes:
        touch(delivery, changes if delivery.state in _WAITS_FOR_A_PERSON else changes | {"changed_at": at})
    happenings(delivery.tenant_id, told_now)


def _columns_of(parcel: Parcel) -> dict[str, Any]:
    return {name: getattr(parcel, name) for name in _COLUMNS}


def _write(parcels: list[Parcel], stored: Mapping[int, Mapping[str, Any]]) -> None:
    """Write the parcels that are no longer as they are stored; nearly always that is one."""
    changed = [parcel for parcel in parcels if _columns_of(parcel) != stored[parcel.pk]]
    if len(changed) == 1:
        (only,) = changed
        Parcel.objects.filter(tenant_id=only.tenant_id, pk=only.pk).update(**_columns_of(only))
    elif changed:
        Parcel.objects.bulk_update(changed, _COLUMNS)


def _expected(parcel: Parcel, standing: Standing, news: Iterable[Told], day: date | None) -> date | None:
    """The delivery date: what UPS has just answered or announced goes before what was known."""
    if day is not None and not standing.is_over:
        return day
    if any(event.scheduled_date for event in news):
        return standing.scheduled_date or parcel.scheduled_date
    return parcel.scheduled_date or standing.scheduled_date


def _promised(parcel: Parcel, history: Iterable[Told], day: date | None) -> date | None:
    """The first day of arrival that UPS named; later ones are news, and no promise kept."""
    named = next((event.scheduled_date for event in history if event.scheduled_date), None)
    return parcel.promised_date or parcel.scheduled_date or named or day


def _was_exception(history: Iterable[Told], at: datetime) -> bool:
    return any(event.milestone == Milestone.EXCEPTION and not _is_future(event, at) for event in history)


def _possible(event: Told, at: datetime) -> Told:
    """An event from the future tells nothing about now; it is kept for people to see."""
    return replace(event, milestone=None, track_says="") if _is_future(event, at) else event


def _is_future(event: Told, at: datetime) -> bool:
    ahead = CLOCKS_DIFFER if event.zone_known else FROM_THE_FUTURE
    return event.happened_at is not None and event.happened_at > at + ahead


def _merge_into(
    parcel: Parcel, rows: list[TrackingEvent], news: list[Told], at: datetime
) -> tuple[Standing, tuple[Told, ...]]:
    known = [told_of(row) for row in rows]
    merged = without_idle(merge(known, news), known)
    store(parcel, rows, merged, at=at)
    return standing_of(event for event in merged.history if not _is_future(event, at)), merged.history


def _last_words(history: Iterable[Told]) -> str:
    """What UPS said about the newest event that means something."""
    meant = [event for event in history if event.milestone and event.happened_at]
    newest: Told | None = max(meant, key=lambda event: (event.happened_at, event.fingerprint), default=None)
    return newest.description.strip() if newest else ""


def _update(
    parcel: Parcel, standing: Standing, delivery: Delivery, *, at: datetime, has_alert: bool
) -> list[Happening]:
    """The parcel's columns, and the event when its milestone or the call for attention changed."""
    before = (parcel.milestone, parcel.reason, parcel.attention)
    watch = Watch(
        labelled_at=parcel.shipment.created_at,
        looked_at=parcel.looked_at,
        looks_in_vain=parcel.looks_in_vain,
        has_alert=has_alert,
    )
    is_ended = standing.is_over and standing.is_confirmed
    columns: Mapping[str, Any] = {
        "milestone": standing.milestone.value,
        "milestone_at": standing.milestone_at,
        "reason": standing.reason,
        "claim_at": standing.claim_at,
        "confirmed_at": (parcel.confirmed_at or at) if is_ended else None,
        "last_event_at": standing.last_event_at,
        "look_at": _undelayed(parcel, next_look(standing, watch, at=at), at),
        "attention": attention(standing, watch, at=at),
    }
    for name, value in columns.items():
        setattr(parcel, name, value)
    if before == (parcel.milestone, parcel.reason, parcel.attention):
        return []
    details = {"what": "milestone", "parcel": parcel.tracking_number, "from": before[0], "to": parcel.milestone}
    extra = {"reason": parcel.reason, "attention": parcel.attention}
    details |= {name: value for name, value in extra.items() if value}
    return [delivery_event(delivery, Event.Kind.CHANGED, details=details)]


def _undelayed(parcel: Parcel, look_at: datetime | None, at: datetime) -> datetime | None:
    """A look that is due by now, or that is to tell what UPS knew before it told us, is not put off by news."""
    soon = at + hours(AFTER_SUBSCRIBING_MINUTES / 60)
    if look_at is None or parcel.looked_at == at or parcel.look_at is None or parcel.look_at > soon:
        return look_at
    return min(look_at, parcel.look_at)


def _progress(
    delivery: Delivery, followed: list[Followed], parcels: list[Parcel], events: list[Happening], at: datetime
) -> Progress:
    """The delivery's own milestone and course, and the jobs that both call for."""
    counted = {row.tracking_number for row in current(parcels)}
    followed = [one for one in followed if one.tracking_number in counted]
    least = least_advanced([one.standing for one in followed])
    milestone = least.milestone.value if least else ""
    codes = frozenset(row["code"] for row in delivery.problems)
    has_proof, is_return = delivery.exact_document_id is not None, delivery.return_of_id is not None
    course = course_of(delivery.state, codes, followed, has_proof=has_proof, is_return=is_return)
    if any(parcel.look_at is not None and parcel.look_at <= at for parcel in parcels):
        _ask(delivery, SyncJob.Kind.CONFIRM, at)
    if course is not None and course.to == Delivery.State.DELIVERED:
        _ask(delivery, SyncJob.Kind.PROOF, at)
    elif milestone_to_tell(delivery, milestone, course):
        _ask(delivery, SyncJob.Kind.STATUS, at + timedelta(seconds=COALESCE_SECONDS))
    return Progress(events=tuple(events), milestone=milestone, course=course)


def _ask(delivery: Delivery, kind: SyncJob.Kind, due_at: datetime) -> None:
    queue.add(delivery.tenant_id, kind, delivery.code, due_at=due_at, correlation=delivery.correlation)
