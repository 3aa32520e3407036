"""Raising and clearing alarms. What is wrong is told once, as long as it stays so; a second call changes nothing.

Alarms are raised and cleared by `troubles.judge`, which looks at what is so now. By hand are raised only three of the
operating team's, noticed when they happen: a secret that cannot be read, an audit trail that was changed, a job that
was given up.
"""

import json
import logging
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.db.models import Case, Q, QuerySet, Value, When

from syncjobs.alarms.kinds import NATURES, AlarmKind
from syncjobs.models import Alarm, SystemAlarm

logger = logging.getLogger(__name__)
Alarms = QuerySet[Alarm] | QuerySet[SystemAlarm]
NEWEST = "newest"
"""In the details of an alarm that tells of several things: when the last of them was found, or came to be so."""

_RAISE = """
INSERT INTO syncjobs_alarm (code, tenant_id, kind, subject, details, raised_at, seen_at, mail_due_at)
SELECT gen_random_uuid(), %(tenant)s, w.kind, w.subject, w.details, %(at)s, %(at)s, %(at)s
  FROM jsonb_to_recordset(%(wrong)s::jsonb) AS w (kind text, subject uuid, details jsonb)
ON CONFLICT (tenant_id, kind, subject) WHERE cleared_at IS NULL
DO UPDATE SET seen_at = greatest(syncjobs_alarm.seen_at, excluded.seen_at), details = excluded.details
    || jsonb_strip_nulls(jsonb_build_object('since', syncjobs_alarm.details -> 'since'))
RETURNING kind, subject, xmax = 0
"""
# An alarm that was open before its details knew the newest was told of all that had been found until its mail.
_TELL_ANEW = f"""
UPDATE syncjobs_alarm a SET mail_due_at = %(at)s, mail_not_to = '{{}}', mail_tries_end_at = NULL
  FROM jsonb_to_recordset(%(wrong)s::jsonb) AS w (kind text, subject uuid, details jsonb)
 WHERE a.tenant_id = %(tenant)s AND a.kind = w.kind AND a.subject = w.subject AND a.cleared_at IS NULL
   AND (w.details ->> '{NEWEST}')::timestamptz > coalesce((a.details ->> '{NEWEST}')::timestamptz, a.mailed_at)
"""  # noqa: S608  one constant word
_RAISE_SYSTEM = """
INSERT INTO syncjobs_systemalarm (code, kind, subject, details, raised_at, seen_at, mail_due_at)
VALUES (gen_random_uuid(), %s, %s, %s, %s, %s, %s)
ON CONFLICT (kind, subject) WHERE cleared_at IS NULL
DO UPDATE SET seen_at = greatest(syncjobs_systemalarm.seen_at, excluded.seen_at), details = excluded.details
    || jsonb_strip_nulls(jsonb_build_object('since', syncjobs_systemalarm.details -> 'since'))
RETURNING (xmax = 0)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """Something wrong at a customer; `subject` is the code of what it is about. Details are small and name nobody."""

    kind: AlarmKind
    subject: uuid.UUID
    details: Mapping[str, object] = field(default_factory=dict)


def database_now() -> datetime:
    """The clock that all processes share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    moment: datetime = row[0]
    return moment


def open_alarms(tenant_id: uuid.UUID, wrong: Iterable[Wrong], *, at: datetime) -> None:
    """Open the customer's alarm for each of these, in the open transaction within its context.

    Of one that is open it is noted that it is still so, with what is known now; since when it is so stays as it was.
    It is mailed anew when something was found after what it told of already.
    """
    all_wrong = list(wrong)
    told = [{"kind": one.kind, "subject": one.subject, "details": dict(one.details)} for one in all_wrong]
    values: dict[str, uuid.UUID | datetime | str] = {
        "tenant": tenant_id,
        "at": at,
        "wrong": json.dumps(told, default=str),
    }
    with connection.cursor() as cursor:
        if any(NEWEST in one.details for one in all_wrong):
            cursor.execute(_TELL_ANEW, values)
        cursor.execute(_RAISE, values)
        rows = cursor.fetchall()
    for kind, subject, is_new in rows:
        if is_new:
            logger.warning("Alarm %s of tenant %s: %s", kind, tenant_id, subject)


def raise_system_alarm(
    kind: AlarmKind, subject: str, *, at: datetime, details: Mapping[str, object] | None = None
) -> None:
    """Tell the operating team; works within any transaction, or none."""
    values = [kind.value, subject, json.dumps(dict(details or {}), default=str), at, at, at]
    with connection.cursor() as cursor:
        cursor.execute(_RAISE_SYSTEM, values)
        row = cursor.fetchone()
    if row and row[0]:
        logger.error("Alarm %s %s: %s", kind, subject, NATURES[kind].title)


def tell_of_unreadable(tenant_id: uuid.UUID, *, about: str, at: datetime) -> None:
    """A stored secret of this customer could not be read; one alarm however many pieces of work meet it."""
    raise_system_alarm(AlarmKind.DECRYPT_FAILED, str(tenant_id), at=at, details={"job": about})


def tell_of_given_up(tenant_id: uuid.UUID, *, kind: str, about: Mapping[str, object], at: datetime) -> None:
    """No customer can mend why a job was given up; one alarm for each kind of work of this customer."""
    raise_system_alarm(AlarmKind.JOB_GIVEN_UP, f"{kind} {tenant_id}", at=at, details=about)


def clear_system_alarm(kind: AlarmKind, subject: str, *, at: datetime) -> None:
    """It is over; nothing happens where no such alarm is open."""
    clear(SystemAlarm.objects.filter(kind=kind, subject=subject), kind, at=at)


def clear(alarms: Alarms, kind: AlarmKind, *, at: datetime) -> int:
    """End those of one kind that are open. A mail says so where people wait for the end and were told of the begin."""
    mail_due_at = (
        Case(When(Q(mailed_at__isnull=False) | Q(mail_due_at__gt=at), then=Value(at)), default=None)
        if NATURES[kind].tells_end
        else None
    )
    return alarms.filter(cleared_at=None).update(
        cleared_at=at, mail_due_at=mail_due_at, mail_not_to=[], mail_tries_end_at=None
    )


def newest_of(alarm: Alarm) -> datetime:
    """When it last told of something new."""
    told = alarm.details.get(NEWEST)
    return max(alarm.raised_at, datetime.fromisoformat(told)) if told else alarm.raised_at


@contextmanager
def sparing_the_others(whose: str) -> Iterator[None]:
    """What fails for one is logged, by its type alone, and keeps the others from nothing; but for a lost connection."""
    try:
        yield
    except Exception as error:
        if not connection.is_usable():
            raise
        logger.error("Alarms of %s could not be seen to: %s", whose, type(error).__name__)  # noqa: TRY400  no data
