"""Exact, UPS and our rows are compared over real HTTP; what differs is found, repaired at a button, and seen again."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from exact.models import Connection
from syncjobs import queue
from syncjobs.models import Delivery, Finding, Manifest, Parcel, Reconciliation, Shipment, SyncJob
from syncjobs.reconciling import comparing, repairs, runs
from tenants.context import tenant_context
from tests.journey.conftest import Journey
from tests.journey.way import Way, way

__all__ = ["way"]

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _nothing_is_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test did a moment ago counts as old, although other tests may have moved the stand-in's clock ahead."""
    monkeypatch.setattr(comparing, "ON_ITS_WAY", timedelta(days=-1_000))


@pytest.fixture
def deaf(journey: Journey) -> Iterator[Journey]:
    """A company whose notifications are all lost, connected a while ago."""
    with tenant_context(journey.tenant.id):
        Connection.objects.update(connected_at=timezone.now() - timedelta(hours=1))
    journey.company.exact.control("POST", "settings", {"webhook_copies": 0})
    yield journey
    journey.company.exact.control("POST", "settings", {"webhook_copies": 1})


def compare(journey: Journey) -> Reconciliation:
    """Have everything compared, and work until nothing is due."""
    with tenant_context(journey.tenant.id):
        queue.add(journey.tenant.id, SyncJob.Kind.RECONCILE, journey.connection.code, due_at=timezone.now())
    journey.work()
    with tenant_context(journey.tenant.id):
        return Reconciliation.objects.order_by("-began_at")[0]


def findings(journey: Journey) -> list[tuple[str, str]]:
    """Kind and end of every finding, oldest first."""
    with tenant_context(journey.tenant.id):
        return list(Finding.objects.order_by("pk").values_list("kind", "resolution"))


def press(journey: Journey) -> None:
    """Press the repair button of the only open finding, and work."""
    with tenant_context(journey.tenant.id):
        code = Finding.objects.get(resolved_at=None).code
    repairs.repair(actor="user:test", tenant_id=journey.tenant.id, finding_code=code, at=timezone.now())
    journey.work()


def test_three_sides_that_agree_cost_a_handful_of_calls_and_find_nothing(journey: Journey) -> None:
    for _ in range(3):
        journey.ship()
    journey.company.exact.control("DELETE", "calls")

    run = compare(journey)

    assert findings(journey) == []
    assert (run.exact_deliveries, run.our_deliveries, run.shipments, run.problem) == (3, 3, 3, "")
    assert run.ended_at is not None
    assert [call["path"].rpartition("/")[2] for call in journey.exact_calls()] == ["SyncTimestamp", "GoodsDeliveries"]


def test_a_delivery_that_no_notification_told_of_is_found_taken_in_at_a_button_and_shipped(deaf: Journey) -> None:
    entry_id = deaf.company.book()

    run = compare(deaf)

    assert findings(deaf) == [("unknown_delivery", "")]
    assert (run.exact_deliveries, run.our_deliveries) == (1, 0)
    assert deaf.shipments_at_ups() == []

    press(deaf)
    compare(deaf)

    assert findings(deaf) == [("unknown_delivery", "repaired")]
    assert len(deaf.shipments_at_ups()) == 1
    assert deaf.company.delivery(entry_id)["TrackingNumber"].startswith("1Z")


def test_a_number_cleared_in_exact_is_written_again_once(deaf: Journey) -> None:
    entry_id = deaf.company.book()
    compare(deaf)
    press(deaf)
    number = deaf.company.delivery(entry_id)["TrackingNumber"]
    deaf.company.change("salesorder/GoodsDeliveries", entry_id, TrackingNumber="")

    compare(deaf)
    press(deaf)
    compare(deaf)

    assert findings(deaf) == [("unknown_delivery", "repaired"), ("number_missing", "repaired")]
    assert deaf.company.delivery(entry_id)["TrackingNumber"] == number
    delivery = deaf.delivery(entry_id)
    assert delivery is not None
    assert (delivery.state, delivery.exact_writes) == (Delivery.State.REPORTED, 2)


def test_the_repair_never_writes_over_a_number_that_was_entered_meanwhile(deaf: Journey) -> None:
    entry_id = deaf.company.book()
    compare(deaf)
    press(deaf)
    deaf.company.change("salesorder/GoodsDeliveries", entry_id, TrackingNumber="")
    compare(deaf)
    deaf.company.change("salesorder/GoodsDeliveries", entry_id, TrackingNumber="DHL-1")

    press(deaf)

    assert deaf.company.delivery(entry_id)["TrackingNumber"] == "DHL-1"

    compare(deaf)

    assert findings(deaf)[1:] == [("number_missing", "repaired"), ("foreign_number", "")]


def test_a_delivery_deleted_unheard_is_found_by_key_and_its_repair_looks_once_more(deaf: Journey) -> None:
    item = deaf.company.item_without_weight()
    entry_id = deaf.company.book(lines=[{"item_id": item["id"], "quantity": 1}])
    compare(deaf)
    press(deaf)
    with tenant_context(deaf.tenant.id):
        Delivery.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    path = f"companies/{deaf.company.division}/records/salesorder/GoodsDeliveries/{entry_id}"
    deaf.company.exact.control("DELETE", path)

    compare(deaf)
    press(deaf)
    compare(deaf)

    assert findings(deaf)[1:] == [("gone", "repaired")]
    delivery = deaf.delivery(entry_id)
    assert delivery is not None
    assert delivery.state == Delivery.State.CANCELLED


def test_while_exact_is_down_the_run_says_so_and_no_finding_ends_and_later_it_goes_on(deaf: Journey) -> None:
    deaf.company.book()
    compare(deaf)
    entry_id = deaf.company.book()
    deaf.company.exact.control("POST", "faults", {"path_regex": "sync", "action": "status", "status": 503})

    run = compare(deaf)

    assert run.ended_at is None
    assert "Exact Online" in run.problem
    assert findings(deaf) == [("unknown_delivery", "")]

    deaf.company.exact.control("DELETE", "faults")
    deaf.make_due()
    deaf.work()

    with tenant_context(deaf.tenant.id):
        gone_on = Reconciliation.objects.get(pk=run.pk)
        assert (gone_on.ended_at is not None, gone_on.problem) == (True, "")
        assert set(Finding.objects.values_list("kind", flat=True)) == {"unknown_delivery"}
        assert Finding.objects.filter(subject=entry_id).count() == 1


def test_a_delivery_that_no_job_would_move_on_is_set_going_by_the_comparison_itself(journey: Journey) -> None:
    entry_id = journey.company.book()
    delivery = journey.notified(entry_id)
    with tenant_context(journey.tenant.id):
        SyncJob.objects.all().delete()

    compare(journey)

    assert findings(journey) == [("stuck", "")]
    assert journey.refreshed(delivery).state == Delivery.State.REPORTED

    compare(journey)

    assert findings(journey) == [("stuck", "repaired")]


def test_a_second_parcel_announced_for_an_adopted_shipment_is_a_persons_matter(journey: Journey) -> None:
    _entry_id, delivery = journey.ship()
    (attempt,) = journey.attempts(delivery)
    with tenant_context(journey.tenant.id):
        Manifest.objects.create(
            tenant=journey.tenant, account=journey.account, tracking_number="1Z999", reference=attempt.reference
        )

    compare(journey)

    assert findings(journey) == [("other_number", "")]


def test_a_run_that_was_killed_is_ended_by_the_next_start_and_finds_everything_once(
    deaf: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf.company.book()

    def die(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as broken:
        broken.setattr(runs, "end", die)
        with pytest.raises(SystemExit):
            compare(deaf)
    with tenant_context(deaf.tenant.id):
        past = timezone.now() - timedelta(seconds=1)
        SyncJob.objects.filter(kind=SyncJob.Kind.RECONCILE).update(lease_until=past, due_at=past)
    deaf.work()

    with tenant_context(deaf.tenant.id):
        assert [(run.ended_at is None, run.problem) for run in Reconciliation.objects.all()] == [(False, "")]
    assert findings(deaf) == [("unknown_delivery", "")]


def voided(journey: Journey, delivery: Delivery) -> Parcel:
    """Its only parcel, after our records say that the label was voided."""
    with tenant_context(journey.tenant.id):
        Shipment.objects.filter(delivery=delivery).update(voided_at=timezone.now())
        Parcel.objects.update(look_at=None)
        return Parcel.objects.get()


def test_a_voided_label_that_travels_is_found_by_asking_ups_and_does_not_end_while_ups_is_away(way: Way) -> None:
    journey = way.journey
    _entry_id, delivery = journey.ship()
    parcel = voided(journey, delivery)

    compare(journey)
    assert findings(journey) == []

    way.travel(parcel, "normal", pushes="none")
    way.advance(30)
    compare(journey)
    journey.ups.control("POST", "faults", {"path_regex": "track", "action": "status", "status": 503})
    compare(journey)

    assert findings(journey) == [("voided_but_moving", "")]
