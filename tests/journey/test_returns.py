"""Goods that come back: a label at the price that was shown, bought once, followed home, and nothing said to Exact."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from syncjobs import queue
from syncjobs.actions import returns
from syncjobs.actions.return_plans import Chosen
from syncjobs.actions.rules import NotAllowed
from syncjobs.labels.files import content_of
from syncjobs.models import Attempt, Delivery, Label, Parcel, PartyAddress, Preview, Shipment, SyncJob
from syncjobs.replay import run_again
from tenants.context import tenant_context
from tests.journey.test_doubts import later, states, trouble
from tests.journey.way import HEAVY_KG, Way, way
from tests.syncjobs.threads import at_once

__all__ = ["way"]

pytestmark = [pytest.mark.database, pytest.mark.slow]


def sent_out(way: Way, *, parcels: int = 1) -> tuple[str, Delivery]:
    """A delivery that was delivered and closed."""
    lines: dict[str, Any] = {}
    if parcels > 1:
        item = way.journey.company.item_with_weight()
        way.journey.company.change("logistics/Items", item["id"], GrossWeight=HEAVY_KG)
        lines["lines"] = [{"item_id": item["id"], "quantity": parcels}]
    entry_id, delivery = way.ship(**lines)
    for parcel in way.parcels(delivery):
        way.travel(parcel, "normal")
    way.advance(40)
    for parcel in way.parcels(delivery):
        way.await_pushes(parcel, 9)
    way.take_in()
    return entry_id, way.journey.refreshed(delivery)


def chosen(way: Way, delivery: Delivery, *, weight: str = "1.5") -> list[Chosen]:
    """Its first parcel, as heavy as it comes back."""
    return [Chosen(number=way.parcels(delivery)[0].tracking_number, weight=Decimal(weight))]


def priced(way: Way, delivery: Delivery, parcels: Sequence[Chosen]) -> Preview:
    """What a worker found that it would cost."""
    tenant_id = way.journey.tenant.id
    batch = returns.ask(
        actor="person", tenant_id=tenant_id, delivery_code=delivery.code, parcels=parcels, at=timezone.now()
    )
    way.journey.work()
    with tenant_context(tenant_id):
        return Preview.objects.get(batch=batch)


def order(way: Way, delivery: Delivery, parcels: Sequence[Chosen], preview_code: uuid.UUID) -> Delivery:
    """A person confirms."""
    return returns.make_return(
        actor="person",
        tenant_id=way.journey.tenant.id,
        delivery_code=delivery.code,
        parcels=parcels,
        preview_code=preview_code,
        at=timezone.now(),
    )


def ordered(way: Way, delivery: Delivery) -> Delivery:
    """The same from the choice on, before any worker has begun."""
    parcels = chosen(way, delivery)
    return order(way, delivery, parcels, priced(way, delivery, parcels).code)


def read_all(way: Way) -> int:
    """Let Exact be read where it told of our own writes; how many calls there were by then."""
    with tenant_context(way.journey.tenant.id):
        rest = SyncJob.objects.filter(state=SyncJob.State.DUE).exclude(kind=SyncJob.Kind.READ)
        ids = list(rest.values_list("pk", flat=True))
        SyncJob.objects.filter(pk__in=ids).update(due_at=timezone.now() + timedelta(hours=1))
    way.journey.work()
    with tenant_context(way.journey.tenant.id):
        SyncJob.objects.filter(pk__in=ids, kind=SyncJob.Kind.SHIP).update(due_at=timezone.now())
    return len(way.journey.exact_calls())


def made_at_ups(way: Way) -> int:
    return len(way.journey.shipments_at_ups())


def test_goods_come_back_to_the_warehouse_at_the_price_that_was_shown(way: Way) -> None:
    _, delivery = sent_out(way)
    told_exact = len(way.journey.exact_calls())
    parcels = chosen(way, delivery)
    preview = priced(way, delivery, parcels)

    back = order(way, delivery, parcels, preview.code)
    way.journey.work()
    way.subscribe()

    ready = way.journey.refreshed(back)
    with tenant_context(way.journey.tenant.id):
        shipment = Shipment.objects.select_related("attempt").get(delivery=back)
        label = Label.objects.get(parcel__shipment=shipment)
        customer = PartyAddress.objects.get(delivery=back)
    (there,) = [row for row in way.journey.shipments_at_ups() if row["number"] == shipment.ups_shipment_id]
    assert (ready.state, ready.return_of_id, ready.written_at) == (Delivery.State.REPORTED, delivery.pk, None)
    assert (content_of(label) or b"")[:4] == b"GIF8"
    assert preview.quoted_amount == shipment.attempt.quoted_amount == shipment.charge_amount
    assert there["receiver"] == "Voorbeeld Groothandel BV"
    assert customer.erased_at is None

    parcel = way.parcel(back)
    way.travel(parcel, "normal")
    way.advance(40)
    way.await_pushes(parcel, 9)
    way.take_in()

    ended = way.journey.refreshed(back)
    assert (ended.state, ended.milestone, ended.exact_document_id) == (Delivery.State.CLOSED, "delivered", None)
    assert way.journey.refreshed(delivery).state == Delivery.State.CLOSED
    assert len(way.journey.exact_calls()) == told_exact


def test_two_confirmations_of_one_price_buy_one_label(way: Way) -> None:
    _, delivery = sent_out(way)
    parcels = chosen(way, delivery)
    preview = priced(way, delivery, parcels)
    press = partial(order, way, delivery, parcels, preview.code)

    first, second = at_once(press, press)
    way.journey.work()
    third = press()
    way.journey.work()

    assert first.pk == second.pk == third.pk
    assert states(way.journey, first) == ["created"]
    assert made_at_ups(way) == 2


def test_what_was_not_priced_just_so_is_not_ordered(way: Way) -> None:
    _, delivery = sent_out(way)
    parcels = chosen(way, delivery)
    preview = priced(way, delivery, parcels)

    with pytest.raises(NotAllowed, match="no longer what the price was asked for"):
        order(way, delivery, chosen(way, delivery, weight="20"), preview.code)
    with pytest.raises(NotAllowed, match="too old"):
        order(way, delivery, parcels, uuid.uuid4())
    order(way, delivery, parcels, preview.code)
    with pytest.raises(NotAllowed, match="has a return label already"):
        priced(way, delivery, parcels)

    with tenant_context(way.journey.tenant.id):
        assert Delivery.objects.filter(return_of=delivery).count() == 1
        assert Attempt.objects.filter(delivery__return_of=delivery).count() == 1


def test_one_parcel_of_two_comes_back_and_the_other_may_follow(way: Way) -> None:
    _, delivery = sent_out(way, parcels=2)
    first, second = [Chosen(number=one.tracking_number, weight=one.weight) for one in way.parcels(delivery)]

    order(way, delivery, [first], priced(way, delivery, [first]).code)
    order(way, delivery, [second], priced(way, delivery, [second]).code)
    way.journey.work()

    with tenant_context(way.journey.tenant.id):
        backs = Delivery.objects.filter(return_of=delivery).order_by("pk")
        assert [back.facts["parcels"][0]["number"] for back in backs] == [first.number, second.number]
        assert Parcel.objects.filter(shipment__delivery__in=backs).count() == 2


def test_a_return_whose_answer_was_lost_is_found_at_ups_and_kept(way: Way) -> None:
    _, delivery = sent_out(way)
    back = ordered(way, delivery)
    trouble(way.journey, action="reset_after")

    way.journey.work()
    later(way.journey, 1, 5, 10)

    assert way.journey.refreshed(back).state == Delivery.State.REPORTED
    assert states(way.journey, back) == ["created"]
    assert made_at_ups(way) == 2


def test_a_return_that_never_reached_ups_is_planned_anew_without_exact(way: Way) -> None:
    _, delivery = sent_out(way)
    back = ordered(way, delivery)
    way.make_due(SyncJob.Kind.READ)
    told_exact = read_all(way)
    too_many = {"response": {"errors": [{"code": "10429", "message": "Too Many Requests"}]}}
    trouble(way.journey, action="status", status=429, body=too_many)

    way.journey.work()
    way.make_due(SyncJob.Kind.READ)
    way.journey.work()

    attempts = way.journey.attempts(back)
    assert [attempt.state for attempt in attempts] == ["not_sent", "created"]
    assert attempts[0].quoted_amount == attempts[1].quoted_amount is not None
    assert len({attempt.reference for attempt in attempts}) == 2
    assert len(way.journey.exact_calls()) == told_exact


def test_a_refused_return_waits_with_the_reason_and_is_not_asked_again_by_itself(way: Way) -> None:
    _, delivery = sent_out(way)
    back = ordered(way, delivery)
    refusal = {"response": {"errors": [{"code": "121210", "message": "Not available between these places."}]}}
    trouble(way.journey, action="status", status=400, body=refusal)

    way.journey.work()
    way.make_due(SyncJob.Kind.RECHECK)
    way.journey.work()

    held = way.journey.refreshed(back)
    assert (held.state, states(way.journey, back)) == (Delivery.State.HOLD, ["refused"])
    assert held.problems[0]["text"]

    run_again(actor="person", tenant_id=way.journey.tenant.id, delivery_code=back.code, at=timezone.now())
    way.journey.work()

    assert way.journey.refreshed(back).state == Delivery.State.REPORTED
    assert states(way.journey, back) == ["refused", "created"]


def test_a_return_is_left_alone_by_every_look_at_exact(way: Way) -> None:
    """The comparison and the nightly looks take deliveries by their state; a return has nothing there to compare."""
    _, delivery = sent_out(way)
    back = ordered(way, delivery)
    way.journey.work()
    with tenant_context(way.journey.tenant.id):
        for kind in (SyncJob.Kind.CHANGES, SyncJob.Kind.COMPARE, SyncJob.Kind.RECONCILE):
            queue.add(way.journey.tenant.id, kind, way.journey.connection.code, due_at=timezone.now())
        for kind in (SyncJob.Kind.READ, SyncJob.Kind.REPORT, SyncJob.Kind.STATUS, SyncJob.Kind.PROOF):
            queue.add(way.journey.tenant.id, kind, back.code, due_at=timezone.now())

    way.journey.work()

    with tenant_context(way.journey.tenant.id):
        jobs = SyncJob.objects.filter(subject__in=[back.code, way.journey.connection.code])
        assert not jobs.exclude(last_error="").exists()
        assert not jobs.filter(state=SyncJob.State.DEAD).exists()
    assert way.journey.refreshed(back).state == Delivery.State.REPORTED
