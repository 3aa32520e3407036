"""The arithmetic behind the benchmark's table."""

import pytest

from bench.figures import open_loop, percentile, spread


@pytest.mark.parametrize(
    ("hundredths", "expected"),
    [(1, 1), (5, 1), (10, 1), (11, 2), (50, 5), (51, 6), (95, 10), (99, 10), (100, 10)],
)
def test_a_percentile_is_a_value_that_was_measured(hundredths: float, expected: float) -> None:
    assert percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], hundredths) == expected


def test_one_slow_answer_in_a_hundred_shows_in_the_maximum_only() -> None:
    found = spread([1.0] * 99 + [500.0])

    assert (found.count, found.p50, found.p95, found.p99, found.maximum) == (100, 1.0, 1.0, 1.0, 500.0)
    assert found.mean == pytest.approx(5.99)


def test_two_slow_answers_in_a_hundred_show_in_the_99th_percentile() -> None:
    assert spread([1.0] * 98 + [400.0, 500.0]).p99 == 400.0


def test_a_single_value_is_all_of_its_percentiles() -> None:
    found = spread([7.0])

    assert {found.mean, found.p50, found.p95, found.p99, found.maximum} == {7.0}


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        spread([])


@pytest.mark.parametrize("hundredths", [0, -1, 100.5])
def test_a_percentile_outside_its_range_is_refused(hundredths: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile([1.0], hundredths)


def test_an_open_loop_is_due_evenly_from_its_start() -> None:
    assert open_loop(4, 1.5) == [0.0, 0.25, 0.5, 0.75, 1.0, 1.25]


def test_an_open_loop_keeps_its_moments_over_long_times() -> None:
    due = open_loop(200, 20)

    assert len(due) == 4000
    assert due[-1] == pytest.approx(19.995)


def test_an_open_loop_needs_a_rate() -> None:
    with pytest.raises(ValueError, match="rate"):
        open_loop(0, 10)
