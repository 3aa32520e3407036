"""Mails about alarms: to the owners and managers of a customer, and to the operating team.

At least once: an alarm's mail is claimed by pushing its moment ahead, sent outside of any transaction, and marked as
sent when everybody has it whose address is good. Until then it stays due: who has it already reads the same mail twice
after a process died in between, or when another recipient could not be reached.
"""

import logging
import smtplib
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.errors import HeaderParseError
from enum import Enum, auto
from typing import Generic
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import sanitize_address
from django.db import connection, transaction
from django.db.models import Max, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from syncjobs.alarm_kinds import NATURES, AlarmKind
from syncjobs.alarm_notices import AlarmRow, and_more, notices_of, since_of, some_of_each_kind
from syncjobs.alarms import database_now
from syncjobs.models import Alarm, SystemAlarm
from tenants.context import tenant_context
from tenants.models import Membership, Role, Tenant

logger = logging.getLogger(__name__)

CLAIMED_FOR = timedelta(minutes=5)
"""How long a mail belongs to the process that sends it; one that reached nobody is tried again after it."""
SOME_LEFT_PAUSE = timedelta(hours=1)
"""Before a mail that reached some is sent to all of them again."""
GAP = timedelta(minutes=15)
"""Between two mails to the same people, unless something is urgent: a bad hour fills no mailbox."""
SENDING_SECONDS = 20.0
"""No further mail is begun after so long: the others are due in half a minute, here or elsewhere."""
FINAL_CODE = 500
"""From here on a mail server's answer means never; below it, not now (RFC 5321, 4.2.1)."""
TOLD_ROLES = (Role.OWNER, Role.MANAGER)
Clock = Callable[[], datetime]


class Outcome(Enum):
    """What became of a mail to one person; no use to try again when it was refused."""

    SENT = auto()
    REFUSED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An alarm as the mail tells it, or how many more there are of its kind; `link` is empty where there is no page."""

    title: str
    about: str
    advice: str
    since: datetime | None
    link: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is sent to some people at once, each on her own: what is new, and what is over."""

    recipients: tuple[str, ...]
    name: str
    new: tuple[Told, ...]
    over: tuple[Told, ...]
    link: str
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim(Generic[AlarmRow]):
    """Alarms whose mail is ours to send until then."""

    rows: tuple[AlarmRow, ...]
    until: datetime

    @property
    def new(self) -> list[AlarmRow]:
        return [row for row in self.rows if row.cleared_at is None]

    @property
    def over(self) -> list[AlarmRow]:
        return [row for row in self.rows if row.cleared_at is not None]


def send_due(*, clock: Clock = database_now) -> int:
    """Send every mail that is due, as far as the time reaches; returns how many. One that fails stays due."""
    ends = time.monotonic() + SENDING_SECONDS
    sent = _to_operators(clock)
    for tenant_id in _tenants_to_mail(clock()):
        if time.monotonic() >= ends:
            break
        sent += _to_tenant(tenant_id, clock)
    return sent


def _tenants_to_mail(at: datetime) -> list[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id FROM syncjobs_alarms_to_mail(%s)", [at])
        return [row[0] for row in cursor.fetchall()]


def _to_tenant(tenant_id: uuid.UUID, clock: Clock) -> int:
    alarms = Alarm.objects.filter(tenant_id=tenant_id)
    with tenant_context(tenant_id):
        claim = _claim(alarms, at=clock())
        letter = _letter_to_tenant(tenant_id, claim) if claim else None
    if claim is None or letter is None:
        return 0
    outcomes = _send(letter)
    with tenant_context(tenant_id):
        _mark(alarms, claim, outcomes, at=clock())
    return outcomes[Outcome.SENT]


def _to_operators(clock: Clock) -> int:
    with transaction.atomic():
        claim = _claim(SystemAlarm.objects.all(), at=clock())
    if claim is None:
        return 0
    letter = Letter(
        recipients=tuple(settings.OPERATOR_EMAILS),
        name="the service",
        new=_of_service(claim.new),
        over=_of_service(claim.over),
        link=settings.PUBLIC_URL + reverse("admin:syncjobs_systemalarm_changelist"),
        time_zone="UTC",
    )
    outcomes = _send(letter)
    with transaction.atomic():
        _mark(SystemAlarm.objects.all(), claim, outcomes, at=clock())
    return outcomes[Outcome.SENT]


def _claim(alarms: QuerySet[AlarmRow], *, at: datetime) -> _Claim[AlarmRow] | None:
    """Those whose mail is due, and ours now; none while the last mail is only a moment old and nothing is urgent."""
    due = alarms.filter(mail_due_at__lte=at, kind__in=list(AlarmKind))
    rows = tuple(due.select_for_update(skip_locked=True).order_by("raised_at", "pk"))
    last = alarms.aggregate(last=Max("mailed_at"))["last"]
    is_urgent = any(NATURES[AlarmKind(row.kind)].is_urgent for row in rows)
    if not rows or (last is not None and last > at - GAP and not is_urgent):
        return None
    until = at + CLAIMED_FOR
    alarms.filter(pk__in=[row.pk for row in rows]).update(mail_due_at=until)
    return _Claim(rows=rows, until=until)


def _mark(alarms: QuerySet[AlarmRow], claim: _Claim[AlarmRow], outcomes: Counter[Outcome], *, at: datetime) -> None:
    """Done with, unless somebody is left to be reached, or something changed meanwhile that has a mail of its own.

    Not counted as sent where nobody is to be told. Rows are locked in the order in which a look locks them.
    """
    mine = alarms.filter(pk__in=[row.pk for row in claim.rows], mail_due_at=claim.until)
    list(mine.select_for_update().order_by("pk").values_list("pk"))
    if not outcomes[Outcome.FAILED]:
        mine.update(mail_due_at=None, **({"mailed_at": at} if outcomes[Outcome.SENT] else {}))
    elif outcomes[Outcome.SENT]:
        mine.update(mail_due_at=at + SOME_LEFT_PAUSE)


def _letter_to_tenant(tenant_id: uuid.UUID, claim: _Claim[Alarm]) -> Letter:
    tenant = Tenant.objects.get(pk=tenant_id)
    people = Membership.objects.filter(tenant_id=tenant_id, role__in=TOLD_ROLES, user__is_active=True)
    return Letter(
        recipients=tuple(people.order_by("pk").values_list("user__email", flat=True)),
        name=tenant.name,
        new=_of_tenant(claim.new, tenant),
        over=_of_tenant(claim.over, tenant),
        link=settings.PUBLIC_URL + reverse("syncjobs:work", args=[tenant.code]),
        time_zone=tenant.time_zone,
    )


def _of_tenant(alarms: Sequence[Alarm], tenant: Tenant) -> tuple[Told, ...]:
    return tuple(
        Told(
            title=notice.title,
            about=notice.about,
            advice=notice.advice,
            since=notice.since,
            link=settings.PUBLIC_URL + notice.path if notice.path else "",
            count=notice.count,
        )
        for notice in notices_of(alarms, tenant_id=tenant.pk, tenant_code=tenant.code)
    )


def _of_service(alarms: Sequence[SystemAlarm]) -> tuple[Told, ...]:
    shown, more = some_of_each_kind(alarms)
    told = [_told(AlarmKind(row.kind), about=_facts(row), since=since_of(row)) for row in shown]
    rest = [_told(kind, about=and_more(count), count=count) for kind, count in more.items()]
    return (*told, *rest)


def _told(kind: AlarmKind, *, about: str, since: datetime | None = None, count: int = 1) -> Told:
    nature = NATURES[kind]
    return Told(title=nature.title, about=about, advice=nature.advice, since=since, link="", count=count)


def _facts(alarm: SystemAlarm) -> str:
    facts = {"subject": alarm.subject} | {name: value for name, value in alarm.details.items() if name != "since"}
    return ", ".join(f"{name} {_plain(value)}" for name, value in facts.items() if value)


def _plain(value: object) -> str:
    return " ".join(str(part) for part in value) if isinstance(value, list) else str(value)


def _send(letter: Letter) -> Counter[Outcome]:
    """To each person on her own, over one connection. One who cannot be reached keeps the mail from nobody else."""
    if not letter.recipients:
        return Counter()
    with timezone.override(ZoneInfo(letter.time_zone)):
        context = {"letter": letter}
        text = render_to_string("syncjobs/mails/alarms.txt", context)
        page = render_to_string("syncjobs/mails/alarms.html", context)
    post = get_connection()
    try:
        post.open()
    except (smtplib.SMTPException, OSError) as error:
        logger.error("No mail about alarms could be sent: %s", type(error).__name__)  # noqa: TRY400  no address
        return Counter({Outcome.FAILED: len(letter.recipients)})
    try:
        return Counter(_send_one(address, letter, text, page, post) for address in letter.recipients)
    finally:
        _hang_up(post)


def _send_one(address: str, letter: Letter, text: str, page: str, post: BaseEmailBackend) -> Outcome:
    """No error is told in its own words, which hold the address."""
    if not _is_address(address):
        logger.error("A person cannot be told of alarms: the e-mail address is none")
        return Outcome.REFUSED
    mail = EmailMultiAlternatives(subject=_subject(letter), body=text, to=[address], connection=post)
    mail.attach_alternative(page, "text/html")
    try:
        return Outcome.SENT if mail.send() else Outcome.FAILED
    except smtplib.SMTPRecipientsRefused as refused:
        codes = [code for code, _ in refused.recipients.values()]
        logger.error("A mail server refuses a recipient of alarms with %s", codes)  # noqa: TRY400
        return Outcome.REFUSED if min(codes) >= FINAL_CODE else Outcome.FAILED
    except (smtplib.SMTPException, OSError, ValueError) as error:
        logger.error("A mail about alarms could not be sent: %s", type(error).__name__)  # noqa: TRY400
        return Outcome.FAILED


def _is_address(address: str) -> bool:
    """Whether a mail can be addressed to it at all, by the same function that mail goes through."""
    try:
        return "@" in sanitize_address(address, settings.DEFAULT_CHARSET)
    except (ValueError, HeaderParseError):
        return False


def _hang_up(post: BaseEmailBackend) -> None:
    try:
        post.close()
    except (smtplib.SMTPException, OSError) as error:
        logger.info("The mail server was lost after the mails: %s", type(error).__name__)


def _subject(letter: Letter) -> str:
    """The first of what is new, and how much else there is; of what is over where nothing is new."""
    begin, told = ("", letter.new) if letter.new else ("It is over: ", letter.over)
    others = sum(one.count for one in told) - 1
    more = f" ({and_more(others)})" if others else ""
    return " ".join(f"{begin}{told[0].title}{more} - {letter.name}".split())
