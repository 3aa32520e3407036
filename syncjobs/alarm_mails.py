"""Mails about alarms: to the owners and managers of a customer, and to the operating team.

At least once: an alarm's mail is claimed by pushing its moment ahead, sent outside of any transaction, and marked as
sent. A process that dies in between leaves it to the next; only then somebody may read the same mail twice.
"""

import logging
import smtplib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import connection, transaction
from django.db.models import Max, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from syncjobs.alarm_kinds import NATURES, AlarmKind
from syncjobs.alarm_notices import notices_of
from syncjobs.models import Alarm, SystemAlarm
from tenants.context import tenant_context
from tenants.models import Membership, Role, Tenant

logger = logging.getLogger(__name__)

CLAIMED_FOR = timedelta(minutes=5)
"""How long a mail belongs to the process that sends it; one that could not be sent is tried again after it."""
GAP = timedelta(minutes=15)
"""Between two mails to the same people, unless something is urgent: a bad hour fills no mailbox."""
TOLD_ROLES = (Role.OWNER, Role.MANAGER)
AlarmRow = TypeVar("AlarmRow", Alarm, SystemAlarm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An alarm as the mail tells it; `link` is empty where there is no page."""

    title: str
    about: str
    advice: str
    since: datetime
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is sent to some people at once, each on her own: what is new, and what is over."""

    recipients: tuple[str, ...]
    name: str
    new: tuple[Told, ...]
    over: tuple[Told, ...]
    link: str
    time_zone: str


def send_due(*, at: datetime) -> int:
    """Send every mail that is due; returns to how many people. One that fails stays due."""
    return sum(_to_tenant(tenant_id, at=at) for tenant_id in _tenants_to_mail(at)) + _to_operators(at=at)


def _tenants_to_mail(at: datetime) -> list[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id FROM syncjobs_alarms_to_mail(%s)", [at])
        return [row[0] for row in cursor.fetchall()]


def _to_tenant(tenant_id: uuid.UUID, *, at: datetime) -> int:
    alarms = Alarm.objects.filter(tenant_id=tenant_id)
    with tenant_context(tenant_id):
        claimed = _claim(alarms, at=at)
        letter = _letter_to_tenant(tenant_id, claimed) if claimed else None
    if letter is None:
        return 0
    sent = _send(letter)
    if sent or not letter.recipients:
        with tenant_context(tenant_id):
            _mark(alarms, claimed, at=at, was_sent=bool(sent))
    return sent


def _to_operators(*, at: datetime) -> int:
    with transaction.atomic():
        claimed = _claim(SystemAlarm.objects.all(), at=at)
    if not claimed:
        return 0
    letter = Letter(
        recipients=tuple(settings.OPERATOR_EMAILS),
        name="the service",
        new=tuple(_of_service(alarm) for alarm in claimed if alarm.cleared_at is None),
        over=tuple(_of_service(alarm) for alarm in claimed if alarm.cleared_at is not None),
        link=settings.PUBLIC_URL + reverse("admin:syncjobs_systemalarm_changelist"),
        time_zone="UTC",
    )
    sent = _send(letter)
    if sent or not letter.recipients:
        with transaction.atomic():
            _mark(SystemAlarm.objects.all(), claimed, at=at, was_sent=bool(sent))
    return sent


def _claim(alarms: QuerySet[AlarmRow], *, at: datetime) -> list[AlarmRow]:
    """Those whose mail is due, and ours now; none while the last mail is only a moment old and nothing is urgent."""
    due = alarms.filter(mail_due_at__lte=at, kind__in=list(AlarmKind))
    rows = list(due.select_for_update(skip_locked=True).order_by("raised_at", "pk"))
    last = alarms.aggregate(last=Max("mailed_at"))["last"]
    is_urgent = any(NATURES[AlarmKind(row.kind)].is_urgent for row in rows)
    if not rows or (last is not None and last > at - GAP and not is_urgent):
        return []
    alarms.filter(pk__in=[row.pk for row in rows]).update(mail_due_at=at + CLAIMED_FOR)
    return rows


def _mark(alarms: QuerySet[AlarmRow], claimed: Sequence[AlarmRow], *, at: datetime, was_sent: bool) -> None:
    """Done with, unless something changed meanwhile that has a mail of its own; not sent where nobody is to be told."""
    mine = alarms.filter(pk__in=[row.pk for row in claimed], mail_due_at=at + CLAIMED_FOR)
    mine.update(mail_due_at=None, **({"mailed_at": at} if was_sent else {}))


def _letter_to_tenant(tenant_id: uuid.UUID, claimed: Sequence[Alarm]) -> Letter:
    tenant = Tenant.objects.get(pk=tenant_id)
    people = Membership.objects.filter(tenant_id=tenant_id, role__in=TOLD_ROLES, user__is_active=True)
    told = [
        Told(
            title=notice.title,
            about=notice.about,
            advice=notice.advice,
            since=notice.since,
            link=settings.PUBLIC_URL + notice.path,
        )
        for notice in notices_of(claimed, tenant_id=tenant_id, tenant_code=tenant.code)
    ]
    pairs = list(zip(claimed, told, strict=True))
    return Letter(
        recipients=tuple(people.order_by("pk").values_list("user__email", flat=True)),
        name=tenant.name,
        new=tuple(one for alarm, one in pairs if alarm.cleared_at is None),
        over=tuple(one for alarm, one in pairs if alarm.cleared_at is not None),
        link=settings.PUBLIC_URL + reverse("syncjobs:work", args=[tenant.code]),
        time_zone=tenant.time_zone,
    )


def _of_service(alarm: SystemAlarm) -> Told:
    nature = NATURES[AlarmKind(alarm.kind)]
    facts = {"subject": alarm.subject} | {name: value for name, value in alarm.details.items() if name != "since"}
    since = alarm.details.get("since")
    return Told(
        title=nature.title,
        about=", ".join(f"{name} {_plain(value)}" for name, value in facts.items() if value),
        advice=nature.advice,
        since=datetime.fromisoformat(since) if since else alarm.raised_at,
        link="",
    )


def _plain(value: object) -> str:
    return " ".join(str(part) for part in value) if isinstance(value, list) else str(value)


def _send(letter: Letter) -> int:
    """To how many it went. An address that is refused does not keep the mail from the others."""
    sent = 0
    with timezone.override(ZoneInfo(letter.time_zone)):
        context = {"letter": letter}
        subject = _subject(letter)
        text = render_to_string("syncjobs/mails/alarms.txt", context)
        page = render_to_string("syncjobs/mails/alarms.html", context)
    post = get_connection()
    for address in letter.recipients:
        mail = EmailMultiAlternatives(subject=subject, body=text, to=[address], connection=post)
        mail.attach_alternative(page, "text/html")
        try:
            sent += mail.send()
        except (smtplib.SMTPException, OSError) as error:
            logger.error("A mail about alarms could not be sent: %s", type(error).__name__)  # noqa: TRY400  no address
    return sent


def _subject(letter: Letter) -> str:
    """The first of what is new, and how much else there is; of what is over where nothing is new."""
    begin, told = ("", letter.new) if letter.new else ("It is over: ", letter.over)
    return " ".join(f"{begin}{told[0].title}{_more(told[1:])} - {letter.name}".split())


def _more(others: Iterable[Told]) -> str:
    count = len(tuple(others))
    return f" (and {count} more)" if count else ""
