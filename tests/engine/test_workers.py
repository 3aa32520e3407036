"""Workers that are killed, hang, or are told to stop: each job is done in the end, and none twice at a time."""

import os
import signal
import time
from collections.abc import Iterator

import pytest
from celery import current_app
from django.db import connection, connections
from redis import Redis

from connector_site.lib.row_security import APP_ROLE
from syncjobs.models import SyncJob
from tests.engine.conftest import Bench, Worker, start_worker
from tests.owner import as_owner

COMMIT_SECONDS = 2
COALESCING_SECONDS = 0.5
"""Two signals at the same moment are one; the first asks for the soft end, the second for the cold one."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def test_a_job_that_takes_too_long_is_told_so_and_tried_again_by_the_same_process(
    bench: Bench, kept_worker: Worker
) -> None:
    subject = bench.ask("hang")
    process = bench.begun(subject)

    bench.tell(subject, "finish")
    bench.until(lambda: bench.row(subject).failures == 1, "told")
    failed = bench.row(subject)
    bench.done(subject)

    assert failed.last_error == "SoftTimeLimitExceeded"
    assert process in kept_worker.children()


def test_a_job_whose_process_was_killed_is_taken_over_after_its_lease_and_not_before(
    bench: Bench, kept_worker: Worker
) -> None:
    subject = bench.ask("hang")
    killed = bench.begun(subject)
    claimed_until = bench.row(subject).lease_until

    bench.tell(subject, "finish")
    os.kill(killed, signal.SIGKILL)
    others = [bench.ask("finish") for _ in range(5)]
    bench.done(*others)
    taken_early = len(bench.notes(subject, "began")) > 1
    bench.done(subject)

    ended_at = bench.row(subject).ended_at
    assert claimed_until is not None
    assert ended_at is not None
    assert not taken_early
    assert ended_at >= claimed_until
    assert len(bench.notes(subject, "began")) == 2
    assert killed not in kept_worker.children()


def test_a_job_that_kills_its_worker_each_time_stops_after_three_starts_and_others_go_on(
    bench: Bench, kept_worker: Worker
) -> None:
    subject = bench.ask("die")
    others = []
    for times in (1, 2, 3):
        bench.begun(subject, times=times)
        others.append(bench.ask("finish"))
        bench.let_leases_end()

    bench.until(lambda: bench.row(subject).state == SyncJob.State.DEAD, "given up")
    bench.done(*others)

    assert len(bench.notes(subject, "began")) == 3
    assert "ended without a result 3 times" in bench.row(subject).last_error
    assert kept_worker.process.poll() is None


def test_a_job_that_does_not_listen_is_killed_and_taken_over(bench: Bench, kept_worker: Worker) -> None:
    subject = bench.ask("deaf")
    process = bench.begun(subject)

    bench.tell(subject, "finish")
    bench.until(lambda: process not in kept_worker.children(), "killed")
    bench.done(subject)

    assert len(bench.notes(subject, "ended")) == 1


def test_without_beat_work_begins_by_the_wake_up_alone(bench: Bench, kept_worker: Worker) -> None:
    subject = bench.ask("finish")

    ends = time.monotonic() + 5
    while not bench.notes(subject, "ended") and time.monotonic() < ends:
        time.sleep(0.02)

    assert kept_worker.process.poll() is None
    assert len(bench.notes(subject, "ended")) == 1


def test_a_job_of_a_newer_version_waits_and_others_go_on(bench: Bench, kept_worker: Worker) -> None:
    newer = bench.ask("finish", kind="novel")
    usual = [bench.ask("finish") for _ in range(3)]

    bench.done(*usual)

    assert (bench.row(newer).state, bench.row(newer).starts) == (SyncJob.State.DUE, 0)
    assert kept_worker.process.poll() is None


def test_a_broker_that_forgot_everything_and_hung_up_costs_no_job(bench: Bench, kept_worker: Worker) -> None:
    link = Redis.from_url(current_app.conf.broker_url.replace("redis+socket://", "unix://"))
    under_way, waiting = bench.ask("work"), bench.ask("finish")
    bench.begun(under_way)

    link.flushall()
    link.client_kill_filter(_type="normal", skipme=True)
    later = bench.ask("finish")
    bench.done(under_way, waiting, later)

    assert kept_worker.process.poll() is None


def test_a_database_that_was_restarted_costs_no_job_and_no_worker(bench: Bench, kept_worker: Worker) -> None:
    under_way = bench.ask("work")
    bench.begun(under_way)
    children = kept_worker.children()

    end_connections_of_workers()
    later = [bench.ask("finish") for _ in range(3)]
    bench.done(*later, under_way)

    assert kept_worker.children() == children


def end_connections_of_workers() -> None:
    """What a restart does to those who are connected, without the other tests' noticing."""
    connections["default"].close()
    as_owner(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )


def test_a_worker_that_is_told_to_stop_ends_its_job_first_and_leaves_the_rest(bench: Bench, own_worker: Worker) -> None:
    under_way = bench.ask("work")
    bench.begun(under_way)

    own_worker.tell(signal.SIGTERM)
    code = own_worker.ends()

    assert code == 0
    assert bench.row(under_way).state == SyncJob.State.DONE
    assert len(bench.notes(under_way, "began")) == 1
    waiting = bench.ask("finish")
    assert bench.row(waiting).state == SyncJob.State.DUE


@pytest.fixture
def slow_commits(transactional_db: None) -> Iterator[None]:
    """A table whose rows hold up the COMMIT that brings them."""
    as_owner(
        "CREATE TABLE slow_commit (subject uuid)",
        f"GRANT INSERT, SELECT ON slow_commit TO {APP_ROLE}",
        "CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN PERFORM pg_sleep({COMMIT_SECONDS}); RETURN NULL; END $$",
        "CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON slow_commit"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow_commit()",
    )
    yield
    as_owner("DROP TABLE slow_commit", "DROP FUNCTION slow_commit()")


def test_a_worker_stopped_cold_in_a_commit_leaves_a_job_that_is_done_or_due_and_no_half(
    bench: Bench, own_worker: Worker, slow_commits: None
) -> None:
    subject = bench.ask("commit slowly")
    bench.until(lambda: bool(bench.notes(subject, "committing")), "committing")

    own_worker.tell(signal.SIGQUIT)
    time.sleep(COALESCING_SECONDS)
    own_worker.tell(signal.SIGQUIT)
    own_worker.ends()
    time.sleep(COMMIT_SECONDS)

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM slow_commit WHERE subject = %s", [subject])
        kept = cursor.fetchone()[0]
    row = bench.row(subject)
    assert (kept, row.state) in [(1, SyncJob.State.DONE), (0, SyncJob.State.RUNNING)]


def test_jobs_of_a_worker_killed_as_a_whole_are_done_by_the_next_one(bench: Bench, own_worker: Worker) -> None:
    subjects = [bench.ask("hang") for _ in range(2)]
    for subject in subjects:
        bench.begun(subject)
        bench.tell(subject, "finish")

    own_worker.kill()
    another = start_worker(bench.orders)
    bench.done(*subjects)
    another.kill()

    assert [len(bench.notes(subject, "began")) for subject in subjects] == [2, 2]
