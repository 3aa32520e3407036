"""The clock of the stand-ins."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.core.clock import Clock

NOON = datetime(2026, 10, 12, 12, tzinfo=UTC)


def stopped_clock() -> Clock:
    clock = Clock(start_at=NOON)
    clock.set_speed(0)
    return clock


def test_advancing_moves_both_the_moment_and_the_elapsed_seconds() -> None:
    clock = stopped_clock()
    before = clock.monotonic()

    clock.advance(90)

    assert clock.monotonic() - before == pytest.approx(90)
    assert timedelta(seconds=90) <= clock.now() - NOON < timedelta(seconds=91)


def test_clock_with_a_speed_runs_that_much_faster() -> None:
    clock = Clock(start_at=NOON)
    clock.set_speed(10_000)
    started = time.monotonic()

    while clock.now() < NOON + timedelta(seconds=200):
        time.sleep(0.001)

    assert time.monotonic() - started < 2


def test_clock_refuses_to_go_back() -> None:
    clock = stopped_clock()
    before = clock.now()

    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="cannot be negative"):
        clock.set_speed(-1)

    assert clock.now() == before


def test_sleeper_wakes_when_the_clock_is_advanced() -> None:
    async def sleep_an_hour() -> float:
        clock = stopped_clock()
        sleeper = asyncio.create_task(clock.sleep(3600))
        await asyncio.sleep(0)
        clock.advance(1800)
        await asyncio.sleep(0)
        assert not sleeper.done()
        clock.advance(1800)
        await asyncio.wait_for(sleeper, timeout=2)
        return clock.monotonic()

    assert asyncio.run(sleep_an_hour()) == pytest.approx(3600, abs=1)
