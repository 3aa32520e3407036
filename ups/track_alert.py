"""The pushes of Track Alert (`ups.md` 10.3)."""

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

from ups.event_payloads import Push, sent_object
from ups.events import Milestone, ParcelEvent, Source
from ups.scan_times import read_date, scan_time
from ups.statuses import classify, padded_code, padded_status_code

MAX_BODY_BYTES = 8 * 1024 * 1024
"""`ups.md` 10.3 asks to accept 5 MB at least, for the photo."""
MAX_PUSH_BYTES = 64 * 1024
"""Without the photo a push has some six hundred bytes (`reliability.md` 3)."""
LONGEST_NUMBER = 34
"""`ups.md` 8."""
_PHOTO = "deliveryPhoto"
_BETWEEN = "\x1f"
_TOO_DEEP = "The body is nested deeper than any push."


class NotAPush(Exception):
    """A body that is no push: broken JSON, no object, or no tracking number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedEvent:
    """A push: its event, what tells it from others, and the body to keep, which never holds a photo."""

    event: ParcelEvent
    fingerprint: str
    had_photo: bool
    stored_body: bytes


def read_push(body: bytes) -> PushedEvent:
    """The event in a push; raises `NotAPush`. Whatever else is odd about a push is no reason to lose it."""
    raw = _object(body)
    push = Push.model_validate(raw)
    if not push.tracking_number:
        raise NotAPush("The body names no tracking number.")
    if len(push.tracking_number) > LONGEST_NUMBER:
        raise NotAPush(f"The tracking number has more than {LONGEST_NUMBER} characters.")
    had_photo = bool(raw.get(_PHOTO))
    if had_photo:
        raw[_PHOTO] = ""
    written = _written(raw)
    if len(written) > MAX_PUSH_BYTES:
        raise NotAPush(f"The body has more than {MAX_PUSH_BYTES} bytes beside the photo.")
    return PushedEvent(
        event=_event(push, raw),
        fingerprint=_fingerprint(push),
        had_photo=had_photo,
        stored_body=written if had_photo or len(body) > MAX_PUSH_BYTES else body,
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        raw = sent_object(body)
    except RecursionError as error:
        raise NotAPush(_TOO_DEEP) from error
    if raw is None:
        raise NotAPush("The body is no JSON object.")
    return raw


def _written(raw: dict[str, Any]) -> bytes:
    """The push as JSON once more: what is nested too deeply for that could not be kept in the history either."""
    try:
        return orjson.dumps(raw)
    except orjson.JSONEncodeError as error:
        raise NotAPush(_TOO_DEEP) from error


def _event(push: Push, raw: dict[str, Any]) -> ParcelEvent:
    status, place = push.activity_status, push.activity_location.place
    meaning = classify(
        type=status.type, code=status.code, status_code=status.description_code, has_place=bool(place.city)
    )
    when = scan_time(
        local=(push.local_activity_date, push.local_activity_time),
        gmt=(push.gmt_activity_date, push.gmt_activity_time),
        offset=push.gmt_offset,
        country=place.country,
    )
    return ParcelEvent(
        source=Source.PUSH,
        tracking_number=push.tracking_number,
        type=status.type,
        code=padded_code(status.code),
        status_code=padded_status_code(status.description_code),
        description=status.description,
        happened_at=when.happened_at,
        local_at=when.local_at,
        offset_minutes=when.offset_minutes,
        zone_known=when.zone_known,
        place=place,
        milestone=meaning.milestone,
        reason=meaning.reason,
        received_by=push.received_by if meaning.milestone is Milestone.DELIVERED else "",
        raw=raw,
        scheduled_date=read_date(push.scheduled_delivery_date),
    )


def _fingerprint(push: Push) -> str:
    """What makes two pushes the same event (`reliability.md` 3): number, time, type, code and place."""
    gmt = push.gmt_activity_date + push.gmt_activity_time
    parts = (
        push.tracking_number,
        gmt or push.local_activity_date + push.local_activity_time,
        push.activity_status.type,
        padded_code(push.activity_status.code),
        push.activity_location.city,
        push.activity_location.country,
    )
    return hashlib.sha256(_BETWEEN.join(parts).encode()).hexdigest()
