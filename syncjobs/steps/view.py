"""Read an account's Quantum View: each answer is stored, then used; after a crash both go on where they stopped."""

import itertools
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F

from audit.models import Event
from audit.record import Happening, happenings
from connector_site.lib.wording import said
from syncjobs import queue
from syncjobs.models import Manifest, Parcel, SyncJob, ViewFile, ViewPage
from syncjobs.queue import Job
from syncjobs.raw_messages import sealed_view, viewed
from syncjobs.retry import backoff
from syncjobs.steps.context import Step
from syncjobs.steps.events import NOT_YET, look_again_at
from syncjobs.tracking.looking import hours
from syncjobs.tracking.progress import conclude, lock, take_in
from tenants.context import tenant_context
from ups.access import open_tracking_client
from ups.errors import UpsError, UpsRejected, UpsUnavailable, UpsUnexpectedReply
from ups.events import ParcelEvent
from ups.models import Account, QuantumViewFeed
from ups.payloads import WireError
from ups.quantum_view import ProblemKind, ViewAnswer, ViewProblem, events_request, problem_in, read_view
from ups.quantum_view import ViewFile as FileRead
from ups.scan_times import estimate
from ups.view_records import ManifestFact

OVERLAP = timedelta(hours=24)
"""Each reading begins so long before the last one did: files come late, and UPS does not say by whose clock it reads
the moments (`ups.md` 11); no zone is further away."""
KEPT = timedelta(days=7)
"""UPS keeps files so long and refuses to look further back (`ups.md` 11)."""
_WITHIN = timedelta(hours=14)
"""UPS does not say by whose clock it reads our moments (`ups.md` 11); none is further ahead of UTC."""
POLL_HOURS = 0.25
POLL_HOURS_WITHOUT_ALERT = 5 / 60
"""Every 15 minutes, every 5 when pushes are missing (`design.md` 4)."""
REFUSED_PAUSE_HOURS = 1.0
BOOKMARKS = 3
"""A reading whose bookmark UPS refuses begins anew so often; then a person should know."""
_NO_SUCH_NAME = "do not exist"
"""How UPS words that it knows no subscription of this name; it says so as well when there is nothing (`ups.md` 11)."""
_UNKNOWN_NAME = said("UPS knows no Quantum View subscription of this name, or it has no events yet. Compare it at UPS.")
_UNREADABLE = ViewProblem(kind=ProblemKind.REFUSED, text=said("UPS's answer cannot be read."))
SECONDS_AT_ONCE = 25
PAGES_AT_ONCE = 20
"""Answers in one go of the job; a longer reading goes on in the next."""
OUR_REFERENCE = re.compile(r"^[PT][0-9A-HJKMNP-TV-Z]{26}$")
"""A letter for the environment and a ULID (`connector_site.lib.references`)."""


def view(job: Job, step: Step) -> None:
    """The step: first what an earlier run stored and did not use, then the next answers, to the end of the reading."""
    with tenant_context(job.tenant_id):
        rows = QuantumViewFeed.objects.select_related("account")
        feed = rows.filter(tenant_id=job.tenant_id, code=job.subject).first()
        if feed is None:
            queue.finish(job)
            return
    for page in _unused(feed):
        _use(page, feed, step.at)
    _read(feed, job, step)


def _read(feed: QuantumViewFeed, job: Job, step: Step) -> None:
    """Answer by answer to the end of the reading; each is stored with the place to go on from.

    A reading that has no such place yet begins anew: as time goes by UPS refuses what it began with.
    """
    client = open_tracking_client(feed.account, observe=step.observe)
    for _ in _turns():
        if not feed.bookmark:
            _begin(feed, step.at)
        try:
            body = client.quantum_view(_request(feed, step.at))
        except UpsUnavailable:
            raise
        except UpsRejected as error:
            _trouble(feed, problem_in((WireError(code=error.code, message=error.text),)), job, step)
            return
        except UpsError as error:
            _end(feed, job, step, problem=str(error))
            return
        page, problem = _store(feed, body, step.at)
        if problem is not None:
            _mark_used(page, step.at, problem=problem.text, is_readable=problem is not _UNREADABLE)
            _trouble(feed, problem, job, step)
            return
        _use(page, feed, step.at)
        if not feed.bookmark:
            _end(feed, job, step)
            return
    _go_on(feed, job, step)


def _turns() -> Iterator[int]:
    """As many answers as one run takes, and no longer than it may last."""
    ends = time.monotonic() + SECONDS_AT_ONCE
    return itertools.takewhile(lambda _: time.monotonic() < ends, range(PAGES_AT_ONCE))


def _request(feed: QuantumViewFeed, at: datetime) -> dict[str, Any]:
    begins_at = feed.reading_from_at or at
    return events_request(name=feed.name, begins_at=begins_at, bookmark=feed.bookmark, context=str(feed.code))


def _unused(feed: QuantumViewFeed) -> list[ViewPage]:
    with tenant_context(feed.tenant_id):
        return list(ViewPage.objects.filter(tenant_id=feed.tenant_id, feed=feed, used_at=None).order_by("pk"))


def _begin(feed: QuantumViewFeed, at: datetime) -> None:
    """Start a reading at the watermark less the overlap, as far back as UPS goes; what lies before is missed."""
    earliest = at - KEPT + _WITHIN
    wanted = feed.watermark_at - OVERLAP if feed.watermark_at else earliest
    columns: dict[str, Any] = {"reading_from_at": max(wanted, earliest), "reading_began_at": at, "bookmark": ""}
    if feed.watermark_at is not None and feed.watermark_at < earliest:
        columns["missed_until_at"] = earliest
    _change(feed, columns)


def _store(feed: QuantumViewFeed, body: bytes, at: datetime) -> tuple[ViewPage, ViewProblem | None]:
    """Keep the answer, and in the same transaction how to go on; or why there is nothing in it."""
    try:
        answer = read_view(body)
    except UpsUnexpectedReply:
        answer = ViewAnswer(problem=_UNREADABLE)
    with tenant_context(feed.tenant_id):
        page = ViewPage(tenant_id=feed.tenant_id, feed=feed, received_at=at)
        page.body = sealed_view(body, page_code=page.code)
        page.save(force_insert=True)
        if answer.problem is None:
            columns: dict[str, Any] = {"bookmark": answer.bookmark}
            if not answer.bookmark:
                columns |= {"watermark_at": feed.reading_began_at, "reading_from_at": None, "reading_began_at": None}
            _change(feed, columns)
    return page, answer.problem


def _change(feed: QuantumViewFeed, columns: dict[str, Any]) -> None:
    with tenant_context(feed.tenant_id):
        QuantumViewFeed.objects.filter(tenant_id=feed.tenant_id, pk=feed.pk).update(**columns)
    for name, value in columns.items():
        setattr(feed, name, value)


def _use(page: ViewPage, feed: QuantumViewFeed, at: datetime) -> None:
    """Take a stored answer in, delivery by delivery. Doing it again changes nothing."""
    try:
        answer = read_view(viewed(page))
    except UpsUnexpectedReply as error:
        _mark_used(page, at, problem=str(error), is_readable=False)
        return
    fresh = _fresh(feed, answer.files)
    events = [_timed(event, feed.account.country) for one in fresh for event in one.events]
    by_delivery, foreign = _sorted_out(feed.tenant_id, events)
    for code, news in by_delivery.items():
        with tenant_context(feed.tenant_id):
            delivery = lock(feed.tenant_id, code)
            if delivery.state in NOT_YET:
                later = look_again_at(delivery, at)
                kind = SyncJob.Kind.EVENTS
                queue.add(feed.tenant_id, kind, code, due_at=later, correlation=delivery.correlation)
            conclude(delivery, take_in(delivery, news, at=at), at=at)
    with tenant_context(feed.tenant_id):
        _keep_manifests(feed, [fact for one in fresh for fact in one.manifests], at)
        rows = [ViewFile(tenant_id=feed.tenant_id, feed=feed, fingerprint=one.fingerprint, used_at=at) for one in fresh]
        ViewFile.objects.bulk_create(rows, ignore_conflicts=True)
        QuantumViewFeed.objects.filter(tenant_id=feed.tenant_id, pk=feed.pk).update(
            own_records=F("own_records") + len(events) - foreign, foreign_records=F("foreign_records") + foreign
        )
        _mark_used(page, at)


def _timed(event: ParcelEvent, country: str) -> ParcelEvent:
    """Some records name no place: their clock is taken for that of the account's country."""
    if event.zone_known or event.place.country or event.local_at is None:
        return event
    return replace(event, happened_at=estimate(event.local_at, country))


def _fresh(feed: QuantumViewFeed, files: Sequence[FileRead]) -> list[FileRead]:
    """Files that no earlier reading brought, each once."""
    with tenant_context(feed.tenant_id):
        known = set(
            ViewFile.objects.filter(
                tenant_id=feed.tenant_id, feed=feed, fingerprint__in=[one.fingerprint for one in files]
            ).values_list("fingerprint", flat=True)
        )
    return list({one.fingerprint: one for one in files if one.fingerprint not in known}.values())


def _sorted_out(tenant_id: UUID, events: Sequence[ParcelEvent]) -> tuple[dict[UUID, list[ParcelEvent]], int]:
    """The events of our deliveries, and how many belong to shipments that others made on the same account."""
    with tenant_context(tenant_id):
        rows = Parcel.objects.filter(
            tenant_id=tenant_id, tracking_number__in={event.tracking_number for event in events}
        ).values_list("tracking_number", "shipment__delivery__code")
        deliveries = dict(rows)
    found: dict[UUID, list[ParcelEvent]] = defaultdict(list)
    for event in events:
        if event.tracking_number in deliveries:
            found[deliveries[event.tracking_number]].append(event)
    return found, len(events) - sum(len(news) for news in found.values())


def _keep_manifests(feed: QuantumViewFeed, facts: Sequence[ManifestFact], at: datetime) -> None:
    """What was announced under a reference of ours, for reconciliation."""
    rows = [
        Manifest(
            tenant_id=feed.tenant_id,
            account_id=feed.account_id,
            tracking_number=fact.tracking_number,
            reference=reference,
            shipped_date=fact.shipped_on,
            first_seen_at=at,
        )
        for fact in facts
        for reference in fact.references
        if OUR_REFERENCE.match(reference)
    ]
    Manifest.objects.bulk_create(rows, ignore_conflicts=True)


def _mark_used(page: ViewPage, at: datetime, *, problem: str = "", is_readable: bool = True) -> None:
    """Keep no body that was taken in, for other people's addresses are in it (`reliability.md` 5)."""
    columns: dict[str, Any] = {"used_at": at, "problem": problem[:200]}
    if is_readable:
        columns["body"] = b""
    with tenant_context(page.tenant_id):
        ViewPage.objects.filter(tenant_id=page.tenant_id, pk=page.pk).update(**columns)


def _trouble(feed: QuantumViewFeed, problem: ViewProblem, job: Job, step: Step) -> None:
    """An answer without files: nothing new, come back later, or something a person must see."""
    if problem.kind == ProblemKind.NOTHING_NEW:
        _change(feed, {"watermark_at": feed.reading_began_at, "reading_from_at": None, "bookmark": ""})
        _end(feed, job, step, problem=_UNKNOWN_NAME if _NO_SUCH_NAME in problem.text.lower() else "")
    elif problem.kind == ProblemKind.TRANSIENT:
        _end(feed, job, step, again_seconds=problem.retry_after_seconds)
    elif feed.bookmark and job.failures < BOOKMARKS:
        _change(feed, {"bookmark": ""})
        _go_on(feed, job, step, is_anew=True)
    else:
        _change(feed, {"bookmark": ""})
        _end(feed, job, step, problem=f"{problem.code} {problem.text}".strip())


def _go_on(feed: QuantumViewFeed, job: Job, step: Step, *, is_anew: bool = False) -> None:
    """Leave the rest to the next run; one that begins anew a second time waits a while first."""
    due_at = backoff(job.failures, at=step.at) if is_anew and job.failures else step.at
    with tenant_context(job.tenant_id):
        queue.put_back(job, due_at=due_at, error="", counts=is_anew)
        happenings(job.tenant_id, _made(feed, step))


def _end(feed: QuantumViewFeed, job: Job, step: Step, *, problem: str = "", again_seconds: int | None = None) -> None:
    """Plan the next reading. A problem is shown until a reading succeeds, and is told once in the trail."""
    pause = hours(_pause(feed.account))
    if problem:
        pause = hours(REFUSED_PAUSE_HOURS)
    elif again_seconds is not None:
        pause = timedelta(seconds=again_seconds)
    is_new = bool(problem) and problem[:250] != feed.problem
    columns: dict[str, Any] = {"poll_at": step.at + pause, "problem": problem[:250]}
    columns |= {"problem_at": step.at} if problem else {"problem_at": None}
    if not problem and again_seconds is None:
        columns["read_at"] = step.at
    with tenant_context(job.tenant_id):
        _change(feed, columns)
        queue.finish(job)
        told = _made(feed, step)
        if is_new:
            details = {"step": str(job.kind), "why": "quantum_view"}
            failed = Happening(kind=Event.Kind.FAILED, subject_kind="ups_feed", subject=feed.code, details=details)
            told.append(failed)
        happenings(job.tenant_id, told)


def _pause(account: Account) -> float:
    is_on = account.alert_version != Account.AlertVersion.OFF
    has_pushes = is_on and not account.alert_problem and account.alert_silent_at is None
    return POLL_HOURS if has_pushes else POLL_HOURS_WITHOUT_ALERT


def _made(feed: QuantumViewFeed, step: Step) -> list[Happening]:
    return step.told_of("ups_feed", feed.code)
