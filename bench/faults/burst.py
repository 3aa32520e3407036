"""Many deliveries booked at once in one company, with Exact's own limits: how many clock minutes they take."""

import math
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from bench import standins, throughput
from bench.faults.figure import Figure
from bench.faults.ground import system
from bench.faults.sizes import Sizes
from bench.ground import Ground, say

MINUTE_LIMIT = 60
"""Exact's own (`exact.md` 5)."""
MINUTE_SECONDS = 60
ONE_MORE = 1
START_AT_SECOND = 2


def measure(data_directory: Path, sizes: Sizes, seed: int) -> list[Figure]:
    """Book at the beginning of a minute and wait until the last number stands in Exact."""
    del seed
    say(f"{sizes.burst} deliveries booked at once in one company, with Exact's limits")
    with system(data_directory, tenants=1, lifts_limits=False) as ground:
        company = ground.companies[0]
        ground.database.wait_until_reported(standins.book(ground.exact, company), seconds=MINUTE_SECONDS)
        _wait_for_a_minute()
        ground.forget()
        started_at = datetime.now(UTC)
        entry_ids = standins.book(ground.exact, company, count=sizes.burst)
        allowed = math.ceil(sizes.burst / MINUTE_LIMIT) + ONE_MORE
        ground.database.wait_until_reported(entry_ids, seconds=(allowed + 4) * MINUTE_SECONDS, poll_seconds=0.5)
        return [_figure(ground, entry_ids, started_at, allowed)]


def _wait_for_a_minute() -> None:
    time.sleep(MINUTE_SECONDS - time.time() % MINUTE_SECONDS + START_AT_SECOND)


def _figure(ground: Ground, entry_ids: list[str], started_at: datetime, allowed: int) -> Figure:
    calls = [call for call in ground.exact.calls() if call.division is not None]
    written = throughput.writes(calls)
    last_at = max(written[each].ended_at for each in entry_ids)
    first_minute = int(started_at.timestamp()) // MINUTE_SECONDS
    minutes = int(last_at.timestamp()) // MINUTE_SECONDS - first_minute + 1
    by_minute = Counter(int(call.at.timestamp()) // MINUTE_SECONDS - first_minute + 1 for call in calls)
    kinds = Counter(call.operation for call in calls)
    return Figure(
        name=f"{len(entry_ids)} deliveries booked at once in one company",
        asked=f"{allowed} clock minutes, at most {MINUTE_LIMIT} calls in each",
        measured=f"{minutes} clock minutes ({(last_at - started_at).total_seconds():.0f} s), {len(calls)} calls, "
        f"{max(by_minute.values())} a minute at most",
        is_met=minutes <= allowed and max(by_minute.values()) <= MINUTE_LIMIT,
        details={"calls": dict(kinds), "by minute": dict(by_minute)},
    )
