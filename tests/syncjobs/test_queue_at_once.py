"""Two workers at the job table at the same time, with real connections; and waking them, which may fail."""

import time
import uuid
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import chain

import pytest
from celery import current_app
from django.conf import settings as django_settings
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError
from pytest_django import Settings

from syncjobs import queue
from syncjobs.models import SyncJob
from syncjobs.queue import Job
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories import make_tenant
from tests.syncjobs.rows import add, add_many, claim, claim_one, make_connection, make_delivery, row_of
from tests.syncjobs.threads import at_once

NOBODY_LISTENS = "redis://127.0.0.1:1/0"
committing = pytest.mark.django_db(transaction=True)


def claim_until_empty() -> list[int]:
    """What one worker gets when it claims and finishes as fast as it can."""
    got: list[int] = []
    while jobs := claim():
        got.extend(job.id for job in jobs)
        finish_all(jobs)
    return got


def finish_all(jobs: list[Job]) -> None:
    for job in jobs:
        with tenant_context(job.tenant_id):
            queue.finish(job)


@pytest.mark.slow
@committing
def test_workers_that_claim_at_once_never_get_the_same_job() -> None:
    for name in ("One", "Two", "Three"):
        add_many(make_tenant(name), 40)

    got = at_once(*[claim_until_empty] * 4)

    counts = Counter(chain.from_iterable(got))
    assert set(counts.values()) == {1}
    assert len(counts) == 120


@committing
def test_two_at_once_get_one_job_once() -> None:
    tenant = make_tenant()
    add(tenant)

    got = at_once(claim, claim)

    assert sorted(len(jobs) for jobs in got) == [0, 1]
    with tenant_context(tenant.id):
        assert list(SyncJob.objects.values_list("starts", flat=True)) == [1]


@committing
def test_siblings_claimed_at_once_are_divided_and_not_doubled() -> None:
    tenant = make_tenant()
    exact = make_connection(tenant)
    first, other = make_delivery(exact), make_delivery(exact)
    jobs = [take(tenant, delivery.code) for delivery in (first, other)]
    subjects = {add(tenant, subject=make_delivery(exact).code) for _ in range(30)}

    def siblings(job: Job) -> list[Job]:
        with tenant_context(tenant.id):
            return queue.claim_siblings(job, connection_id=exact.pk, limit=20)

    got = at_once(lambda: siblings(jobs[0]), lambda: siblings(jobs[1]))

    counts = Counter(job.subject for job in chain.from_iterable(got))
    assert set(counts.values()) == {1}
    assert set(counts) == subjects
    assert all(10 <= len(found) <= 20 for found in got)


def take(tenant: Tenant, subject: uuid.UUID | None = None) -> Job:
    """A claimed job about this subject."""
    add(tenant, subject=subject)
    return claim_one()


@committing
def test_the_same_wish_from_two_sides_at_once_is_one_job() -> None:
    tenant = make_tenant()
    subject = add(tenant)
    with tenant_context(tenant.id):
        SyncJob.objects.all().delete()

    at_once(*[lambda: add(tenant, subject=subject)] * 4)

    with tenant_context(tenant.id):
        assert SyncJob.objects.filter(subject=subject, state=SyncJob.State.DUE).count() == 1


@committing
def test_a_wish_that_comes_while_the_job_ends_is_never_lost() -> None:
    """Either the job was still at work and runs again, or it had ended and a new one waits."""
    tenant = make_tenant()
    jobs = [take(tenant) for _ in range(6)]

    for job in jobs:
        at_once(partial(finish_all, [job]), partial(wish, tenant, job))

    with tenant_context(tenant.id):
        waiting = list(SyncJob.objects.filter(state=SyncJob.State.DUE).values_list("subject", flat=True))
    assert sorted(waiting) == sorted(job.subject for job in jobs)


def wish(tenant: Tenant, job: Job) -> None:
    add(tenant, subject=job.subject)


@pytest.fixture
def messages() -> int:
    """How many wake-ups wait in the broker; the mark of the last one is gone."""
    store = queue._redis()
    store.delete("nudge:ship")
    return int(store.llen("ship"))


def waiting_messages() -> int:
    return int(queue._redis().llen("ship"))


def test_many_wake_ups_are_one_message_until_a_worker_is_awake(messages: int) -> None:
    for _ in range(20):
        queue.nudge(SyncJob.Queue.SHIP)
    assert waiting_messages() == messages + 1

    queue.nudge_arrived(SyncJob.Queue.SHIP)
    queue.nudge(SyncJob.Queue.SHIP)
    assert waiting_messages() == messages + 2


def test_a_lost_wake_up_blocks_no_later_one_for_long(messages: int) -> None:
    queue.nudge(SyncJob.Queue.SHIP)

    assert 0 < int(queue._redis().pttl("nudge:ship")) <= queue.NUDGE_PENDING_MS


@committing
def test_without_the_broker_work_is_stored_all_the_same_and_nobody_waits(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    tenant = make_tenant()
    settings.REDIS_URL = NOBODY_LISTENS
    began = time.monotonic()

    subject = make_delivery(make_connection(tenant)).code
    with tenant_context(tenant.id):
        queue.add(tenant.id, SyncJob.Kind.READ, subject, due_at=timezone.now())
    queue.nudge_arrived(SyncJob.Queue.SHIP)

    assert time.monotonic() - began < 1
    assert claim_one().subject == subject
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]


@committing
def test_a_message_that_the_broker_refuses_harms_nothing(messages: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("the broker went away between two calls")

    monkeypatch.setattr(current_app, "send_task", refuse)
    tenant = make_tenant()

    add_and_wake(tenant)

    assert claim_one().kind == SyncJob.Kind.READ


def undone(act: Callable[[], object]) -> None:
    """Do something in a transaction that is rolled back."""
    with transaction.atomic():
        act()
        transaction.set_rollback(True)


def add_and_wake(tenant: Tenant) -> None:
    with tenant_context(tenant.id):
        queue.add(tenant.id, SyncJob.Kind.READ, tenant.id, due_at=timezone.now())


@committing
def test_nobody_is_woken_for_work_that_was_rolled_back(messages: int) -> None:
    tenant = make_tenant()

    undone(lambda: add_and_wake(tenant))

    assert waiting_messages() == messages
    assert claim() == []


@committing
def test_a_job_claimed_in_a_transaction_that_fails_is_free_again() -> None:
    tenant = make_tenant()
    add(tenant)

    undone(claim_one)

    assert row_of(claim_one())["starts"] == 1


def test_the_broker_of_this_test_run_is_the_one_the_settings_name() -> None:
    """The others would prove nothing without a broker."""
    assert queue._redis().ping()
    assert django_settings.REDIS_URL == django_settings.CELERY_BROKER_URL
