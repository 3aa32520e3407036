"""The test of the test: mistakes put into the product on purpose are noticed by the machine's promises."""

from collections.abc import Callable
from typing import Any

import pytest

from syncjobs.doubts import settling
from syncjobs.doubts.settling import Outcome, Verdict
from syncjobs.steps import settle
from tests.machine import endings, promises, troubles
from tests.machine.world import World
from ups.client import UpsClient
from ups.errors import UpsOutcomeUnknown, UpsUnavailable

pytestmark = [pytest.mark.slow]
Spoil = Callable[[pytest.MonkeyPatch], None]


def late_request(new_world: Callable[[], World]) -> list[str]:
    """A request that lands 13 minutes after we gave up waiting; what is broken in the half hour around it."""
    world = new_world()
    world.trouble_at_ups("ship", troubles.SHIP["an effect 13 min late"])
    world.book(parcels=1, copies=1)
    found: list[str] = []
    for minutes in (0, 3, 3, 6, 6, 6, 6):
        world.live(minutes)
        found += promises.broken(world)
    return found


def no_quiet_time(spoil: pytest.MonkeyPatch) -> None:
    """Two answers "not found" are enough, however early."""
    spoil.setattr(settling, "QUIET_MINUTES", 0.0)


def absent_at_once(spoil: pytest.MonkeyPatch) -> None:
    """Whatever UPS does not know at the first question counts as not made."""
    spoil.setattr(settle, "judge", lambda *_args, **_more: Verdict(outcome=Outcome.ABSENT))


def resend_without_an_answer(spoil: pytest.MonkeyPatch) -> None:
    """No answer counts as not done."""
    ask_once = UpsClient.ship

    def ship(self: UpsClient, body: dict[str, Any]) -> Any:
        try:
            return ask_once(self, body)
        except UpsOutcomeUnknown as error:
            raise UpsUnavailable("Nothing came back.", operation="ship") from error

    spoil.setattr(UpsClient, "ship", ship)


@pytest.mark.parametrize("put_in", [no_quiet_time, absent_at_once, resend_without_an_answer])
def test_a_second_shipment_is_noticed(
    new_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch, put_in: Spoil
) -> None:
    put_in(monkeypatch)

    found = late_request(new_world)

    assert any("2 live shipments for one delivery" in what for what in found), found


def test_the_product_as_it_is_breaks_nothing_over_a_late_request(new_world: Callable[[], World]) -> None:
    assert late_request(new_world) == []


def test_a_shipment_that_nobody_looks_for_is_noticed(
    new_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "WATCH_HOURS", ())
    world = new_world()
    world.trouble_at_ups("ship", troubles.SHIP["an effect 40 min late"])
    world.book(parcels=1, copies=1)
    for minutes in (0, 6, 16, 31):
        world.live(minutes)

    assert any("is not known to us" in what for what in promises.broken(world))


def test_a_delivery_that_nobody_tells_of_is_noticed(new_world: Callable[[], World]) -> None:
    world = new_world()
    entry_id = world.book(parcels=1, copies=0)
    world.live(61)

    assert endings.unhappy(world) == [f"delivery {entry_id} was never found"]
