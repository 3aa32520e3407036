"""Every script of the stand-in without a single push: by Quantum View, and by the Tracking API alone."""

from collections.abc import Iterator

import pytest

from tests import standins
from tests.journey.way import HOUR_SECONDS, JUMPS, Way, truths, way
from tests.standins import StandIn

__all__ = ["way"]

pytestmark = [pytest.mark.database, pytest.mark.slow]

PACE = 1.0
"""Hours of a script per second: Quantum View looks seven days back, so its clock and ours must stay near each other."""


@pytest.fixture(scope="module")
def ups_standin() -> Iterator[StandIn]:
    """One of our own: its clock is not ahead of ours yet."""
    with standins.running("ups") as standin:
        yield standin


def test_every_script_ends_as_it_is_when_quantum_view_is_all_that_is_heard(way: Way) -> None:
    way.settings(view_file_minutes=1 / 60, view_delay_seconds=0)
    way.read_from("Everything")
    travellers = way.send_off(pushes="none", hours_per_second=PACE)

    too_soon = way.let_pass(travellers, [hours / PACE / HOUR_SECONDS for hours in JUMPS], then=way.read_view)
    heard_of_ends = way.ends_told_by(travellers, "view")
    way.look_now(*(traveller.delivery for traveller in travellers))

    assert not any(too_soon)
    assert heard_of_ends >= {"normal", "access_point", "returned", "split_over_days", "wrong_delivery_corrected"}
    assert way.found(travellers) == truths(travellers)
    assert way.paths(travellers) == {traveller.script["name"]: traveller.path for traveller in travellers}


def test_every_script_ends_as_it_is_when_only_the_tracking_api_is_asked(way: Way) -> None:
    way.settings(track_shape="sparse")
    travellers = way.send_off(pushes="none")

    way.let_pass(travellers, JUMPS, then=lambda: way.look_now(*(traveller.delivery for traveller in travellers)))

    assert way.found(travellers) == truths(travellers)
    assert way.paths(travellers) == {traveller.script["name"]: traveller.path for traveller in travellers}


@pytest.mark.parametrize("shape", ["objects", "nulls"])
def test_other_shapes_of_the_tracking_api_tell_the_same(way: Way, shape: str) -> None:
    way.settings(track_shape=shape)
    travellers = way.send_off("failed_attempts", "returned", "unknown_codes", "split_over_days", pushes="none")

    way.let_pass(travellers, [25, 100], then=lambda: way.look_now(*(traveller.delivery for traveller in travellers)))

    assert way.found(travellers) == truths(travellers)
    assert way.paths(travellers) == {traveller.script["name"]: traveller.path for traveller in travellers}


def test_a_delivery_is_found_in_answers_without_any_activity(way: Way) -> None:
    way.settings(track_shape="bare")
    (traveller,) = way.send_off("normal", pushes="none")

    way.advance(60)
    way.look_now(traveller.delivery)

    assert way.found([traveller]) == truths([traveller])
