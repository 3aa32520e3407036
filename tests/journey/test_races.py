"""Several workers, people and notifications at once: one shipment each, nothing written over, no label lost."""

import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from audit.chain import verify
from syncjobs import engine, queue
from syncjobs.models import Attempt, Delivery, Label, Parcel, Receipt, Shipment, ShippingRule, SyncJob
from syncjobs.steps import report, rewriting
from syncjobs.tracking.progress import lock
from tenants.context import tenant_context
from tests.factories import make_tenant
from tests.journey.conftest import Journey, connect, make_account, wait_for
from tests.standins import Company
from tests.syncjobs.threads import at_once

pytestmark = pytest.mark.slow

ALL_QUEUES = list(SyncJob.Queue)
STALL_SECONDS = 2.5
END_SECONDS = 20


def labels(journey: Journey, delivery: Delivery) -> int:
    """How many labels we keep of a delivery."""
    with tenant_context(journey.tenant.id):
        return Label.objects.filter(parcel__shipment__delivery=delivery).count()


def is_sending(journey: Journey, delivery: Delivery) -> bool:
    """Whether the ship call is on its way."""
    return [attempt.state for attempt in journey.attempts(delivery)] == [Attempt.State.SENDING]


@contextmanager
def while_it_is_sent(journey: Journey, delivery: Delivery) -> Iterator[Future[int]]:
    """Another worker waits for UPS, which has made the shipment and takes its time to say so."""
    fault = {"path_regex": "/ship$", "times": 1, "action": "stall_after", "seconds": STALL_SECONDS}
    journey.ups.control("POST", "faults", fault)
    with ThreadPoolExecutor(max_workers=1) as pool:
        other = pool.submit(work_alone)
        assert wait_for(lambda: is_sending(journey, delivery)), "nothing was sent"
        yield other
        other.result(timeout=END_SECONDS)


def work_alone() -> int:
    """A worker with a database connection of its own."""
    try:
        return engine.work(ALL_QUEUES)
    finally:
        connections.close_all()


def ask_to_read(journey: Journey, entry_id: str, delivery: Delivery, **changed: object) -> None:
    """A person changes the delivery in Exact, and the notification of it is due at once."""
    before = receipts(journey)
    journey.company.change("salesorder/GoodsDeliveries", entry_id, **changed)
    assert wait_for(lambda: receipts(journey) > before), "Exact did not tell"
    with tenant_context(journey.tenant.id):
        waiting = SyncJob.objects.filter(subject=delivery.code, kind=SyncJob.Kind.READ, state=SyncJob.State.DUE)
        assert waiting.update(due_at=timezone.now()) == 1


def receipts(journey: Journey) -> int:
    """How many messages arrived."""
    with tenant_context(journey.tenant.id):
        return Receipt.objects.count()


def booked(journey: Journey) -> tuple[str, Delivery]:
    """A delivery that waits for its first read."""
    entry_id = journey.company.book()
    return entry_id, journey.notified(entry_id)


@pytest.mark.parametrize("status", [400, 403, 404, 503])
def test_a_read_that_is_refused_while_ups_is_at_work_costs_no_label(journey: Journey, status: int) -> None:
    entry_id, delivery = booked(journey)
    fault = {"path_regex": "GoodsDeliveries", "method": "GET", "times": None, "action": "status", "status": status}

    with while_it_is_sent(journey, delivery) as other:
        journey.company.exact.control("POST", "faults", fault)
        ask_to_read(journey, entry_id, delivery, Remarks="Ring twice")
        assert engine.work(ALL_QUEUES) == 1
        assert not other.done()
        assert journey.refreshed(delivery).state == Delivery.State.SHIPPING

    assert labels(journey, delivery) == 1
    assert [attempt.state for attempt in journey.attempts(delivery)] == [Attempt.State.CREATED]
    assert journey.refreshed(delivery).state in (Delivery.State.LABELLED, Delivery.State.REPORTED)
    journey.company.exact.control("DELETE", "faults")
    journey.make_due()
    journey.work()

    assert journey.refreshed(delivery).state == Delivery.State.REPORTED
    assert len(journey.shipments_at_ups()) == 1


@pytest.mark.parametrize(
    ("read", "beside"),
    [
        ({}, {"milestone": "picked_up", "remarks_line": "[UPS] up"}),
        ({"milestone": "picked_up"}, {}),
    ],
    ids=["a status was written", "a status is to be written anew"],
)
def test_what_became_of_the_status_while_the_number_was_written_is_not_passed_over(
    journey: Journey, monkeypatch: pytest.MonkeyPatch, read: dict[str, str], beside: dict[str, str]
) -> None:
    _, delivery = journey.ship()
    mine = Delivery.objects.filter(pk=delivery.pk)
    with tenant_context(journey.tenant.id):
        mine.update(state=Delivery.State.LABELLED, written=read, facts={})
        queue.add(journey.tenant.id, SyncJob.Kind.REPORT, delivery.code, due_at=timezone.now())
    is_locked = threading.Event()

    def other() -> None:
        with tenant_context(journey.tenant.id):
            lock(journey.tenant.id, delivery.code)
            mine.update(written=beside)
            is_locked.set()
            time.sleep(0.3)

    real = rewriting.put

    with ThreadPoolExecutor(max_workers=1) as pool:

        def put(*wanted: Any) -> int:
            writes = real(*wanted)
            pool.submit(partial(at_once, other))
            assert is_locked.wait(END_SECONDS)
            return writes

        monkeypatch.setattr(report, "put", put)
        journey.work()

    after = journey.refreshed(delivery)
    assert (after.state, after.written.pop("tracking_number") != "") == (Delivery.State.REPORTED, True)
    assert after.written == {name: text for name, text in beside.items() if name != "milestone"}
    with tenant_context(journey.tenant.id):
        assert SyncJob.objects.filter(subject=delivery.code, kind=SyncJob.Kind.STATUS).exists()


def test_a_change_in_exact_during_the_ship_call_is_read_and_buys_nothing_again(journey: Journey) -> None:
    entry_id, delivery = booked(journey)

    with while_it_is_sent(journey, delivery) as other:
        ask_to_read(journey, entry_id, delivery, Remarks="Ring twice")
        assert engine.work(ALL_QUEUES) == 1
        assert not other.done()
    journey.make_due()
    journey.work()

    (shipment,) = journey.shipments_at_ups()
    in_exact = journey.company.delivery(entry_id)
    assert journey.refreshed(delivery).state == Delivery.State.REPORTED
    assert (in_exact["TrackingNumber"], in_exact["Remarks"]) == (
        shipment["parcels"][0]["tracking_number"],
        "Ring twice",
    )


def test_a_number_entered_in_exact_during_the_ship_call_is_not_written_over(journey: Journey) -> None:
    entry_id, delivery = booked(journey)

    with while_it_is_sent(journey, delivery):
        before = receipts(journey)
        journey.company.change("salesorder/GoodsDeliveries", entry_id, TrackingNumber="3SFOREIGN")
        assert wait_for(lambda: receipts(journey) > before), "Exact did not tell"

    now = journey.refreshed(delivery)
    assert (now.state, [problem["code"] for problem in now.problems]) == ("hold", ["foreign_tracking_number"])
    assert journey.company.delivery(entry_id)["TrackingNumber"] == "3SFOREIGN"
    assert (labels(journey, delivery), journey.exact_calls("PUT")) == (1, [])


def test_a_delivery_deleted_during_the_ship_call_keeps_its_label_and_goes_to_a_person(journey: Journey) -> None:
    entry_id, delivery = booked(journey)

    with while_it_is_sent(journey, delivery):
        path = f"companies/{journey.company.division}/records/salesorder/GoodsDeliveries/{entry_id}"
        journey.company.exact.control("DELETE", path)
        assert wait_for(lambda: is_wanted(journey, delivery, SyncJob.Kind.GONE))
    journey.make_due()
    journey.work()
    journey.make_due()
    journey.work()

    now = journey.refreshed(delivery)
    assert (now.state, [problem["code"] for problem in now.problems]) == ("review", ["deleted_after_label"])
    assert labels(journey, delivery) == 1
    assert len(journey.shipments_at_ups()) == 1


def is_wanted(journey: Journey, delivery: Delivery, kind: SyncJob.Kind) -> bool:
    """Whether a job of this kind was asked for."""
    with tenant_context(journey.tenant.id):
        return SyncJob.objects.filter(subject=delivery.code, kind=kind).exists()


def test_an_answer_that_comes_after_its_shipment_was_found_changes_nothing(journey: Journey) -> None:
    _entry_id, delivery = booked(journey)

    with while_it_is_sent(journey, delivery):
        past = timezone.now() - timedelta(seconds=1)
        with tenant_context(journey.tenant.id):
            Attempt.objects.update(lease_until=past)
            SyncJob.objects.filter(kind=SyncJob.Kind.SHIP).update(lease_until=past, due_at=past)
        assert engine.work([SyncJob.Queue.SHIP]) > 0
        assert [attempt.state for attempt in journey.attempts(delivery)] == [Attempt.State.CREATED]
    journey.make_due()
    journey.work()

    assert [attempt.state for attempt in journey.attempts(delivery)] == [Attempt.State.CREATED]
    assert labels(journey, delivery) == 1
    assert journey.refreshed(delivery).state == Delivery.State.REPORTED
    assert len(journey.shipments_at_ups()) == 1


def test_two_workers_on_the_same_ten_deliveries_make_ten_shipments(journey: Journey) -> None:
    entry_ids = [journey.company.book() for _ in range(10)]
    deliveries = [journey.notified(entry_id) for entry_id in entry_ids]

    at_once(work_alone, work_alone)
    journey.work()

    made = {shipment["parcels"][0]["tracking_number"] for shipment in journey.shipments_at_ups()}
    in_exact = [journey.company.delivery(entry_id)["TrackingNumber"] for entry_id in entry_ids]
    assert (len(journey.shipments_at_ups()), len(made)) == (10, 10)
    assert sorted(in_exact) == sorted(made)
    assert {journey.refreshed(delivery).state for delivery in deliveries} == {Delivery.State.REPORTED}
    assert len(journey.ups.calls("ship")) == 10
    assert len(journey.exact_calls("PUT")) == 10
    with tenant_context(journey.tenant.id):
        assert verify(journey.tenant.id).broken_at is None


def another(journey: Journey) -> Journey:
    """A second customer, with another company in Exact and another account at UPS."""
    exact = journey.company.exact
    company = Company(exact=exact, facts=exact.control("POST", "companies", {"site": "nl"}))
    tenant = make_tenant("Ander Bedrijf BV")
    connection, account = connect(tenant, company), make_account(tenant, journey.ups)
    with tenant_context(tenant.id):
        ShippingRule.objects.create(
            tenant=tenant,
            connection=connection,
            exact_method_id=company.method("UPSSTD"),
            account=account,
            service_code="65",
        )
    return Journey(tenant=tenant, connection=connection, account=account, company=company, ups=journey.ups)


def test_two_customers_served_at_once_stay_apart(journey: Journey) -> None:
    other = another(journey)
    both = (journey, other)
    entries = {one.tenant.id: [one.company.book() for _ in range(4)] for one in both}
    for one in both:
        [one.notified(entry_id) for entry_id in entries[one.tenant.id]]

    at_once(work_alone, work_alone)
    [one.work() for one in both]

    for one, service in ((journey, "11"), (other, "65")):
        made = one.shipments_at_ups()
        numbers = sorted(shipment["parcels"][0]["tracking_number"] for shipment in made)
        in_exact = [one.company.delivery(entry_id)["TrackingNumber"] for entry_id in entries[one.tenant.id]]
        assert sorted(in_exact) == numbers
        assert sorted(kept_numbers(one)) == numbers
        assert kept_services(one) == [service] * 4
        assert len(set(numbers)) == 4


def kept_numbers(journey: Journey) -> list[str]:
    """The tracking numbers this tenant sees."""
    with tenant_context(journey.tenant.id):
        return list(Parcel.objects.values_list("tracking_number", flat=True))


def kept_services(journey: Journey) -> list[str]:
    """The UPS services this tenant's shipments were made with."""
    with tenant_context(journey.tenant.id):
        return list(Shipment.objects.values_list("service_code", flat=True))


@pytest.mark.parametrize(
    "fault",
    [{"action": "status", "status": 503}, {"action": "reset_before"}, {"action": "reset_after"}],
    ids=["busy", "lost on the way", "answer lost"],
)
def test_a_number_entered_after_a_write_that_failed_is_not_written_over_within_the_minute(
    journey: Journey, fault: dict[str, object]
) -> None:
    journey.company.exact.control("POST", "faults", {"method": "PUT", "times": 1, **fault})
    entry_id, delivery = journey.ship()
    assert delivery.state == Delivery.State.LABELLED
    foreign = f"3S{uuid.uuid4().hex[:8].upper()}"

    journey.company.change("salesorder/GoodsDeliveries", entry_id, TrackingNumber=foreign)
    journey.make_due()
    journey.work()

    now = journey.refreshed(delivery)
    assert (now.state, [problem["code"] for problem in now.problems]) == ("hold", ["foreign_tracking_number"])
    assert journey.company.delivery(entry_id)["TrackingNumber"] == foreign
    assert len(journey.exact_calls("PUT")) == 1


def test_a_write_whose_answer_was_lost_is_found_and_not_repeated(journey: Journey) -> None:
    journey.company.exact.control("POST", "faults", {"method": "PUT", "times": 1, "action": "reset_after"})
    entry_id, delivery = journey.ship()
    assert delivery.state == Delivery.State.LABELLED
    written = journey.company.delivery(entry_id)["TrackingNumber"]

    journey.make_due()
    journey.work()

    assert written.startswith("1Z")
    assert journey.refreshed(delivery).state == Delivery.State.REPORTED
    assert journey.company.delivery(entry_id)["TrackingNumber"] == written
    assert len(journey.exact_calls("PUT")) == 1
