"""Every answer UPS may give to a ship call, with a worker killed at every boundary after its bytes left.

The classes are the rows of `reliability.md` 1.3. Whatever the pair, the delivery converges by itself: one live shipment
whose number stands in Exact, or the honest stop that the class calls for.
"""

import pytest

from tests.crash import oracle, places
from tests.crash.answers import CLASSES, Answer
from tests.crash.forms import paired
from tests.crash.scene import Scene

pytestmark = pytest.mark.slow

TELLING = {
    "a complete answer",
    "429",
    "400 in UPS's words",
    "403 in UPS's words",
    "503 before the effect",
    "500 after the effect",
    "an effect after the quiet time",
}
"""One of each meaning in `reliability.md` 1.3, with and without a shipment behind it."""
PAIRS = {
    name: (answer, place)
    for name, (answer, place) in paired(CLASSES, places.SENT, telling=TELLING).items()
    if answer.is_reached or not place.startswith("B5")
}
"""Where UPS is not reached there is no moment at which the bytes are sent."""


@pytest.mark.parametrize("answer", CLASSES.values(), ids=CLASSES)
def test_whatever_ups_answers_the_delivery_comes_to_its_end_by_itself(scene: Scene, answer: Answer) -> None:
    delivery = scene.book()
    answer.arrange(scene)

    assert not answer.meet(scene).was_killed
    scene.live_on(lambda: oracle.is_at(scene, delivery, answer.end()))

    oracle.assert_end(scene, delivery, answer.end())


@pytest.mark.parametrize(("answer", "place"), PAIRS.values(), ids=PAIRS)
def test_a_worker_killed_over_any_answer_leaves_a_delivery_that_comes_to_its_end_by_itself(
    scene: Scene, answer: Answer, place: str
) -> None:
    delivery = scene.book()
    answer.arrange(scene)

    assert answer.meet(scene, places.SENT[place]).was_killed
    scene.live_on(lambda: oracle.is_at(scene, delivery, answer.end(place)))

    oracle.assert_end(scene, delivery, answer.end(place))
