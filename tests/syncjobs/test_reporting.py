"""Which milestones are told to Exact: the customer's choice, few writes, and never silence about how it ended."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import Event
from exact.models import Connection
from exact.records import DocumentType
from syncjobs.models import Delivery, Reporting
from syncjobs.remarks import SHORTEST
from syncjobs.reporting import (
    EXACT_WRITES,
    has_writes_left,
    keep_document_types,
    milestone_to_tell,
    remember_refusal,
    reporting_of,
    save_reporting,
    shortness_of,
    types_of,
)
from syncjobs.tracking.courses import Course
from tenants.context import tenant_context
from tests.factories import make_tenant
from tests.syncjobs.rows import make_connection, make_delivery

pytestmark = pytest.mark.django_db
S = Delivery.State
ALL = [
    "label_created",
    "picked_up",
    "in_transit",
    "out_for_delivery",
    "available_for_pickup",
    "exception",
    "delivered",
    "returned_to_sender",
    "voided",
    "unknown",
]


@pytest.fixture
def exact() -> Connection:
    return make_connection(make_tenant())


def reported(exact: Connection, *, told: str = "", writes: int = 1, state: S = S.IN_TRANSIT) -> Delivery:
    """A delivery whose number stands in Exact, with what was last told of it."""
    delivery = make_delivery(exact, state=state)
    delivery.written = {"milestone": told, "remarks_line": ""} if told else {"remarks_line": ""}
    delivery.written_at = timezone.now()
    delivery.exact_writes = writes
    return delivery


def to_tell(delivery: Delivery, milestone: str, course: Course | None = None) -> str:
    with tenant_context(delivery.tenant_id):
        return milestone_to_tell(delivery, milestone, course)


def choose(exact: Connection, *milestones: str) -> list[str]:
    with tenant_context(exact.tenant_id):
        return save_reporting(exact, milestones=milestones, writes_proof=True, document_type=None)


@pytest.mark.parametrize("milestone", ["picked_up", "exception", "out_for_delivery", "returned_to_sender"])
def test_without_a_choice_the_usual_milestones_are_told(exact: Connection, milestone: str) -> None:
    assert to_tell(reported(exact), milestone) == milestone


@pytest.mark.parametrize("milestone", ["label_created", "available_for_pickup", "voided", "unknown", ""])
def test_without_a_choice_the_others_are_not_told(exact: Connection, milestone: str) -> None:
    assert to_tell(reported(exact), milestone) == ""


@pytest.mark.parametrize("milestone", ALL)
def test_how_it_ended_well_is_told_with_the_proof_and_not_before(exact: Connection, milestone: str) -> None:
    assert to_tell(reported(exact, told=milestone), "delivered") == ""


def test_a_milestone_is_told_once(exact: Connection) -> None:
    assert to_tell(reported(exact, told="out_for_delivery"), "out_for_delivery") == ""


def test_a_parcel_first_heard_of_under_way_is_told_as_picked_up(exact: Connection) -> None:
    assert to_tell(reported(exact), "in_transit") == "picked_up"
    assert to_tell(reported(exact, told="picked_up"), "in_transit") == ""


def test_trouble_that_is_over_is_taken_back_by_whatever_follows(exact: Connection) -> None:
    after_trouble = reported(exact, told="exception", writes=3)

    assert [to_tell(after_trouble, milestone) for milestone in ("in_transit", "available_for_pickup")] == [
        "in_transit",
        "available_for_pickup",
    ]
    assert [to_tell(after_trouble, milestone) for milestone in ("unknown", "label_created", "voided")] == ["", "", ""]


def test_what_the_customer_chose_is_told_and_nothing_else(exact: Connection) -> None:
    choose(exact, "available_for_pickup")

    assert to_tell(reported(exact), "available_for_pickup") == "available_for_pickup"
    assert [to_tell(reported(exact), milestone) for milestone in ("picked_up", "in_transit", "exception")] == [""] * 3


@pytest.mark.parametrize(("writes", "told"), [(3, "exception"), (4, ""), (5, "")])
def test_the_last_write_is_kept_for_how_it_ends(exact: Connection, writes: int, told: str) -> None:
    assert to_tell(reported(exact, told="picked_up", writes=writes), "exception") == told


@pytest.mark.parametrize(("writes", "told"), [(4, "returned_to_sender"), (5, "")])
def test_a_return_may_take_the_last_write_and_not_one_more(exact: Connection, writes: int, told: str) -> None:
    assert to_tell(reported(exact, told="exception", writes=writes), "returned_to_sender") == told


@pytest.mark.parametrize(("writes", "told"), [(3, "exception"), (4, "")])
def test_an_end_that_is_taken_back_is_told_only_while_the_true_end_can_still_be(
    exact: Connection, writes: int, told: str
) -> None:
    ended = reported(exact, told="delivered", writes=writes, state=S.CLOSED)

    assert to_tell(ended, "exception") == told
    assert to_tell(ended, "returned_to_sender") == "returned_to_sender"


def test_a_whole_life_of_news_costs_no_more_than_five_writes(exact: Connection) -> None:
    delivery = reported(exact)

    live_through(delivery, ["picked_up", "exception", "in_transit", "exception", "out_for_delivery"] * 3)

    assert delivery.exact_writes == EXACT_WRITES - 1
    assert has_writes_left(delivery, "delivered")


def live_through(delivery: Delivery, milestones: list[str]) -> None:
    """Write whatever is to be told of them, one write each."""
    for milestone in milestones:
        told = to_tell(delivery, milestone)
        delivery.exact_writes += bool(told)
        delivery.written = delivery.written | ({"milestone": told} if told else {})


@pytest.mark.parametrize("state", [S.RECEIVED, S.SHIPPING, S.LABELLED, S.HOLD, S.CANCELLED])
def test_nothing_is_told_of_deliveries_that_ups_does_not_move(exact: Connection, state: S) -> None:
    assert to_tell(reported(exact, state=state), "exception") == ""


def test_nothing_is_told_before_the_number_is_in_exact(exact: Connection) -> None:
    delivery = reported(exact)
    delivery.written_at = None

    assert to_tell(delivery, "exception") == ""


def test_a_return_is_told_although_it_goes_to_a_person(exact: Connection) -> None:
    on_its_way = reported(exact, told="exception")
    in_review = reported(exact, told="exception", state=S.REVIEW)
    in_review.problems = [{"code": "returned"}]

    assert to_tell(on_its_way, "returned_to_sender", Course(to=S.REVIEW)) == "returned_to_sender"
    assert to_tell(in_review, "returned_to_sender") == "returned_to_sender"


def test_nothing_is_told_while_a_person_decides_about_something_else(exact: Connection) -> None:
    delivery = reported(exact, state=S.REVIEW)
    delivery.problems = [{"code": "returned"}, {"code": "doubled"}]

    assert to_tell(delivery, "exception") == ""


def refuse(exact: Connection, shorter: int) -> Reporting:
    with tenant_context(exact.tenant_id):
        remember_refusal(exact, shorter, at=timezone.now())
        return reporting_of(exact)


def test_a_line_that_was_refused_long_is_sent_short_from_then_on(exact: Connection) -> None:
    assert shortness_of(refuse(exact, 0), at=timezone.now()) == SHORTEST
    assert to_tell(reported(exact), "exception") == "exception"


def test_a_line_that_was_refused_at_its_shortest_is_not_sent_for_a_day(exact: Connection) -> None:
    kept = refuse(exact, SHORTEST)

    assert shortness_of(kept, at=timezone.now()) is None
    assert shortness_of(kept, at=timezone.now() + timedelta(days=1)) == SHORTEST
    assert to_tell(reported(exact), "exception") == ""


def test_a_refusal_changes_no_choice_and_a_manager_can_have_the_whole_line_tried_again(exact: Connection) -> None:
    choose(exact, "exception")
    refused = refuse(exact, SHORTEST)

    with tenant_context(exact.tenant_id):
        changed = save_reporting(
            exact, milestones=["exception"], writes_proof=True, document_type=None, tries_full_lines=True
        )
        kept = reporting_of(exact)
    assert refused.milestones == ["exception"]
    assert changed == ["has_short_lines", "lines_paused_until"]
    assert shortness_of(kept, at=timezone.now()) == 0


def test_a_choice_is_kept_in_order_and_told_in_the_trail_once(exact: Connection) -> None:
    first = choose(exact, "delivered", "picked_up", "nonsense")
    again = choose(exact, "picked_up", "delivered")

    with tenant_context(exact.tenant_id):
        assert reporting_of(exact).milestones == ["picked_up", "delivered"]
        assert [event.details["fields"] for event in Event.objects.for_subject(exact.code)] == [["milestones"]]
    assert (first, again) == (["milestones"], [])


MISCELLANEOUS = DocumentType(id=55, description="Miscellaneous", is_creatable=True)
LETTERS = DocumentType(id=10, description="Letters", is_creatable=False)


def offer(exact: Connection, *types: DocumentType) -> Reporting:
    with tenant_context(exact.tenant_id):
        return keep_document_types(exact, types, at=timezone.now())


def test_the_types_that_exact_offers_are_kept_and_the_usual_one_is_chosen(exact: Connection) -> None:
    offer(exact, LETTERS, MISCELLANEOUS)

    with tenant_context(exact.tenant_id):
        kept = reporting_of(exact)
    assert (types_of(kept), kept.document_type) == ((LETTERS, MISCELLANEOUS), 55)


def test_no_type_is_chosen_where_none_will_do(exact: Connection) -> None:
    assert offer(exact, LETTERS).document_type is None


def test_the_usual_type_is_chosen_once_exact_tells_after_it_had_refused_to(exact: Connection) -> None:
    assert offer(exact).document_type is None

    assert offer(exact, LETTERS, MISCELLANEOUS).document_type == 55


def test_a_choice_is_never_overruled_by_what_exact_offers_later(exact: Connection) -> None:
    offer(exact, LETTERS, MISCELLANEOUS)
    choose(exact, "delivered")

    assert offer(exact, LETTERS, MISCELLANEOUS).document_type is None
