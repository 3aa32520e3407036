"""From single measurements to the few numbers that are printed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How a quantity was spread; the unit is that of the measurements."""

    count: int
    mean: float
    p50: float
    p95: float
    p99: float
    maximum: float


def percentile(values: Sequence[float], hundredths: float) -> float:
    """The smallest value that at least so many hundredths of all values do not exceed (nearest rank)."""
    if not values:
        raise ValueError("There is no percentile of nothing.")
    if not 0 < hundredths <= 100:  # noqa: PLR2004  hundredths
        raise ValueError("A percentile lies above 0 and at most at 100.")
    return sorted(values)[math.ceil(len(values) * hundredths / 100) - 1]


def spread(values: Sequence[float]) -> Spread:
    """Mean, percentiles and maximum of at least one value."""
    return Spread(
        count=len(values),
        mean=math.fsum(values) / len(values) if values else math.nan,
        p50=percentile(values, 50),
        p95=percentile(values, 95),
        p99=percentile(values, 99),
        maximum=max(values),
    )


def open_loop(rate_per_second: float, seconds: float) -> list[float]:
    """When each request is due, in seconds after the start, whatever became of the ones before it.

    Latency counts from these moments: a server that stalls delays what waits behind it, and that is measured too.
    """
    if rate_per_second <= 0:
        raise ValueError("A rate is above 0.")
    return [number / rate_per_second for number in range(round(rate_per_second * seconds))]
