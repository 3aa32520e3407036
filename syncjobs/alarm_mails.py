"""Mails about alarms: to the owners and managers of a customer, and to the operating team.

At least once: an alarm's mail is claimed by pushing its moment ahead, sent outside of any transaction, and marked as
sent when everybody has it whose address is good. Until then it stays due, for a day at most, to those alone who do not
have it; only when a process dies in between does anybody read the same mail twice.
"""

import hashlib
import logging
import smtplib
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from django.utils import timezone, translation

from connector_site.lib.wording import local, said
from syncjobs.alarm_kinds import NATURES, AlarmKind
from syncjobs.alarm_notices import AlarmRow, and_more, notices_of, since_of, some_of_each_kind
from syncjobs.alarms import database_now, sparing_the_others
from syncjobs.models import Alarm, SystemAlarm
from tenants.context import tenant_context
from tenants.models import Membership, Role, Tenant

logger = logging.getLogger(__name__)

CLAIMED_FOR = timedelta(minutes=5)
"""How long a mail belongs to the process that sends it; one that reached nobody is tried again after it."""
SOME_LEFT_PAUSE = timedelta(hours=1)
"""Before a mail that reached some is sent to the others again."""
TRIES_FOR = timedelta(days=1)
"""So long after it failed first a mail is tried again; not counted are tries without a mail server that answers."""
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


Outcomes = Mapping[str, Outcome]
"""What became of the mail to each person, by her key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom a mail goes to; `key` stands for her where it is noted who was reached, and is no address."""

    key: str
    address: str
    language: str = settings.LANGUAGE_CODE


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

    recipients: tuple[Person, ...]
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


def send_due(*, clock: Clock = database_now) -> int:
    """Send every mail that is due, as far as the time reaches; returns how many. One that fails stays due."""
    ends = time.monotonic() + SENDING_SECONDS
    sent = 0
    with sparing_the_others("the service"):
        sent += _to_operators(clock)
    for tenant_id in _tenants_to_mail(clock()):
        if time.monotonic() >= ends:
            break
        with sparing_the_others(f"tenant {tenant_id}"):
            sent += _to_tenant(tenant_id, clock)
    return sent


def _tenants_to_mail(at: datetime) -> list[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id FROM syncjobs_alarms_to_mail(%s)", [at])
        return [row[0] for row in cursor.fetchall()]


def _to_tenant(tenant_id: uuid.UUID, clock: Clock) -> int:
    """The claim is kept whatever becomes of the letters: one that cannot be written is not tried at each look."""
    alarms = Alarm.objects.filter(tenant_id=tenant_id)
    with tenant_context(tenant_id):
        claim = _claim(alarms, at=clock())
    if claim is None:
        return 0
    with tenant_context(tenant_id):
        letters = _letters_to_tenant(tenant_id, claim)
    outcomes = _deliver(letters)
    with tenant_context(tenant_id):
        _mark(alarms, claim, outcomes, at=clock())
    return _reached(outcomes)


def _to_operators(clock: Clock) -> int:
    with transaction.atomic():
        claim = _claim(SystemAlarm.objects.all(), at=clock())
    if claim is None:
        return 0
    outcomes = _deliver(_letters_to_operators(claim))
    with transaction.atomic():
        _mark(SystemAlarm.objects.all(), claim, outcomes, at=clock())
    return _reached(outcomes)


def _reached(outcomes: Outcomes | None) -> int:
    return list((outcomes or {}).values()).count(Outcome.SENT)


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


def _mark(alarms: QuerySet[AlarmRow], claim: _Claim[AlarmRow], outcomes: Outcomes | None, *, at: datetime) -> None:
    """Note of each alarm who was told of it. Nothing where no mail server answered: it is due again after the claim.

    Rows are locked in the order in which a look locks them. One that changed meanwhile has a mail of its own to come.
    """
    if outcomes is None:
        return
    had_it = {row.pk: frozenset(row.mail_not_to) for row in claim.rows}
    rows = list(alarms.filter(pk__in=had_it).select_for_update().order_by("pk"))
    for row in rows:
        asked = {key: outcome for key, outcome in outcomes.items() if key not in had_it[row.pk]}
        if Outcome.SENT in asked.values():
            row.mailed_at = at
        if row.mail_due_at == claim.until:
            _note(row, asked, at=at)
    alarms.bulk_update(rows, ["mailed_at", "mail_due_at", "mail_not_to", "mail_tries_end_at"])


def _note(row: Alarm | SystemAlarm, asked: Outcomes, *, at: datetime) -> None:
    """Done with, unless somebody is left who may still be reached; she is not tried for ever."""
    is_left = Outcome.FAILED in asked.values()
    ends_at = row.mail_tries_end_at or at + TRIES_FOR
    if is_left and at < ends_at:
        row.mail_not_to += [key for key, outcome in asked.items() if outcome is not Outcome.FAILED]
        row.mail_tries_end_at = ends_at
        row.mail_due_at = at + SOME_LEFT_PAUSE if row.mail_not_to else row.mail_due_at
        return
    if is_left:
        logger.error("A mail about alarm %s is given up: not everybody could be reached for a day", row.code)
    row.mail_due_at, row.mail_not_to, row.mail_tries_end_at = None, [], None


def _owed(claim: _Claim[AlarmRow], people: Iterable[Person]) -> dict[tuple[AlarmRow, ...], tuple[Person, ...]]:
    """Those who are to be told of the same alarms, which are all of them unless some were reached before."""
    owed: dict[tuple[AlarmRow, ...], tuple[Person, ...]] = defaultdict(tuple)
    for person in people:
        rows = tuple(row for row in claim.rows if person.key not in row.mail_not_to)
        if rows:
            owed[rows] += (person,)
    return owed


def _new(rows: Iterable[AlarmRow]) -> list[AlarmRow]:
    return [row for row in rows if row.cleared_at is None]


def _over(rows: Iterable[AlarmRow]) -> list[AlarmRow]:
    return [row for row in rows if row.cleared_at is not None]


def _letters_to_tenant(tenant_id: uuid.UUID, claim: _Claim[Alarm]) -> list[Letter]:
    tenant = Tenant.objects.get(pk=tenant_id)
    members = Membership.objects.filter(tenant_id=tenant_id, role__in=TOLD_ROLES, user__is_active=True)
    people = [
        Person(key=str(user_id), address=address, language=language or tenant.language)
        for user_id, address, language in members.order_by("pk").values_list("user_id", "user__email", "user__language")
    ]
    return [
        Letter(
            recipients=recipients,
            name=tenant.name,
            new=_of_tenant(_new(rows), tenant),
            over=_of_tenant(_over(rows), tenant),
            link=settings.PUBLIC_URL + reverse("syncjobs:work", args=[tenant.code]),
            time_zone=tenant.time_zone,
        )
        for rows, recipients in _owed(claim, people).items()
    ]


def _letters_to_operators(claim: _Claim[SystemAlarm]) -> list[Letter]:
    people = [
        Person(key=hashlib.sha256(address.encode()).hexdigest()[:32], address=address)
        for address in settings.OPERATOR_EMAILS
    ]
    return [
        Letter(
            recipients=recipients,
            name="the service",
            new=_of_service(_new(rows)),
            over=_of_service(_over(rows)),
            link=settings.PUBLIC_URL + reverse("admin:syncjobs_systemalarm_changelist"),
            time_zone="UTC",
        )
        for rows, recipients in _owed(claim, people).items()
    ]


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


def _deliver(letters: Sequence[Letter]) -> Outcomes | None:
    """To each person on her own, over one connection. One who cannot be reached keeps the mail from nobody else.

    None where no mail server answers: nobody was tried. All letters are written before the first is sent.
    """
    if not letters:
        return {}
    mails = [(person, mail) for letter in letters for person, mail in _written(letter)]
    post = get_connection()
    try:
        post.open()
    except (smtplib.SMTPException, OSError) as error:
        logger.error("No mail about alarms could be sent: %s", type(error).__name__)  # noqa: TRY400  no address
        return None
    try:
        return {person.key: _send_one(person.address, mail, post) for person, mail in mails}
    finally:
        _hang_up(post)


def _written(letter: Letter) -> Iterator[tuple[Person, EmailMultiAlternatives]]:
    """The mail to each person in her language; she is put on it when it is sent: her address may be none."""
    for language in sorted({person.language for person in letter.recipients}):
        with timezone.override(ZoneInfo(letter.time_zone)), translation.override(language):
            context = {"letter": letter}
            subject = _subject(letter)
            text = render_to_string("syncjobs/mails/alarms.txt", context)
            page = render_to_string("syncjobs/mails/alarms.html", context)
        for person in letter.recipients:
            if person.language == language:
                mail = EmailMultiAlternatives(subject=subject, body=text)
                mail.attach_alternative(page, "text/html")
                yield person, mail


def _send_one(address: str, mail: EmailMultiAlternatives, post: BaseEmailBackend) -> Outcome:
    """No error is told in its own words, which hold the address."""
    if not _is_address(address):
        logger.error("A person cannot be told of alarms: the e-mail address is none")
        return Outcome.REFUSED
    mail.to, mail.connection = [address], post
    try:
        return Outcome.SENT if mail.send() else Outcome.FAILED
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as refused:
        codes = _codes(refused)
        logger.error("A mail server refuses a mail about alarms with %s", codes)  # noqa: TRY400
        return Outcome.REFUSED if min(codes) >= FINAL_CODE else Outcome.FAILED
    except (smtplib.SMTPException, OSError, ValueError) as error:
        logger.error("A mail about alarms could not be sent: %s", type(error).__name__)  # noqa: TRY400
        return Outcome.FAILED


def _codes(refused: smtplib.SMTPRecipientsRefused | smtplib.SMTPResponseException) -> list[int]:
    if isinstance(refused, smtplib.SMTPResponseException):
        return [refused.smtp_code]
    return [code for code, _ in refused.recipients.values()]


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
    told = letter.new or letter.over
    others = sum(one.count for one in told) - 1
    title = told[0].title if letter.new else said("It is over: {what}", what=told[0].title)
    more = f" ({local(and_more(others))})" if others else ""
    return " ".join(f"{local(title)}{more} - {letter.name}".split())
