"""The story of a delivery whose request to UPS went astray, in words that need no explanation."""

from typing import Any

import pytest

from audit.models import Event
from audit.record import Happening, acting, happenings
from syncjobs.decisions import Decision
from syncjobs.models import Attempt, Delivery
from syncjobs.story import Moment, story_of
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


def newest(delivery: Delivery) -> Moment:
    with tenant_context(delivery.tenant_id):
        return story_of(delivery.tenant_id, delivery)[0]


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
    delivery = scene.make_delivery(desk)
    reason = "UPS said so by telephone."
    details = {"what": "decision", "decision": decision.value, "reason": reason, "number": doubts.NUMBERS[0]}

    happened(delivery, Event.Kind.ASKED, details)

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
