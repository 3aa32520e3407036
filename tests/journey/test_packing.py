"""What a person packs at the scan desk is what is shipped, once, and only while all else is what she saw."""

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from audit.models import Event
from syncjobs import packing
from syncjobs.models import Delivery
from syncjobs.packing import NotPacked, PackedParcel, Seen
from syncjobs.replay import run_again
from syncjobs.steps import decide, planning
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.journey.conftest import Journey
from tests.journey.test_going_live import approve, codes, switch
from tests.syncjobs.threads import at_once

pytestmark = pytest.mark.slow
Mode = Tenant.ShippingMode
S = Delivery.State
ACTOR = "user:somebody"
BOX = PackedParcel(weight=Decimal("3.4"), sides=(40, 30, 20))


def seen(journey: Journey, delivery: Delivery) -> Seen:
    """What the desk shows of it now."""
    row = journey.refreshed(delivery)
    to_pack = packing.to_pack_of(row)
    assert to_pack is not None
    return Seen(content=to_pack.content, packed_at=row.packed_at)


def pack(journey: Journey, delivery: Delivery, *parcels: PackedParcel, saw: Seen | None = None) -> None:
    packing.pack(
        actor=ACTOR,
        tenant_id=journey.tenant.id,
        delivery_code=delivery.code,
        parcels=parcels or [BOX],
        seen=saw or seen(journey, delivery),
        at=timezone.now(),
    )


def weights_at_ups(journey: Journey) -> list[list[str]]:
    """Of each shipment, its parcels' weights as UPS was told."""
    return [[parcel["weight"].partition(" ")[0] for parcel in each["parcels"]] for each in journey.shipments_at_ups()]


@pytest.fixture
def waiting(journey: Journey) -> Delivery:
    """A delivery that waits for approval."""
    switch(journey, Mode.APPROVAL)
    _, delivery = journey.ship()
    assert codes(delivery) == ["approval"]
    return delivery


@pytest.fixture
def weightless(journey: Journey) -> Delivery:
    """A delivery of an item that has no weight in Exact, where all is shipped by itself."""
    item = journey.company.item_without_weight()
    _, delivery = journey.ship(lines=[{"item_id": item["id"], "quantity": 1}])
    assert codes(delivery) == ["item_weight_missing"]
    return delivery


def test_packing_approves_and_ships_what_was_weighed(journey: Journey, waiting: Delivery) -> None:
    pack(journey, waiting, BOX, PackedParcel(weight=Decimal("1.25")))
    journey.work()

    shipped = journey.refreshed(waiting)
    assert shipped.state == S.REPORTED
    assert weights_at_ups(journey) == [["3.4", "1.3"]]
    (attempt,) = journey.attempts(shipped)
    assert shipped.approved_content == attempt.request_hash
    with tenant_context(journey.tenant.id):
        asked = Event.objects.filter(kind=Event.Kind.ASKED, subject=waiting.code).latest("pk")
    assert asked.details["what"] == "packed"


def test_what_was_weighed_stands_above_items_without_weight(journey: Journey, weightless: Delivery) -> None:
    pack(journey, weightless)
    journey.work()

    assert journey.refreshed(weightless).state == S.REPORTED
    assert weights_at_ups(journey) == [["3.4"]]


def test_what_changed_after_it_was_packed_is_shown_again_and_not_shipped(journey: Journey, waiting: Delivery) -> None:
    saw = seen(journey, waiting)
    pack(journey, waiting, saw=saw)
    booked = journey.company.delivery(str(waiting.exact_key))
    journey.company.change("crm/Addresses", booked["DeliveryAddress"], AddressLine1="Nieuwe Kade 9")
    journey.work()

    held = journey.refreshed(waiting)
    assert (held.state, codes(held)) == (S.HOLD, [packing.CHANGED])
    assert journey.shipments_at_ups() == []
    with pytest.raises(NotPacked):
        pack(journey, held, saw=Seen(content=saw.content, packed_at=held.packed_at))
    pack(journey, held)
    journey.work()
    assert journey.refreshed(held).state == S.REPORTED
    assert weights_at_ups(journey) == [["3.4"]]


def test_a_parcel_that_ups_would_refuse_is_refused_and_nothing_is_asked(journey: Journey, waiting: Delivery) -> None:
    before = journey.refreshed(waiting)

    with pytest.raises(NotPacked, match="70 kg"):
        pack(journey, waiting, PackedParcel(weight=Decimal("70.01")))

    assert journey.refreshed(waiting).packing is None
    assert journey.refreshed(waiting).asked_again_at == before.asked_again_at


def test_nothing_is_packed_while_the_company_pauses(journey: Journey, waiting: Delivery) -> None:
    with tenant_context(journey.tenant.id):
        Tenant.objects.filter(pk=journey.tenant.pk).update(paused_at=timezone.now())

    with pytest.raises(NotPacked, match="paused"):
        pack(journey, waiting)

    assert journey.refreshed(waiting).packing is None


def test_a_delivery_of_another_company_is_none(journey: Journey, waiting: Delivery) -> None:
    saw = seen(journey, waiting)

    with pytest.raises(Delivery.DoesNotExist):
        packing.pack(
            actor=ACTOR, tenant_id=uuid.uuid4(), delivery_code=waiting.code, parcels=[BOX], seen=saw, at=timezone.now()
        )

    assert journey.refreshed(waiting).packing is None


def test_two_desks_and_an_approval_at_once_are_one_shipment(journey: Journey, waiting: Delivery) -> None:
    saw = seen(journey, waiting)
    other = PackedParcel(weight=Decimal(9))

    def attempt(*parcels: PackedParcel) -> Callable[[], Any]:
        def go() -> str:
            try:
                pack(journey, waiting, *parcels, saw=saw)
            except NotPacked as refused:
                return str(refused)
            return ""

        return go

    answers = at_once(attempt(BOX), attempt(other), attempt(BOX), lambda: str(approve(journey, waiting)))
    journey.work()

    assert [answers[:3].count(""), len(journey.shipments_at_ups())] == [1, 1]
    won = answers[:3].index("")
    assert weights_at_ups(journey) == [["9" if won == 1 else "3.4"]]


def test_packing_while_the_delivery_is_being_read_is_not_lost(
    journey: Journey, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that read the row before it was packed must not decide by what it read."""
    planned, saw = planning.plan, seen(journey, waiting)

    def plan_slowly(*args: Any, **words: Any) -> Any:
        monkeypatch.setattr(decide, "plan", planned)
        pack(journey, waiting, saw=saw)
        return planned(*args, **words)

    monkeypatch.setattr(decide, "plan", plan_slowly)
    run_again(actor=ACTOR, tenant_id=journey.tenant.id, delivery_code=waiting.code, at=timezone.now())
    journey.work()
    journey.make_due()
    journey.work()

    assert journey.refreshed(waiting).state == S.REPORTED
    assert weights_at_ups(journey) == [["3.4"]]
