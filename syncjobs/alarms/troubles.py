"""What is wrong now, and the alarms brought into line with it.

Level-triggered: each look finds all that is wrong across tenants, by SQL functions of the dispatch role (migrations
0007, 0008, 0027), and compares it with the alarms that are open. So a look that was missed, doubled or died half-way
harms nothing.
"""

import logging
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from exact.limit_rows import OPEN_FOR
from exact.limits import DEFAULT_DAY_LIMIT
from syncjobs.alarms import raising
from syncjobs.alarms.kinds import NATURES, AlarmKind
from syncjobs.models import Alarm, Heartbeat, SyncJob, SystemAlarm
from syncjobs.reconciling.kinds import SERIOUS
from syncjobs.replay import HELD_BY_PERSON
from syncjobs.setup.going_live import APPROVAL
from syncjobs.tracking.looking import FOLLOWED_DAYS
from tenants.context import tenant_context

logger = logging.getLogger(__name__)

K = AlarmKind
DOUBT_MINUTES = 30
ORPHAN_AGE = timedelta(days=1)
"""So long an orphan is told of after it was found, settled or not."""
TOKEN_STALE_AGE = timedelta(days=3)
TOKEN_AGES = (
    (timedelta(days=28), K.TOKEN_28_DAYS),
    (timedelta(days=25), K.TOKEN_25_DAYS),
    (timedelta(days=20), K.TOKEN_20_DAYS),
)
"""Of the last renewal (`reliability.md` 2.1, last bullet but one); the oldest first."""
HELD_AGE = timedelta(minutes=5)
"""What is held for less may be put right by somebody who is at it."""
BREAKER_AGE = timedelta(days=1)
"""A breaker that nobody probed for so long belongs to an endpoint that is not called."""
KEY_BREAKERS = 3
"""So many open at once mean the key is blocked (`reliability.md` 2.3)."""
JOB_AGE = timedelta(minutes=5)
DAY_SHARE = 80
"""Hundredths of the day's calls to Exact."""
TOKEN_CALLS = 20
"""A day, of a UPS account (`reliability.md` 8)."""
CANARY_AGE = timedelta(minutes=3)
MISSED_TICKS = 3
"""An alarm is raised after so many (`reliability.md` 4)."""
BEAT = "beat"
"""The name of the clock's sign of life."""
CANARY = "queue:"
"""How the name of a queue's sign of life begins; the queue's own follows."""
SIGNS = {BEAT: timedelta(seconds=settings.SWEEP_SECONDS) * MISSED_TICKS} | {
    f"{CANARY}{queue}": CANARY_AGE for queue in SyncJob.Queue
}
"""The signs of life of clock and queues, and how old each may be."""
AUDIT = "audit"
"""The name of the sign that every audit trail was checked."""
AUDIT_AGE = timedelta(hours=26)
"""The check comes once a day and takes its time."""
_LOCK = 7_316_006
"""One look at a time is enough; any number of our own that no other advisory lock has."""

_KINDS = frozenset(AlarmKind)
# `details` is jsonb, which Django has psycopg hand out as text, for fields of its own; json comes as Python values.
_TROUBLES = """
SELECT kind, tenant_id, subject, since, details::text::json
  FROM syncjobs_troubles(%s, make_interval(secs => %s), make_interval(secs => %s), make_interval(secs => %s),
                         make_interval(secs => %s), make_interval(secs => %s), %s, %s, %s, %s)
"""

_STOPPED = """
SELECT kind, tenant_id, subject, since, details::text::json
  FROM syncjobs_deliveries_in_trouble(%s, make_interval(secs => %s), make_interval(days => %s), %s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that is wrong; `tenant_id` is None for the service itself."""

    kind: AlarmKind
    subject: str
    since: datetime
    tenant_id: uuid.UUID | None = None
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the SQL function."""

    kind: str
    tenant_id: uuid.UUID
    subject: str
    since: datetime
    details: Mapping[str, object]


def canary_of(queue: SyncJob.Queue) -> str:
    """The name of a queue's sign of life."""
    return f"{CANARY}{queue}"


def leave_sign(name: str) -> None:
    """Leave a sign of life, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO syncjobs_heartbeat (name, seen_at) VALUES (%s, clock_timestamp())"
            " ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at",
            [name],
        )


def last_seen() -> dict[str, datetime]:
    """The last sign of life of each that ever gave one."""
    return dict(Heartbeat.objects.values_list("name", "seen_at"))


def late_signs(seen: dict[str, datetime], *, at: datetime) -> dict[str, timedelta | None]:
    """Those of the clock and the queues that are late, with how long ago they were seen; None for never."""
    ago = {name: at - seen[name] if name in seen else None for name in SIGNS}
    return {name: since for name, since in ago.items() if since is None or since > SIGNS[name]}


def judge(*, at: datetime, watching_since: datetime) -> bool:
    """Bring all alarms into line with what is wrong; False when another look is under way.

    Signs of life are not called late before they were waited for: a service that just starts has none. Each customer's
    alarms are settled in a transaction of their own, so that nobody who marks a mail as sent waits for all of them.
    """
    with _looking_alone() as is_alone:
        if is_alone:
            found = [*_of_tenants(at)]
            late, unknown = _of_service(at=at, watching_since=watching_since)
            _settle_tenants(found, at=at)
            _settle_service([*found, *late], unknown, at=at)
    return is_alone


@contextmanager
def _looking_alone() -> Iterator[bool]:
    """Whether nobody else looks; the lock belongs to our connection and ends with it at the latest."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        row = cursor.fetchone()
        is_alone = bool(row and row[0])
        try:
            yield is_alone
        finally:
            if is_alone:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _rows(at: datetime) -> list[_Row]:
    doubt_seconds = DOUBT_MINUTES * settings.SETTLING_MINUTE_SECONDS
    ages = [age.total_seconds() for age in (ORPHAN_AGE, TOKEN_STALE_AGE, BREAKER_AGE, JOB_AGE)]
    with connection.cursor() as cursor:
        cursor.execute(_TROUBLES, [at, doubt_seconds, *ages, DEFAULT_DAY_LIMIT, DAY_SHARE, TOKEN_CALLS, list(SERIOUS)])
        rows = cursor.fetchall()
        cursor.execute(_STOPPED, [at, HELD_AGE.total_seconds(), FOLLOWED_DAYS, [APPROVAL, HELD_BY_PERSON]])
        return [_Row(*row) for row in [*rows, *cursor.fetchall()]]


def _of_tenants(at: datetime) -> Iterator[Trouble]:
    """What the rows say; some are of the service, as they are no customer's business."""
    breakers: list[_Row] = []
    for row in _rows(at):
        if row.kind == "token":
            yield from _token(row, at)
        elif row.kind == "breaker":
            breakers.append(row)
        elif row.kind in _KINDS:
            yield Trouble(
                kind=AlarmKind(row.kind),
                subject=row.subject,
                since=row.since,
                tenant_id=row.tenant_id,
                details=row.details,
            )
        else:
            logger.info("Trouble %s is left to a newer version of this code", row.kind)
    yield from _breakers(breakers, at)


def _token(row: _Row, at: datetime) -> Iterator[Trouble]:
    """The customer hears of it at three ages, the operating team at two; each age is an alarm of its own."""
    age = at - row.since
    grant = str(row.details["grant"])
    about = {"tenant": str(row.tenant_id), "connection": row.subject}
    yield Trouble(kind=K.TOKEN_STALE, subject=grant, since=row.since, details=about)
    reached = next((kind for least, kind in TOKEN_AGES if age >= least), None)
    if reached is not None:
        yield Trouble(kind=reached, subject=row.subject, since=row.since, tenant_id=row.tenant_id)
        yield Trouble(kind=K.TOKEN_ENDING, subject=grant, since=row.since, details=about)


def _breakers(rows: list[_Row], at: datetime) -> Iterator[Trouble]:
    """One alarm for each company; and one for a site of Exact where so many opened lately that our key is blocked."""
    by_connection: dict[tuple[uuid.UUID, str], list[_Row]] = defaultdict(list)
    recent: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        by_connection[row.tenant_id, row.subject].append(row)
        if row.since > at - OPEN_FOR:
            recent[str(row.details["site"])].append(row)
    for (tenant_id, code), opened in by_connection.items():
        yield Trouble(
            kind=K.BREAKER_OPEN,
            subject=code,
            since=min(row.since for row in opened),
            tenant_id=tenant_id,
            details={"endpoints": sorted(str(row.details["endpoint"]) for row in opened)},
        )
    for site, opened in recent.items():
        if len(opened) >= KEY_BREAKERS:
            since = min(row.since for row in opened)
            yield Trouble(kind=K.KEY_BLOCKED, subject=site, since=since, details={"breakers": len(opened)})


def _of_service(*, at: datetime, watching_since: datetime) -> tuple[list[Trouble], set[tuple[str, str]]]:
    """Signs of life that are late; and those of which it cannot be said now.

    It is too early when we have only begun to watch. And it is the clock that sends messages through the queues: while
    it is silent, and for a moment afterwards, no queue is to blame.
    """
    late: list[Trouble] = []
    unknown: set[tuple[str, str]] = set()
    seen = last_seen()
    names = late_signs(seen, at=at)
    was_silent = SystemAlarm.objects.filter(kind=K.CLOCK_SILENT, cleared_at=None).exists()
    for name in names:
        kind = K.CLOCK_SILENT if name == BEAT else K.CANARY_LATE
        subject = "" if name == BEAT else name.removeprefix(CANARY)
        is_blameless = name != BEAT and (was_silent or BEAT in names)
        if is_blameless or at - watching_since <= CANARY_AGE:
            unknown.add((kind, subject))
            continue
        late.append(Trouble(kind=kind, subject=subject, since=seen.get(name, watching_since)))
    if AUDIT not in seen:
        leave_sign(AUDIT)  # The first check is awaited from the first look on, whatever starts again meanwhile.
    elif at - seen[AUDIT] > AUDIT_AGE and at - watching_since <= CANARY_AGE:
        unknown.add((K.AUDIT_LATE, ""))
    elif at - seen[AUDIT] > AUDIT_AGE:
        late.append(Trouble(kind=K.AUDIT_LATE, subject="", since=seen[AUDIT]))
    return late, unknown


def _settle_tenants(found: Iterable[Trouble], *, at: datetime) -> None:
    wanted: dict[uuid.UUID, dict[tuple[str, str], Trouble]] = defaultdict(dict)
    for trouble in found:
        if NATURES[trouble.kind].tells_tenant and trouble.tenant_id is not None:
            wanted[trouble.tenant_id][trouble.kind, trouble.subject] = trouble
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id FROM syncjobs_alarmed_tenants()")
        alarmed = {row[0] for row in cursor.fetchall()}
    for tenant_id in wanted.keys() | alarmed:
        with raising.sparing_the_others(f"tenant {tenant_id}"), tenant_context(tenant_id):
            _settle_one(tenant_id, wanted[tenant_id], at=at)


def _settle_one(tenant_id: uuid.UUID, wanted: Mapping[tuple[str, str], Trouble], *, at: datetime) -> None:
    """The operating team's alarm of a kind both are told of follows in `_settle_service`.

    Rows are locked in the order of their keys, here and where mails are marked as sent.
    """
    rows = Alarm.objects.filter(tenant_id=tenant_id, cleared_at=None).select_for_update().order_by("pk")
    over: dict[str, list[int]] = defaultdict(list)
    for pk, kind, subject in rows.values_list("pk", "kind", "subject"):
        if (kind, str(subject)) not in wanted:
            over[kind].append(pk)
    wrong = [
        raising.Wrong(kind=trouble.kind, subject=uuid.UUID(trouble.subject), details=_told(trouble))
        for trouble in wanted.values()
    ]
    raising.open_alarms(tenant_id, wrong, at=at)
    for kind in over.keys() & _KINDS:
        _end(Alarm.objects.filter(tenant_id=tenant_id, pk__in=over[kind]), AlarmKind(kind), at=at)


@transaction.atomic
def _settle_service(found: Iterable[Trouble], unknown: set[tuple[str, str]], *, at: datetime) -> None:
    is_open = list(SystemAlarm.objects.filter(cleared_at=None).select_for_update().order_by("pk"))
    wanted = {
        (trouble.kind.value, trouble.subject): trouble for trouble in found if NATURES[trouble.kind].tells_operator
    }
    for trouble in wanted.values():
        about = {} if trouble.tenant_id is None else {"tenant": str(trouble.tenant_id)}
        raising.raise_system_alarm(trouble.kind, trouble.subject, at=at, details=_told(trouble) | about)
    for alarm in is_open:
        if alarm.kind in _KINDS and (alarm.kind, alarm.subject) not in wanted.keys() | unknown:
            _end(SystemAlarm.objects.filter(pk=alarm.pk), AlarmKind(alarm.kind), at=at)


def _end(rows: raising.Alarms, kind: AlarmKind, *, at: datetime) -> None:
    """Not before the kind's own time since it was last seen has passed."""
    clears_after = NATURES[kind].clears_after
    if clears_after is not None:
        raising.clear(rows.filter(seen_at__lte=at - clears_after), kind, at=at)


def _told(trouble: Trouble) -> dict[str, object]:
    return {**trouble.details, "since": trouble.since.isoformat()}
