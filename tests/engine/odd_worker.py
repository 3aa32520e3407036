"""A real worker whose steps misbehave as a file tells them: `celery --app tests.engine.odd_worker:app worker`.

The engine, its guard, the job table and Celery are those of the product; only what a job does is made up here, and the
clock sweeps each second. The
file is named for the job's subject and holds one word; each begin and end is written to the file beside it.
"""

import os
import signal
import time
from pathlib import Path

import django
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection

from connector_site.celery import app

django.setup()

from syncjobs import engine, queue  # noqa: E402  the models are known only now
from syncjobs.models import SyncJob  # noqa: E402
from syncjobs.queue import Job  # noqa: E402
from syncjobs.steps.context import Step  # noqa: E402
from tenants.context import tenant_context  # noqa: E402

__all__ = ["app"]

ORDERS = Path(os.environ["ENGINE_ORDERS"])
LONG_SECONDS = 60
SHORT_SECONDS = 1


def act(job: Job, step: Step) -> None:
    """Do as told, and end the job where that is part of it."""
    del step
    told = (ORDERS / str(job.subject)).read_text()
    note(job, "began")
    if told == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if told in ("hang", "deaf"):
        hang(is_deaf=told == "deaf")
    if told == "work":
        time.sleep(SHORT_SECONDS)
    with tenant_context(job.tenant_id):
        queue.finish(job)
        if told == "commit slowly":
            slow_down_the_commit(job)
    note(job, "ended")


def hang(*, is_deaf: bool) -> None:
    """Stand still, if deaf also when told that the time is up."""
    ends = time.monotonic() + LONG_SECONDS
    while time.monotonic() < ends:
        try:
            time.sleep(1)
        except SoftTimeLimitExceeded:
            if not is_deaf:
                raise


def slow_down_the_commit(job: Job) -> None:
    """Let a deferred trigger of the test hold up the COMMIT itself."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO slow_commit (subject) VALUES (%s)", [job.subject])
    note(job, "committing")


def note(job: Job, what: str) -> None:
    """A line for the test to read."""
    with (ORDERS / f"{job.subject}.log").open("a") as log:
        log.write(f"{what} {os.getpid()}\n")


engine.STEPS[SyncJob.Kind.METHODS] = act
app.conf.beat_schedule["sweep due jobs"]["schedule"] = 1.0
