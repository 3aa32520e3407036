"""What a person decides about a shipment in review is done once, and nothing is done that she did not choose."""

from typing import Any

import pytest
from django.utils import timezone

from audit.models import Event
from connector_site.lib.outside_calls import ignore
from syncjobs.doubts.decisions import decide
from syncjobs.doubts.options import Decision, NotPossible, cases
from syncjobs.models import Attempt, Delivery
from tenants.context import tenant_context
from tests.journey.conftest import Journey, wait_for
from tests.journey.test_doubts import later, ship_calls, states, trouble
from tests.journey.way import Way, way
from ups.access import open_client

__all__ = ["way"]
pytestmark = pytest.mark.slow

LOST = {"path_regex": "/ship$", "action": "reset_after", "times": 1}


def recovery_says(journey: Journey, code: str, *, times: int | None = None) -> None:
    """Let Label Recovery answer with this code."""
    body = {"response": {"errors": [{"code": code, "message": "Said by UPS"}]}}
    fault = {"operation": "recover_label", "action": "status", "status": 400, "body": body, "times": times}
    journey.ups.control("POST", "faults", fault)


def blind(journey: Journey) -> None:
    """Let Tracking know nothing of our references."""
    not_found = {"response": {"errors": [{"code": "TW0001", "message": "Tracking Information Not Found"}]}}
    fault = {"path_regex": "/reference/details", "action": "status", "status": 404, "body": not_found, "times": None}
    journey.ups.control("POST", "faults", fault)


def in_review(journey: Journey, code: str) -> tuple[str, Delivery]:
    """A delivery whose shipment was made, and about which Label Recovery says only this."""
    journey.ups.control("POST", "faults", LOST)
    recovery_says(journey, code)
    entry_id, delivery = journey.ship()
    assert states(journey, delivery) == [Attempt.State.REVIEW]
    return entry_id, delivery


def choices(journey: Journey, delivery: Delivery) -> list[set[str]]:
    """The decisions that each case offers."""
    with tenant_context(journey.tenant.id):
        found = cases(journey.tenant.id, journey.refreshed(delivery))
    return [{option.decision.value for option in case.options} for case in found]


def say(journey: Journey, delivery: Delivery, decision: Decision, *, number: str = "", of_attempt: bool = True) -> None:
    """Decide as a manager does, and let workers work."""
    decide(
        actor="user:manager",
        tenant_id=journey.tenant.id,
        delivery_code=delivery.code,
        attempt_code=journey.attempts(delivery)[-1].code if of_attempt else None,
        decision=decision,
        reason="Looked at the label in the warehouse.",
        number=number,
        at=timezone.now(),
    )
    journey.work()


def decisions_told(journey: Journey, delivery: Delivery) -> list[dict[str, Any]]:
    """What the trail says about decisions."""
    with tenant_context(journey.tenant.id):
        rows = Event.objects.for_subject(delivery.code).filter(kind=Event.Kind.ASKED, details__what="decision")
        return [row.details | {"actor": row.actor} for row in rows]


def codes(journey: Journey, delivery: Delivery) -> list[str]:
    return [row["code"] for row in journey.refreshed(delivery).problems]


@pytest.mark.parametrize(("code", "reason"), [("300001", "several"), ("300002", "no_label")])
def test_a_shipment_that_ups_does_not_show_clearly_is_used_once_a_person_names_its_number(
    journey: Journey, code: str, reason: str
) -> None:
    entry_id, delivery = in_review(journey, code)
    (made,) = journey.shipments_at_ups()
    assert codes(journey, delivery) == [f"doubt_{reason}"]
    journey.ups.control("DELETE", "faults")

    say(journey, delivery, Decision.ADOPT, number=made["number"])

    assert states(journey, delivery) == [Attempt.State.CREATED]
    assert journey.company.delivery(entry_id)["TrackingNumber"] == made["number"]
    assert ship_calls(journey) == 1
    (told,) = decisions_told(journey, delivery)
    assert (told["decision"], told["number"], told["actor"]) == ("adopt", made["number"], "user:manager")


def test_a_number_that_ups_does_not_know_is_not_used_and_the_page_says_so(journey: Journey) -> None:
    blind(journey)
    _entry_id, delivery = in_review(journey, "300001")

    say(journey, delivery, Decision.ADOPT, number="1Z12345E0205271686")

    (attempt,) = journey.attempts(delivery)
    assert (attempt.state, attempt.review_reason) == (Attempt.State.REVIEW, "several")
    assert "choice_failed" in attempt.evidence
    assert journey.refreshed(delivery).state == Delivery.State.REVIEW


def test_what_looks_like_no_number_is_refused_and_nothing_happens(journey: Journey) -> None:
    blind(journey)
    _entry_id, delivery = in_review(journey, "300001")

    with pytest.raises(NotPossible, match="1Z"):
        say(journey, delivery, Decision.ADOPT, number="12345")

    assert states(journey, delivery) == [Attempt.State.REVIEW]
    assert decisions_told(journey, delivery) == []


def test_shipping_again_makes_one_more_shipment_and_voids_the_first_when_it_turns_up(journey: Journey) -> None:
    entry_id, delivery = in_review(journey, "300001")

    say(journey, delivery, Decision.NOT_MADE)
    assert states(journey, delivery) == [Attempt.State.ABSENT, Attempt.State.CREATED]
    journey.ups.control("DELETE", "faults")
    later(journey, 61)

    assert states(journey, delivery) == [Attempt.State.VOIDED, Attempt.State.CREATED]
    kept = [row["number"] for row in journey.shipments_at_ups() if not row["voided"]]
    assert kept == [journey.company.delivery(entry_id)["TrackingNumber"]]


def test_ending_a_doubtful_delivery_ships_nothing_and_asks_again_when_the_shipment_turns_up(journey: Journey) -> None:
    _entry_id, delivery = in_review(journey, "300001")

    say(journey, delivery, Decision.END)
    assert journey.refreshed(delivery).state == Delivery.State.CANCELLED
    journey.ups.control("DELETE", "faults")
    later(journey, 61)

    assert ship_calls(journey) == 1
    assert journey.refreshed(delivery).state == Delivery.State.REVIEW
    assert codes(journey, delivery) == ["unexpected_label"]


def test_voiding_and_shipping_again_leaves_one_live_shipment(journey: Journey) -> None:
    entry_id, delivery = in_review(journey, "300001")
    (made,) = journey.shipments_at_ups()
    journey.ups.control("DELETE", "faults")

    say(journey, delivery, Decision.VOID_AND_SHIP, number=made["number"])

    assert states(journey, delivery) == [Attempt.State.VOIDED, Attempt.State.CREATED]
    assert [row["voided"] for row in journey.shipments_at_ups()] == [True, False]
    number = journey.company.delivery(entry_id)["TrackingNumber"]
    assert number == journey.shipments_at_ups()[1]["number"]


def test_a_second_decision_about_the_same_thing_is_refused(journey: Journey) -> None:
    _entry_id, delivery = in_review(journey, "300001")
    say(journey, delivery, Decision.NOT_MADE)

    with pytest.raises(NotPossible, match="in the meantime"):
        say(journey, delivery, Decision.NOT_MADE)

    assert ship_calls(journey) == 2
    assert len(decisions_told(journey, delivery)) == 1


def test_a_lost_answer_to_a_void_is_asked_again_until_ups_says_it_is_void(journey: Journey) -> None:
    _entry_id, delivery = deleted_after_label(journey)
    journey.ups.control("POST", "faults", {"operation": "void", "action": "reset_after", "times": 2})

    say(journey, delivery, Decision.VOID, of_attempt=False)
    assert states(journey, delivery) == [Attempt.State.VOIDING]
    later(journey, 1, 3)

    assert states(journey, delivery) == [Attempt.State.VOIDED]
    assert journey.refreshed(delivery).state == Delivery.State.CANCELLED
    assert [row["voided"] for row in journey.shipments_at_ups()] == [True]


def deleted_after_label(journey: Journey) -> tuple[str, Delivery]:
    """A delivery that somebody deleted in Exact once it was shipped."""
    entry_id, delivery = journey.ship()
    path = f"companies/{journey.company.division}/records/salesorder/GoodsDeliveries/{entry_id}"
    journey.company.exact.control("DELETE", path)

    def is_in_review() -> bool:
        journey.make_due()
        journey.work()
        return journey.refreshed(delivery).state == Delivery.State.REVIEW

    assert wait_for(is_in_review)
    return entry_id, delivery


def test_a_refused_void_comes_back_to_the_person_who_may_keep_the_shipment(journey: Journey) -> None:
    _entry_id, delivery = deleted_after_label(journey)
    body = {"response": {"errors": [{"code": "190102", "message": "No shipment found within the allowed void period"}]}}
    refusal = {"operation": "void", "action": "status", "status": 400, "body": body, "times": 1}
    journey.ups.control("POST", "faults", refusal)

    say(journey, delivery, Decision.VOID, of_attempt=False)
    assert states(journey, delivery) == [Attempt.State.VOID_REFUSED]
    assert choices(journey, delivery) == [{"void", "keep"}]
    say(journey, delivery, Decision.KEEP)

    assert states(journey, delivery) == [Attempt.State.CREATED]
    assert journey.refreshed(delivery).state == Delivery.State.IN_TRANSIT
    assert [row["voided"] for row in journey.shipments_at_ups()] == [False]


def test_the_placeholder_of_the_test_system_is_never_sent_again_by_itself(journey: Journey) -> None:
    journey.ups.control(
        "POST",
        "faults",
        {"path_regex": "/ship$", "action": "status", "status": 200, "body": placeholder_answer(), "times": None},
    )
    _entry_id, delivery = journey.ship()
    later(journey, 5, 16, 61)

    assert states(journey, delivery) == [Attempt.State.REVIEW]
    assert codes(journey, delivery) == ["doubt_placeholder"]
    assert ship_calls(journey) == 1
    assert choices(journey, delivery) == [{"not_made", "end"}]


def placeholder_answer() -> dict[str, Any]:
    """As UPS's test system answers every request (`ups.md` 2)."""
    number = "1ZXXXXXXXXXXXXXXXX"
    label = {"ImageFormat": {"Code": "GIF"}, "GraphicImage": "R0lGODdh"}
    results = {
        "ShipmentIdentificationNumber": number,
        "PackageResults": [{"TrackingNumber": number, "ShippingLabel": label}],
    }
    return {"ShipmentResponse": {"Response": {"ResponseStatus": {"Code": "1"}}, "ShipmentResults": results}}


def test_a_parcel_that_is_on_its_way_is_not_voided_although_it_is_one_too_many(journey: Journey) -> None:
    trouble(journey, action="late_effect", seconds=1_800)
    _entry_id, delivery = journey.ship()
    later(journey, 1, 2, 5, 9, 20)
    assert wait_for(lambda: len(journey.shipments_at_ups()) == 2)
    late = journey.shipments_at_ups()[1]["number"]
    journey.ups.control("POST", f"parcels/{late}/travel", {"script": "normal", "pushes": "none"})
    later(journey, 30 * 60)

    first, _second = journey.attempts(delivery)
    assert (first.state, first.review_reason) == (Attempt.State.ORPHAN, "scanned")
    assert [row["voided"] for row in journey.shipments_at_ups()] == [False, False]
    assert choices(journey, delivery) == [{"void", "seen"}]


def test_a_delivery_whose_label_was_voided_at_ups_is_shipped_again_over_its_old_number(way: Way) -> None:
    journey = way.journey
    entry_id, delivery = journey.ship()
    old = journey.company.delivery(entry_id)["TrackingNumber"]
    open_client(journey.account, observe=ignore).void(old)
    way.look_now(delivery)
    assert codes(journey, delivery) == ["voided_at_ups"]

    say(journey, delivery, Decision.VOID_AND_SHIP, number=old, of_attempt=False)

    new = journey.company.delivery(entry_id)["TrackingNumber"]
    assert states(journey, delivery) == [Attempt.State.VOIDED, Attempt.State.CREATED]
    assert [row["number"] for row in journey.shipments_at_ups() if not row["voided"]] == [new]
    assert new != old
    assert journey.refreshed(delivery).state == Delivery.State.REPORTED
