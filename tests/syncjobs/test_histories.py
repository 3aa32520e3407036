"""A parcel's history and its progress line, as people read them."""

from datetime import UTC, datetime

import pytest

from syncjobs.histories import EventShown, is_believed, steps_of
from syncjobs.models import Parcel, TrackingEvent
from ups.events import Source

WAY = ["label_created", "picked_up", "in_transit", "out_for_delivery", "delivered"]


def shown(milestone: str, *, is_claim: bool = False) -> EventShown:
    return EventShown(
        milestone=milestone,
        reason="",
        is_claim=is_claim,
        local_at=datetime(2026, 5, 6, 14, 12, tzinfo=UTC).replace(tzinfo=None),
        zone_known=True,
        place="",
        told="",
        sources=(Source.TRACK,),
    )


def line(milestone: str, *history: str) -> list[str]:
    """The steps, the present one in brackets, those ahead left out."""
    steps = steps_of(milestone, [shown(one) for one in history])
    return [f"[{step.milestone}]" if step.state == "now" else step.milestone for step in steps if step.state != "ahead"]


@pytest.mark.parametrize("place", range(len(WAY)))
def test_a_parcel_that_goes_its_way_has_done_what_lies_behind(place: int) -> None:
    steps = steps_of(WAY[place], [])

    assert [step.milestone for step in steps] == WAY
    assert [step.state for step in steps] == ["done"] * place + ["now"] + ["ahead"] * (len(WAY) - place - 1)


@pytest.mark.parametrize(
    ("history", "line_shown"),
    [
        ((), ["label_created", "picked_up", "[exception]"]),
        (("in_transit",), ["label_created", "picked_up", "[exception]"]),
        (("out_for_delivery",), ["label_created", "picked_up", "in_transit", "[exception]"]),
        (("available_for_pickup",), ["label_created", "picked_up", "in_transit", "[exception]"]),
    ],
)
def test_an_exception_stands_where_it_happened(history: tuple[str, ...], line_shown: list[str]) -> None:
    assert line("exception", *history) == line_shown


def test_ready_for_collection_takes_the_place_of_the_door() -> None:
    assert line("available_for_pickup") == ["label_created", "picked_up", "in_transit", "[available_for_pickup]"]


@pytest.mark.parametrize(
    ("history", "line_shown"),
    [
        (("in_transit",), ["label_created", "picked_up", "in_transit", "[returned_to_sender]"]),
        (
            ("out_for_delivery",),
            ["label_created", "picked_up", "in_transit", "out_for_delivery", "[returned_to_sender]"],
        ),
    ],
)
def test_a_return_ends_the_line(history: tuple[str, ...], line_shown: list[str]) -> None:
    assert line("returned_to_sender", *history) == line_shown


def test_a_voided_label_went_nowhere() -> None:
    assert line("voided", "in_transit") == ["label_created", "[voided]"]


def test_a_claim_moves_nothing_on() -> None:
    steps = steps_of("exception", [shown("delivered", is_claim=True)])

    assert [step.milestone for step in steps if step.state == "now"] == ["exception"]
    assert steps[-1].state == "ahead"


@pytest.mark.parametrize("milestone", Parcel.Milestone.values)
def test_every_milestone_has_exactly_one_present_step(milestone: str) -> None:
    assert [step.state for step in steps_of(milestone, [])].count("now") == 1


@pytest.mark.parametrize(
    ("milestone", "reason", "sources", "is_taken"),
    [
        ("delivered", "", ["push"], False),
        ("delivered", "", ["view", "push"], False),
        ("delivered", "", ["push", "track"], True),
        ("returned_to_sender", "", ["view"], False),
        ("voided", "", ["push"], False),
        ("exception", "lost_or_destroyed", ["push"], False),
        ("exception", "lost_or_destroyed", ["track"], True),
        ("exception", "customs", ["push"], True),
        ("out_for_delivery", "", ["push"], True),
        ("", "photo", ["push"], True),
    ],
)
def test_an_end_is_believed_from_the_tracking_api_alone(
    milestone: str, reason: str, sources: list[str], *, is_taken: bool
) -> None:
    assert is_believed(TrackingEvent(milestone=milestone, reason=reason, sources=sources)) is is_taken
