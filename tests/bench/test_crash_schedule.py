"""What a crash run does: the same for the same seed, as much as was asked for, and never beyond the quiet time."""

import pytest

from bench.crash import weather
from bench.crash.schedule import Act, moments
from bench.crash.size import QUICK, USUAL, Pace, Size
from sandbox.core.storm import Storm
from syncjobs.doubts.settling import QUIET_MINUTES


def size(seed: str = "a", **changes: int) -> Size:
    return Size(**{"deliveries": 1_000, "kills": 300, "seed": seed, "settle_seconds": 1, "travel_every": 5, **changes})  # type: ignore[arg-type]


def test_a_seed_repeats_the_schedule_and_another_seed_does_not() -> None:
    assert moments(size("a")) == moments(size("a"))
    assert moments(size("a")) != moments(size("b"))


def test_every_delivery_and_every_kill_that_was_asked_for_comes_in_time() -> None:
    planned = moments(size())

    assert sum(moment.count for moment in planned if moment.act is Act.BOOK) == 1_000
    assert sum(moment.act in {Act.KILL_CHILD, Act.KILL_WORKER} for moment in planned) == 300
    assert 0 <= planned[0].seconds <= planned[-1].seconds <= size().seconds
    assert {moment.act for moment in planned} == set(Act)


@pytest.mark.parametrize(("deliveries", "tenants"), [(20, 3), (500, 20), (5_000, 40)])
def test_companies_are_so_many_that_exacts_limit_is_not_what_is_measured(deliveries: int, tenants: int) -> None:
    assert size(deliveries=deliveries).tenants == tenants


def test_the_weather_can_be_ordered_and_hits_half_of_all_ship_calls() -> None:
    storm = Storm()

    storm.begin({"seed": 1, "weather": weather.ups_weather(USUAL) | weather.exact_weather()})
    taken = [storm.take("ship", f"A/{number}") for number in range(4_000)]

    assert sum(fault is not None for fault in taken) == pytest.approx(2_000, rel=0.05)
    assert len({fault.name for fault in taken if fault}) == len(weather.ups_weather(USUAL)["ship"]["faults"])


@pytest.mark.parametrize("pace", [USUAL, QUICK])
def test_every_effect_lands_before_absence_is_believed(pace: Pace) -> None:
    effects = [each for each in weather.ups_weather(pace)["ship"]["faults"] if "seconds_most" in each]

    latest = max(each["seconds_most"] for each in effects)

    assert latest <= pace.latest_effect_seconds < 0.7 * QUIET_MINUTES * pace.settling_minute_seconds
