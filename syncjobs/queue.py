"""The job table: adding, claiming and ending work; and waking a worker, which may fail without harm.

Claiming looks across tenants, so it is one SQL function of the dispatch role (migration 0002). Every end of a job
names the claim it belongs to (by `lease_until`): a worker whose lease ran out cannot end what another one took over.
"""

import logging
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis import Redis, RedisError

from syncjobs.models import SyncJob

logger = logging.getLogger(__name__)

LEASE_SECONDS: float = settings.LEASE_SECONDS
"""Longer than the hard time limit of a task (`reliability.md` 1.2); the settings refuse a shorter one."""
CLAIM_PER_TENANT = 3
RUNNING_PER_TENANT = 6
"""Two workers with three claimed jobs each: a tenant's flood never takes all workers (`reliability.md` 4)."""
CLAIM_AT_ONCE = 4
SOON = timedelta(seconds=5)
"""Work that is due so soon is not left to the sweep, which comes every ten seconds."""
_AFTER_DUE_SECONDS = 0.05
NUDGE_EXPIRES_SECONDS = 60
NUDGE_PENDING_MS = 500
QUEUE_OF = {
    SyncJob.Kind.READ: SyncJob.Queue.SHIP,
    SyncJob.Kind.GONE: SyncJob.Queue.SHIP,
    SyncJob.Kind.SHIP: SyncJob.Queue.SHIP,
    SyncJob.Kind.REPORT: SyncJob.Queue.SHIP,
    SyncJob.Kind.RECHECK: SyncJob.Queue.SYNC,
    SyncJob.Kind.SUBSCRIBE: SyncJob.Queue.SYNC,
    SyncJob.Kind.METHODS: SyncJob.Queue.SYNC,
    SyncJob.Kind.MASTER: SyncJob.Queue.SYNC,
    SyncJob.Kind.EVENTS: SyncJob.Queue.TRACK,
    SyncJob.Kind.CONFIRM: SyncJob.Queue.TRACK,
    SyncJob.Kind.LOOK: SyncJob.Queue.SYNC,
    SyncJob.Kind.ALERT: SyncJob.Queue.SYNC,
    SyncJob.Kind.VIEW: SyncJob.Queue.SYNC,
    SyncJob.Kind.STATUS: SyncJob.Queue.TRACK,
    SyncJob.Kind.PROOF: SyncJob.Queue.TRACK,
    SyncJob.Kind.SETTLE: SyncJob.Queue.SHIP,
    SyncJob.Kind.CHANGES: SyncJob.Queue.SYNC,
    SyncJob.Kind.COMPARE: SyncJob.Queue.SYNC,
    SyncJob.Kind.RECONCILE: SyncJob.Queue.UPKEEP,
    SyncJob.Kind.WAREHOUSES: SyncJob.Queue.SYNC,
    SyncJob.Kind.DRY_RUN: SyncJob.Queue.SYNC,
    SyncJob.Kind.BEGIN: SyncJob.Queue.SYNC,
    SyncJob.Kind.RETAIN: SyncJob.Queue.UPKEEP,
    SyncJob.Kind.EXPORT: SyncJob.Queue.UPKEEP,
    SyncJob.Kind.PREVIEW: SyncJob.Queue.SYNC,
    SyncJob.Kind.VOID: SyncJob.Queue.SHIP,
    SyncJob.Kind.FIGURES: SyncJob.Queue.UPKEEP,
    SyncJob.Kind.VERIFY: SyncJob.Queue.UPKEEP,
    SyncJob.Kind.CLOSE: SyncJob.Queue.UPKEEP,
}


class LostClaim(Exception):
    """The lease ran out and another worker has the job: what this one did must not be committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A claimed job."""

    id: int
    tenant_id: uuid.UUID
    kind: SyncJob.Kind
    subject: uuid.UUID
    starts: int
    failures: int
    lease_until: datetime
    correlation: uuid.UUID | None


_UPSERT = """
INSERT INTO syncjobs_syncjob
    (code, tenant_id, kind, queue, subject, state, due_at, starts, failures, lease_until, last_error, correlation,
     created_at)
VALUES (%(code)s, %(tenant)s, %(kind)s, %(queue)s, %(subject)s, %(state)s, %(due_at)s, %(starts)s, 0, %(lease)s, '',
        %(correlation)s, clock_timestamp())
ON CONFLICT (tenant_id, kind, subject) WHERE state IN ('due', 'running') DO UPDATE SET
    due_at = CASE WHEN syncjobs_syncjob.state = 'due'
                  THEN least(syncjobs_syncjob.due_at, %(wanted_at)s) ELSE syncjobs_syncjob.due_at END,
    wanted_again_at = CASE WHEN syncjobs_syncjob.state = 'running'
                  THEN least(syncjobs_syncjob.wanted_again_at, %(wanted_at)s) END
RETURNING id, lease_until, (xmax = 0)
"""


def add(
    tenant_id: uuid.UUID,
    kind: SyncJob.Kind,
    subject: uuid.UUID,
    *,
    due_at: datetime,
    correlation: uuid.UUID | None = None,
    wake: bool = True,
) -> None:
    """Ask for work at a moment, in the open transaction, and wake a worker on commit, or when it is due in a moment.

    An open job of the same kind and subject is used: one that waits moves ahead if the new moment is earlier, one at
    work runs again afterwards.
    """
    _insert(tenant_id, kind, subject, due_at=due_at, correlation=correlation, claimed_at=None)
    if not wake:
        return
    if timedelta() < due_at - timezone.now() <= SOON:
        transaction.on_commit(lambda: _soon.__setitem__(QUEUE_OF[kind], due_at))
    else:
        transaction.on_commit(lambda: nudge(QUEUE_OF[kind]))


def add_claimed(
    tenant_id: uuid.UUID, kind: SyncJob.Kind, subject: uuid.UUID, *, at: datetime, correlation: uuid.UUID | None
) -> Job | None:
    """Ask for work and take it at once, so that the next step of a delivery needs no second claim.

    None when such a job is open already: then whoever has it goes on with it.
    """
    job_id, lease_until, is_new = _insert(tenant_id, kind, subject, due_at=at, correlation=correlation, claimed_at=at)
    if not is_new or lease_until is None:
        transaction.on_commit(lambda: nudge(QUEUE_OF[kind]))
        return None
    return Job(
        id=job_id,
        tenant_id=tenant_id,
        kind=kind,
        subject=subject,
        starts=1,
        failures=0,
        lease_until=lease_until,
        correlation=correlation,
    )


def _insert(
    tenant_id: uuid.UUID,
    kind: SyncJob.Kind,
    subject: uuid.UUID,
    *,
    due_at: datetime,
    correlation: uuid.UUID | None,
    claimed_at: datetime | None,
) -> tuple[int, datetime | None, bool]:
    lease = claimed_at + timedelta(seconds=LEASE_SECONDS) if claimed_at else None
    with connection.cursor() as cursor:
        cursor.execute(
            _UPSERT,
            {
                "code": uuid.uuid4(),
                "tenant": tenant_id,
                "kind": kind.value,
                "queue": QUEUE_OF[kind].value,
                "subject": subject,
                "state": SyncJob.State.RUNNING.value if claimed_at else SyncJob.State.DUE.value,
                "due_at": lease or due_at,
                "wanted_at": due_at,
                "starts": 1 if claimed_at else 0,
                "lease": lease,
                "correlation": correlation,
            },
        )
        row: tuple[int, datetime | None, bool] = cursor.fetchone()
    return row


def claim(queues: Sequence[SyncJob.Queue], *, at_once: int = CLAIM_AT_ONCE) -> list[Job]:
    """Take due jobs, a few per tenant, oldest first; kinds that this version does not know stay where they are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, tenant_id, kind, subject, starts, failures, lease_until, correlation"
            " FROM syncjobs_claim(%s, %s, %s, %s, %s, make_interval(secs => %s))",
            [list(queues), SyncJob.Kind.values, CLAIM_PER_TENANT, RUNNING_PER_TENANT, at_once, LEASE_SECONDS],
        )
        return [_job(row) for row in cursor.fetchall()]


_CLAIM_SIBLINGS = """
WITH picked AS MATERIALIZED (
    SELECT j.id FROM syncjobs_syncjob j
     WHERE j.tenant_id = %(tenant)s AND j.queue = %(queue)s AND j.kind = %(kind)s AND j.state = 'due'
       AND j.due_at <= clock_timestamp()
       AND (SELECT d.connection_id FROM syncjobs_delivery d WHERE d.code = j.subject) = %(connection)s
     ORDER BY j.due_at LIMIT %(limit)s FOR UPDATE OF j SKIP LOCKED
)
UPDATE syncjobs_syncjob j SET state = 'running', starts = j.starts + 1,
       lease_until = clock_timestamp() + make_interval(secs => %(lease)s),
       due_at = clock_timestamp() + make_interval(secs => %(lease)s)
  FROM picked WHERE j.id = picked.id
RETURNING j.id, j.tenant_id, j.kind, j.subject, j.starts, j.failures, j.lease_until, j.correlation
"""
"""Picked once, whatever plan PostgreSQL chooses: as a condition the choice may be made anew for each row, and then the
limit does not hold. Each job asks for its own delivery: as a join PostgreSQL, which has not counted a flood's rows yet,
compares every job with every delivery: 9 s for 5,000 of each, where this takes 0.04 s."""


def claim_siblings(job: Job, *, connection_id: int, limit: int) -> list[Job]:
    """Take other due jobs of the same kind and Exact connection, so that one call can serve them all."""
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM_SIBLINGS,
            {
                "lease": LEASE_SECONDS,
                "tenant": job.tenant_id,
                "queue": QUEUE_OF[job.kind].value,
                "kind": job.kind.value,
                "connection": connection_id,
                "limit": limit,
            },
        )
        return [_job(row) for row in cursor.fetchall()]


_FINISH = """
UPDATE syncjobs_syncjob SET
    state = CASE WHEN wanted_again_at IS NULL THEN 'done' ELSE 'due' END,
    due_at = coalesce(wanted_again_at, due_at), wanted_again_at = NULL, lease_until = NULL, last_error = '',
    starts = CASE WHEN wanted_again_at IS NULL THEN starts ELSE 0 END, failures = 0,
    ended_at = CASE WHEN wanted_again_at IS NULL THEN clock_timestamp() END
 WHERE id = %s AND tenant_id = %s AND state = 'running' AND lease_until = %s
"""


def finish(job: Job) -> None:
    """End the job in the open transaction; it becomes due again if it was asked for meanwhile."""
    _exactly_one(_FINISH, [job.id, job.tenant_id, job.lease_until], job)


def put_back(job: Job, *, due_at: datetime, error: str, counts: bool) -> None:
    """Let the job wait until `due_at`; `counts` when it was tried in vain, not when it was a mere "not yet"."""
    _exactly_one(
        "UPDATE syncjobs_syncjob SET state = 'due', due_at = %s, wanted_again_at = NULL, lease_until = NULL,"
        " starts = 0, failures = failures + %s, last_error = %s"
        " WHERE id = %s AND tenant_id = %s AND state = 'running' AND lease_until = %s",
        [due_at, int(counts), error[:300], job.id, job.tenant_id, job.lease_until],
        job,
    )


def give_up(job: Job, *, error: str) -> None:
    """End the job for good, unless it was asked for meanwhile; a person sees to its delivery."""
    _exactly_one(
        "UPDATE syncjobs_syncjob SET lease_until = NULL, last_error = %s,"
        " state = CASE WHEN wanted_again_at IS NULL THEN 'dead' ELSE 'due' END,"
        " due_at = coalesce(wanted_again_at, due_at), wanted_again_at = NULL, starts = 0, failures = 0,"
        " ended_at = CASE WHEN wanted_again_at IS NULL THEN clock_timestamp() END"
        " WHERE id = %s AND tenant_id = %s AND state = 'running' AND lease_until = %s",
        [error[:300], job.id, job.tenant_id, job.lease_until],
        job,
    )


def release(job: Job) -> None:
    """Hand back a claimed job that was not begun."""
    _exactly_one(
        "UPDATE syncjobs_syncjob SET state = 'due', due_at = clock_timestamp(), lease_until = NULL, starts = starts - 1"
        " WHERE id = %s AND tenant_id = %s AND state = 'running' AND lease_until = %s",
        [job.id, job.tenant_id, job.lease_until],
        job,
    )


def is_running(tenant_id: uuid.UUID, kind: SyncJob.Kind, subject: uuid.UUID) -> bool:
    """Whether a worker has such a job now; what only a dead worker holds does not count."""
    running = SyncJob.objects.filter(tenant_id=tenant_id, kind=kind, subject=subject, state=SyncJob.State.RUNNING)
    return running.filter(lease_until__gt=timezone.now()).exists()


def queues_with_due_jobs() -> list[SyncJob.Queue]:
    """The queues in which some tenant has a due job."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT queue FROM syncjobs_due_queues()")
        return [SyncJob.Queue(row[0]) for row in cursor.fetchall() if row[0] in SyncJob.Queue.values]


def nudge(queue: SyncJob.Queue) -> None:
    """Wake a worker, best effort: when it fails, the sweep finds the job seconds later.

    While one wake-up is on its way no second one is sent, so a flood of webhooks costs few messages.
    """
    try:
        if not _redis().set(f"nudge:{queue}", 1, nx=True, px=NUDGE_PENDING_MS):
            return
        current_app.send_task(
            "syncjobs.tasks.work", kwargs={"queue_name": str(queue)}, queue=str(queue), expires=NUDGE_EXPIRES_SECONDS
        )
    except (RedisError, OperationalError, OSError) as error:
        logger.warning("No worker could be woken for queue %s: %s", queue, type(error).__name__)


def nudge_when_due() -> None:
    """Wake a worker when what this process has asked for a moment ahead is due; best effort like every wake-up."""
    while _soon:
        name, due_at = _soon.popitem()
        delay = max((due_at - timezone.now()).total_seconds(), 0) + _AFTER_DUE_SECONDS
        timer = threading.Timer(delay, nudge, [name])
        timer.daemon = True
        timer.start()


_soon: dict[SyncJob.Queue, datetime] = {}


def nudge_arrived(queue: SyncJob.Queue) -> None:
    """A worker is awake: the next wake-up may be sent."""
    try:
        _redis().delete(f"nudge:{queue}")
    except RedisError as error:
        logger.warning("The wake-up mark of queue %s could not be cleared: %s", queue, type(error).__name__)


_clients: dict[str, Redis] = {}


def _redis() -> Redis:
    url = settings.REDIS_URL.replace("redis+socket://", "unix://")
    if url not in _clients:
        _clients[url] = Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)
    return _clients[url]


def _job(row: tuple[int, uuid.UUID, str, uuid.UUID, int, int, datetime, uuid.UUID | None]) -> Job:
    return Job(
        id=row[0],
        tenant_id=row[1],
        kind=SyncJob.Kind(row[2]),
        subject=row[3],
        starts=row[4],
        failures=row[5],
        lease_until=row[6],
        correlation=row[7],
    )


def _exactly_one(statement: str, values: Sequence[int | str | uuid.UUID | datetime], job: Job) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        if cursor.rowcount != 1:
            raise LostClaim(f"{job.kind} {job.subject}")
