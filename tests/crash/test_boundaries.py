"""A worker killed at any boundary of the plain way: the delivery is shipped once, by itself (`reliability.md` 7.2)."""

import pytest

from tests.crash import oracle
from tests.crash.forks import Trap
from tests.crash.scene import Scene

pytestmark = pytest.mark.slow

COMMIT = "django.db.backends.base.base.BaseDatabaseWrapper._commit"
ANSWER = "urllib3.connection.HTTPConnection.getresponse"
READ_EXACT = "exact.client.ExactClient.goods_deliveries"
PLAN = "syncjobs.steps.decide._commit_plan"
SHIP = "ups.client.UpsClient.ship"
PUT = "exact.client.ExactClient.put_goods_delivery"
REPORT = "syncjobs.steps.report._write"

PLACES = {
    "B2 before Exact is asked": Trap(at=READ_EXACT, when="before"),
    "B2 while Exact answers": Trap(at=ANSWER, when="before", within=READ_EXACT),
    "B2 after Exact has answered": Trap(at=READ_EXACT),
    "B3 before the plan is committed": Trap(at=COMMIT, when="before", within=PLAN),
    "B3 when the plan is committed": Trap(at=COMMIT, within=PLAN),
    "B4 before sending is committed": Trap(at=COMMIT, when="before", since="ups.client.UpsClient.prepare"),
    "B4 when sending is committed": Trap(at=SHIP, when="before"),
    "B5 when the bytes are sent": Trap(at=ANSWER, when="before", within="ups.client.UpsClient._send_shipment"),
    "B6 when the answer is read": Trap(at="ups.client.UpsClient._send_shipment"),
    "B7 before the label is committed": Trap(at=COMMIT, when="before", since=SHIP),
    "B8 when the label is committed": Trap(at=COMMIT, since=SHIP),
    "B9 before Exact is written to": Trap(at=PUT, when="before"),
    "B9 when the PUT is sent": Trap(at=ANSWER, when="before", within=PUT),
    "B9 when Exact has answered the PUT": Trap(at=PUT),
    "B10 before the report is committed": Trap(at=COMMIT, when="before", within=REPORT, since=PUT),
    "B10 when the report is committed": Trap(at=COMMIT, within=REPORT, since=PUT),
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_worker_killed_on_the_way_costs_neither_a_label_nor_a_delivery(scene: Scene, place: Trap) -> None:
    delivery = scene.book()

    assert scene.work(place).was_killed
    scene.live_on(lambda: oracle.is_shipped(scene, delivery))

    oracle.assert_shipped(scene, delivery)
