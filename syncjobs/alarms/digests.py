"""The mail of the day: what was noticed since the last one and is still open, at 8:00 by the company's clock.

Each person's day is taken before her mail is sent, in a transaction of its own: two clocks that tick at once send one
mail, and one whose mail server fails has none that day. What is open stands on the page "To do" all the same.
"""

import uuid
from collections import defaultdict
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.db import connection

from syncjobs.alarms.letters import Letter, Person, deliver, reached
from syncjobs.alarms.mails import Clock, letter_to, people_of
from syncjobs.alarms.raising import database_now, newest_of, sparing_the_others
from syncjobs.models import Alarm, NewsChoice, NewsMark
from tenants.context import tenant_context
from tenants.models import Tenant

SENT_AT = time(8)
_TAKE = """
INSERT INTO syncjobs_newsmark (code, tenant_id, user_id)
SELECT gen_random_uuid(), c.tenant_id, c.user_id FROM syncjobs_newschoice c
 WHERE c.tenant_id = %s AND c.mail = 'digest' GROUP BY c.tenant_id, c.user_id
ON CONFLICT (tenant_id, user_id) DO NOTHING
"""


def send_due(*, clock: Clock = database_now) -> int:
    """Send today's to everybody who has not had it; returns how many. Twice at once it sends no more than once."""
    sent = 0
    for tenant_id in _tenants(clock()):
        with sparing_the_others(f"tenant {tenant_id}"):
            sent += _to_tenant(tenant_id, clock())
    return sent


def _tenants(at: datetime) -> list[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id FROM syncjobs_digests_due(%s, %s)", [at, SENT_AT.isoformat()])
        return [row[0] for row in cursor.fetchall()]


def _to_tenant(tenant_id: uuid.UUID, at: datetime) -> int:
    with tenant_context(tenant_id):
        tenant = Tenant.objects.get(pk=tenant_id)
        letters = _letters(tenant, at)
    return reached(deliver(letters))


def _letters(tenant: Tenant, at: datetime) -> list[Letter]:
    """One for those who are told of the same; none where nothing is open."""
    zone = ZoneInfo(tenant.time_zone)
    here = at.astimezone(zone)
    if here.time() < SENT_AT:
        return []
    last_days = _take(tenant.pk, here.date())
    alarms = list(Alarm.objects.filter(tenant_id=tenant.pk, cleared_at=None).order_by("raised_at", "pk"))
    told: dict[tuple[Alarm, ...], tuple[Person, ...]] = defaultdict(tuple)
    for person in people_of(tenant, NewsChoice.Mail.DIGEST):
        if int(person.key) not in last_days:
            continue
        since, until = _moment(last_days[int(person.key)], zone), _moment(here.date(), zone)
        rows = tuple(row for row in alarms if row.kind in person.kinds and _is_for(row, since, until))
        if rows:
            told[rows] += (person,)
    return [letter_to(tenant, rows, people, is_digest=True) for rows, people in told.items()]


def _take(tenant_id: uuid.UUID, day: date) -> dict[int, date | None]:
    """Whose mail of the day is ours to send, with the day of her last one."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [tenant_id])
    rows = NewsMark.objects.filter(tenant_id=tenant_id).select_for_update().order_by("pk")
    wanting = NewsChoice.objects.filter(tenant_id=tenant_id, mail=NewsChoice.Mail.DIGEST).values("user_id")
    mine = [row for row in rows.filter(user_id__in=wanting) if row.digest_date is None or row.digest_date < day]
    NewsMark.objects.filter(tenant_id=tenant_id, pk__in=[row.pk for row in mine]).update(digest_date=day)
    return {row.user_id: row.digest_date for row in mine}


def _moment(day: date | None, zone: ZoneInfo) -> datetime | None:
    """The same of each day, however late its mail was sent: between two of them nothing is left out or told twice."""
    return datetime.combine(day, SENT_AT, tzinfo=zone) if day else None


def _is_for(row: Alarm, since: datetime | None, until: datetime | None) -> bool:
    """Whether it told of something new since the last mail; what began after this mail's moment waits for the next."""
    return (since is None or newest_of(row) > since) and (until is None or row.raised_at <= until)
