"""The last resort: a task that does not end is ended by the kernel, one that ends leaves no trace."""

import signal
import subprocess
import sys

from django.conf import settings

from syncjobs.time_limit import LAST_RESORT_SECONDS, last_resort

HANGING = """
import signal, time, django
django.setup()
from syncjobs import time_limit
time_limit.LAST_RESORT_SECONDS = 0.1
with time_limit.last_resort():
    while True:
        time.sleep(60)
"""


def test_a_process_that_hangs_is_ended_whatever_it_waits_for() -> None:
    ended = subprocess.run([sys.executable, "-c", HANGING], check=False, timeout=30)  # noqa: S603  our own

    assert ended.returncode == -signal.SIGALRM


def test_it_comes_after_celerys_limit_and_before_anybody_else_has_the_job() -> None:
    assert settings.CELERY_TASK_TIME_LIMIT < LAST_RESORT_SECONDS < settings.LEASE_SECONDS


def test_a_block_that_ends_in_time_leaves_the_timer_as_it_was() -> None:
    before = signal.getitimer(signal.ITIMER_REAL)[0], signal.getsignal(signal.SIGALRM)

    with last_resort():
        during = signal.getitimer(signal.ITIMER_REAL)[0]

    after = signal.getitimer(signal.ITIMER_REAL)[0], signal.getsignal(signal.SIGALRM)
    assert LAST_RESORT_SECONDS - 1 < during <= LAST_RESORT_SECONDS
    assert (abs(after[0] - before[0]) < 1, after[1]) == (True, before[1])
