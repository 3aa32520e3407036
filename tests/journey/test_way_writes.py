"""What a parcel's way costs in writes to Exact, and that our own writes lead to nothing."""

import pytest

from tests.journey.conftest import wait_for
from tests.journey.way import Traveller, Way, truths, way

__all__ = ["way"]

pytestmark = [pytest.mark.database, pytest.mark.slow]

MOST_WRITES = 5
"""Our writes to a goods delivery over its whole life."""
EVENTFUL = (
    "access_point",
    "access_point_not_collected",
    "failed_attempts",
    "customs_hold",
    "returned",
    "wrong_delivery_corrected",
    "wrong_delivery_returned",
    "weather_delay",
)
STEPS = (1, 9, 11, 5.5, 2, 7, 5, 5, 4.5, 2.5, 2, 15.5, 2.5, 2, 120, 5, 19)
"""Hours: every milestone of every script by itself, as if nobody were in a hurry."""
WORDS = {"delivered": "[UPS] Delivered ", "returned_to_sender": "[UPS] Returned to sender"}


def echoes_came(way: Way) -> bool:
    """Whether Exact has told us of each of our own writes, and we have answered."""
    company = way.journey.company
    sent = company.exact.control("GET", f"notifications?division={company.division}")["notifications"]
    told = [one for one in sent if one["topic"] == "GoodsDeliveries" and one["action"] == "Update"]
    return len(told) >= way.writes().total() and all(200 in one["statuses"] for one in told)


def lines(way: Way, travellers: list[Traveller]) -> dict[str, bool]:
    """Whether each script's end is what our line in Exact says."""
    return {
        traveller.script["name"]: way.in_exact(traveller.entry_id)["Remarks"].startswith(
            WORDS[traveller.script["final_milestone"]]
        )
        for traveller in travellers
    }


def test_the_most_eventful_way_costs_five_writes_at_most_and_its_end_is_among_them(way: Way) -> None:
    travellers = way.send_off(*EVENTFUL, pushes="none")

    way.let_pass(travellers, STEPS, then=lambda: way.look_now(*(traveller.delivery for traveller in travellers)))

    assert way.found(travellers) == truths(travellers)
    assert max(way.writes().values()) <= MOST_WRITES
    assert lines(way, travellers) == dict.fromkeys(EVENTFUL, True)


def test_a_burst_of_news_costs_one_write(way: Way) -> None:
    (entry_id, underway), (other_id, delivered) = way.ship_many(2)
    way.travel(way.parcel(underway), "no_news")
    way.travel(way.parcel(delivered), "normal")
    before = way.writes()

    way.advance(40)
    way.await_pushes(way.parcel(underway), 4)
    way.await_pushes(way.parcel(delivered), 9)
    way.take_in()

    assert way.writes() - before == {entry_id: 1, other_id: 1}


def test_the_echoes_of_our_writes_are_read_and_lead_to_no_other_write(way: Way) -> None:
    travellers = way.send_off("normal", "returned", "wrong_delivery_corrected", "no_news", pushes="none")
    deliveries = [traveller.delivery for traveller in travellers]
    way.let_pass(travellers, [25, 4, 60], then=lambda: way.look_now(*deliveries))
    before, ends = way.writes(), way.found(travellers)

    assert wait_for(lambda: echoes_came(way))
    way.journey.age_reads()
    way.journey.make_due()
    way.journey.work()
    way.journey.make_due()
    way.journey.work()

    assert way.writes() == before
    assert way.found(travellers) == ends == truths(travellers)
    assert len(way.journey.shipments_at_ups()) == len(travellers)
