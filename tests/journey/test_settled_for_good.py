"""What was decided or settled stays so: no second shipment through a back door, and nobody else's label is voided."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from connector_site.lib.outside_calls import ignore
from syncjobs import intake, queue
from syncjobs.doubts.decisions import decide
from syncjobs.doubts.options import Decision, NotPossible
from syncjobs.doubts.witnesses import Heard, ask_recovery
from syncjobs.models import Attempt, Delivery, SyncJob
from syncjobs.replay import run_again
from syncjobs.steps.context import Step
from tenants.context import tenant_context
from tests.journey.conftest import Journey, wait_for
from tests.journey.test_decisions import blind, choices, codes, in_review, recovery_says, say
from tests.journey.test_doubts import later, ship_calls, states, trouble
from ups.access import open_client
from ups.models import Account

pytestmark = pytest.mark.slow

SILENCE = {"operation": "recover_label", "action": "reset_before", "times": None}
ANOTHER_NUMBER = "1Z12345E0205271686"
PATH = "salesorder/GoodsDeliveries"


def notify(journey: Journey, delivery: Delivery, *, is_deleted: bool = False) -> None:
    """Take in a notification of it, and let workers work."""
    key, at = delivery.exact_key, timezone.now()
    with tenant_context(journey.tenant.id):
        intake.take_in(journey.tenant.id, journey.connection.pk, key, at=at, is_deleted=is_deleted)
    journey.work()


def compare(journey: Journey, _delivery: Delivery) -> None:
    """Compare everything that is open with Exact, as after a new consent."""
    with tenant_context(journey.tenant.id):
        queue.add(journey.tenant.id, SyncJob.Kind.COMPARE, journey.connection.code, due_at=timezone.now())
    journey.work()


def silent(journey: Journey) -> tuple[str, Delivery]:
    """A delivery whose shipment was made, and about which UPS has said nothing for an hour."""
    trouble(journey, action="reset_after")
    blind(journey)
    journey.ups.control("POST", "faults", SILENCE)
    entry_id, delivery = journey.ship()
    later(journey, 1, 2, 5, 15, 20, 20)
    assert codes(journey, delivery) == ["doubt_no_answer"]
    return entry_id, delivery


def voided(journey: Journey) -> list[bool]:
    return [row["voided"] for row in journey.shipments_at_ups()]


@pytest.mark.parametrize("decision", [Decision.VOID, Decision.END])
@pytest.mark.parametrize("comes_back", [notify, compare])
def test_what_a_person_ended_is_not_shipped_again_whatever_exact_tells(
    journey: Journey, decision: Decision, comes_back: Callable[[Journey, Delivery], None]
) -> None:
    entry_id, delivery = in_review(journey, "300001")
    (made,) = journey.shipments_at_ups()
    journey.ups.control("DELETE", "faults")
    say(journey, delivery, decision, number=made["number"] if decision is Decision.VOID else "")

    journey.company.change(PATH, entry_id, Remarks="Called the customer")
    comes_back(journey, delivery)

    assert ship_calls(journey) == 1
    assert journey.refreshed(delivery).state == Delivery.State.CANCELLED


def test_a_wrong_number_never_counts_as_proof_that_the_shipment_was_not_made(journey: Journey) -> None:
    entry_id, delivery = silent(journey)
    say(journey, delivery, Decision.ADOPT, number=ANOTHER_NUMBER)

    journey.ups.control("DELETE", "faults")
    blind(journey)
    later(journey, 16, 16, 16)

    assert states(journey, delivery) == [Attempt.State.CREATED]
    assert journey.company.delivery(entry_id)["TrackingNumber"] == journey.shipments_at_ups()[0]["number"]
    assert ship_calls(journey) == 1


def test_a_shipment_is_looked_for_by_our_reference_after_a_wrong_choice_was_taken_back(journey: Journey) -> None:
    blind(journey)
    _entry_id, delivery = in_review(journey, "300001")
    say(journey, delivery, Decision.ADOPT, number=ANOTHER_NUMBER)
    say(journey, delivery, Decision.NOT_MADE)

    journey.ups.control("DELETE", "faults")
    later(journey, 61, 1)

    assert voided(journey) == [True, False]
    assert states(journey, delivery) == [Attempt.State.VOIDED, Attempt.State.CREATED]


@pytest.mark.parametrize("decision", [Decision.ADOPT, Decision.VOID, Decision.VOID_AND_SHIP])
def test_the_label_of_another_delivery_cannot_be_named(journey: Journey, decision: Decision) -> None:
    _other_entry, other = journey.ship()
    (theirs,) = journey.shipments_at_ups()
    blind(journey)
    _entry_id, delivery = in_review(journey, "300001")
    journey.ups.control("DELETE", "faults")

    with pytest.raises(NotPossible, match="another delivery"):
        say(journey, delivery, decision, number=theirs["number"])

    assert voided(journey) == [False, False]
    assert states(journey, other) == [Attempt.State.CREATED]
    assert states(journey, delivery) == [Attempt.State.REVIEW]


def while_asking(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Let something happen between UPS's next answer and what we make of it."""
    asked: list[Heard] = []

    def ask(attempt: Attempt, step: Step) -> Heard:
        asked.append(ask_recovery(attempt, step))
        if len(asked) == 1:
            act()
        return asked[-1]

    monkeypatch.setattr("syncjobs.steps.settle.ask_recovery", ask)


def test_a_decision_taken_while_ups_is_being_asked_is_not_overruled(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry_id, delivery = silent(journey)
    (made,) = journey.shipments_at_ups()
    journey.ups.control("DELETE", "faults")
    recovery_says(journey, "9801031", times=1)
    later(journey, 16)
    recovery_says(journey, "9801031", times=1)

    while_asking(monkeypatch, lambda: say_now(journey, delivery, made["number"]))
    later(journey, 16, 1)

    assert states(journey, delivery) == [Attempt.State.CREATED]
    assert journey.company.delivery(entry_id)["TrackingNumber"] == made["number"]
    assert ship_calls(journey) == 1


def say_now(journey: Journey, delivery: Delivery, number: str) -> None:
    """Decide; whoever works at this moment goes on."""
    decide(
        actor="user:manager",
        tenant_id=journey.tenant.id,
        delivery_code=delivery.code,
        attempt_code=journey.attempts(delivery)[-1].code,
        decision=Decision.ADOPT,
        reason="Looked at the label in the warehouse.",
        number=number,
        at=timezone.now(),
    )


def late_twin(journey: Journey) -> Delivery:
    """A request that landed after another was sent; nobody knows of it yet."""
    trouble(journey, action="late_effect", seconds=1_800)
    _entry_id, delivery = journey.ship()
    later(journey, 1, 2, 5, 9, 20)
    assert states(journey, delivery) == [Attempt.State.ABSENT, Attempt.State.CREATED]
    assert wait_for(lambda: len(journey.shipments_at_ups()) == 2)
    return delivery


@pytest.mark.parametrize("code", ["300002", "300001"])
def test_a_late_twin_that_ups_does_not_show_clearly_is_put_before_a_person(journey: Journey, code: str) -> None:
    delivery = late_twin(journey)
    recovery_says(journey, code)
    journey.ups.control("POST", "faults", {"path_regex": "/reference/details", "action": "reset_before", "times": None})

    later(journey, 45)

    first, second = journey.attempts(delivery)
    assert (first.state, second.state) == (Attempt.State.ORPHAN, Attempt.State.CREATED)
    assert first.review_reason in ("no_label", "several")
    assert voided(journey) == [False, False]
    assert choices(journey, delivery) == [{"void", "seen"}]


@pytest.mark.parametrize("decision", [Decision.NOT_MADE, Decision.END])
def test_a_delivery_deleted_while_it_is_under_review_can_still_be_decided_about(
    journey: Journey, decision: Decision
) -> None:
    _entry_id, delivery = in_review(journey, "300001")

    notify(journey, delivery, is_deleted=True)
    assert journey.refreshed(delivery).state == Delivery.State.REVIEW
    say(journey, delivery, decision)

    assert states(journey, delivery)[0] == Attempt.State.ABSENT


def test_a_delivery_that_comes_back_while_its_label_is_being_voided_is_not_shipped_before_that(
    journey: Journey,
) -> None:
    _entry_id, delivery = in_review(journey, "300001")
    (made,) = journey.shipments_at_ups()
    journey.ups.control("DELETE", "faults")
    journey.ups.control("POST", "faults", {"operation": "void", "action": "reset_before", "times": None})
    say(journey, delivery, Decision.VOID, number=made["number"])

    notify(journey, delivery, is_deleted=True)
    notify(journey, delivery)

    assert states(journey, delivery) == [Attempt.State.VOIDING]
    assert ship_calls(journey) == 1


def test_a_shipment_that_is_kept_after_a_refused_void_gets_its_label_and_its_number(journey: Journey) -> None:
    entry_id, delivery = in_review(journey, "300001")
    (made,) = journey.shipments_at_ups()
    journey.ups.control("DELETE", "faults")
    body = {"response": {"errors": [{"code": "190102", "message": "Too late"}]}}
    refusal = {"operation": "void", "action": "status", "status": 400, "body": body, "times": 1}
    journey.ups.control("POST", "faults", refusal)
    say(journey, delivery, Decision.VOID_AND_SHIP, number=made["number"])

    say(journey, delivery, Decision.KEEP)

    assert states(journey, delivery) == [Attempt.State.CREATED]
    assert journey.company.delivery(entry_id)["TrackingNumber"] == made["number"]
    assert (voided(journey), ship_calls(journey)) == ([False], 1)


def test_a_shipment_voided_at_ups_is_not_made_again_because_something_else_went_wrong_meanwhile(
    journey: Journey,
) -> None:
    trouble(journey, action="reset_after")
    journey.ups.control("POST", "faults", SILENCE | {"times": 1})
    entry_id, delivery = journey.ship()
    (made,) = journey.shipments_at_ups()
    open_client(journey.account, observe=ignore).void(made["number"])
    later(journey, 1)
    refusal: dict[str, Any] = {"path_regex": PATH, "action": "status", "status": 400, "times": 2}
    journey.company.exact.control("POST", "faults", refusal)
    notify(journey, delivery)
    journey.company.exact.control("DELETE", "faults")
    journey.company.change(PATH, entry_id, ShippingMethod=str(journey.company.method("PICKUP")))
    notify(journey, delivery)
    journey.company.change(PATH, entry_id, ShippingMethod=str(journey.company.method("UPSSTD")))
    notify(journey, delivery)
    later(journey, 61)

    assert ship_calls(journey) == 1
    assert states(journey, delivery) == [Attempt.State.VOIDED_THERE]


def test_an_account_that_was_put_right_is_asked_about_its_shipments_again(journey: Journey) -> None:
    trouble(journey, action="reset_after")
    journey.ups.control("POST", "faults", SILENCE | {"times": 1})
    entry_id, delivery = journey.ship()
    with tenant_context(journey.tenant.id):
        Account.objects.update(shipper_number="ZZZ999")
    later(journey, 1)
    assert codes(journey, delivery) == ["doubt_account_changed"]

    with tenant_context(journey.tenant.id):
        Account.objects.update(shipper_number=journey.account.shipper_number)
    later(journey, 16)

    assert states(journey, delivery) == [Attempt.State.CREATED]
    assert journey.company.delivery(entry_id)["TrackingNumber"] == journey.shipments_at_ups()[0]["number"]


def test_a_delivery_that_a_person_asked_for_is_tried_again_although_it_is_old(journey: Journey) -> None:
    entry_id = journey.company.book()
    delivery = journey.notified(entry_id)
    journey.company.change(PATH, entry_id, Created="2020-01-02T08:00:00")
    journey.work()
    assert codes(journey, delivery) == ["booked_before_connection"]
    busy = {"response": {"errors": [{"code": "10429", "message": "Too Many Requests"}]}}
    trouble(journey, action="status", status=429, body=busy)

    run_again(actor="user:test", tenant_id=journey.tenant.id, delivery_code=delivery.code, at=timezone.now())
    journey.work()
    later(journey, 16)

    assert states(journey, delivery) == [Attempt.State.NOT_SENT, Attempt.State.CREATED]


def test_an_absent_one_about_which_ups_says_nothing_is_asked_about_ever_more_seldom(journey: Journey) -> None:
    trouble(journey, action="reset_before")
    _entry_id, delivery = journey.ship()
    later(journey, 1, 2, 5, 9)
    journey.ups.control("POST", "faults", SILENCE)

    later(journey, 61, 3 * 24 * 60)

    first = journey.attempts(delivery)[0]
    assert first.due_at is not None
    assert (first.due_at - timezone.now()).total_seconds() > 23 * 3600
