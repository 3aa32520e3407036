"""Exact, UPS or the broker away, for a moment or for long: work waits with growing pauses and goes on by itself."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from syncjobs.models import Delivery, SyncJob
from tenants.context import tenant_context
from tests.journey.conftest import Journey, wait_for

pytestmark = pytest.mark.slow

READS = {"path_regex": "GoodsDeliveries", "method": "GET"}
NOTHING_FOUND = {"action": "status", "status": 200, "body": {"d": {"results": []}}}
REFUSED = {
    "action": "status",
    "status": 400,
    "body": {"error": {"code": "", "message": {"lang": "", "value": "Bad Request - Error in query syntax."}}},
}
CALLS_OF_A_REFUSED_READ = 2
"""With the lines, and once more without them: the company may not expand them (`exact.md` 6)."""
NOBODY_LISTENS = "redis://127.0.0.1:1/0"


def trouble(journey: Journey, **fault: object) -> None:
    """Order trouble at Exact."""
    journey.company.exact.control("POST", "faults", fault)


def trouble_ends(journey: Journey) -> None:
    journey.company.exact.control("DELETE", "faults")


def forget_calls(journey: Journey) -> None:
    """Connecting made some; from here on they count."""
    journey.company.exact.control("DELETE", "calls")


def open_job(journey: Journey, delivery: Delivery, kind: SyncJob.Kind) -> SyncJob:
    """The job that waits."""
    with tenant_context(journey.tenant.id):
        return SyncJob.objects.get(subject=delivery.code, kind=kind, state=SyncJob.State.DUE)


def pause_seconds(journey: Journey, delivery: Delivery) -> float:
    """One more try in vain, and how long the pause after it is."""
    journey.make_due()
    journey.work()
    job = open_job(journey, delivery, SyncJob.Kind.READ)
    return round((job.due_at - timezone.now()).total_seconds())


def arrive(journey: Journey, count: int) -> dict[str, Delivery]:
    """Book deliveries and let their notifications arrive."""
    entry_ids = [journey.company.book() for _ in range(count)]
    return {entry_id: journey.notified(entry_id) for entry_id in entry_ids}


def states(journey: Journey, deliveries: dict[str, Delivery]) -> list[str]:
    """Where they stand."""
    return sorted(journey.refreshed(delivery).state for delivery in deliveries.values())


def asked_to_read(journey: Journey, delivery: Delivery) -> bool:
    """Whether a notification asks for a look at the delivery."""
    with tenant_context(journey.tenant.id):
        return SyncJob.objects.filter(subject=delivery.code, kind=SyncJob.Kind.READ, state=SyncJob.State.DUE).exists()


def test_a_number_that_exact_takes_only_at_the_eleventh_try_is_not_given_up(journey: Journey) -> None:
    trouble(journey, method="PUT", action="status", status=503, times=10)
    entry_id, delivery = journey.ship()

    for _ in range(9):
        journey.make_due()
        journey.work()
    waiting = journey.refreshed(delivery)
    assert (waiting.state, waiting.problems) == (Delivery.State.LABELLED, [])
    assert open_job(journey, delivery, SyncJob.Kind.REPORT).failures == 10
    journey.make_due()
    journey.work()

    assert journey.refreshed(delivery).state == Delivery.State.REPORTED
    assert journey.company.delivery(entry_id)["TrackingNumber"].startswith("1Z")
    assert len(journey.exact_calls("PUT")) == 11
    assert len(journey.shipments_at_ups()) == 1


def test_pauses_grow_while_exact_is_away_and_few_calls_are_spent(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncjobs.retry.random.uniform", lambda _low, high: high)
    trouble(journey, **READS, action="status", status=503, times=None)
    forget_calls(journey)
    _entry_id, delivery = journey.ship()

    pauses = [pause_seconds(journey, delivery) for _ in range(6)]
    assert pauses == [4, 8, 16, 32, 64, 128]
    assert journey.work() == 0
    assert len(journey.exact_calls()) == 7

    trouble_ends(journey)
    journey.make_due()
    journey.work()
    assert journey.refreshed(delivery).state == Delivery.State.REPORTED


def test_an_empty_answer_right_after_the_booking_cancels_nothing(journey: Journey) -> None:
    trouble(journey, **READS, **NOTHING_FOUND, times=1)
    entry_id, delivery = journey.ship()

    job = open_job(journey, delivery, SyncJob.Kind.READ)
    assert (delivery.state, delivery.problems) == (Delivery.State.RECEIVED, [])
    assert (job.failures, job.last_error) == (0, "not readable yet")
    assert 0 < (job.due_at - timezone.now()).total_seconds() <= 5
    journey.make_due()
    journey.work()

    assert journey.refreshed(delivery).state == Delivery.State.REPORTED
    assert journey.company.delivery(entry_id)["TrackingNumber"].startswith("1Z")


def test_a_cancelled_delivery_that_exact_shows_again_is_shipped_after_all(journey: Journey) -> None:
    trouble(journey, **READS, **NOTHING_FOUND, times=1)
    ((entry_id, delivery),) = arrive(journey, 1).items()
    with tenant_context(journey.tenant.id):
        Delivery.objects.update(created_at=timezone.now() - timedelta(hours=1))
    journey.work()
    cancelled = journey.refreshed(delivery)
    assert (cancelled.state, cancelled.problems[0]["code"]) == (Delivery.State.CANCELLED, "deleted_in_exact")
    assert journey.shipments_at_ups() == []

    journey.company.change("salesorder/GoodsDeliveries", entry_id, Remarks="Ring twice")
    assert wait_for(lambda: asked_to_read(journey, delivery))
    journey.work()

    assert journey.refreshed(delivery).state == Delivery.State.REPORTED
    assert journey.refreshed(delivery).problems == []
    assert len(journey.shipments_at_ups()) == 1


def test_a_refused_call_for_many_holds_none_that_is_read_well_alone(journey: Journey) -> None:
    trouble(journey, **READS, **REFUSED, times=CALLS_OF_A_REFUSED_READ)
    deliveries = arrive(journey, 4)

    journey.work()

    assert states(journey, deliveries) == ["reported"] * 4
    assert len(journey.shipments_at_ups()) == 4


def test_of_many_only_the_one_that_is_refused_alone_is_held(journey: Journey) -> None:
    trouble(journey, **READS, **REFUSED, times=2 * CALLS_OF_A_REFUSED_READ)
    deliveries = arrive(journey, 4)

    journey.work()

    assert states(journey, deliveries) == ["hold", "reported", "reported", "reported"]
    assert len(journey.shipments_at_ups()) == 3


def test_a_strange_answer_for_many_is_no_reason_to_stop_those_that_are_read_well_alone(journey: Journey) -> None:
    trouble(journey, **READS, action="status", status=200, body={"d": "not a list"}, times=1)
    deliveries = arrive(journey, 4)

    journey.work()

    assert states(journey, deliveries) == ["reported"] * 4
    assert len(journey.shipments_at_ups()) == 4


def test_a_batch_that_exact_does_not_answer_waits_as_a_whole(journey: Journey) -> None:
    trouble(journey, **READS, action="status", status=503, times=1)
    forget_calls(journey)
    deliveries = arrive(journey, 4)

    journey.work()
    assert states(journey, deliveries) == ["received"] * 4
    assert len(journey.exact_calls("GET")) == 1
    journey.make_due()
    journey.work()

    assert states(journey, deliveries) == ["reported"] * 4
    assert len(journey.shipments_at_ups()) == 4


def test_a_right_that_stays_missing_keeps_the_hold_and_its_repair_lets_it_go_on(journey: Journey) -> None:
    rights = f"companies/{journey.company.division}/rights"
    journey.company.exact.control("POST", rights, {"missing": ["salesorder/GoodsDeliveries:GET"]})
    _entry_id, delivery = journey.ship()
    journey.make_due()
    journey.work()
    held = journey.refreshed(delivery)
    assert (held.state, [problem["code"] for problem in held.problems]) == (Delivery.State.HOLD, ["exact_right"])

    journey.company.exact.control("POST", rights, {"missing": []})
    journey.make_due()
    journey.work()

    assert journey.refreshed(delivery).state == Delivery.State.REPORTED
    assert journey.refreshed(delivery).problems == []
    assert len(journey.shipments_at_ups()) == 1


def test_a_refused_look_at_our_own_echo_leaves_a_reported_delivery_where_it_is(journey: Journey) -> None:
    _entry_id, delivery = journey.ship()
    assert wait_for(lambda: asked_to_read(journey, delivery))
    trouble(journey, **READS, action="status", status=403, times=None)

    journey.make_due()
    journey.work()

    assert journey.refreshed(delivery).state == Delivery.State.REPORTED
    assert journey.refreshed(delivery).problems == []


def test_without_redis_deliveries_are_shipped_all_the_same(journey: Journey, settings: Settings) -> None:
    settings.REDIS_URL = NOBODY_LISTENS

    entry_id, delivery = journey.ship()

    assert delivery.state == Delivery.State.REPORTED
    assert journey.company.delivery(entry_id)["TrackingNumber"].startswith("1Z")
    assert len(journey.shipments_at_ups()) == 1


def test_without_redis_a_flood_waits_for_its_turn_and_is_never_refused_by_exact(
    journey: Journey, settings: Settings
) -> None:
    settings.REDIS_URL = NOBODY_LISTENS
    deliveries = arrive(journey, 12)
    forget_calls(journey)

    journey.work()

    assert set(states(journey, deliveries)) <= {"received", "ready", "labelled", "reported"}
    assert {call["status"] for call in journey.exact_calls()} <= {200, 204}
    with tenant_context(journey.tenant.id):
        failures = set(SyncJob.objects.values_list("failures", flat=True))
    assert failures == {0}
