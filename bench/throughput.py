"""How many deliveries a second go all the way, when many tenants book at once."""

from dataclasses import dataclass
from datetime import UTC, datetime

from bench import standins
from bench.errors import BenchFailed
from bench.figures import Spread, spread
from bench.ground import Ground
from bench.shape import Shape
from bench.standins import Call
from bench.usage import cpu_ms_each, cpu_seconds

AT_ONCE = 5
"""Booked in one go per company, in turns, so that all tenants have work all the time."""
SECONDS_PER_DELIVERY = 1.0
LEAST_SECONDS = 60
POLL_SECONDS = 0.1
QUIET_SECONDS = 60
"""Confirming reads of our own writes come half a minute later, at the latest with the next sweep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """From the first booking to the last tracking number standing in Exact."""

    deliveries: int
    seconds: float
    per_second: float
    latency_ms: Spread
    """From a delivery's first notification to its tracking number; most of it is waiting behind the others."""
    exact_calls_each: float
    exact_calls_each_with_confirmations: float
    """Counting the reads, many deliveries in one, that confirm what we wrote."""
    operations_each: dict[str, float]
    cpu_ms_each: dict[str, float]
    booked: tuple[tuple[int, str], ...]
    """Division and entry id."""


def measure(ground: Ground, shape: Shape) -> Throughput:
    """Book, wait, and look where the tracking numbers stand."""
    ground.forget()
    cpu_before = cpu_seconds(ground.parts)
    started_at = datetime.now(UTC)
    booked = _book(ground, shape.deliveries)
    entry_ids = [entry_id for _, entry_id in booked]
    limit = max(LEAST_SECONDS, SECONDS_PER_DELIVERY * len(booked))
    ground.database.wait_until_reported(entry_ids, seconds=limit, poll_seconds=POLL_SECONDS)
    cpu_after = cpu_seconds(ground.parts)
    calls = ground.exact.calls()
    written = writes(calls)
    _must_stand(ground, set(entry_ids))
    seconds = (max(written[each].ended_at for each in entry_ids) - started_at).total_seconds()
    ground.database.wait_until_idle(seconds=QUIET_SECONDS)
    return Throughput(
        deliveries=len(booked),
        seconds=seconds,
        per_second=len(booked) / seconds,
        latency_ms=spread(_latencies_ms(ground, entry_ids, written)),
        exact_calls_each=len(calls) / len(booked),
        exact_calls_each_with_confirmations=len(ground.exact.calls()) / len(booked),
        operations_each=operations_each([*calls, *ground.ups.calls()], len(booked)),
        cpu_ms_each=cpu_ms_each(cpu_before, cpu_after, len(booked)),
        booked=tuple(booked),
    )


def writes(calls: list[Call]) -> dict[str, Call]:
    """The first accepted write to each goods delivery."""
    found: dict[str, Call] = {}
    for call in calls:
        if call.method == "PUT" and call.entry_id and call.status and call.status < 300:  # noqa: PLR2004  HTTP success
            found.setdefault(call.entry_id, call)
    return found


def operations_each(calls: list[Call], count: int) -> dict[str, float]:
    """Calls by operation for each of `count` deliveries."""
    return {
        name: sum(call.operation == name for call in calls) / count for name in sorted({c.operation for c in calls})
    }


def _book(ground: Ground, deliveries: int) -> list[tuple[int, str]]:
    """Spread over all companies, a few at a time."""
    booked: list[tuple[int, str]] = []
    while len(booked) < deliveries:
        for company in ground.companies:
            count = min(AT_ONCE, deliveries - len(booked))
            if count:
                booked += [(company.division, entry) for entry in standins.book(ground.exact, company, count=count)]
    return booked


def _must_stand(ground: Ground, entry_ids: set[str]) -> None:
    """The product says it wrote them; Exact must show them."""
    shown: dict[str, str] = {}
    for company in ground.companies:
        shown |= standins.tracking_numbers(ground.exact, company)
    missing = [entry_id for entry_id in entry_ids if not shown.get(entry_id)]
    if missing:
        raise BenchFailed(f"{len(missing)} deliveries are reported and have no tracking number in Exact.")


def _latencies_ms(ground: Ground, entry_ids: list[str], written: dict[str, Call]) -> list[float]:
    return [
        (written[arrival.entry_id].ended_at - arrival.received_at).total_seconds() * 1000
        for arrival in ground.database.arrivals(entry_ids)
    ]
