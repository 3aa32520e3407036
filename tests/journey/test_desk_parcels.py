"""Single parcels of a shipment are voided from the desk: once, whatever gets in between."""

import pytest
from django.utils import timezone

from audit.models import Event
from syncjobs import ticks
from syncjobs.actions import doing
from syncjobs.actions.rules import NotAllowed
from syncjobs.models import Parcel, SyncJob
from syncjobs.personal import closing
from tenants.context import tenant_context
from tests.journey.conftest import Journey
from tests.journey.test_actions import ACTOR, REFUSED, S, act, numbers, ship_two_parcels

pytestmark = pytest.mark.slow


def test_one_parcel_is_voided_and_the_others_go_on(journey: Journey) -> None:
    entry_id, delivery = ship_two_parcels(journey)
    first, second = numbers(journey, delivery)

    act(doing.void_parcels, journey, delivery, numbers=[first])

    assert numbers(journey, delivery) == [second]
    stands = journey.company.delivery(entry_id)
    assert (stands["TrackingNumber"], stands["Remarks"] or "") == (second, "")
    assert (journey.refreshed(delivery).state, journey.refreshed(delivery).milestone) == (S.REPORTED, "label_created")
    assert len(journey.ups.calls("void")) == 1
    with pytest.raises(NotAllowed, match="one parcel only"):
        act(doing.void_parcels, journey, delivery, numbers=[second])


def test_a_parcel_that_ups_does_not_void_stays_good(journey: Journey) -> None:
    _, delivery = ship_two_parcels(journey)
    first, second = numbers(journey, delivery)
    journey.ups.control("POST", "faults", REFUSED)

    act(doing.void_parcels, journey, delivery, numbers=[second])

    assert numbers(journey, delivery) == [first, second]
    with tenant_context(journey.tenant.id):
        assert "190101" in Parcel.objects.get(tracking_number=second).void_refusal


def test_a_void_of_a_parcel_whose_job_was_lost_is_asked_of_ups_by_the_clock(journey: Journey) -> None:
    _, delivery = ship_two_parcels(journey)
    first, second = numbers(journey, delivery)
    tenant_id, at = journey.tenant.id, timezone.now()
    doing.void_parcels(actor=ACTOR, tenant_id=tenant_id, delivery_code=delivery.code, numbers=[first], at=at)
    with tenant_context(tenant_id):
        SyncJob.objects.filter(subject=delivery.code, kind=SyncJob.Kind.VOID).update(state=SyncJob.State.DEAD)
    journey.work()
    assert journey.ups.calls("void") == []

    assert [ticks.turn_due().get("void"), ticks.turn_due().get("void")] == [1, None]
    journey.work()

    assert (numbers(journey, delivery), len(journey.ups.calls("void"))) == ([second], 1)
    assert ticks.turn_due().get("void") is None


def test_a_parcel_that_is_to_be_voided_is_voided_although_the_company_was_closed(journey: Journey) -> None:
    _, delivery = ship_two_parcels(journey)
    first, second = numbers(journey, delivery)
    tenant_id, at = journey.tenant.id, timezone.now()
    doing.void_parcels(actor=ACTOR, tenant_id=tenant_id, delivery_code=delivery.code, numbers=[first], at=at)
    closing.close(actor=ACTOR, tenant_id=tenant_id, needs_no_copy=True, at=at)

    journey.work()
    journey.make_due()
    journey.work()

    assert (numbers(journey, delivery), len(journey.ups.calls("void"))) == ([second], 1)
    with tenant_context(tenant_id):
        assert Event.objects.filter(details__what="everything erased").exists()
