"""From the label to the closed delivery: the news of UPS, and what is written to Exact because of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from syncjobs.models import Delivery, SyncJob
from syncjobs.steps import status, writing
from tenants.context import tenant_context
from tests.journey.way import Way, way

__all__ = ["way"]

pytestmark = pytest.mark.database


def test_a_delivered_parcel_closes_its_delivery_with_a_line_and_a_proof_in_exact(way: Way) -> None:
    entry_id, delivery = way.ship()
    parcel = way.parcels(delivery)[0]
    way.travel(parcel, "normal")
    way.advance(40)
    way.await_pushes(parcel, 9)

    way.take_in()

    ended = way.journey.refreshed(delivery)
    shown = way.in_exact(entry_id)
    assert (ended.state, ended.milestone) == (Delivery.State.CLOSED, "delivered")
    assert shown["TrackingNumber"] == parcel.tracking_number
    assert shown["Remarks"].startswith("[UPS] Delivered ")
    assert shown["Document"] == str(ended.exact_document_id)
    assert ended.proof_problem == ""


def test_the_proof_waits_for_a_milestone_that_another_worker_is_writing(way: Way) -> None:
    """Both write the same line: whichever came second would win, and the milestone is the older one."""
    entry_id, delivery = way.ship()
    parcel = way.parcels(delivery)[0]
    other = being_written(way, delivery)
    way.travel(parcel, "normal")
    way.advance(40)
    way.await_pushes(parcel, 9)

    way.take_in()

    assert way.journey.refreshed(delivery).state == Delivery.State.DELIVERED
    assert not way.in_exact(entry_id)["Remarks"]

    with tenant_context(way.journey.tenant.id):
        SyncJob.objects.filter(pk=other.pk).update(state=SyncJob.State.DONE)
    way.take_in()

    assert way.journey.refreshed(delivery).state == Delivery.State.CLOSED
    assert way.in_exact(entry_id)["Remarks"].startswith("[UPS] Delivered ")


def being_written(way: Way, delivery: Delivery) -> SyncJob:
    """A job that writes a milestone, as another worker holds it."""
    lease_until = timezone.now() + timedelta(minutes=2)
    with tenant_context(way.journey.tenant.id):
        return SyncJob.objects.create(
            tenant=way.journey.tenant,
            kind=SyncJob.Kind.STATUS,
            queue=SyncJob.Queue.TRACK,
            subject=delivery.code,
            state=SyncJob.State.RUNNING,
            due_at=lease_until,
            lease_until=lease_until,
        )


def test_news_that_comes_while_a_line_is_written_is_told_next(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trouble is over while Exact is still being told of it: what stands there at last says so."""
    entry_id, delivery = way.ship()
    parcel = way.parcels(delivery)[0]
    way.travel(parcel, "weather_delay")
    way.advance(20.2)
    way.await_pushes(parcel, 8)
    way.journey.work()

    def write_while_the_parcel_goes_on(*given: Any) -> writing.Written:
        written = writing.write(*given)
        with tenant_context(way.journey.tenant.id):
            Delivery.objects.filter(pk=delivery.pk).update(milestone="in_transit")
        return written

    monkeypatch.setattr(status, "write", write_while_the_parcel_goes_on)
    way.make_due(SyncJob.Kind.STATUS)
    way.journey.work()
    assert way.in_exact(entry_id)["Remarks"].startswith("[UPS] Delivery exception ")
    way.make_due(SyncJob.Kind.STATUS)
    way.journey.work()

    assert way.in_exact(entry_id)["Remarks"].startswith("[UPS] In transit ")
