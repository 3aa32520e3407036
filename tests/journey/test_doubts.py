"""What UPS may have done is never sent again; what it surely has not done is tried anew with another reference."""

from datetime import timedelta

import pytest
from django.utils import timezone

from connector_site.lib.outside_calls import ignore
from syncjobs import ticks
from syncjobs.labels.files import content_of
from syncjobs.models import Attempt, Delivery, Label, Shipment, SyncJob
from syncjobs.replay import run_again
from tenants.context import tenant_context
from tests.crash.passing import time
from tests.journey.conftest import Journey, wait_for
from tests.owner import as_owner
from ups.access import open_client

pytestmark = pytest.mark.slow


def trouble(journey: Journey, **fault: object) -> None:
    """Order trouble for the next ship call."""
    journey.ups.control("POST", "faults", {"path_regex": "/ship$", "times": 1, **fault})


def later(journey: Journey, *pauses: float) -> None:
    """Let so many minutes pass, once and again; the clock ticks and workers work after each."""
    with time() as moments:
        for minutes in pauses:
            moments.passes(minutes, journey.ups, journey.company.exact)
            ticks.turn_due()
            journey.work()


def states(journey: Journey, delivery: Delivery) -> list[str]:
    """Where its attempts stand."""
    return [attempt.state for attempt in journey.attempts(delivery)]


def ship_calls(journey: Journey) -> int:
    """How often UPS was asked for a shipment."""
    return len(journey.ups.calls("ship"))


UNCLEAR = [
    {"action": "reset_after"},
    {"action": "half_body"},
    {"action": "html_200", "after": True},
    {"action": "drop_label"},
    {"action": "status", "status": 500, "after": True},
]
"""Answers that say nothing, though the shipment was made."""


@pytest.mark.parametrize("fault", UNCLEAR)
def test_a_shipment_whose_answer_was_lost_is_found_at_ups_and_kept(journey: Journey, fault: dict[str, object]) -> None:
    trouble(journey, **fault)

    entry_id, delivery = journey.ship()

    (made,) = journey.shipments_at_ups()
    assert states(journey, delivery) == [Attempt.State.CREATED]
    assert journey.company.delivery(entry_id)["TrackingNumber"] == made["number"]
    with tenant_context(journey.tenant.id):
        kept = Shipment.objects.get(delivery=delivery)
        label = Label.objects.get(parcel__shipment=kept)
    assert (kept.source, kept.ups_shipment_id) == ("recovery", made["number"])
    assert (content_of(label) or b"")[:4] == b"GIF8"
    assert ship_calls(journey) == 1


@pytest.mark.parametrize(
    "fault", [{"action": "reset_before"}, {"action": "status", "status": 503, "body": "<html>busy</html>"}]
)
def test_a_shipment_that_was_not_made_is_sent_anew_after_the_quiet_time_and_not_before(
    journey: Journey, fault: dict[str, object]
) -> None:
    trouble(journey, **fault)
    entry_id, delivery = journey.ship()
    assert states(journey, delivery) == [Attempt.State.IN_DOUBT]

    later(journey, 1, 2, 5, 6)
    assert states(journey, delivery) == [Attempt.State.IN_DOUBT]
    assert ship_calls(journey) == 1

    later(journey, 2)
    assert states(journey, delivery) == [Attempt.State.ABSENT, Attempt.State.CREATED]
    (made,) = journey.shipments_at_ups()
    assert journey.company.delivery(entry_id)["TrackingNumber"] == made["number"]


def test_a_request_that_lands_minutes_later_is_found_before_anything_is_sent_again(journey: Journey) -> None:
    trouble(journey, action="late_effect", seconds=600)
    entry_id, delivery = journey.ship()
    assert (states(journey, delivery), journey.shipments_at_ups()) == ([Attempt.State.IN_DOUBT], [])

    later(journey, 9.9)
    journey.ups.control("POST", "clock", {"advance_seconds": 60})
    assert wait_for(journey.shipments_at_ups)
    later(journey, 6)

    assert states(journey, delivery) == [Attempt.State.CREATED]
    assert (len(journey.shipments_at_ups()), ship_calls(journey)) == (1, 1)
    assert journey.company.delivery(entry_id)["TrackingNumber"] == journey.shipments_at_ups()[0]["number"]


def test_a_request_that_lands_after_another_was_sent_is_voided_at_once(journey: Journey) -> None:
    trouble(journey, action="late_effect", seconds=1_800)
    entry_id, delivery = journey.ship()
    later(journey, 1, 2, 5, 9)
    assert states(journey, delivery) == [Attempt.State.ABSENT, Attempt.State.CREATED]

    later(journey, 20)
    assert wait_for(lambda: len(journey.shipments_at_ups()) == 2)
    later(journey, 45)

    assert states(journey, delivery) == [Attempt.State.VOIDED, Attempt.State.CREATED]
    kept = [row["number"] for row in journey.shipments_at_ups() if not row["voided"]]
    assert kept == [journey.company.delivery(entry_id)["TrackingNumber"]]


def test_silence_of_an_hour_comes_to_a_person_and_ends_by_itself_when_ups_answers_again(journey: Journey) -> None:
    trouble(journey, action="reset_after")
    journey.ups.control("POST", "faults", {"operation": "recover_label", "action": "reset_before", "times": None})
    entry_id, delivery = journey.ship()
    later(journey, 1, 2, 5, 15, 20, 20)
    assert states(journey, delivery) == [Attempt.State.REVIEW]
    assert journey.refreshed(delivery).state == Delivery.State.REVIEW
    assert [row["code"] for row in journey.refreshed(delivery).problems] == ["doubt_no_answer"]

    journey.ups.control("DELETE", "faults")
    later(journey, 16)

    assert states(journey, delivery) == [Attempt.State.CREATED]
    assert journey.refreshed(delivery).state == Delivery.State.REPORTED
    assert journey.company.delivery(entry_id)["TrackingNumber"] == journey.shipments_at_ups()[0]["number"]
    assert ship_calls(journey) == 1


def test_a_shipment_voided_at_ups_stops_the_delivery_until_somebody_asks_for_another(journey: Journey) -> None:
    trouble(journey, action="reset_after")
    journey.ups.control("POST", "faults", {"operation": "recover_label", "action": "reset_before", "times": 1})
    _entry_id, delivery = journey.ship()
    (made,) = journey.shipments_at_ups()
    open_client(journey.account, observe=ignore).void(made["number"])
    later(journey, 1)
    assert states(journey, delivery) == [Attempt.State.VOIDED_THERE]
    assert journey.refreshed(delivery).state == Delivery.State.HOLD
    later(journey, 30)
    assert ship_calls(journey) == 1

    run_again(actor="user:test", tenant_id=journey.tenant.id, delivery_code=delivery.code, at=timezone.now())
    journey.work()

    assert states(journey, delivery) == [Attempt.State.VOIDED_THERE, Attempt.State.CREATED]


def test_requests_that_ups_loses_again_and_again_stop_after_three(journey: Journey) -> None:
    journey.ups.control("POST", "faults", {"path_regex": "/ship$", "action": "reset_before", "times": None})

    _entry_id, delivery = journey.ship()
    later(journey, *[1, 2, 5, 9] * 4)

    assert states(journey, delivery) == [Attempt.State.ABSENT] * 3
    assert [row["code"] for row in journey.refreshed(delivery).problems] == ["lost_often"]
    assert ship_calls(journey) == 3


def test_five_unanswered_requests_of_an_account_stop_its_sending_until_one_is_settled(journey: Journey) -> None:
    journey.ups.control("POST", "faults", {"path_regex": "/ship$", "action": "reset_after", "times": None})
    silence = {"operation": "recover_label", "action": "reset_before", "times": None}
    journey.ups.control("POST", "faults", silence)
    for _ in range(7):
        journey.notified(journey.company.book())
    journey.work()
    assert ship_calls(journey) == 5

    journey.ups.control("DELETE", "faults")
    later(journey, 1)

    assert ship_calls(journey) == 7
    assert len(journey.shipments_at_ups()) == 7


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
    journey.ups.control("POST", "faults", {"operation": "recover_label", "action": "reset_before", "times": 1})
    _entry_id, delivery = journey.ship()
    (attempt,) = journey.attempts(delivery)
    pretend_the_worker_died_while_sending(journey, attempt)

    journey.work()

    assert states(journey, delivery) == [Attempt.State.CREATED]
    assert (len(journey.shipments_at_ups()), ship_calls(journey)) == (1, 1)


def pretend_the_worker_died_while_sending(journey: Journey, attempt: Attempt) -> None:
    """Put rows back to where a killed process leaves them, its leases over; the guard is the owner's to lift."""
    past = timezone.now() - timedelta(seconds=1)
    as_owner(
        "ALTER TABLE syncjobs_attempt DISABLE TRIGGER syncjobs_attempt_guard",
        "UPDATE syncjobs_attempt SET state = 'sending', lease_until = now() - interval '1 second', evidence = '{}',"
        " due_at = now() - interval '1 second'",
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
