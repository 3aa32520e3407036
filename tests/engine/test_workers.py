"""Workers whose processes are killed, hang or lose their servers: each job is done in the end."""

import os
import signal
import time

import pytest
from celery import current_app
from django.db import connections
from redis import Redis

from syncjobs.models import SyncJob
from tests.engine.conftest import Bench, Worker
from tests.owner import as_owner

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def test_a_job_that_takes_too_long_is_stopped_and_tried_again(bench: Bench, kept_worker: Worker) -> None:
    """Whichever limit comes first: Celery's soft one, its hard one, or the last resort of the process itself."""
    subject = bench.ask("hang")
    bench.begun(subject)

    bench.tell(subject, "finish")
    bench.done(subject)

    assert len(bench.notes(subject, "began")) == 2
    assert len(bench.notes(subject, "ended")) == 1
    assert kept_worker.process.poll() is None


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


def test_a_database_that_can_only_be_read_for_a_while_costs_no_job_and_no_worker(
    bench: Bench, kept_worker: Worker
) -> None:
    """As after a failover to a copy that is promoted later."""
    subjects = [bench.ask_for_tomorrow("finish") for _ in range(3)]
    name = connections["default"].settings_dict["NAME"]
    as_owner(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    try:
        end_connections_of_workers()
        bench.let_tomorrow_come()
        bench.until(lambda: "read-only transaction" in kept_worker.log(), "read-only")
        begun = [bench.notes(subject, "began") for subject in subjects]
    finally:
        as_owner("SET TRANSACTION READ WRITE", f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
        end_connections_of_workers()
    bench.done(*subjects)

    assert begun == [[], [], []]
    assert [len(bench.notes(subject, "ended")) for subject in subjects] == [1, 1, 1]


def end_connections_of_workers() -> None:
    """What a restart does to those who are connected, without the other tests' noticing."""
    connections["default"].close()
    as_owner(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
