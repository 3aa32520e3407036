"""Nothing is bought at the desk at a price, or with a content, that nobody confirmed."""

import pytest
from django.utils import timezone

from audit.models import Event
from syncjobs import packing
from syncjobs.actions import doing
from syncjobs.actions.doing import Then
from syncjobs.actions.previewing import Outcome
from syncjobs.actions.rules import NotAllowed
from syncjobs.models import Delivery, Preview
from syncjobs.replay import run_again
from syncjobs.setup import going_live
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.journey.conftest import Journey
from tests.journey.test_actions import ACTOR, act, live_at_ups, look
from tests.journey.test_doubts import ship_calls, states, trouble
from tests.journey.test_returns import ordered, sent_out
from tests.journey.way import HEAVY_KG, Way, way
from ups.models import Account

__all__ = ["way"]
pytestmark = pytest.mark.slow
S = Delivery.State


def test_a_return_that_changed_is_not_ordered_by_checking_again(way: Way) -> None:
    journey = way.journey
    back = ordered(way, sent_out(way)[1])
    refusal = {"response": {"errors": [{"code": "121210", "message": "Not available between these places."}]}}
    trouble(journey, action="status", status=400, body=refusal)
    journey.work()
    with tenant_context(journey.tenant.id):
        city = Account.objects.get(pk=journey.account.pk).city
        Account.objects.filter(pk=journey.account.pk).update(city="Groningen")

    shown = look(journey, journey.refreshed(back), Preview.Action.REPLAY)
    run_again(actor="person", tenant_id=journey.tenant.id, delivery_code=back.code, at=timezone.now())
    journey.work()

    assert shown.look is not None
    assert (shown.look.outcome, shown.look.price is not None) == (Outcome.STOP, True)
    held = journey.refreshed(back)
    assert (held.state, held.problems[0]["code"], states(journey, back)) == (S.HOLD, "return_changed", ["refused"])

    with tenant_context(journey.tenant.id):
        Account.objects.filter(pk=journey.account.pk).update(city=city)
    run_again(actor="person", tenant_id=journey.tenant.id, delivery_code=back.code, at=timezone.now())
    journey.work()

    assert (journey.refreshed(back).state, states(journey, back)) == (S.REPORTED, ["refused", "created"])


def make_heavier(journey: Journey) -> None:
    """What a shipment holds, and so what it costs, is another one from now on."""
    item = journey.company.item_with_weight()
    journey.company.change("logistics/Items", item["id"], GrossWeight=HEAVY_KG)


def test_a_further_shipment_that_changed_is_bought_after_another_look_alone(journey: Journey) -> None:
    _, delivery = journey.ship()
    shown = look(journey, delivery, Preview.Action.SHIP_AGAIN)
    make_heavier(journey)
    act(doing.ship_again, journey, delivery, preview_code=shown.preview.code)
    held = journey.refreshed(delivery)
    content = held.problems[0]["content"]
    assert (held.state, held.shipment_no) == (S.HOLD, 2)

    with pytest.raises(NotAllowed, match="price first"):
        act(doing.ship_now, journey, delivery, content=content)
    approved = going_live.approve(
        actor=ACTOR, tenant_id=journey.tenant.id, chosen={delivery.code: content}, at=timezone.now()
    )
    journey.work()
    assert (approved.count, approved.unpriced, "price first" in packing.why_not(held)) == (0, 1, True)
    assert ship_calls(journey) == 1

    again = look(journey, delivery, Preview.Action.SHIP_AGAIN)
    act(doing.ship_again, journey, delivery, preview_code=again.preview.code)
    assert (ship_calls(journey), journey.refreshed(delivery).state) == (2, S.REPORTED)


def test_shipping_now_approves_only_what_was_seen(journey: Journey) -> None:
    with tenant_context(journey.tenant.id):
        Tenant.objects.update(shipping_mode=Tenant.ShippingMode.APPROVAL)
    _, delivery = journey.ship()
    seen = journey.refreshed(delivery).problems[0]["content"]
    make_heavier(journey)
    run_again(actor="other", tenant_id=journey.tenant.id, delivery_code=delivery.code, at=timezone.now())
    journey.work()

    for content in ("", seen):
        with pytest.raises(NotAllowed):
            act(doing.ship_now, journey, delivery, content=content)

    assert (ship_calls(journey), journey.refreshed(delivery).state) == (0, S.HOLD)


def test_a_look_from_before_a_void_is_not_confirmed(journey: Journey) -> None:
    _, delivery = journey.ship()
    shown = look(journey, delivery, Preview.Action.SHIP_AGAIN)
    act(doing.void, journey, delivery, then=Then.AGAIN)

    with pytest.raises(NotAllowed, match="shipped or voided since"):
        act(doing.ship_again, journey, delivery, preview_code=shown.preview.code)

    assert (ship_calls(journey), len(live_at_ups(journey))) == (2, 1)


def test_without_a_price_a_person_says_that_she_ships_all_the_same(journey: Journey) -> None:
    _, delivery = journey.ship()
    body = {"response": {"errors": [{"code": "111210", "message": "No rate."}]}}
    fault = {"path_regex": "/rating/", "action": "status", "status": 400, "times": 1, "body": body}
    journey.ups.control("POST", "faults", fault)
    code = look(journey, delivery, Preview.Action.SHIP_AGAIN).preview.code

    with pytest.raises(NotAllowed, match="no price"):
        act(doing.ship_again, journey, delivery, preview_code=code)
    assert ship_calls(journey) == 1
    act(doing.ship_again, journey, delivery, preview_code=code, without_price=True)

    assert ship_calls(journey) == 2
    with tenant_context(journey.tenant.id):
        asked = Event.objects.for_subject(delivery.code).filter(kind=Event.Kind.ASKED, details__what="ship again")
        assert [row.details["without_price"] for row in asked] == [True]


def test_void_and_ship_again_buys_the_same_and_nothing_else(journey: Journey) -> None:
    _, delivery = journey.ship()
    make_heavier(journey)

    act(doing.void, journey, delivery, then=Then.AGAIN)

    held = journey.refreshed(delivery)
    assert (held.state, held.problems[0]["code"], ship_calls(journey)) == (S.HOLD, going_live.APPROVAL, 1)
    run_again(actor=ACTOR, tenant_id=journey.tenant.id, delivery_code=delivery.code, at=timezone.now())
    journey.work()
    assert (journey.refreshed(delivery).state, ship_calls(journey)) == (S.HOLD, 1)

    act(doing.ship_now, journey, delivery, content=held.problems[0]["content"])
    assert (journey.refreshed(delivery).state, ship_calls(journey)) == (S.REPORTED, 2)
