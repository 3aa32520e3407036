"""A real worker on the test database and the test run's broker, with short leases, and jobs that misbehave."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psutil
import pytest
from django.db import connection
from django.utils import timezone

from connector_site.lib.local_servers.processes import dying_with_parent
from syncjobs import queue, tasks
from syncjobs.models import SyncJob
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories import make_tenant
from tests.owner import as_owner
from tests.standins import poll

ROOT = Path(__file__).resolve().parents[2]
TIME_LIMIT_SECONDS = 3
LEASE_SECONDS = 4
START_SECONDS = 30
PATIENCE_SECONDS = 25
CELERY = (sys.executable, "-m", "celery", "--app", "tests.engine.odd_worker:app")
WORKER = ("worker", "--queues", "sync,upkeep", "--without-gossip", "--without-mingle", "--concurrency", "2")
BEAT = ("beat", "--pidfile", "")


@dataclass(kw_only=True)
class Process:
    """One of ours, in a group of its own."""

    process: subprocess.Popen[bytes]
    log_path: Path

    def log(self) -> str:
        """What it has said so far; fails if it has ended."""
        assert self.process.poll() is None, self.log_path.read_text()
        return self.log_path.read_text()

    def tell(self, number: signal.Signals) -> None:
        """A signal to the process itself."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """All of it at once, as when the machine loses power."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def ends(self) -> int:
        """Its exit code, once it has ended by itself."""
        return self.process.wait(timeout=PATIENCE_SECONDS)


class Worker(Process):
    """A worker with two children."""

    def children(self) -> set[int]:
        """The processes that do the work."""
        return {child.pid for child in psutil.Process(self.process.pid).children()}

    def is_ready(self) -> bool:
        """Whether it says so."""
        return " ready." in self.log()


class Beat(Process):
    """A clock."""

    def ticks(self) -> int:
        """How often it has asked for a sweep."""
        return self.log().count("Sending due task sweep due jobs")


@dataclass(kw_only=True)
class Bench:
    """Jobs of one tenant and what became of them."""

    tenant: Tenant
    orders: Path

    def ask(self, what: str, *, kind: str = "") -> uuid.UUID:
        """A due job that does this; returns its subject. A kind by another name is one that no worker here knows."""
        subject = uuid.uuid4()
        self.tell(subject, what)
        with tenant_context(self.tenant.id):
            queue.add(self.tenant.id, SyncJob.Kind.METHODS, subject, due_at=timezone.now())
            if kind:
                SyncJob.objects.filter(subject=subject).update(kind=kind)
        return subject

    def ask_for_tomorrow(self, what: str) -> uuid.UUID:
        """A job that nobody is woken for."""
        subject = uuid.uuid4()
        self.tell(subject, what)
        with tenant_context(self.tenant.id):
            queue.add(self.tenant.id, SyncJob.Kind.METHODS, subject, due_at=timezone.now() + timedelta(days=1))
        return subject

    def let_tomorrow_come(self) -> None:
        """Make every waiting job due, also in a database that may otherwise only be read; wakes nobody."""
        as_owner(
            "SET TRANSACTION READ WRITE",
            "UPDATE syncjobs_syncjob SET due_at = clock_timestamp() WHERE state = 'due'",
        )

    def tell(self, subject: uuid.UUID, what: str) -> None:
        """What its step does from now on."""
        (self.orders / str(subject)).write_text(what)

    def row(self, subject: uuid.UUID) -> SyncJob:
        """The job as it is now."""
        with tenant_context(self.tenant.id):
            return SyncJob.objects.get(subject=subject)

    def notes(self, subject: uuid.UUID, what: str) -> list[int]:
        """The processes that wrote this about a job, in their order."""
        path = self.orders / f"{subject}.log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [int(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{what} ")]

    def begun(self, subject: uuid.UUID, *, times: int = 1) -> int:
        """The process that began it at this time; waits for that."""
        self.until(lambda: len(self.notes(subject, "began")) >= times, f"begin {times}")
        return self.notes(subject, "began")[times - 1]

    def done(self, *subjects: uuid.UUID) -> None:
        """Wait until each of these jobs has ended well."""
        self.until(lambda: {self.row(each).state for each in subjects} == {SyncJob.State.DONE}, "done")

    def until(self, is_so: Callable[[], bool], what: str) -> None:
        """Look, and sweep as beat does, until it is so."""

        def look() -> bool:
            tasks.sweep()
            return is_so()

        assert poll(look, seconds=PATIENCE_SECONDS), f"{what}: not within {PATIENCE_SECONDS} s"

    def let_leases_end(self) -> None:
        """As if so much time had passed."""
        as_owner(
            "UPDATE syncjobs_syncjob SET lease_until = clock_timestamp(), due_at = clock_timestamp()"
            " WHERE state = 'running'"
        )


def start_worker(orders: Path) -> Worker:
    """As the Procfile has it, on the test database; returns once it takes jobs."""
    worker = Worker(**_started(orders, "worker", WORKER))
    assert poll(worker.is_ready, seconds=START_SECONDS), worker.log_path.read_text()
    return worker


def start_beat(orders: Path) -> Beat:
    """As the Procfile has it, on the test database."""
    return Beat(**_started(orders, "beat", BEAT))


def _started(orders: Path, name: str, arguments: tuple[str, ...]) -> dict[str, Any]:
    parts = urlsplit(os.environ["DATABASE_URL"])
    told = {
        "DATABASE_URL": urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}")),
        "DJANGO_SETTINGS_MODULE": "connector_site.settings",
        "LEASE_SECONDS": str(LEASE_SECONDS),
        "TASK_TIME_LIMIT_SECONDS": str(TIME_LIMIT_SECONDS),
        "ENGINE_ORDERS": str(orders),
        "LOG_LEVEL": "INFO",
    }
    log_path = orders / f"{name}-{uuid.uuid4().hex}.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  our own
            [*CELERY, *arguments, "--loglevel", "info"],
            cwd=ROOT,
            env=os.environ | told,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=dying_with_parent(signal.SIGKILL),  # noqa: PLW1509  no threads here
        )
    return {"process": process, "log_path": log_path}


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where jobs find what they do."""
    return tmp_path_factory.mktemp("orders")


@pytest.fixture(scope="module")
def kept_worker(django_db_setup: None, orders: Path) -> Iterator[Worker]:
    """One worker for all tests that leave it alive."""
    worker = start_worker(orders)
    yield worker
    worker.kill()


@pytest.fixture
def own_worker(transactional_db: None, orders: Path) -> Iterator[Worker]:
    """A worker for a test that ends it."""
    worker = start_worker(orders)
    yield worker
    if worker.process.poll() is None:
        worker.kill()


@pytest.fixture
def bench(transactional_db: None, orders: Path) -> Bench:
    """A tenant without jobs."""
    return Bench(tenant=make_tenant(), orders=orders)
