"""Workers that are told to stop, kindly or not, and one that is lost as a whole."""

import signal
import time
from collections.abc import Iterator

import pytest
from django.db import connection

from connector_site.lib.row_security import APP_ROLE
from syncjobs.models import SyncJob
from tests.engine.conftest import Bench, Worker, start_worker
from tests.owner import as_owner
from tests.standins import poll

COMMIT_SECONDS = 2
COALESCING_SECONDS = 0.5
"""Two signals at the same moment are one; the first asks for the soft end, the second for the cold one."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


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
    poll(lambda: own_worker.process.poll() is not None, seconds=COMMIT_SECONDS)
    own_worker.kill()
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
