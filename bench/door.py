"""A door of the product under load: messages sent from another process, their answers, and what they cost."""

import contextlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import cycle

from bench import standins
from bench.errors import BenchFailed
from bench.figures import Spread, spread
from bench.ground import CHECKOUT, Ground
from bench.load import LoadOrder, LoadResult
from bench.usage import cpu_ms_each, cpu_seconds
from connector_site.lib.local_servers.processes import Child, start, stop

MOST_PER_SECOND = 3_000
"""Messages made ready for a closed loop; more cannot be answered here."""
GRACE_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """How messages were answered."""

    sent: int
    accepted: int
    stored: int
    """Of the accepted ones, those that stand in the database."""
    per_second: float
    latency_ms: Spread
    cpu_ms_each: dict[str, float]
    statements_each: float | None


def send(
    ground: Ground,
    order: LoadOrder,
    *,
    count_stored: Callable[[LoadResult], int],
    background_per_second: int = 0,
) -> Answers:
    """Send, measure, and look which of the accepted messages are stored; book so many deliveries a second meanwhile."""
    ground.forget()
    cpu_before = cpu_seconds(ground.parts)
    result, booked = _send(ground, order, background_per_second)
    cpu_after = cpu_seconds(ground.parts)
    sent = len(result.sent_milliseconds)
    counted = ground.database.counted() if ground.database.counts_statements and not booked else None
    ground.database.wait_until_reported(booked, seconds=GRACE_SECONDS)
    return Answers(
        sent=sent,
        accepted=len(result.accepted),
        stored=count_stored(result),
        per_second=len(result.accepted) / result.seconds,
        latency_ms=spread(result.sent_milliseconds),
        cpu_ms_each=cpu_ms_each(cpu_before, cpu_after, sent),
        statements_each=counted.work / sent if counted else None,
    )


def send_alone(ground: Ground, order: LoadOrder) -> LoadResult:
    """Send and nothing else."""
    return _send(ground, order, 0)[0]


def _send(ground: Ground, order: LoadOrder, background_per_second: int) -> tuple[LoadResult, list[str]]:
    """Have another process send, and book deliveries meanwhile."""
    folder = ground.configuration.logs_directory
    order_path, result_path = folder / "load-order.json", folder / "load-result.json"
    order_path.write_text(json.dumps(asdict(order)))
    result_path.unlink(missing_ok=True)
    sender = start(
        "The sender of messages",
        [sys.executable, "-m", "bench.load", order_path, result_path],
        log_path=folder / "load.log",
        working_directory=CHECKOUT,
        environment=ground.configuration.environment,
    )
    with contextlib.ExitStack() as stack:
        stack.callback(stop, sender)
        booked = _book_meanwhile(ground, sender, background_per_second, order.seconds + GRACE_SECONDS)
    if not result_path.exists():
        raise BenchFailed(f"The sender ended without a result:\n{sender.last_log_lines()}")
    return LoadResult(**json.loads(result_path.read_text())), booked


def _book_meanwhile(ground: Ground, sender: Child, per_second: int, seconds: float) -> list[str]:
    """So many deliveries a second while the sender runs; returns when it has ended."""
    booked: list[str] = []
    companies = cycle(ground.companies)
    deadline = time.monotonic() + seconds
    while sender.is_running:
        if time.monotonic() > deadline:
            raise BenchFailed("Messages were not answered in time.")
        if per_second:
            booked += standins.book(ground.exact, next(companies))
        time.sleep(1 / per_second if per_second else 0.1)
    return booked
