"""The test of the test: the very same small run must pass with our workers, and fail with spoilt ones."""

from dataclasses import dataclass, replace
from pathlib import Path

from bench.crash import report
from bench.crash.run import Outcome, measure, standing
from bench.crash.size import QUICK, Size
from bench.ground import say

SAME = Size(
    deliveries=14,
    kills=5,
    seed="same-2558",
    settle_seconds=120,
    travel_every=0,
    pace=QUICK,
    companies=5,
    workers=1,
    sees_late_watch=False,
)
"""Of its 17 ship calls eleven go wrong: four take effect late, four make the shipment and say nothing usable."""
SPOILT_SETTLE_SECONDS = 20.0
"""A spoilt run need not come to rest: the second shipment that it buys stands in UPS's books at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One of the runs; `is_as_expected` when ours kept everything, or a spoilt one bought a shipment twice."""

    name: str
    outcome: Outcome
    is_as_expected: bool


def tried(data_directory: Path) -> list[Trial]:
    """Our workers, ones without a quiet time, and ones that send again when no answer comes.

    Seed, bookings, kills and workers are those of one run; only the mistake is added.
    """
    spoilt = replace(SAME, settle_seconds=SPOILT_SETTLE_SECONDS, ends_at_twins=True)
    with standing(data_directory, SAME) as ground:
        say("Our workers")
        ours = measure(ground, SAME)
        say("Workers without a quiet time")
        hasty = measure(ground, replace(spoilt, quiet_minutes=0.0))
        say("Workers that send again when no answer comes")
        naive = measure(ground, replace(spoilt, naive=True))
    return [
        Trial(name="ours", outcome=ours, is_as_expected=report.are_kept(ours)),
        Trial(name="without a quiet time", outcome=hasty, is_as_expected=bool(hasty.findings.twins_ever)),
        Trial(name="naive", outcome=naive, is_as_expected=bool(naive.findings.twins_ever)),
    ]
