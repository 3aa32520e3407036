"""What changed in Exact that no notification told of: the net under the webhooks (`reliability.md` 3)."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from audit.models import Event
from audit.record import Happening, happenings
from exact import cursors, upkeep
from exact.access import open_client
from exact.changes import SyncEndpoint
from exact.client import ExactClient
from exact.cursors import Cursor
from exact.limits import BudgetClass
from exact.models import Connection
from exact.records import Division, SyncPage, SyncRow
from syncjobs import intake, queue, rereading, silence
from syncjobs.models import Delivery, SyncJob
from syncjobs.queue import Job
from syncjobs.steps import differences
from syncjobs.steps.context import Step
from syncjobs.transitions import LostRace
from tenants.context import tenant_context

ENDPOINTS = (SyncEndpoint.GOODS_DELIVERIES, SyncEndpoint.GOODS_DELIVERY_LINES, SyncEndpoint.DELETED)
"""One call each, for every 1,000 rows. Headers first: a line tells nothing of a delivery that is not known."""
READS_FOR_SECONDS = 30
"""No page is asked for after this, so that a task ends well before its time limit; the job comes back for the rest."""
ROWS_AT_ONCE = 100
"""Taken in by one transaction: notifications wait for its locks."""
LOOKS_AT_COMPANY_EVERY = timedelta(hours=23)
REREADS = timedelta(hours=6)
"""Once a day what was given out so long ago is read again (`reliability.md` 3, `exact.md` 12)."""
STAYS_OPEN = timedelta(days=7)
"""What was closed, cancelled or skipped longer ago is not compared."""
_MADE = (SyncJob.State.DUE, SyncJob.State.RUNNING, SyncJob.State.DONE)
_AT_REST = (Delivery.State.CLOSED, Delivery.State.CANCELLED, Delivery.State.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A delivery to work on: new to us, changed, or deleted."""

    key: UUID
    is_new: bool = False
    is_deleted: bool = False
    was_missed: bool = False


def changes(job: Job, step: Step) -> None:
    """The step: read what changed since the last time and take in what is new to us.

    Its subject is a connection. An unknown delivery that was booked after the connection was made is taken in as a
    notification would; a known one is read again where it differs from what we know; a deleted one is dealt with.
    """
    connection = _connection(job)
    if connection is None:
        _end(job, step)
        return
    with tenant_context(job.tenant_id):
        is_silent = silence.is_silent(connection)
    purpose = BudgetClass.SHIP if is_silent else BudgetClass.COMPARE
    client = open_client(connection, purpose=purpose, observe=step.observe)
    looked_at = connection.division_looked_at
    if looked_at is None or step.at - looked_at >= LOOKS_AT_COMPANY_EVERY:
        _look_at_company(connection, client, job, step)
    if not _read_all(connection, client, step):
        with tenant_context(job.tenant_id):
            queue.put_back(job, due_at=timezone.now(), error="more to read", counts=False)
            happenings(job.tenant_id, step.told_of_subject(job))
        return
    _end(job, step, read_at=step.at)


def compare(job: Job, step: Step) -> None:
    """The step: have every open delivery of a connection read anew, and what changed since the last good reading.

    After a move of the company, after a new consent, and after an outage longer than Exact keeps deletions. It makes no
    call itself: reads of 25 deliveries at once follow.
    """
    connection = _connection(job)
    if connection is not None:
        rereading.ask(job.tenant_id, _open_deliveries(connection, step.at), at=step.at)
        with tenant_context(job.tenant_id):
            queue.add(job.tenant_id, SyncJob.Kind.CHANGES, job.subject, due_at=step.at)
    _end(job, step)


def _connection(job: Job) -> Connection | None:
    """The connection of a job, if it still is live."""
    with tenant_context(job.tenant_id):
        rows = Connection.objects.select_related("grant")
        return rows.filter(tenant_id=job.tenant_id, code=job.subject, disconnected_at=None).first()


def _end(job: Job, step: Step, *, read_at: datetime | None = None) -> None:
    with tenant_context(job.tenant_id):
        if read_at is not None:
            Connection.objects.filter(tenant_id=job.tenant_id, code=job.subject).update(last_read_at=read_at)
        queue.finish(job)
        happenings(job.tenant_id, step.told_of_subject(job))


def _open_deliveries(connection: Connection, at: datetime) -> QuerySet[Delivery]:
    rows = Delivery.objects.filter(tenant_id=connection.tenant_id, connection=connection, return_of=None)
    left_out = rows.filter(state__in=_AT_REST, changed_at__lt=at - STAYS_OPEN)
    return rows.exclude(pk__in=left_out.values("pk"))


def _look_at_company(connection: Connection, client: ExactClient, job: Job, step: Step) -> None:
    """Once a day: was the company moved, and what may have surfaced below our cursors; our subscription is seen to."""
    division = _company(client)
    first = _first_of(client, step.at - REREADS)
    with tenant_context(job.tenant_id):
        events = step.told_of_subject(job)
        is_behind = cursors.is_behind_deletions(connection, at=step.at)
        is_moved = upkeep.note_company(connection, division, at=step.at)
        if is_moved:
            events.append(_event(job, "company moved in Exact"))
        elif first is not None:
            cursors.rewind(connection, ENDPOINTS, to=first - 1)
        if is_moved or is_behind:
            queue.add(job.tenant_id, SyncJob.Kind.COMPARE, job.subject, due_at=step.at)
        queue.add(job.tenant_id, SyncJob.Kind.SUBSCRIBE, job.subject, due_at=step.at)
        happenings(job.tenant_id, events)


def _company(client: ExactClient) -> Division | None:
    """The company as Exact lists it; None where it is not listed, or nothing is."""
    try:
        return next((one for one in client.divisions() if one.code == client.division), None)
    except cursors.NOT_TOLD:
        return None


def _first_of(client: ExactClient, moment: datetime) -> int | None:
    """The first row version since a moment; None when nothing changed since, or where Exact does not tell."""
    try:
        return client.sync_timestamp(SyncEndpoint.GOODS_DELIVERIES, moment)
    except cursors.NOT_TOLD:
        return None


def _event(job: Job, what: str) -> Happening:
    return Happening(
        kind=Event.Kind.CHANGED, subject_kind="exact_connection", subject=job.subject, details={"what": what}
    )


def _read_all(connection: Connection, client: ExactClient, step: Step) -> bool:
    """Read every endpoint to its end; False when the time was up before. Each page is kept with its cursor."""
    ends = time.monotonic() + READS_FOR_SECONDS
    since = connection.last_read_at or connection.connected_at
    for endpoint in ENDPOINTS:
        cursor = cursors.cursor_of(connection, client, endpoint, since=since)
        has_more = True
        while has_more:
            if time.monotonic() > ends:
                return False
            page = client.sync(endpoint, cursor.timestamp)
            cursor = _take_in(connection, cursor, page, step)
            has_more = page.more
    return True


def _take_in(connection: Connection, cursor: Cursor, page: SyncPage, step: Step) -> Cursor:
    """Keep what a page tells, at last together with the cursor: cut off before, the page is simply read once more."""
    with tenant_context(connection.tenant_id):
        found = _found_in(connection, cursor.endpoint, page.rows, step.at)
    rest = len(found) - len(found) % ROWS_AT_ONCE
    for start in range(0, rest, ROWS_AT_ONCE):
        with tenant_context(connection.tenant_id):
            happenings(connection.tenant_id, _keep(connection, found[start : start + ROWS_AT_ONCE], step.at))
    with tenant_context(connection.tenant_id):
        advanced = cursors.advance(connection, cursor, page, at=step.at)
        if advanced is None:
            raise LostRace(f"cursor {cursor.endpoint} of connection {connection.code}")
        happenings(connection.tenant_id, _keep(connection, found[rest:], step.at))
    if found:
        queue.nudge(queue.QUEUE_OF[SyncJob.Kind.READ])
    return advanced


def _found_in(connection: Connection, endpoint: SyncEndpoint, rows: Sequence[SyncRow], at: datetime) -> list[_Found]:
    """What is to be done for these rows, one for each delivery."""
    deliveries = Delivery.objects.filter(
        tenant_id=connection.tenant_id, connection=connection, exact_entry_id__in={row.key for row in rows}
    )
    known = {delivery.exact_key: delivery for delivery in deliveries}
    if endpoint is SyncEndpoint.DELETED:
        return _deleted(connection, rows, known)
    found: dict[UUID, _Found] = {}
    for row in rows:
        delivery = known.get(row.key)
        if delivery is not None and differences.is_news(delivery, row):
            found[row.key] = _Found(key=row.key)
        elif delivery is None and differences.is_booked_since(row, connection.connected_at):
            found[row.key] = _Found(key=row.key, is_new=True, was_missed=differences.was_missed(row, at))
    return list(found.values())


def _deleted(connection: Connection, rows: Sequence[SyncRow], known: dict[UUID, Delivery]) -> list[_Found]:
    """Deliveries of ours that are gone and were not dealt with: one is deleted once, and seen here again and again."""
    codes = [delivery.code for delivery in known.values()]
    jobs = SyncJob.objects.filter(tenant_id=connection.tenant_id, kind=SyncJob.Kind.GONE, state__in=_MADE)
    dealt_with = set(jobs.filter(subject__in=codes).values_list("subject", flat=True)) if codes else set()
    keys = {row.key for row in rows if row.key in known and known[row.key].code not in dealt_with}
    return [_Found(key=key, is_deleted=True) for key in keys]


def _keep(connection: Connection, found: Sequence[_Found], at: datetime) -> list[Happening]:
    """Ask for the work in the open transaction, in the order in which everybody does; the events are for its end."""
    if any(one.was_missed for one in found):
        silence.note_missed(connection, at=at)
    events = []
    for one in sorted(found, key=lambda one: one.key):
        code, correlation = intake.take_in(
            connection.tenant_id, connection.pk, one.key, at=at, is_deleted=one.is_deleted, wake=False
        )
        if one.is_new:
            events.append(_told(code, correlation))
    return events


def _told(code: UUID, correlation: UUID) -> Happening:
    return Happening(
        kind=Event.Kind.RECEIVED,
        subject_kind="delivery",
        subject=code,
        correlation=correlation,
        details={"topic": intake.TOPIC, "action": intake.FOUND},
    )
