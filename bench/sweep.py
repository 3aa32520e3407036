"""What it costs to find the parcels that are due, with few and with many that are not.

The rows are made by SQL inside a transaction that is rolled back: nothing of the product ever sees them.
"""

import statistics
import time
from dataclasses import dataclass

from bench.crowd import gather
from bench.database import Database
from bench.ground import Ground
from bench.shape import Shape
from bench.usage import suspended

ROUNDS = 9
AT_ONCE = 1_000
"""As the product's own ticks ask (`syncjobs.ticks`)."""
SWEEP = "SELECT kind, jobs FROM syncjobs_turn_due(%s)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One call of the sweep among so many active parcels."""

    active: int
    due: int
    jobs: int
    milliseconds: float
    """The middle one of several calls."""
    statements: float | None
    """Of the product's role, for each call."""


def measure(ground: Ground, shape: Shape) -> list[Sweep]:
    """Each number of active parcels, with none and with some of them due."""
    with suspended(ground.product):
        return [
            _sweep(ground.database, active=active, due=due)
            for active in shape.sweep_parcels
            for due in (0, shape.sweep_due)
        ]


def _sweep(database: Database, *, active: int, due: int) -> Sweep:
    with database.rolled_back():
        gather(database, active=active, due=due)
        if database.counts_statements:
            database.forget_statements()
        rounds = [_once(database) for _ in range(ROUNDS)]
        counted = database.counted() if database.counts_statements else None
    return Sweep(
        active=active,
        due=due,
        jobs=rounds[0][1],
        milliseconds=statistics.median(spent for spent, _ in rounds),
        statements=counted.work / ROUNDS if counted else None,
    )


def _once(database: Database) -> tuple[float, int]:
    """Milliseconds, and the jobs that were made; these are taken back, so that the next call finds the same."""
    with database.rolled_back(), database.as_product():
        started_at = time.perf_counter()
        rows = database.rows(SWEEP, [AT_ONCE])
        return (time.perf_counter() - started_at) * 1000, sum(int(str(jobs)) for _, jobs in rows)
