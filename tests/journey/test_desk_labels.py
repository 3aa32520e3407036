"""A label comes out at one place, and only the one that the goods leave with."""

import pytest
from django.utils import timezone

from syncjobs import scanning
from syncjobs.actions import doing
from syncjobs.labels import batches, stations
from syncjobs.models import Delivery, Preview, PrintJob, Station
from tenants.context import tenant_context
from tests.journey.conftest import Journey
from tests.journey.test_actions import ACTOR, act, look, numbers

pytestmark = pytest.mark.slow


def test_a_label_waits_at_one_station_and_at_none_once_it_is_printed(journey: Journey) -> None:
    company = journey.tenant.id
    with tenant_context(company):
        first = Station.objects.create(tenant_id=company, name="A", takes_new=True)
        second = Station.objects.create(tenant_id=company, name="B")
    _, delivery = journey.ship()

    with tenant_context(company):
        labels = batches.labels_in_pick_order(company, [delivery.code])
        assert not batches.are_new(company, labels)
        assert stations.enqueue(company, labels, second, timezone.now()) == 1
        assert stations.enqueue(company, labels, second, timezone.now()) == 0
        assert [job.station_id for job in PrintJob.objects.filter(taken_at=None)] == [second.pk]
    taken = stations.take(actor=ACTOR, tenant_id=company, station_code=first.code, user_id=0, at=timezone.now())
    assert taken is None

    assert batches.hand_out(actor=ACTOR, tenant_id=company, labels=labels, at=timezone.now())

    with tenant_context(company):
        assert not PrintJob.objects.filter(taken_at=None).exists()
    assert not batches.hand_out(actor=ACTOR, tenant_id=company, labels=labels, at=timezone.now(), first=True)


def test_of_a_delivery_shipped_again_the_new_label_is_printed(journey: Journey) -> None:
    company = journey.tenant.id
    _, delivery = journey.ship()
    (older,) = numbers(journey, delivery)
    shown = look(journey, delivery, Preview.Action.SHIP_AGAIN)
    act(doing.ship_again, journey, delivery, preview_code=shown.preview.code)
    (newer,) = set(numbers(journey, delivery)) - {older}

    with tenant_context(company):
        labels = batches.labels_in_pick_order(company, [delivery.code])
        every = batches.labels_in_pick_order(company, [delivery.code], with_earlier=True)
        at_desk = scanning.labels_of(Delivery.objects.get(pk=delivery.pk))
    assert [label.parcel.tracking_number for label in labels] == [newer]
    assert [label.parcel.tracking_number for label in at_desk] == [newer]
    assert [label.parcel.tracking_number for label in every] == [older, newer]

    batches.hand_out(actor=ACTOR, tenant_id=company, labels=labels, at=timezone.now())
    assert journey.refreshed(delivery).printed_at is not None
