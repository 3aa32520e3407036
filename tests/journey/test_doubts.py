"""What UPS may have done is never sent again; what it surely has not done is tried anew with another reference."""

from datetime import timedelta

import pytest
from django.utils import timezone

from syncjobs.models import Attempt, Delivery, SyncJob
from tenants.context import tenant_context
from tests.journey.conftest import Journey, wait_for
from tests.owner import as_owner

pytestmark = pytest.mark.slow


def trouble(journey: Journey, **fault: object) -> None:
    """Order trouble for the next ship call."""
    journey.ups.control("POST", "faults", {"path_regex": "/ship$", "times": 1, **fault})


@pytest.mark.parametrize(
    ("fault", "shipments"),
    [
        ({"action": "reset_after"}, 1),
        ({"action": "reset_before"}, 0),
        ({"action": "half_body"}, 1),
        ({"action": "html_200", "after": True}, 1),
        ({"action": "drop_label"}, 1),
        ({"action": "status", "status": 500, "after": True}, 1),
        ({"action": "status", "status": 503, "body": "<html>busy</html>"}, 0),
    ],
)
def test_an_unclear_answer_leaves_the_attempt_in_doubt_and_nothing_is_sent_again(
    journey: Journey, fault: dict[str, object], shipments: int
) -> None:
    trouble(journey, **fault)

    _entry_id, delivery = journey.ship()
    journey.make_due()
    journey.work()

    assert [attempt.state for attempt in journey.attempts(delivery)] == [Attempt.State.IN_DOUBT]
    assert delivery.state == Delivery.State.SHIPPING
    assert len(journey.shipments_at_ups()) == shipments


@pytest.mark.parametrize(
    "fault",
    [
        {
            "action": "status",
            "status": 429,
            "body": {"response": {"errors": [{"code": "10429", "message": "Too Many Requests"}]}},
        }
    ],
)
def test_a_refused_turn_is_taken_later_with_a_new_reference(journey: Journey, fault: dict[str, object]) -> None:
    trouble(journey, **fault)

    entry_id, delivery = journey.ship()
    assert [attempt.state for attempt in journey.attempts(delivery)] == [Attempt.State.NOT_SENT]
    journey.make_due()
    journey.work()

    assert [attempt.state for attempt in journey.attempts(delivery)] == [Attempt.State.NOT_SENT, Attempt.State.CREATED]
    assert len({attempt.reference for attempt in journey.attempts(delivery)}) == 2
    assert len(journey.shipments_at_ups()) == 1
    assert journey.company.delivery(entry_id)["TrackingNumber"].startswith("1Z")


def test_an_attempt_whose_worker_died_is_not_sent_again(journey: Journey) -> None:
    trouble(journey, action="reset_after")
    _entry_id, delivery = journey.ship()
    (attempt,) = journey.attempts(delivery)
    pretend_the_worker_died_while_sending(journey, attempt)

    journey.work()

    assert [row.state for row in journey.attempts(delivery)] == [Attempt.State.IN_DOUBT]
    assert len(journey.shipments_at_ups()) == 1


def pretend_the_worker_died_while_sending(journey: Journey, attempt: Attempt) -> None:
    """Put rows back to where a killed process leaves them, its leases over; the guard is the owner's to lift."""
    past = timezone.now() - timedelta(seconds=1)
    as_owner(
        "ALTER TABLE syncjobs_attempt DISABLE TRIGGER syncjobs_attempt_guard",
        "UPDATE syncjobs_attempt SET state = 'sending', lease_until = now() - interval '1 second', evidence = '{}'",
        "ALTER TABLE syncjobs_attempt ENABLE TRIGGER syncjobs_attempt_guard",
    )
    with tenant_context(journey.tenant.id):
        SyncJob.objects.filter(subject=attempt.delivery.code, kind=SyncJob.Kind.SHIP).update(
            state=SyncJob.State.RUNNING, lease_until=past, due_at=past
        )


def deletion_arrived(journey: Journey, delivery: Delivery) -> bool:
    """Whether Exact has told us that the delivery is gone."""
    with tenant_context(journey.tenant.id):
        return SyncJob.objects.filter(subject=delivery.code, kind=SyncJob.Kind.GONE).exists()


def test_a_delivery_deleted_before_shipping_is_cancelled_and_costs_nothing(journey: Journey) -> None:
    item = journey.company.item_without_weight()
    entry_id, delivery = journey.ship(lines=[{"item_id": item["id"], "quantity": 1}])

    journey.company.exact.control(
        "DELETE", f"companies/{journey.company.division}/records/salesorder/GoodsDeliveries/{entry_id}"
    )
    assert wait_for(lambda: deletion_arrived(journey, delivery))
    journey.work()

    assert journey.refreshed(delivery).state == Delivery.State.CANCELLED
    assert journey.shipments_at_ups() == []
