"""A worker killed at any boundary of the plain way: the delivery is shipped once, by itself (`reliability.md` 7.2)."""

import uuid

import pytest

from tests.crash import oracle, places
from tests.crash.forks import Trap
from tests.crash.oracle import End
from tests.crash.scene import Scene
from tests.syncjobs.notifications import notification

pytestmark = pytest.mark.slow

WAY = places.FETCH | places.PLANNING | places.SENDING | places.SENT | places.WRITING
OK = 200


@pytest.mark.parametrize("place", WAY.values(), ids=WAY)
def test_a_worker_killed_on_the_way_costs_neither_a_label_nor_a_delivery(scene: Scene, place: Trap) -> None:
    delivery = scene.book()

    assert scene.work(place).was_killed
    scene.live_on(lambda: oracle.is_shipped(scene, delivery))

    oracle.assert_end(scene, delivery, End.SHIPPED)


@pytest.mark.parametrize("place", places.RECEIPT.values(), ids=places.RECEIPT)
def test_a_notification_that_was_not_answered_comes_again_and_leads_to_one_shipment(scene: Scene, place: Trap) -> None:
    entry_id, body = told_in_vain(scene)

    assert scene.accept(body, place).was_killed
    assert scene.accept(body).told == OK

    delivery = scene.journey.notified(entry_id)
    scene.live_on(lambda: oracle.is_shipped(scene, delivery))
    oracle.assert_end(scene, delivery, End.SHIPPED)


def told_in_vain(scene: Scene) -> tuple[str, bytes]:
    """A delivery whose notification is in our hands instead of Exact's; its entry id and the bytes."""
    company = scene.journey.company
    company.exact.control("POST", "settings", {"webhook_copies": 0})
    try:
        entry_id = company.book()
    finally:
        company.exact.control("POST", "settings", {"webhook_copies": 1})
    client_id = scene.settings["EXACT_APPS"]["nl"]["client_id"]
    return entry_id, notification(key=uuid.UUID(entry_id), division=company.division, client_id=client_id)
