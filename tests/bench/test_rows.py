"""The lines of the table about parcels on their way: what counts as met, and that nothing is met by leaving out."""

from dataclasses import replace

import pytest

from bench.door import Answers
from bench.figures import spread
from bench.lives import Lives
from bench.pushes import Pushes
from bench.sweep import Sweep
from bench.telling import Telling
from bench.way_back import WayBack
from bench.way_back_rows import rows

GOOD_ANSWERS = Answers(
    sent=100,
    accepted=100,
    stored=100,
    per_second=500,
    latency_ms=spread([10.0]),
    cpu_ms_each={"web": 1.0},
    statements_each=2.0,
)
GOOD = WayBack(
    pushes=Pushes(
        at_rate=GOOD_ANSWERS,
        in_turn=GOOD_ANSWERS,
        alone=GOOD_ANSWERS,
        recorded=300,
        drain_seconds=1.0,
        whole_cpu_ms_each={"web": 1.0},
        whole_statements_each=4.0,
    ),
    telling=Telling(visible_ms=spread([100.0]), in_exact_ms=spread([2500.0])),
    lives=Lives(deliveries=1, exact_puts=spread([4.0]), exact_calls_each={"GET x": 1.0}, ups_calls_each={"ship": 1.0}),
    sweeps=[
        Sweep(active=1_000, due=0, jobs=0, milliseconds=0.5, statements=1.0),
        Sweep(active=1_000, due=50, jobs=50, milliseconds=2.0, statements=1.0),
        Sweep(active=100_000, due=0, jobs=0, milliseconds=0.5, statements=1.0),
        Sweep(active=100_000, due=50, jobs=50, milliseconds=2.2, statements=1.0),
    ],
)


def missed(found: WayBack) -> list[str]:
    """The lines whose target was not met."""
    return [row.measure for row in rows(found) if row.is_met is False]


def test_everything_in_time_misses_nothing() -> None:
    assert missed(GOOD) == []


@pytest.mark.parametrize(
    ("changes", "measure"),
    [
        ({"latency_ms": spread([51.0])}, "Push answer at 500/s: p99"),
        ({"per_second": 490.0}, "  answers a second at that rate"),
        ({"stored": 99}, "Pushes stored, and taken into a history"),
        ({"accepted": 99, "stored": 99}, "Pushes stored, and taken into a history"),
    ],
)
def test_slow_refused_and_lost_pushes_are_missed_targets(changes: dict[str, object], measure: str) -> None:
    worse = replace(GOOD_ANSWERS, **changes)  # type: ignore[arg-type]

    assert missed(replace(GOOD, pushes=replace(GOOD.pushes, at_rate=worse))) == [measure]


def test_a_push_that_never_reached_a_history_is_a_missed_target() -> None:
    assert missed(replace(GOOD, pushes=replace(GOOD.pushes, recorded=299))) == [
        "Pushes stored, and taken into a history"
    ]


def test_one_delivery_with_a_sixth_write_is_a_missed_target() -> None:
    worse = replace(GOOD.lives, exact_puts=spread([4.0] * 99 + [6.0]))

    assert missed(replace(GOOD, lives=worse)) == ["Exact PUTs of a delivery over its whole life"]


def test_a_sweep_that_grows_with_what_there_is_misses_its_target() -> None:
    worse = [*GOOD.sweeps[:3], replace(GOOD.sweeps[3], milliseconds=20.0)]

    assert missed(replace(GOOD, sweeps=worse)) == ["Sweep among 100000 parcels, as a multiple of that among 1000"]


def test_a_server_that_counts_no_statements_meets_no_target_about_them() -> None:
    uncounted = replace(GOOD, sweeps=[replace(sweep, statements=None) for sweep in GOOD.sweeps])

    assert "SQL statements of a sweep" not in [row.measure for row in rows(uncounted)]
