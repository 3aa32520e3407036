"""Workers killed while they find out what became of a shipment: B11 to B13, with every answer UPS may give then."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from syncjobs.models import Delivery
from tests.crash import oracle, places
from tests.crash.answers import IMPATIENT, error, status
from tests.crash.forks import Trap
from tests.crash.forms import in_small, paired
from tests.crash.oracle import End
from tests.crash.scene import Scene

pytestmark = pytest.mark.slow

RECOVERY = "/recovery$"
VOID = "/void/"
ALWAYS = {"times": None}
QUIET_SECONDS = 840.0
"""A minute before the quiet time is over (`reliability.md` 1.4)."""
LATE_SECONDS = 2100.0
"""After the quiet time: the next attempt is sent by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What UPS says when it is asked, and the end that leads to; `made` tells whether the shipment exists."""

    fault: Mapping[str, Any] = field(default_factory=dict)
    made: bool = True
    end: End = End.SHIPPED


def labels(*numbers: str) -> dict[str, Any]:
    """A found shipment with these parcels."""
    image = {"LabelImageFormat": {"Code": "gif"}, "GraphicImage": "R0lGODlhAQABAAAAACw="}
    return {
        "LabelRecoveryResponse": {
            "Response": {"ResponseStatus": {"Code": "1"}},
            "ShipmentIdentificationNumber": numbers[0],
            "LabelResults": [{"TrackingNumber": number, "LabelImage": image} for number in numbers],
        }
    }


CANDIDATES = {
    "LabelRecoveryResponse": {
        "Response": {"ResponseStatus": {"Code": "1"}},
        "LabelResults": [],
        "TrackingCandidate": [{"TrackingNumber": "1Z999AA10123456784"}, {"TrackingNumber": "1Z999AA10123456793"}],
    }
}
SAID = {
    "found": Said(),
    "not found": Said(made=False),
    "voided by somebody": Said(fault=status(400, error("9801040")) | ALWAYS, end=End.VOIDED_THERE),
    "several shipments": Said(fault=status(200, CANDIDATES) | ALWAYS, end=End.REVIEW),
    "a parcel too many": Said(
        fault=status(200, labels("1Z999AA10123456784", "1Z999AA10123456793")) | ALWAYS, end=End.REVIEW
    ),
    "made, its label not available": Said(fault=status(400, error("300002")) | ALWAYS, end=End.REVIEW),
    "no clear answer for an hour": Said(fault=status(500) | ALWAYS, end=End.REVIEW),
    "429": Said(fault=status(429, error("10429"))),
    "401": Said(fault=status(401, error("250003"))),
    "500": Said(fault=status(500, error("20001"))),
    "a web page": Said(fault={"action": "html_200"}),
    "a reset": Said(fault={"action": "reset_after"}),
    "half a body": Said(fault={"action": "half_body"}),
    "no answer in time": Said(fault={"action": "stall_after", "seconds": 0.4}),
    "no label in it": Said(fault={"action": "drop_label"}),
}
VOIDED: dict[str, dict[str, Any]] = {
    "done": {},
    "429": status(429, error("10429")),
    "401": status(401, error("250003")),
    "500 before the effect": status(500, error("190001")),
    "500 after the effect": status(500, after=True),
    "a reset before the effect": {"action": "reset_before"},
    "a reset after the effect": {"action": "reset_after"},
    "half a body": {"action": "half_body"},
    "a web page": {"action": "html_200", "after": True},
    "no answer in time": {"action": "stall_after", "seconds": 0.4},
}
REFUSED_VOIDS = {
    "not voided": status(200, {"VoidShipmentResponse": {"SummaryResult": {"Status": {"Code": "0"}}}}) | ALWAYS,
    "too late": status(400, error("190102")) | ALWAYS,
}
ASKED = paired(SAID, places.ASKING, telling={"found"})
VOIDED_KILLED = paired(VOIDED, places.VOIDING, telling={"done"})
SAID_ALIVE = in_small(SAID, {"found", "not found", "no clear answer for an hour", "no answer in time"})
VOIDED_ALIVE = in_small(VOIDED, {"500 after the effect", "a reset before the effect"})


@pytest.mark.parametrize("name", SAID_ALIVE)
def test_whatever_ups_says_of_a_doubt_it_is_settled_by_itself(scene: Scene, name: str) -> None:
    said = SAID[name]
    delivery = doubtful(scene, said)

    scene.work(constants=IMPATIENT)
    scene.live_on(lambda: oracle.is_at(scene, delivery, said.end))

    oracle.assert_end(scene, delivery, said.end)


@pytest.mark.parametrize(("said", "place"), ASKED.values(), ids=ASKED)
def test_a_worker_killed_while_it_asks_leaves_a_doubt_that_is_settled_by_itself(
    scene: Scene, said: Said, place: str
) -> None:
    delivery = doubtful(scene, said)

    scene.work_until_killed(places.ASKING[place], constants=IMPATIENT)
    scene.live_on(lambda: oracle.is_at(scene, delivery, said.end))

    oracle.assert_end(scene, delivery, said.end)


@pytest.mark.parametrize("place", places.ASKING.values(), ids=places.ASKING)
def test_a_worker_killed_over_the_last_absence_leads_to_one_shipment(scene: Scene, place: Trap) -> None:
    delivery = doubtful(scene, SAID["not found"])
    scene.survivors_work()
    scene.pass_time(16)

    scene.work_until_killed(place)
    scene.live_on(lambda: oracle.is_at(scene, delivery, End.SHIPPED))

    oracle.assert_end(scene, delivery, End.SHIPPED)


def test_a_request_that_lands_within_the_quiet_time_is_found_although_nothing_was_known_of_it_twice(
    scene: Scene,
) -> None:
    delivery = scene.book()
    scene.trouble("/ship$", action="late_effect", seconds=QUIET_SECONDS)

    scene.work_until_killed(places.ASKING["B12 when the verdict is committed"])
    scene.live_on(lambda: False, pauses=(6, 6, 4, 16))

    oracle.assert_end(scene, delivery, End.SHIPPED)


@pytest.mark.parametrize("name", VOIDED_ALIVE)
def test_whatever_ups_says_of_a_void_the_late_twin_is_gone_in_the_end(scene: Scene, name: str) -> None:
    delivery = with_a_late_twin(scene, VOIDED[name])

    scene.work(constants=IMPATIENT)
    scene.live_on(lambda: oracle.is_at(scene, delivery, End.TWIN_VOIDED))

    oracle.assert_end(scene, delivery, End.TWIN_VOIDED)


@pytest.mark.parametrize(("fault", "place"), VOIDED_KILLED.values(), ids=VOIDED_KILLED)
def test_a_worker_killed_over_a_void_leaves_a_twin_that_is_gone_in_the_end(
    scene: Scene, fault: dict[str, Any], place: str
) -> None:
    delivery = with_a_late_twin(scene, fault)

    scene.work_until_killed(places.VOIDING[place], constants=IMPATIENT)
    scene.live_on(lambda: oracle.is_at(scene, delivery, End.TWIN_VOIDED))

    oracle.assert_end(scene, delivery, End.TWIN_VOIDED)


@pytest.mark.parametrize("fault", REFUSED_VOIDS.values(), ids=REFUSED_VOIDS)
def test_a_twin_that_ups_does_not_void_is_shown_to_a_person_although_a_worker_died_over_it(
    scene: Scene, fault: dict[str, Any]
) -> None:
    delivery = with_a_late_twin(scene, fault)

    scene.work_until_killed(places.VOIDING["B13 before the void is committed"])
    scene.live_on(lambda: oracle.is_at(scene, delivery, End.TWIN_KEPT))

    oracle.assert_end(scene, delivery, End.TWIN_KEPT)


def doubtful(scene: Scene, said: Said) -> Delivery:
    """A delivery whose shipment UPS will make, or not make, without an answer; the same worker then asks about it."""
    delivery = scene.book()
    scene.trouble("/ship$", action="reset_after" if said.made else "reset_before")
    if said.fault:
        scene.trouble(RECOVERY, **said.fault)
    return delivery


def with_a_late_twin(scene: Scene, fault: dict[str, Any]) -> Delivery:
    """A delivery that was shipped anew before the first request took effect; it is looked for by now."""
    delivery = scene.book()
    scene.trouble("/ship$", action="late_effect", seconds=LATE_SECONDS)
    scene.survivors_work()
    for minutes in (3, 16, 20):
        scene.pass_time(minutes)
        scene.survivors_work()
    scene.pass_time(61)
    assert len(oracle.live(scene, delivery)) == 2
    if fault:
        scene.trouble(VOID, **fault)
    return delivery
