"""Every script of the stand-in by pushes that get lost, come twice or in reverse, with the Tracking API as referee."""

import pytest

from tests.journey.way import JUMPS, Way, ends_somewhere, truths, way

__all__ = ["way"]

pytestmark = [pytest.mark.database, pytest.mark.slow]

MOST_WRITES = 5
"""Our writes to a goods delivery over its whole life."""


def test_every_script_ends_as_it_is_when_pushes_are_lost_doubled_and_reversed(way: Way) -> None:
    way.settings(push_lose="every_second", push_copies=2, push_order="reversed", push_hold_seconds=0.05)
    travellers = way.send_off()

    too_soon = way.let_pass(travellers, JUMPS, then=lambda: way.take_in_pushes(travellers, copies=2))
    way.look_now(*(traveller.delivery for traveller in travellers))

    assert not any(too_soon)
    assert way.found(travellers) == truths(travellers)
    assert way.paths(travellers) == {traveller.script["name"]: traveller.path for traveller in travellers}
    assert max(way.writes().values()) <= MOST_WRITES


def test_no_push_is_believed_about_an_end_while_the_tracking_api_knows_nothing(way: Way) -> None:
    way.settings(push_order="shuffled", push_hold_seconds=0.05)
    travellers = way.send_off()
    way.hide([parcel for traveller in travellers for parcel in traveller.parcels])

    way.let_pass(travellers, [28, 40, 190], then=lambda: way.take_in_pushes(travellers))

    assert way.believed(travellers) == set()
    assert way.claimed(travellers) == {
        traveller.script["name"] for traveller in travellers if ends_somewhere(traveller)
    }

    way.hide([parcel for traveller in travellers for parcel in traveller.parcels], is_hidden=False)
    way.look_now(*(traveller.delivery for traveller in travellers))

    assert way.found(travellers) == truths(travellers)
    assert way.paths(travellers) == {traveller.script["name"]: traveller.path for traveller in travellers}
    assert max(way.writes().values()) <= MOST_WRITES
