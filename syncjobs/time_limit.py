"""The last resort against a task that does not end: the kernel ends its process."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

LAST_RESORT_SECONDS = (settings.CELERY_TASK_TIME_LIMIT + settings.LEASE_SECONDS) / 2
"""Later than Celery's own hard limit, sooner than the end of the lease: then nobody else has the job yet.

Needed because a task that Celery 5.7 gives to a child which replaced a killed one may run without any limit: measured
by `tests/engine`, neither the soft nor the hard one came.
"""


@contextmanager
def last_resort() -> Iterator[None]:
    """End this process if the block takes too long, whatever it waits for; what it had begun is left to its lease."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    earlier = signal.signal(signal.SIGALRM, signal.SIG_DFL)
    earlier_delay, _ = signal.setitimer(signal.ITIMER_REAL, LAST_RESORT_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, earlier_delay)
        signal.signal(signal.SIGALRM, earlier)
