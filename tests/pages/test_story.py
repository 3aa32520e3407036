"""The story of a delivery whose request to UPS went astray, in words that need no explanation."""

from typing import Any

import pytest
from django.utils import timezone

from audit.models import Event
from audit.record import Happening, acting, happenings
from syncjobs.doubts.evidence import decided
from syncjobs.doubts.options import Decision
from syncjobs.finders import mark_of_words
from syncjobs.models import Attempt, Delivery
from syncjobs.reconciling.kinds import Repair
from syncjobs.story import Moment, events_of, story_of
from syncjobs.transitions import ATTEMPT_MOVES, delivery_event
from syncjobs.views.details import attempt_shown
from tenants.context import tenant_context
from tests.pages import doubts, scene
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db
A = Attempt.State
REFERENCE = "T01K0000000000000000000000A"
TOLD_BY_THE_DELIVERY = {(A.PLANNED, A.SENDING), (A.SENDING, A.CREATED)}
MOVES = [
    (before, after)
    for before, afters in ATTEMPT_MOVES.items()
    for after in sorted(afters)
    if (before, after) not in TOLD_BY_THE_DELIVERY
]


def happened(
    delivery: Delivery, kind: Event.Kind, details: dict[str, Any], *, moved: tuple[str, str] = ("", "")
) -> None:
    event = Happening(
        kind=kind,
        subject_kind="delivery",
        subject=delivery.code,
        correlation=delivery.correlation,
        from_state=moved[0],
        to_state=moved[1],
        details=details,
    )
    with acting("worker"), tenant_context(delivery.tenant_id):
        happenings(delivery.tenant_id, [event])


def story(delivery: Delivery) -> list[Moment]:
    with tenant_context(delivery.tenant_id):
        return story_of(delivery, events_of(delivery.tenant_id, delivery))


def newest(delivery: Delivery) -> Moment:
    return story(delivery)[0]


@pytest.mark.parametrize(("before", "after"), MOVES)
def test_every_move_of_a_request_is_told_in_plain_words_with_its_reference(desk: Desk, before: str, after: str) -> None:
    delivery = scene.make_delivery(desk)

    details = {"attempt": "1", "reference": REFERENCE, "number": 1}
    happened(delivery, Event.Kind.MOVED, details, moved=(before, after))

    told = newest(delivery)
    assert told.more == f"Reference {REFERENCE}"
    assert "_" not in told.words
    assert "attempt" not in told.words.lower()
    assert "orphan" not in told.words.lower()


@pytest.mark.parametrize("state", list(A))
def test_every_state_of_a_request_has_plain_words(desk: Desk, state: Attempt.State) -> None:
    delivery = scene.make_doubtful(desk)
    attempt = doubts.attempt_of(delivery)
    attempt.state = state

    shown = attempt_shown(attempt)

    assert shown.word[:1].isupper()
    assert "_" not in shown.word + shown.said
    assert shown.look in {"work", "good", "stop", "ask", "quiet"}


def test_a_shipment_that_was_found_is_told_as_used_and_not_paid_twice(desk: Desk) -> None:
    delivery = scene.make_delivery(desk)

    happened(delivery, Event.Kind.MOVED, {"attempt": "1", "reference": REFERENCE}, moved=(A.IN_DOUBT, A.CREATED))

    told = newest(delivery)
    assert told.words == "UPS has made the shipment after all; it is used, and nothing is paid twice"
    assert told.look == "good"


@pytest.mark.parametrize("decision", list(Decision))
def test_each_decision_stands_in_the_story_with_number_and_reason(desk: Desk, decision: Decision) -> None:
    delivery = doubts.make_review(desk)
    reason = "UPS said so by telephone."
    attempt = doubts.attempt_of(delivery)
    with tenant_context(desk.tenant.id):
        kept = decided(attempt, decision=decision.value, reason=reason, at=timezone.now())
        Attempt.objects.filter(pk=attempt.pk).update(evidence=kept)
    mark = {"reason_fingerprint": mark_of_words(desk.tenant.id, reason), "reason_characters": len(reason)}

    happened(
        delivery,
        Event.Kind.ASKED,
        {"what": "decision", "decision": decision.value, "number": doubts.NUMBERS[0], **mark},
    )

    told = newest(delivery)
    assert told.words.startswith("Decided: ")
    assert told.more == f"{doubts.NUMBERS[0]} · “{reason}”"


@pytest.mark.parametrize("what", ["orphan", "voided", "late answer"])
def test_what_became_of_a_shipment_is_told_with_its_number(desk: Desk, what: str) -> None:
    delivery = scene.make_delivery(desk)
    with tenant_context(desk.tenant.id):
        details = {"what": what, "shipment": doubts.NUMBERS[0]}
        happenings(desk.tenant.id, [delivery_event(delivery, Event.Kind.CHANGED, details=details)])

    told = newest(delivery)

    assert told.more == doubts.NUMBERS[0]
    assert told.words != what.capitalize()


def test_words_that_were_taken_away_leave_the_decision_in_the_story(desk: Desk) -> None:
    delivery = doubts.make_review(desk)
    mark = {"reason_fingerprint": mark_of_words(desk.tenant.id, "Told by the receiver."), "reason_characters": 21}

    happened(delivery, Event.Kind.ASKED, {"what": "decision", "decision": Decision.END.value, **mark})

    told = newest(delivery)
    assert (told.words, told.more) == ("Decided: do nothing more for this delivery", "")


@pytest.mark.parametrize("details", [{"attempt": "1", "reference": REFERENCE}, {}])
def test_a_move_that_only_a_newer_version_knows_is_a_quiet_line(desk: Desk, details: dict[str, Any]) -> None:
    delivery = scene.make_delivery(desk)

    happened(delivery, Event.Kind.MOVED, details, moved=("in_doubt", "teleported"))

    told = newest(delivery)
    assert (told.look, "teleported" in told.words) == ("quiet", False)


def test_a_request_in_a_state_that_only_a_newer_version_knows_can_be_shown(desk: Desk) -> None:
    attempt = doubts.attempt_of(scene.make_doubtful(desk))
    attempt.state = "teleported"

    shown = attempt_shown(attempt)

    assert (shown.look, "teleported" in shown.word) == ("quiet", False)


def test_a_shipment_that_was_found_reads_once_with_where_its_labels_come_from(desk: Desk) -> None:
    delivery = scene.make_delivery(desk)
    before = len(story(delivery))
    happened(delivery, Event.Kind.MOVED, {"attempt": "1", "reference": REFERENCE}, moved=(A.IN_DOUBT, A.CREATED))
    happened(delivery, Event.Kind.CHANGED, {"what": "labels stored", "numbers": ["1Z"], "source": "recovery"})
    happened(delivery, Event.Kind.MOVED, {}, moved=(Delivery.State.SHIPPING, Delivery.State.LABELLED))

    told = [moment.words for moment in story(delivery)[::-1]][before:]

    assert told == [
        "UPS has made the shipment after all; it is used, and nothing is paid twice",
        "The labels were fetched from UPS",
    ]


def test_the_answer_that_came_at_once_is_told_as_made_with_labels_stored(desk: Desk) -> None:
    delivery = scene.make_delivery(desk)
    before = len(story(delivery))
    happened(delivery, Event.Kind.MOVED, {"attempt": "1", "reference": REFERENCE}, moved=(A.SENDING, A.CREATED))
    happened(delivery, Event.Kind.CHANGED, {"what": "labels stored", "numbers": ["1Z"]})
    happened(delivery, Event.Kind.MOVED, {}, moved=(Delivery.State.SHIPPING, Delivery.State.LABELLED))

    told = [moment.words for moment in story(delivery)[::-1]][before:]

    assert told == ["The labels were stored", "UPS made the shipment"]


@pytest.mark.parametrize("kind", [Event.Kind.ASKED, Event.Kind.CHANGED])
@pytest.mark.parametrize("repair", list(Repair))
def test_a_repair_says_what_was_put_right(desk: Desk, repair: Repair, kind: Event.Kind) -> None:
    delivery = scene.make_delivery(desk)

    details = {"what": "set going again by the comparison", "finding": "stuck", "repair": repair.value}
    happened(delivery, kind, details)

    told = newest(delivery).words
    assert told.startswith("Put right after the comparison: ")
    assert "looked at again" not in told
