"""Mails about alarms at once: to the members of a customer who want it so (`news`), and to the operating team.

At least once: an alarm's mail is claimed by pushing its moment ahead, sent outside of any transaction, and marked as
sent when everybody has it whose address is good. Until then it stays due, for a day at most, to those alone who do not
have it; only when a process dies in between does anybody read the same mail twice.
"""

import hashlib
import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, QuerySet
from django.urls import reverse

from syncjobs.alarms.kinds import NATURES, AlarmKind
from syncjobs.alarms.letters import Letter, Outcome, Outcomes, Person, Told, deliver, reached
from syncjobs.alarms.news import wanted_by_mail
from syncjobs.alarms.notices import AlarmRow, and_more, notices_of, since_of, some_of_each_kind
from syncjobs.alarms.raising import database_now, sparing_the_others
from syncjobs.models import Alarm, NewsChoice, SystemAlarm
from tenants.context import tenant_context
from tenants.models import Membership, Tenant

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
Clock = Callable[[], datetime]


Owed = dict[tuple[AlarmRow, ...], tuple[Person, ...]]
"""Who is told of the same alarms."""


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
        tenant = Tenant.objects.get(pk=tenant_id)
        owed = _owed(claim, people_of(tenant, NewsChoice.Mail.AT_ONCE))
        letters = [letter_to(tenant, rows, people) for rows, people in owed.items()]
    outcomes = deliver(letters)
    with tenant_context(tenant_id):
        _mark(alarms, claim, owed, outcomes, at=clock())
    return reached(outcomes)


def _to_operators(clock: Clock) -> int:
    with transaction.atomic():
        claim = _claim(SystemAlarm.objects.all(), at=clock())
    if claim is None:
        return 0
    owed = _owed(claim, _operators())
    outcomes = deliver([_letter_to_operators(rows, people) for rows, people in owed.items()])
    with transaction.atomic():
        _mark(SystemAlarm.objects.all(), claim, owed, outcomes, at=clock())
    return reached(outcomes)


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


def _mark(
    alarms: QuerySet[AlarmRow],
    claim: _Claim[AlarmRow],
    owed: Owed[AlarmRow],
    outcomes: Outcomes | None,
    *,
    at: datetime,
) -> None:
    """Note of each alarm who was told of it. Nothing where no mail server answered: it is due again after the claim.

    Rows are locked in the order in which a look locks them. One that changed meanwhile has a mail of its own to come.
    """
    if outcomes is None:
        return
    told: dict[int, set[str]] = {row.pk: set() for row in claim.rows}
    for of, people in owed.items():
        for row in of:
            told[row.pk] |= {person.key for person in people}
    rows = list(alarms.filter(pk__in=told).select_for_update().order_by("pk"))
    for row in rows:
        asked = {key: outcome for key, outcome in outcomes.items() if key in told[row.pk]}
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


def _owed(claim: _Claim[AlarmRow], people: Iterable[Person]) -> Owed[AlarmRow]:
    """Those who are to be told of the same alarms: of what each wants to be told, and was not told before."""
    owed: dict[tuple[AlarmRow, ...], tuple[Person, ...]] = defaultdict(tuple)
    for person in people:
        rows = tuple(row for row in claim.rows if row.kind in person.kinds and person.key not in row.mail_not_to)
        if rows:
            owed[rows] += (person,)
    return owed


def _new(rows: Iterable[AlarmRow]) -> list[AlarmRow]:
    return [row for row in rows if row.cleared_at is None]


def _over(rows: Iterable[AlarmRow]) -> list[AlarmRow]:
    return [row for row in rows if row.cleared_at is not None]


def people_of(tenant: Tenant, mail: NewsChoice.Mail) -> list[Person]:
    """The members who want to be mailed in this way, each with the alarms of which she does."""
    members = Membership.objects.filter(tenant_id=tenant.pk, user__is_active=True).select_related("user")
    rows = list(members.order_by("pk"))
    wanted = wanted_by_mail(tenant.pk, rows, mail)
    return [
        Person(
            key=str(row.user_id),
            address=row.user.email,
            language=row.user.language or tenant.language,
            kinds=wanted[row.user_id],
        )
        for row in rows
        if row.user_id in wanted
    ]


def letter_to(tenant: Tenant, rows: Sequence[Alarm], people: tuple[Person, ...], *, is_digest: bool = False) -> Letter:
    """What these people of the customer are told of these alarms."""
    return Letter(
        recipients=people,
        name=tenant.name,
        new=_of_tenant(_new(rows), tenant),
        over=_of_tenant(_over(rows), tenant),
        link=settings.PUBLIC_URL + reverse("syncjobs:work", args=[tenant.code]),
        time_zone=tenant.time_zone,
        choices_link=settings.PUBLIC_URL + reverse("syncjobs:news_choices", args=[tenant.code]),
        is_digest=is_digest,
    )


def _operators() -> list[Person]:
    return [
        Person(key=hashlib.sha256(address.encode()).hexdigest()[:32], address=address)
        for address in settings.OPERATOR_EMAILS
    ]


def _letter_to_operators(rows: Sequence[SystemAlarm], people: tuple[Person, ...]) -> Letter:
    return Letter(
        recipients=people,
        name="the service",
        new=_of_service(_new(rows)),
        over=_of_service(_over(rows)),
        link=settings.PUBLIC_URL + reverse("admin:syncjobs_systemalarm_changelist"),
        time_zone="UTC",
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
