"""Several workers at once: each a thread with a database connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from django.db import connections

Result = TypeVar("Result")
_TOGETHER_SECONDS = 30


def at_once(*acts: Callable[[], Result]) -> list[Result]:
    """Start all of them at the same moment; returns what they returned, in their order, or raises what one raised."""
    together = threading.Barrier(len(acts), timeout=_TOGETHER_SECONDS)
    with ThreadPoolExecutor(max_workers=len(acts)) as pool:
        running = [pool.submit(partial(_alone, act, together)) for act in acts]
        return [future.result(timeout=_TOGETHER_SECONDS) for future in running]


def _alone(act: Callable[[], Result], together: threading.Barrier) -> Result:
    try:
        together.wait()
        return act()
    finally:
        connections.close_all()
