"""The same place kills one worker after the other: what cannot be finished is stopped for a person, never lost."""

import pytest

from tests.crash import oracle, places
from tests.crash.forms import in_small
from tests.crash.oracle import End
from tests.crash.scene import Scene
from tests.crash.test_settling import SAID, doubtful, with_a_late_twin

pytestmark = pytest.mark.slow

DEATHS = 5
"""More than the starts that a job has before it counts as poison (`reliability.md` 4)."""
LONG = (3, 16, 16, 61, 61, 61, 61)
"""A look at a hold comes after an hour."""
WAY = places.FETCH | places.PLANNING | places.SENDING | places.SENT | places.WRITING
SMALL = {
    "B2 while Exact answers",
    "B5 when the bytes are sent",
    "B9 when the PUT is sent",
    "B11 when UPS has answered",
    "B13 when the void is sent",
}


@pytest.mark.parametrize("place", in_small(WAY, SMALL))
def test_workers_that_die_again_and_again_on_the_way_lose_nothing_and_send_nothing_twice(
    scene: Scene, place: str
) -> None:
    delivery = scene.book()

    for _ in range(DEATHS):
        scene.work(WAY[place])
        scene.pass_time(3)
    scene.live_on(lambda: oracle.is_at(scene, delivery, End.SHIPPED), pauses=LONG)

    oracle.assert_end(scene, delivery, End.SHIPPED)


@pytest.mark.parametrize("place", in_small(places.ASKING, SMALL))
def test_workers_that_die_again_and_again_while_they_ask_leave_a_doubt_that_is_settled(
    scene: Scene, place: str
) -> None:
    delivery = doubtful(scene, SAID["found"])

    for _ in range(DEATHS):
        scene.work(places.ASKING[place])
        scene.pass_time(3)
    scene.live_on(lambda: oracle.is_at(scene, delivery, End.SHIPPED), pauses=LONG)

    oracle.assert_end(scene, delivery, End.SHIPPED)


@pytest.mark.parametrize("place", in_small(places.VOIDING, SMALL))
def test_workers_that_die_again_and_again_over_a_void_leave_no_twin(scene: Scene, place: str) -> None:
    delivery = with_a_late_twin(scene, {})

    for _ in range(DEATHS):
        scene.work(places.VOIDING[place])
        scene.pass_time(3)
    scene.live_on(lambda: oracle.is_at(scene, delivery, End.TWIN_VOIDED), pauses=LONG)

    oracle.assert_end(scene, delivery, End.TWIN_VOIDED)
