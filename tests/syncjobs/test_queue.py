"""The job table: one open job per kind and subject, fair claims, and ends that belong to their claim alone."""

import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from syncjobs import queue
from syncjobs.models import SyncJob
from syncjobs.queue import Job, LostClaim
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories import make_tenant
from tests.syncjobs.rows import (
    ALL_QUEUES,
    add,
    add_many,
    claim,
    claim_one,
    let_lease_run_out,
    make_connection,
    make_delivery,
    row_of,
)

pytestmark = pytest.mark.django_db

LATER = timedelta(minutes=10)


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


def finish(job: Job) -> None:
    queue.finish(job)


def put_back(job: Job) -> None:
    queue.put_back(job, due_at=timezone.now() + LATER, error="busy", counts=True)


def give_up(job: Job) -> None:
    queue.give_up(job, error="no use")


def release(job: Job) -> None:
    queue.release(job)


ENDS = (finish, put_back, give_up, release)


def end(job: Job, how: Callable[[Job], None]) -> None:
    with tenant_context(job.tenant_id):
        how(job)


def finish_all(jobs: list[Job]) -> None:
    for job in jobs:
        end(job, finish)


def test_a_second_wish_for_the_same_work_makes_no_second_job(tenant: Tenant) -> None:
    subject = add(tenant)
    add(tenant, subject=subject)
    add(tenant, subject=subject, kind=SyncJob.Kind.SHIP)

    with tenant_context(tenant.id):
        found = Counter(SyncJob.objects.values_list("kind", "state"))
    assert found == {("read", "due"): 1, ("ship", "due"): 1}


@pytest.mark.parametrize(
    ("wish", "kept"),
    [(timedelta(minutes=1), timedelta(minutes=1)), (timedelta(hours=1), timedelta(minutes=10))],
)
def test_a_waiting_job_moves_ahead_and_never_back(tenant: Tenant, wish: timedelta, kept: timedelta) -> None:
    at = timezone.now()
    subject = add(tenant, due_at=at + LATER)

    add(tenant, subject=subject, due_at=at + wish)

    with tenant_context(tenant.id):
        assert SyncJob.objects.get(subject=subject).due_at == at + kept


def test_ended_work_can_be_asked_for_anew(tenant: Tenant) -> None:
    subject = add(tenant)
    end(claim_one(), finish)

    add(tenant, subject=subject)

    with tenant_context(tenant.id):
        assert Counter(SyncJob.objects.values_list("state", flat=True)) == {"done": 1, "due": 1}


@pytest.mark.parametrize("how", [finish, give_up])
def test_work_asked_for_while_it_is_done_is_done_again(tenant: Tenant, how: Callable[[Job], None]) -> None:
    at = timezone.now()
    subject = add(tenant, due_at=at)
    job = claim_one()
    add(tenant, subject=subject, due_at=at + LATER)
    add(tenant, subject=subject, due_at=at)
    assert claim() == []

    end(job, how)

    ended = row_of(job)
    assert (ended["state"], ended["due_at"], ended["wanted_again_at"], ended["ended_at"]) == ("due", at, None, None)
    assert (ended["starts"], ended["failures"]) == (0, 0)
    assert claim_one().subject == subject


def test_work_that_is_put_back_keeps_its_pause_although_it_was_asked_for_meanwhile(tenant: Tenant) -> None:
    at = timezone.now()
    subject = add(tenant)
    job = claim_one()
    add(tenant, subject=subject)

    with tenant_context(tenant.id):
        queue.put_back(job, due_at=at + LATER, error="busy", counts=True)

    ended = row_of(job)
    assert (ended["state"], ended["due_at"], ended["wanted_again_at"]) == ("due", at + LATER, None)
    assert claim() == []


@pytest.mark.parametrize(("counts", "failures"), [(True, 1), (False, 0)])
def test_putting_back_counts_only_what_was_tried_in_vain(tenant: Tenant, counts: bool, failures: int) -> None:  # noqa: FBT001
    add(tenant)
    job = claim_one()

    with tenant_context(tenant.id):
        queue.put_back(job, due_at=timezone.now(), error="x" * 400, counts=counts)

    ended = row_of(job)
    assert (ended["state"], ended["starts"], ended["failures"], ended["lease_until"]) == ("due", 0, failures, None)
    assert ended["last_error"] == "x" * 300


def test_giving_up_ends_the_job_for_good(tenant: Tenant) -> None:
    add(tenant)
    job = claim_one()

    end(job, give_up)

    ended = row_of(job)
    assert (ended["state"], ended["last_error"], ended["lease_until"]) == ("dead", "no use", None)
    assert ended["ended_at"] is not None
    assert claim() == []


def test_a_released_job_was_never_begun(tenant: Tenant) -> None:
    add(tenant)
    job = claim_one()

    end(job, release)

    assert (row_of(job)["state"], row_of(job)["starts"]) == ("due", 0)
    assert claim_one().id == job.id


@pytest.mark.parametrize("how", ENDS)
def test_a_lost_claim_ends_nothing_while_another_worker_has_the_job(tenant: Tenant, how: Callable[[Job], None]) -> None:
    add(tenant)
    lost = claim_one()
    let_lease_run_out(lost)
    claim_one()
    before = row_of(lost)

    with pytest.raises(LostClaim):
        end(lost, how)

    assert row_of(lost) == before
    assert (before["state"], before["starts"]) == ("running", 2)


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("ended_by", [finish, put_back, give_up])
def test_a_lost_claim_ends_nothing_after_another_worker_has_ended_it(
    tenant: Tenant, how: Callable[[Job], None], ended_by: Callable[[Job], None]
) -> None:
    add(tenant)
    lost = claim_one()
    let_lease_run_out(lost)
    end(claim_one(), ended_by)
    before = row_of(lost)

    with pytest.raises(LostClaim):
        end(lost, how)

    assert row_of(lost) == before


@pytest.mark.parametrize("how", ENDS)
def test_another_tenant_ends_nothing(tenant: Tenant, how: Callable[[Job], None]) -> None:
    add(tenant)
    job = claim_one()
    before = row_of(job)

    with pytest.raises(LostClaim), tenant_context(make_tenant("Another").id):
        how(job)

    assert row_of(job) == before


def test_a_job_whose_lease_ran_out_is_claimed_again_and_remembers_its_starts(tenant: Tenant) -> None:
    add(tenant)
    first = claim_one()
    assert claim() == []

    let_lease_run_out(first)
    second = claim_one()

    assert (first.starts, second.starts) == (1, 2)
    assert second.lease_until > first.lease_until
    assert second.lease_until - timezone.now() > timedelta(seconds=queue.LEASE_SECONDS - 5)


def test_the_lease_outlives_the_hard_time_limit_of_a_task(settings: object) -> None:
    assert queue.LEASE_SECONDS > getattr(settings, "CELERY_TASK_TIME_LIMIT", 0) > 0


def test_what_is_not_due_stays(tenant: Tenant) -> None:
    add(tenant, due_at=timezone.now() + timedelta(seconds=30))

    assert claim() == []
    assert queue.queues_with_due_jobs() == []


def test_only_the_queues_asked_for_are_served(tenant: Tenant) -> None:
    add(tenant, kind=SyncJob.Kind.RECHECK)

    assert queue.queues_with_due_jobs() == [SyncJob.Queue.SYNC]
    assert queue.claim([SyncJob.Queue.SHIP]) == []
    assert len(queue.claim([SyncJob.Queue.SYNC])) == 1


def test_a_kind_of_a_newer_version_waits_for_a_worker_that_knows_it(tenant: Tenant) -> None:
    subject = add(tenant)
    with tenant_context(tenant.id):
        SyncJob.objects.filter(subject=subject).update(kind="teleport")

    assert claim() == []

    with tenant_context(tenant.id):
        assert SyncJob.objects.values_list("state", "starts").get(subject=subject) == ("due", 0)


def test_the_oldest_work_of_a_tenant_comes_first(tenant: Tenant) -> None:
    at = timezone.now()
    newest, oldest, middle = (add(tenant, due_at=at - timedelta(minutes=age)) for age in (1, 9, 5))

    assert {job.subject for job in claim(at_once=2)} == {oldest, middle}
    assert claim_one().subject == newest


def test_one_tenant_gets_three_jobs_a_turn_and_six_at_a_time(tenant: Tenant) -> None:
    add_many(tenant, 20)

    assert [len(claim()) for _ in range(3)] == [queue.CLAIM_PER_TENANT, queue.CLAIM_PER_TENANT, 0]
    assert (queue.CLAIM_PER_TENANT, queue.RUNNING_PER_TENANT) == (3, 6)


def test_jobs_of_dead_workers_do_not_take_up_the_room_of_their_tenant(tenant: Tenant) -> None:
    add_many(tenant, 20)
    running = [*claim(), *claim()]
    assert claim() == []

    let_lease_run_out(running[0])

    assert len(claim()) == 1


@pytest.mark.slow
def test_a_single_job_is_not_starved_by_two_floods() -> None:
    flood, other_flood, small = make_tenant("Flood"), make_tenant("Other flood"), make_tenant("Small")
    add_many(flood, 400)
    add_many(other_flood, 400)
    wanted = add(small)

    claimed = [job.subject for _ in range(4) for job in claim()]

    assert wanted in claimed
    assert len(claimed) == 2 * queue.RUNNING_PER_TENANT + 1


@pytest.mark.slow
def test_floods_that_are_worked_off_leave_a_turn_to_the_small_one() -> None:
    """Chance decides who comes first in a round: to be left out thirty times has a chance of 1 in 2 * 10**14."""
    flood, other_flood, small = make_tenant("Flood"), make_tenant("Other flood"), make_tenant("Small")
    add_many(flood, 400)
    add_many(other_flood, 400)
    wanted = add(small)

    served: set[uuid.UUID] = set()
    for _ in range(30):
        jobs = claim()
        served.update(job.subject for job in jobs)
        finish_all(jobs)

    assert wanted in served


def test_claimed_with_its_predecessor_a_job_is_nobody_elses(tenant: Tenant) -> None:
    subject, at = uuid.uuid4(), timezone.now()

    with tenant_context(tenant.id):
        job = queue.add_claimed(tenant.id, SyncJob.Kind.SHIP, subject, at=at, correlation=None)
    assert job is not None
    assert (job.starts, claim()) == (1, [])

    end(job, finish)
    assert row_of(job)["state"] == "done"


@pytest.mark.parametrize("is_running", [False, True])
def test_a_job_that_is_open_already_is_not_taken_on_the_way(tenant: Tenant, is_running: bool) -> None:  # noqa: FBT001
    subject = add(tenant, kind=SyncJob.Kind.SHIP)
    held = claim() if is_running else []

    with tenant_context(tenant.id):
        job = queue.add_claimed(tenant.id, SyncJob.Kind.SHIP, subject, at=timezone.now(), correlation=None)

    assert job is None
    assert len(held) + len(claim()) == 1
    with tenant_context(tenant.id):
        assert SyncJob.objects.count() == 1


def add_and_claim(tenant: Tenant, subject: uuid.UUID) -> Job:
    """A job at work."""
    add(tenant, subject=subject)
    return claim_one()


def test_siblings_are_due_reads_of_the_same_connection_only(tenant: Tenant) -> None:
    one, other = make_connection(tenant), make_connection(tenant, division=654321)
    first, sibling, late = (make_delivery(one) for _ in range(3))
    job = add_and_claim(tenant, first.code)
    add(tenant, subject=sibling.code)
    add(tenant, subject=late.code, due_at=timezone.now() + LATER)
    add(tenant, subject=make_delivery(other).code)
    add(tenant, subject=first.code, kind=SyncJob.Kind.SHIP)

    with tenant_context(tenant.id):
        claimed = queue.claim_siblings(job, connection_id=one.pk, limit=25)

    assert [(found.subject, found.kind, found.starts) for found in claimed] == [(sibling.code, SyncJob.Kind.READ, 1)]


@pytest.mark.parametrize("joining", ["enable_hashjoin", "enable_nestloop", "enable_sort"])
def test_no_more_siblings_are_taken_than_one_call_can_name(tenant: Tenant, joining: str) -> None:
    """Whatever plan the database chooses; without hash joins the choice was once made anew for each row."""
    one = make_connection(tenant)
    job = add_and_claim(tenant, make_delivery(one).code)
    [add(tenant, subject=make_delivery(one).code) for _ in range(8)]

    with tenant_context(tenant.id), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL {joining} = off")
        cursor.execute("SET LOCAL enable_mergejoin = off")
        claimed = queue.claim_siblings(job, connection_id=one.pk, limit=5)

    assert len(claimed) == 5


def test_every_kind_has_its_queue() -> None:
    assert set(queue.QUEUE_OF) == set(SyncJob.Kind)
    assert set(queue.QUEUE_OF.values()) <= set(ALL_QUEUES)
