"""What a person does with a delivery from the desk: done once, told truly in Exact, and nothing paid unseen."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.utils import timezone

from audit.models import Event
from syncjobs.actions import doing, previewing
from syncjobs.actions.doing import Then
from syncjobs.actions.previewing import Outcome, PreviewShown
from syncjobs.actions.rules import NotAllowed
from syncjobs.models import Attempt, Delivery, Parcel, Preview, Shipment
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.journey.conftest import Journey
from tests.journey.filing import files_at
from tests.journey.test_doubts import ship_calls, states
from tests.journey.way import HEAVY_KG, Way, way
from tests.syncjobs.threads import at_once

__all__ = ["way"]
pytestmark = pytest.mark.slow
S = Delivery.State
ACTOR = "user:operator"
REFUSED = {
    "operation": "void",
    "action": "status",
    "status": 400,
    "times": 1,
    "body": {"response": {"errors": [{"code": "190101", "message": "Time for voiding has expired"}]}},
}


def act(action: Callable[..., None], journey: Journey, delivery: Delivery, **more: object) -> None:
    """Ask for it as a page does, and let workers work."""
    action(actor=ACTOR, tenant_id=journey.tenant.id, delivery_code=delivery.code, at=timezone.now(), **more)
    journey.work()


def ship_two_parcels(journey: Journey) -> tuple[str, Delivery]:
    item = journey.company.item_with_weight()
    journey.company.change("logistics/Items", item["id"], GrossWeight=HEAVY_KG)
    return journey.ship(lines=[{"item_id": item["id"], "quantity": 2}])


def numbers(journey: Journey, delivery: Delivery) -> list[str]:
    """Of the parcels that still count."""
    with tenant_context(journey.tenant.id):
        rows = Parcel.objects.filter(shipment__delivery=delivery, shipment__voided_at=None, voided_at=None)
        return list(rows.order_by("shipment_id", "position").values_list("tracking_number", flat=True))


def live_at_ups(journey: Journey) -> list[str]:
    return [row["number"] for row in journey.shipments_at_ups() if not row["voided"]]


def look(journey: Journey, delivery: Delivery, action: Preview.Action) -> PreviewShown:
    """Asked for as the button does, done by a worker."""
    batch = previewing.ask(
        actor=ACTOR, tenant_id=journey.tenant.id, delivery_codes=[delivery.code], action=action, at=timezone.now()
    )
    journey.work()
    with tenant_context(journey.tenant.id):
        (shown,) = previewing.shown(journey.tenant.id, batch, at=timezone.now())
    return shown


def what_was_asked(journey: Journey, delivery: Delivery) -> list[str]:
    with tenant_context(journey.tenant.id):
        rows = Event.objects.for_subject(delivery.code).filter(kind=Event.Kind.ASKED)
        return [row.details["what"] for row in rows.order_by("pk")]


def test_voiding_and_shipping_nothing_takes_what_is_ours_out_of_exact_and_leaves_the_rest(journey: Journey) -> None:
    entry_id, delivery = ship_two_parcels(journey)
    with_line = journey.company.delivery(entry_id)["Remarks"]
    assert with_line.startswith("[UPS] 2 ")
    journey.company.change("salesorder/GoodsDeliveries", entry_id, Remarks=f"Ring twice\n{with_line}")
    journey.work()

    act(doing.void, journey, delivery, then=Then.CANCEL, reason="Ordered twice.")

    stands = journey.company.delivery(entry_id)
    assert journey.refreshed(delivery).state == S.CANCELLED
    assert (stands["TrackingNumber"] or "", stands["Remarks"]) == ("", "Ring twice")
    assert (live_at_ups(journey), ship_calls(journey)) == ([], 1)
    assert what_was_asked(journey, delivery) == ["void"]


def test_a_number_of_somebody_else_stays_in_exact_after_a_void(journey: Journey) -> None:
    entry_id, delivery = journey.ship()
    journey.company.change("salesorder/GoodsDeliveries", entry_id, TrackingNumber="3SABCD000000001")

    act(doing.void, journey, delivery, then=Then.CANCEL)

    assert journey.company.delivery(entry_id)["TrackingNumber"] == "3SABCD000000001"
    assert journey.refreshed(delivery).state == S.CANCELLED


def test_voiding_and_shipping_again_replaces_the_number(journey: Journey) -> None:
    entry_id, delivery = journey.ship()
    (before,) = numbers(journey, delivery)

    act(doing.void, journey, delivery, then=Then.AGAIN)

    (after,) = numbers(journey, delivery)
    assert after != before
    assert journey.company.delivery(entry_id)["TrackingNumber"] == after
    assert (journey.refreshed(delivery).state, live_at_ups(journey)) == (S.REPORTED, [after])


def test_a_refused_void_leaves_everything_as_it_was_and_says_what_ups_said(journey: Journey) -> None:
    entry_id, delivery = journey.ship()
    (number,) = numbers(journey, delivery)
    journey.ups.control("POST", "faults", REFUSED)

    act(doing.void, journey, delivery, then=Then.CANCEL)

    (attempt,) = journey.attempts(delivery)
    now = journey.refreshed(delivery)
    assert (attempt.state, attempt.review_reason, now.state, now.problems) == ("created", "", S.REPORTED, [])
    assert "190101" in attempt.evidence["void_refusal"]
    assert journey.company.delivery(entry_id)["TrackingNumber"] == number
    act(doing.void, journey, delivery, then=Then.CANCEL)
    assert journey.refreshed(delivery).state == S.CANCELLED


def test_what_ups_has_scanned_is_not_voided(journey: Journey) -> None:
    _, delivery = journey.ship()
    with tenant_context(journey.tenant.id):
        Parcel.objects.update(milestone=Parcel.Milestone.PICKED_UP)

    with pytest.raises(NotAllowed, match="scanned"):
        act(doing.void, journey, delivery, then=Then.CANCEL)

    assert states(journey, delivery) == [Attempt.State.CREATED]
    assert journey.ups.calls("void") == []


def test_what_a_person_stopped_waits_for_a_person(journey: Journey) -> None:
    delivery = journey.notified(entry_id := journey.company.book())
    act(doing.hold, journey, delivery)
    journey.make_due()
    journey.company.change("salesorder/GoodsDeliveries", entry_id, Remarks="changed meanwhile")
    journey.work()
    assert (journey.refreshed(delivery).state, ship_calls(journey)) == (S.HOLD, 0)

    act(doing.release, journey, delivery)

    assert (journey.refreshed(delivery).state, ship_calls(journey)) == (S.REPORTED, 1)


def test_what_was_cancelled_is_never_shipped_by_itself(journey: Journey) -> None:
    delivery = journey.notified(entry_id := journey.company.book())
    act(doing.cancel, journey, delivery)

    journey.company.change("salesorder/GoodsDeliveries", entry_id, Remarks="changed meanwhile")
    journey.work()

    assert (journey.refreshed(delivery).state, ship_calls(journey)) == (S.CANCELLED, 0)
    assert journey.refreshed(delivery).problems[0]["code"] == "cancelled_by_person"


def test_a_look_makes_nothing_and_its_price_is_kept_with_what_is_shipped(journey: Journey) -> None:
    entry_id, delivery = journey.ship()
    (first,) = numbers(journey, delivery)
    shown = look(journey, delivery, Preview.Action.SHIP_AGAIN)
    assert shown.look is not None
    assert (shown.look.outcome, shown.is_good, ship_calls(journey)) == (Outcome.SHIP, True, 1)
    assert shown.look.price is not None

    act(doing.ship_again, journey, delivery, preview_code=shown.preview.code)

    assert ship_calls(journey) == 2
    first_again, second = numbers(journey, delivery)
    assert first_again == first
    stands = journey.company.delivery(entry_id)
    assert stands["TrackingNumber"] == second
    assert {first, second} <= set(stands["Remarks"].split())
    attempt = journey.attempts(delivery)[-1]
    assert (attempt.quoted_amount, attempt.shipment_no) == (Decimal(shown.look.price), 2)
    assert journey.refreshed(delivery).state == S.REPORTED


@pytest.mark.parametrize("minutes", [0, 11])
def test_a_look_is_good_for_one_shipment_and_ten_minutes(journey: Journey, minutes: int) -> None:
    _, delivery = journey.ship()
    shown = look(journey, delivery, Preview.Action.SHIP_AGAIN)
    other = look(journey, delivery, Preview.Action.SHIP_AGAIN)
    if minutes:
        with tenant_context(journey.tenant.id):
            Preview.objects.update(finished_at=timezone.now() - timedelta(minutes=minutes))
    else:
        act(doing.ship_again, journey, delivery, preview_code=shown.preview.code)
    before = ship_calls(journey)

    for preview in (shown.preview, other.preview):
        with pytest.raises(NotAllowed, match="ten minutes"):
            act(doing.ship_again, journey, delivery, preview_code=preview.code)

    assert ship_calls(journey) == before == (1 if minutes else 2)


def test_two_who_confirm_at_once_pay_once(journey: Journey) -> None:
    _, delivery = journey.ship()
    codes = [look(journey, delivery, Preview.Action.SHIP_AGAIN).preview.code for _ in range(2)]

    def confirm(code: uuid.UUID) -> str:
        try:
            doing.ship_again(
                actor=ACTOR,
                tenant_id=journey.tenant.id,
                delivery_code=delivery.code,
                preview_code=code,
                at=timezone.now(),
            )
        except NotAllowed:
            return "refused"
        return "made"

    told = at_once(*(partial(confirm, code) for code in (*codes, *codes)))
    journey.work()

    assert sorted(told) == ["made", "refused", "refused", "refused"]
    assert ship_calls(journey) == 2


def test_what_changed_after_the_look_is_not_bought_but_shown(journey: Journey) -> None:
    _, delivery = journey.ship()
    shown = look(journey, delivery, Preview.Action.SHIP_AGAIN)
    item = journey.company.item_with_weight()
    journey.company.change("logistics/Items", item["id"], GrossWeight=HEAVY_KG)

    act(doing.ship_again, journey, delivery, preview_code=shown.preview.code)

    held = journey.refreshed(delivery)
    assert (held.state, held.problems[0]["code"], ship_calls(journey)) == (S.HOLD, "approval", 1)
    act(doing.cancel, journey, delivery)
    assert (journey.refreshed(delivery).state, journey.refreshed(delivery).shipment_no) == (S.REPORTED, 1)
    assert (ship_calls(journey), len(live_at_ups(journey))) == (1, 1)


def test_voiding_the_further_shipment_leaves_the_first_one_in_exact(journey: Journey) -> None:
    entry_id, delivery = journey.ship()
    (first,) = numbers(journey, delivery)
    shown = look(journey, delivery, Preview.Action.SHIP_AGAIN)
    act(doing.ship_again, journey, delivery, preview_code=shown.preview.code)

    act(doing.void, journey, delivery, then=Then.CANCEL)

    assert numbers(journey, delivery) == [first]
    stands = journey.company.delivery(entry_id)
    assert (stands["TrackingNumber"], stands["Remarks"] or "") == (first, "")
    assert (journey.refreshed(delivery).state, journey.refreshed(delivery).shipment_no) == (S.REPORTED, 1)


def test_a_look_at_what_stopped_says_what_would_stop_it_again_or_what_it_would_cost(journey: Journey) -> None:
    item = journey.company.item_with_weight()
    journey.company.change("logistics/Items", item["id"], GrossWeight=0, NetWeight=0)
    _, delivery = journey.ship(lines=[{"item_id": item["id"], "quantity": 1}])
    assert journey.refreshed(delivery).state == S.HOLD
    stopped = look(journey, delivery, Preview.Action.REPLAY)
    assert stopped.look is not None
    assert (stopped.look.outcome, bool(stopped.look.problems)) == (Outcome.STOP, True)

    journey.company.change("logistics/Items", item["id"], GrossWeight=2)
    ready = look(journey, delivery, Preview.Action.REPLAY)

    assert ready.look is not None
    assert (ready.look.outcome, ready.look.price is not None, ship_calls(journey)) == (Outcome.SHIP, True, 0)
    assert journey.refreshed(delivery).state == S.HOLD


def test_where_each_shipment_is_approved_shipping_now_is_the_approval(journey: Journey) -> None:
    with tenant_context(journey.tenant.id):
        Tenant.objects.update(shipping_mode=Tenant.ShippingMode.APPROVAL)
    _, delivery = journey.ship()
    assert (journey.refreshed(delivery).state, ship_calls(journey)) == (S.HOLD, 0)

    act(doing.ship_now, journey, delivery, content=journey.refreshed(delivery).problems[0]["content"])

    with tenant_context(journey.tenant.id):
        assert Shipment.objects.filter(delivery=delivery).count() == 1
    assert (journey.refreshed(delivery).state, ship_calls(journey)) == (S.REPORTED, 1)


def test_a_void_that_is_not_answered_is_asked_for_again(way: Way) -> None:
    journey = way.journey
    _, delivery = journey.ship()
    journey.ups.control("POST", "faults", {"operation": "void", "action": "reset_after", "times": 1})

    act(doing.void, journey, delivery, then=Then.CANCEL)
    with tenant_context(journey.tenant.id):
        Attempt.objects.filter(delivery=delivery).update(due_at=timezone.now())
    journey.make_due()
    journey.work()

    assert journey.refreshed(delivery).state == S.CANCELLED


def test_goods_that_came_back_are_shipped_again_and_the_delivery_follows_the_new_parcel(way: Way) -> None:
    journey = way.journey
    (sent,) = way.send_off("returned", pushes="none")
    way.advance(400)
    way.look_now(sent.delivery)
    assert [row["code"] for row in journey.refreshed(sent.delivery).problems] == ["returned"]
    shown = look(journey, sent.delivery, Preview.Action.SHIP_AGAIN)

    act(doing.ship_again, journey, sent.delivery, preview_code=shown.preview.code)
    second = next(row for row in way.parcels(sent.delivery) if row.tracking_number != sent.parcels[0].tracking_number)
    assert (journey.refreshed(sent.delivery).state, ship_calls(journey)) == (S.REPORTED, 2)
    assert way.in_exact(sent.entry_id)["TrackingNumber"] == second.tracking_number
    way.travel(second, "normal")
    way.advance(400)
    way.look_now(sent.delivery)
    way.take_in()

    ended = journey.refreshed(sent.delivery)
    assert (ended.state, ended.milestone, ended.problems) == (S.CLOSED, "delivered", [])


def test_a_closed_delivery_is_shipped_again_and_its_new_proof_stands_beside_the_first(way: Way) -> None:
    journey = way.journey
    (sent,) = way.send_off("normal", pushes="none")
    way.advance(400)
    way.look_now(sent.delivery)
    way.take_in()
    first = journey.refreshed(sent.delivery)
    assert first.state == S.CLOSED
    shown = look(journey, sent.delivery, Preview.Action.SHIP_AGAIN)

    act(doing.ship_again, journey, sent.delivery, preview_code=shown.preview.code)
    second = next(row for row in way.parcels(sent.delivery) if row.tracking_number != sent.parcels[0].tracking_number)
    assert journey.refreshed(sent.delivery).milestone in ("", "label_created")
    way.travel(second, "normal")
    way.advance(400)
    way.look_now(sent.delivery)
    way.take_in()

    ended = journey.refreshed(sent.delivery)
    assert (ended.state, ended.proof_problem) == (S.CLOSED, "")
    assert ended.exact_document_id is not None
    assert {second.tracking_number in name for name in files_at(way, ended.exact_document_id)} == {False, True}
