"""A parcel's history and its progress line, as people read them."""

from datetime import UTC, datetime, timedelta

import pytest

from syncjobs.models import Parcel, TrackingEvent
from syncjobs.tracking.histories import SHOWN_AT_MOST, EventShown, history_of, is_believed, steps_of
from tenants.context import tenant_context
from tests.factories import make_tenant
from tests.pages.scene import make_desk, make_shipped
from tests.pages.travels import parcels_of
from ups.events import Source

WAY = ["label_created", "picked_up", "in_transit", "out_for_delivery", "delivered"]


def shown(milestone: str, *, is_claim: bool = False) -> EventShown:
    return EventShown(
        happened_at=None,
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
    ("milestone", "reason", "track_says", "is_taken"),
    [
        ("delivered", "", "", False),
        ("delivered", "", "in_transit", False),
        ("delivered", "", "delivered", True),
        ("returned_to_sender", "", "delivered", False),
        ("voided", "", "", False),
        ("exception", "lost_or_destroyed", "", False),
        ("exception", "lost_or_destroyed", "exception", False),
        ("exception", "lost_or_destroyed", "lost", True),
        ("exception", "customs", "", True),
        ("out_for_delivery", "", "", True),
        ("", "photo", "", True),
    ],
)
def test_an_end_is_believed_from_the_tracking_api_alone(
    milestone: str, reason: str, track_says: str, *, is_taken: bool
) -> None:
    """That it told of the same scan among others is not enough: it must have said the end itself."""
    event = TrackingEvent(milestone=milestone, reason=reason, sources=["push", "track"], track_says=track_says)

    assert is_believed(event) is is_taken


@pytest.mark.django_db
def test_a_page_shows_the_newest_events_of_a_flood() -> None:
    noon = datetime(2026, 5, 6, 12, tzinfo=UTC)
    parcel = make_flooded_parcel(noon, events=SHOWN_AT_MOST + 1)

    with tenant_context(parcel.tenant_id):
        shown_on_page = history_of(parcel)

    assert len(shown_on_page) == SHOWN_AT_MOST
    assert (shown_on_page[0].told, shown_on_page[-1].told) == (f"scan {SHOWN_AT_MOST}", "scan 1")


def make_flooded_parcel(noon: datetime, *, events: int) -> Parcel:
    (parcel,) = parcels_of(make_shipped(make_desk(make_tenant())))
    rows = [
        TrackingEvent(
            tenant_id=parcel.tenant_id,
            parcel=parcel,
            fingerprint=f"{minute:064}",
            description=f"scan {minute}",
            happened_at=noon + timedelta(minutes=minute),
        )
        for minute in range(events)
    ]
    with tenant_context(parcel.tenant_id):
        TrackingEvent.objects.bulk_create(rows)
    return parcel
