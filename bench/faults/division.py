"""Many workers at one company of Exact: its limit a minute, and the moment before which it wants no call."""

import random
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.faults.figure import Figure
from bench.faults.ground import broker_of, inside, system
from bench.faults.sizes import Sizes
from bench.ground import Ground, say
from bench.standins import Call
from bench.usage import suspended

MINUTE_LIMIT = 60
"""Exact's own (`exact.md` 5)."""
MINUTE_SECONDS = 60
BLOCKED_SECONDS = 40
UNDER_WAY = timedelta(seconds=1)
"""Calls that had left when the refusal was answered."""
START_SECONDS = 60
TOO_MANY = 429
BYSTANDERS = ("worker", "beat")


def measure(data_directory: Path, sizes: Sizes, seed: int) -> list[Figure]:
    """Call without a pause; meanwhile empty Redis once and have Exact refuse everything for a while."""
    seconds = sizes.calling_minutes * MINUTE_SECONDS
    say(f"{sizes.callers} workers on one company for {seconds} s")
    with system(data_directory, tenants=1, lifts_limits=False) as ground:
        ground.forget()
        told: dict[str, datetime] = {}
        trouble = threading.Thread(target=_make_trouble, args=(ground, seconds, random.Random(seed), told), daemon=True)  # noqa: S311
        trouble.start()
        order = {"callers": sizes.callers, "seconds": seconds}
        with suspended(part for part in ground.parts if part.name in BYSTANDERS):
            counts = inside(ground, "bench.faults.inside_callers", order, seconds=seconds + START_SECONDS)
        trouble.join()
        calls = [call for call in ground.exact.calls() if call.division is not None]
    return [_limit(calls, counts, sizes), _block(calls, told)]


def _make_trouble(ground: Ground, seconds: int, chance: random.Random, told: dict[str, datetime]) -> None:
    """Redis forgets everything in the first half; in the second Exact answers one call with a 429."""
    time.sleep(seconds * chance.uniform(0.1, 0.2))
    broker_of(ground).flushall()
    time.sleep(seconds * chance.uniform(0.1, 0.2))
    told["until_at"] = datetime.now(UTC) + timedelta(seconds=BLOCKED_SECONDS)
    reset_ms = str(int(told["until_at"].timestamp() * 1000))
    headers = {
        "X-RateLimit-Minutely-Limit": str(MINUTE_LIMIT),
        "X-RateLimit-Minutely-Remaining": "0",
        "X-RateLimit-Minutely-Reset": reset_ms,
    }
    fault = {"action": "status", "status": TOO_MANY, "headers": headers, "path_regex": "ShippingMethods", "times": 1}
    ground.exact.control("POST", "faults", fault)


def _limit(calls: list[Call], counts: list[dict[str, Any]], sizes: Sizes) -> Figure:
    by_minute = Counter(int(call.at.timestamp()) // MINUTE_SECONDS for call in calls)
    most = max(by_minute.values())
    return Figure(
        name=f"{sizes.callers} workers on one company, Redis emptied once",
        asked=f"never more than {MINUTE_LIMIT} calls in a clock minute",
        measured=f"{most} at most, {len(calls)} in {len(by_minute)} minutes",
        is_met=most <= MINUTE_LIMIT and len(by_minute) > 1,
        details={"by minute": list(by_minute.values()), "workers": counts},
    )


def _block(calls: list[Call], told: dict[str, datetime]) -> Figure:
    refused = [call for call in calls if call.status == TOO_MANY]
    after = [call for call in calls if refused and refused[0].ended_at + UNDER_WAY < call.at]
    early = [call for call in after if call.at < told["until_at"]]
    return Figure(
        name="  after a 429 that names its end",
        asked="no call before that moment, calls after it",
        measured=f"{len(refused)} refused, {len(early)} too early, {len(after) - len(early)} after it",
        is_met=len(refused) == 1 and not early and len(after) > 0,
        details={"until_at": told["until_at"].isoformat()},
    )
