"""What a decision needs, and where a person's words for it stand."""

import json
from typing import Any

import pytest
from django.utils import timezone

from audit.chain import verify
from audit.models import Event
from syncjobs.doubts.decisions import decide
from syncjobs.doubts.evidence import reasons_kept
from syncjobs.doubts.options import LEAST_REASON, LONGEST_REASON, Decision, NotPossible, cases
from syncjobs.doubts.settling import Reason
from syncjobs.finders import mark_of_words
from syncjobs.models import Attempt, Delivery, Shipment, SyncJob
from tenants.context import tenant_context
from tests import factories
from tests.pages import doubts, scene
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db
WHY = "Spoke with Mrs Jansen of UPS."


@pytest.fixture
def desk() -> Desk:
    return scene.make_desk(factories.make_tenant())


def say(
    delivery: Delivery, decision: Decision, *, number: str = "", reason: str = WHY, of_attempt: bool = True
) -> None:
    decide(
        actor="user:manager",
        tenant_id=delivery.tenant_id,
        delivery_code=delivery.code,
        attempt_code=doubts.attempt_of(delivery).code if of_attempt else None,
        decision=decision,
        reason=reason,
        number=number,
        at=timezone.now(),
    )


def standing(delivery: Delivery) -> tuple[Any, ...]:
    """Everything that a decision changes."""
    with tenant_context(delivery.tenant_id):
        attempts = list(Attempt.objects.order_by("pk").values("state", "evidence", "due_at"))
        return Delivery.objects.get(pk=delivery.pk).state, attempts, SyncJob.objects.count(), Event.objects.count()


def trail(delivery: Delivery) -> list[dict[str, Any]]:
    with tenant_context(delivery.tenant_id):
        return [event.details for event in Event.objects.for_subject(delivery.code)]


@pytest.mark.parametrize("decision", [Decision.ADOPT, Decision.NOT_MADE, Decision.VOID, Decision.END])
def test_the_words_stand_beside_the_trail_which_has_their_fingerprint_only(desk: Desk, decision: Decision) -> None:
    delivery = doubts.make_several(desk)

    say(delivery, decision, number=doubts.NUMBERS[0])

    assert "Jansen" not in json.dumps(trail(delivery))
    (told,) = [details for details in trail(delivery) if details.get("what") == "decision"]
    assert (told["reason_fingerprint"], told["reason_characters"]) == (mark_of_words(desk.tenant.id, WHY), len(WHY))
    assert reasons_kept([doubts.attempt_of(delivery).evidence]) == {mark_of_words(desk.tenant.id, WHY): WHY}


def test_the_words_can_be_taken_away_and_the_trail_stays_whole(desk: Desk) -> None:
    delivery = doubts.make_review(desk)
    say(delivery, Decision.NOT_MADE)

    with tenant_context(desk.tenant.id):
        Attempt.objects.update(evidence={})

        assert verify(desk.tenant.id).broken_at is None


def test_each_of_several_decisions_keeps_its_words(desk: Desk) -> None:
    delivery = doubts.make_void_refused(desk)
    say(delivery, Decision.VOID)
    with tenant_context(desk.tenant.id):
        refused = {"state": Attempt.State.VOID_REFUSED, "review_reason": Reason.VOID_REFUSED}
        Attempt.objects.filter(delivery=delivery).update(**refused)

    say(delivery, Decision.KEEP, reason="The parcel has left.")

    assert set(reasons_kept([doubts.attempt_of(delivery).evidence]).values()) == {WHY, "The parcel has left."}


def test_words_about_a_delivery_stand_with_what_was_shipped_for_it(desk: Desk) -> None:
    delivery = doubts.make_deleted_after_label(desk)

    say(delivery, Decision.KEEP, of_attempt=False)

    assert list(reasons_kept([doubts.attempt_of(delivery).evidence]).values()) == [WHY]


@pytest.mark.parametrize("reason", ["", " " * 20, "x" * (LEAST_REASON - 1), "x" * (LONGEST_REASON + 1)])
def test_words_that_are_too_few_or_too_many_decide_nothing(desk: Desk, reason: str) -> None:
    delivery = doubts.make_review(desk)
    before = standing(delivery)

    with pytest.raises(NotPossible, match="10 to 500 characters"):
        say(delivery, Decision.NOT_MADE, reason=reason)

    assert standing(delivery) == before


@pytest.mark.parametrize("reason", ["x" * LEAST_REASON, "x" * LONGEST_REASON])
def test_words_of_just_the_right_length_are_kept_whole(desk: Desk, reason: str) -> None:
    delivery = doubts.make_review(desk)

    say(delivery, Decision.NOT_MADE, reason=reason)

    assert list(reasons_kept([doubts.attempt_of(delivery).evidence]).values()) == [reason]


def test_a_number_is_taken_as_people_type_it(desk: Desk) -> None:
    delivery = doubts.make_review(desk)

    say(delivery, Decision.ADOPT, number=" 1z a1b2c3 68 0000 0909 ")

    assert doubts.attempt_of(delivery).evidence["chosen"] == doubts.NUMBERS[0]


def test_without_a_number_no_void_is_offered(desk: Desk) -> None:
    delivery = doubts.make_deleted_after_label(desk)
    with tenant_context(desk.tenant.id):
        Shipment.objects.update(voided_at=timezone.now())

        (case,) = cases(desk.tenant.id, Delivery.objects.get(pk=delivery.pk))

    assert [option.decision for option in case.options] == [Decision.KEEP, Decision.END]


def test_a_reason_that_only_a_newer_version_knows_can_be_decided_about(desk: Desk) -> None:
    delivery = doubts.make_review(desk)
    with tenant_context(desk.tenant.id):
        Attempt.objects.update(review_reason="eclipse")

        (case,) = cases(desk.tenant.id, Delivery.objects.get(pk=delivery.pk))

    assert case.text
    assert Decision.NOT_MADE in [option.decision for option in case.options]
