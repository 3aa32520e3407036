"""What a delivery costs in Exact and UPS over its whole life: booked, shipped, travelled, delivered, closed."""

import time
from collections import Counter
from dataclasses import dataclass
from itertools import cycle, islice

from bench import standins
from bench.errors import BenchFailed
from bench.figures import Spread, spread
from bench.ground import Ground
from bench.shape import Shape
from bench.throughput import operations_each

REPORT_SECONDS = 60
SUBSCRIBE_SECONDS = 60
CLOSE_SECONDS = 120
POLL_SECONDS = 0.1
SCRIPT = "normal"
HOURS_PER_SECOND = 1.0
"""Slow enough that milestones which are hours apart are not written together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """Per delivery of one parcel, from its booking until it is closed."""

    deliveries: int
    exact_puts: Spread
    """To the goods delivery."""
    exact_calls_each: dict[str, float]
    ups_calls_each: dict[str, float]


def measure(ground: Ground, shape: Shape) -> Lives:
    """Deliveries whose parcels travel at the same time, told of by pushes."""
    ground.forget()
    entry_ids: list[str] = []
    for company in islice(cycle(ground.companies), shape.lives):
        entry_ids += standins.book(ground.exact, company)
    ground.database.wait_until_reported(entry_ids, seconds=REPORT_SECONDS)
    numbers = ground.database.tracking_numbers(entry_ids)
    _wait_until_subscribed(ground, set(numbers.values()))
    for number in numbers.values():
        order = {"script": SCRIPT, "hours_per_second": HOURS_PER_SECOND}
        ground.ups.control("POST", f"parcels/{number}/travel", order)
    _wait_until_closed(ground, entry_ids)
    exact = ground.exact.calls()
    puts = Counter(call.entry_id for call in exact if call.method == "PUT" and call.entry_id)
    return Lives(
        deliveries=len(entry_ids),
        exact_puts=spread([float(puts[entry_id]) for entry_id in entry_ids]),
        exact_calls_each=operations_each(exact, len(entry_ids)),
        ups_calls_each=operations_each(ground.ups.calls(), len(entry_ids)),
    )


def _wait_until_subscribed(ground: Ground, numbers: set[str]) -> None:
    deadline = time.monotonic() + SUBSCRIBE_SECONDS
    while missing := numbers - standins.subscribed_numbers(ground.ups):
        if time.monotonic() > deadline:
            raise BenchFailed(f"{len(missing)} of {len(numbers)} parcels were not subscribed to Track Alert.")
        time.sleep(POLL_SECONDS)


def _wait_until_closed(ground: Ground, entry_ids: list[str]) -> None:
    deadline = time.monotonic() + CLOSE_SECONDS
    while (closed := ground.database.count_closed(entry_ids)) < len(entry_ids):
        if time.monotonic() > deadline:
            raise BenchFailed(f"{len(entry_ids) - closed} of {len(entry_ids)} deliveries were not closed.")
        time.sleep(POLL_SECONDS)
