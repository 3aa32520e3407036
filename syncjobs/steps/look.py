"""Ask UPS's Tracking API about parcels of a delivery that are due: the silent ones, and those said to have ended."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from audit.models import Event
from syncjobs import queue
from syncjobs.models import Delivery, Parcel, SyncJob
from syncjobs.queue import Job
from syncjobs.steps.context import Step
from syncjobs.steps.events import NOT_YET, look_again_at
from syncjobs.tracking.looking import hours
from syncjobs.tracking.progress import conclude, lock, parcels_of, take_in
from syncjobs.transitions import delivery_event
from tenants.context import tenant_context
from ups.access import open_tracking_client
from ups.errors import (
    UpsAccountBlocked,
    UpsCredentialRefused,
    UpsError,
    UpsProductMissing,
    UpsRejected,
    UpsUnexpectedReply,
)
from ups.events import ParcelEvent
from ups.hearing import remember_tracking_problem
from ups.models import Account
from ups.numbers import is_valid
from ups.statuses import Reason
from ups.tracking import TrackedParcel
from ups.tracking_client import TrackingClient

logger = logging.getLogger(__name__)

SECONDS_AT_ONCE = 25
"""What was asked by then is kept and the rest left to the next run: a slow UPS must not cost what it has answered."""
AT_ONCE = 10
"""Parcels asked about in one go: one call each, and the lease must outlast them (`ups.md` 8: there is no batch)."""
OTHER_NUMBERS = 2
"""Our own bound: UPS names replacement and postal numbers, of which only those of its own form can be asked about."""
REFUSED_PAUSE = timedelta(hours=1)
_OF_THE_ACCOUNT = (UpsAccountBlocked, UpsCredentialRefused, UpsProductMissing)


def look(job: Job, step: Step) -> None:
    """The step. What was asked before a failure is kept; the failure then has its verdict."""
    with tenant_context(job.tenant_id):
        delivery = Delivery.objects.get(tenant_id=job.tenant_id, code=job.subject)
        due = [row for row in parcels_of(delivery) if row.look_at is not None and row.look_at <= step.at]
        if not due:
            queue.finish(job)
            return
        accounts = Account.objects.in_bulk({row.shipment.attempt.account_id for row in due})
        if all(_rests(accounts[row.shipment.attempt.account_id], step.at) for row in due):
            _pause(job.tenant_id, delivery, step.at)
            queue.finish(job)
            return
    _look(job, step, due, accounts)


def _look(job: Job, step: Step, due: Sequence[Parcel], accounts: Mapping[int, Account]) -> None:
    ends = time.monotonic() + SECONDS_AT_ONCE
    news: list[ParcelEvent] = []
    looked: dict[str, date | None] = {}
    failure: UpsError | None = None
    asked = 0
    for parcel in due[:AT_ONCE]:
        if time.monotonic() >= ends:
            break
        asked += 1
        account = accounts[parcel.shipment.attempt.account_id]
        try:
            told, expected_on = _ask(parcel, account, step)
        except UpsError as error:
            failure = error
            if isinstance(error, _OF_THE_ACCOUNT):
                _remember(account, str(error), step.at)
            break
        _remember(account, "", step.at)
        news += told
        looked[parcel.tracking_number] = expected_on
    if failure is not None and not looked and not isinstance(failure, _OF_THE_ACCOUNT):
        raise failure
    _keep(job, step, news, looked, failure, is_all=asked == len(due))


def _remember(account: Account, problem: str, at: datetime) -> None:
    """The account says what is wrong with all of its parcels, until UPS answers again."""
    if account.tracking_problem != problem or (problem and not _rests(account, at)):
        with tenant_context(account.tenant_id):
            remember_tracking_problem(account, problem, at=at)
        account.tracking_problem = problem
        account.tracking_problem_at = at if problem else None


def _rests(account: Account, at: datetime) -> bool:
    """Whether UPS has just refused to answer this account: each further question might cost it a token call."""
    return account.tracking_problem_at is not None and at - account.tracking_problem_at < REFUSED_PAUSE


def _ask(parcel: Parcel, account: Account, step: Step) -> tuple[list[ParcelEvent], date | None]:
    """The parcel's events as UPS knows them, and the day it is expected on.

    That UPS refuses the number means no more than that it has no data: `TV1002` has been seen for numbers that are
    good (`ups.md` 8). Where the parcel goes on under another number, what is told of that one counts for it.
    """
    client = open_tracking_client(account, observe=step.observe)
    try:
        found = _found(client, parcel.tracking_number)
    except UpsRejected:
        return [], None
    except UpsUnexpectedReply:
        logger.exception("The Tracking API answered in a way that is not known here")
        return [], None
    for number in _other_numbers(found):
        try:
            found += _found(client, number)
        except UpsError:
            continue
    events = [replace(event, tracking_number=parcel.tracking_number) for told in found for event in told.events]
    return events, next((told.scheduled_date for told in found if told.scheduled_date), None)


def _found(client: TrackingClient, number: str) -> list[TrackedParcel]:
    return [told for told in client.track(number).parcels if told.tracking_number == number]


def _other_numbers(found: Sequence[TrackedParcel]) -> list[str]:
    """The numbers under which UPS says that the parcel goes on."""
    if not any(event.reason == Reason.NUMBER_CHANGED for told in found for event in told.events):
        return []
    known = {told.tracking_number for told in found}
    named = dict.fromkeys(number for told in found for number in told.alternate_numbers)
    return [number for number in named if is_valid(number) and number not in known][:OTHER_NUMBERS]


def _keep(
    job: Job,
    step: Step,
    news: Sequence[ParcelEvent],
    looked: Mapping[str, date | None],
    failure: UpsError | None,
    *,
    is_all: bool,
) -> None:
    at = step.at
    with tenant_context(job.tenant_id):
        delivery = lock(job.tenant_id, job.subject)
        progress = take_in(delivery, news, at=at, looked=looked)
        told = step.told(delivery)
        if isinstance(failure, _OF_THE_ACCOUNT):
            _pause(job.tenant_id, delivery, at)
            details = {"step": str(job.kind), "why": failure.code or type(failure).__name__, "text": str(failure)}
            told.append(delivery_event(delivery, Event.Kind.FAILED, details=details))
        if (failure is None and is_all) or isinstance(failure, _OF_THE_ACCOUNT):
            queue.finish(job)
        else:
            queue.put_back(job, due_at=at, error="", counts=False)
        if delivery.state in NOT_YET:
            later = look_again_at(delivery, at)
            queue.add(job.tenant_id, SyncJob.Kind.EVENTS, job.subject, due_at=later, correlation=delivery.correlation)
        conclude(delivery, progress, at=at, events=told)


def _pause(tenant_id: UUID, delivery: Delivery, at: datetime) -> None:
    """No call before somebody can have mended it: the parcels due now are asked about later."""
    due = Parcel.objects.filter(tenant_id=tenant_id, shipment__delivery=delivery, look_at__lte=at)
    due.update(look_at=at + max(REFUSED_PAUSE, hours(1)))
