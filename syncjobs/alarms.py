"""Raising and clearing alarms. What is wrong is told once, as long as it stays so; a second call changes nothing.

Most alarms are raised and cleared by `troubles.judge`, which looks at what is so now. By hand are raised only those
that are noticed when they happen: a secret that cannot be read, an audit trail that was changed.
"""

import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from cryptography.fernet import InvalidToken
from django.db import connection
from django.db.models import Case, Q, QuerySet, Value, When

from connector_site.lib.secrets import WrongOwner
from syncjobs.alarm_kinds import NATURES, AlarmKind
from syncjobs.models import Alarm, SystemAlarm

logger = logging.getLogger(__name__)
UNREADABLE = (InvalidToken, WrongOwner)
"""What reading a stored secret raises when its key is gone, or when it was made for another row."""
Alarms = QuerySet[Alarm] | QuerySet[SystemAlarm]

_RAISE = """
INSERT INTO syncjobs_alarm (code, tenant_id, kind, subject, details, raised_at, seen_at, mail_due_at)
VALUES (gen_random_uuid(), %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (tenant_id, kind, subject) WHERE cleared_at IS NULL
DO UPDATE SET seen_at = greatest(syncjobs_alarm.seen_at, excluded.seen_at), details = excluded.details
RETURNING (xmax = 0)
"""
_RAISE_SYSTEM = """
INSERT INTO syncjobs_systemalarm (code, kind, subject, details, raised_at, seen_at, mail_due_at)
VALUES (gen_random_uuid(), %s, %s, %s, %s, %s, %s)
ON CONFLICT (kind, subject) WHERE cleared_at IS NULL
DO UPDATE SET seen_at = greatest(syncjobs_systemalarm.seen_at, excluded.seen_at), details = excluded.details
RETURNING (xmax = 0)
"""


def raise_alarm(
    tenant_id: uuid.UUID,
    kind: AlarmKind,
    subject: uuid.UUID,
    *,
    at: datetime,
    details: Mapping[str, object] | None = None,
) -> None:
    """Say that something is wrong at this customer, in the open transaction within its context.

    While the alarm is open, a further call only notes that it is still so. Where the operating team is to know as well,
    its alarm is raised beside. Details are small and hold no personal data.
    """
    open_alarm(tenant_id, kind, subject, at=at, details=details)
    if NATURES[kind].tells_operator:
        about = {**(details or {}), "tenant": str(tenant_id)}
        raise_system_alarm(kind, str(subject), at=at, details=about)


def open_alarm(
    tenant_id: uuid.UUID,
    kind: AlarmKind,
    subject: uuid.UUID,
    *,
    at: datetime,
    details: Mapping[str, object] | None = None,
) -> None:
    """The customer's alarm alone, within its context."""
    values = [tenant_id, kind.value, subject, json.dumps(dict(details or {}), default=str), at, at, at]
    if _is_new(_RAISE, values):
        logger.warning("Alarm %s of tenant %s: %s", kind, tenant_id, subject)


def clear_alarm(tenant_id: uuid.UUID, kind: AlarmKind, subject: uuid.UUID, *, at: datetime) -> None:
    """It is over; nothing happens where no such alarm is open."""
    clear(Alarm.objects.filter(tenant_id=tenant_id, kind=kind, subject=subject), kind, at=at)
    if NATURES[kind].tells_operator:
        clear_system_alarm(kind, str(subject), at=at)


def open_alarms(tenant_id: uuid.UUID) -> list[Alarm]:
    """What is wrong at this customer now, oldest first."""
    found = Alarm.objects.filter(tenant_id=tenant_id, cleared_at=None, kind__in=list(AlarmKind))
    return list(found.order_by("raised_at", "pk"))


def raise_system_alarm(
    kind: AlarmKind, subject: str, *, at: datetime, details: Mapping[str, object] | None = None
) -> None:
    """Tell the operating team; works within any transaction, or none."""
    values = [kind.value, subject, json.dumps(dict(details or {}), default=str), at, at, at]
    if _is_new(_RAISE_SYSTEM, values):
        logger.error("Alarm %s %s: %s", kind, subject, NATURES[kind].title)


def tell_of_unreadable(tenant_id: uuid.UUID, *, about: str, at: datetime) -> None:
    """A stored secret of this customer could not be read; one alarm however many pieces of work meet it."""
    raise_system_alarm(AlarmKind.DECRYPT_FAILED, str(tenant_id), at=at, details={"job": about})


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
    return alarms.filter(cleared_at=None).update(cleared_at=at, mail_due_at=mail_due_at)


def _is_new(statement: str, values: Sequence[str | uuid.UUID | datetime]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    return bool(row and row[0])
