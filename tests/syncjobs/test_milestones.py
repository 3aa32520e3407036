"""Where a parcel stands: the latest event decides, ends are believed from the Tracking API alone (`ups.md` 9.4)."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncjobs.merging import merge
from syncjobs.milestones import ENDS, Standing, least_advanced, standing_of
from tests.syncjobs.tellings import NOON, PUSH, RECORDS, SCANS, TRACK, M, history, hours, record, scan
from ups.events import Milestone, ParcelEvent, Source

LATER = NOON + hours(5)
OTHERS = pytest.mark.parametrize("source", [PUSH, Source.VIEW])


def stands(*events: ParcelEvent) -> Standing:
    """Where a parcel stands with these events, told in this order and in the reverse of it."""
    forwards, backwards = standing_of(history(*events)), standing_of(history(*reversed(events)))
    assert forwards == backwards
    return forwards


def test_a_parcel_that_nobody_told_of_has_its_label() -> None:
    assert stands() == Standing(milestone=M.LABEL_CREATED)


def test_the_latest_event_decides_whichever_came_first() -> None:
    found = stands(scan("out", LATER), scan("departed", NOON), scan("label", NOON - hours(9)))

    assert (found.milestone, found.milestone_at, found.last_event_at) == (M.OUT_FOR_DELIVERY, LATER, LATER)


@pytest.mark.parametrize("late", ["departed", "out", "access point", "label", "odd"])
def test_a_scan_that_comes_after_the_delivery_does_not_undo_it(late: str) -> None:
    found = stands(scan("delivered"), scan(late, LATER))

    assert (found.milestone, found.milestone_at, found.is_over) == (M.DELIVERED, NOON, True)


@pytest.mark.parametrize(
    ("correction", "milestone"),
    [("customs", M.EXCEPTION), ("not collected", M.EXCEPTION), ("returned", M.RETURNED_TO_SENDER)],
)
def test_a_wrong_delivery_is_corrected(correction: str, milestone: Milestone) -> None:
    found = stands(scan("delivered"), scan(correction, LATER))

    assert (found.milestone, found.milestone_at) == (milestone, LATER)


def test_a_corrected_parcel_travels_again_and_is_delivered_in_the_end() -> None:
    way = [scan("delivered"), scan("delay", LATER), scan("out", LATER + hours(1)), scan("delivered", LATER + hours(2))]

    assert [stands(*way[: count + 1]).milestone for count in range(4)] == [
        M.DELIVERED,
        M.EXCEPTION,
        M.OUT_FOR_DELIVERY,
        M.DELIVERED,
    ]


def test_a_correction_that_happened_before_the_delivery_is_none() -> None:
    assert stands(scan("delay", NOON), scan("delivered", LATER)).milestone == M.DELIVERED


def test_a_parcel_nobody_fetched_at_the_access_point_goes_back() -> None:
    way = [scan("access point"), scan("not collected", LATER), scan("returned", LATER + hours(48))]

    found = [stands(*way[: count + 1]) for count in range(3)]

    assert [(one.milestone, one.reason) for one in found] == [
        (M.AVAILABLE_FOR_PICKUP, "waiting_for_collection"),
        (M.EXCEPTION, "return_in_progress"),
        (M.RETURNED_TO_SENDER, "returned_final"),
    ]


def test_the_delivery_at_the_sender_after_a_return_is_no_delivery() -> None:
    assert stands(scan("returned"), scan("delivered", LATER)).milestone == M.RETURNED_TO_SENDER


@OTHERS
def test_a_voided_parcel_that_is_scanned_all_the_same_travels(source: Source) -> None:
    found = stands(scan("voided"), scan("departed", LATER, source=source))

    assert (found.milestone, found.is_over) == (M.IN_TRANSIT, False)


@pytest.mark.parametrize("what", ["label", "odd"])
def test_neither_label_data_nor_unknown_codes_stop_a_parcel_under_way(what: str) -> None:
    assert stands(scan("departed"), scan(what, LATER)).milestone == M.IN_TRANSIT


def test_an_unknown_code_is_shown_before_anything_moved_and_is_no_delivery() -> None:
    assert stands(scan("label"), scan("odd", LATER)).milestone == M.UNKNOWN


def test_what_is_only_information_keeps_the_milestone_and_counts_as_news() -> None:
    found = stands(scan("departed"), scan("hold asked for", LATER))

    assert (found.milestone, found.milestone_at, found.last_event_at) == (M.IN_TRANSIT, NOON, LATER)


def test_the_last_announced_day_of_delivery_counts() -> None:
    first, second = NOON.date(), (NOON + timedelta(days=2)).date()

    found = stands(
        scan("delay", LATER, scheduled_date=second), scan("departed", scheduled_date=first), scan("out", LATER)
    )

    assert found.scheduled_date == second


def test_events_without_a_time_move_nothing() -> None:
    timeless = scan("delivered", happened_at=None, local_at=None, zone_known=False)

    found = stands(scan("departed"), timeless)

    assert (found.milestone, found.claim_at, found.last_event_at) == (M.IN_TRANSIT, None, NOON)


@OTHERS
@pytest.mark.parametrize("end", ["delivered", "returned", "voided"])
def test_an_end_that_only_others_tell_of_is_a_claim_and_no_end(end: str, source: Source) -> None:
    found = stands(scan("out"), scan(end, LATER, source=source))

    assert (found.milestone, found.claim_at, found.is_over) == (M.OUT_FOR_DELIVERY, LATER, False)


@OTHERS
def test_a_loss_that_only_others_tell_of_is_trouble_to_be_looked_into(source: Source) -> None:
    found = stands(scan("out"), scan("lost", LATER, source=source))

    assert (found.milestone, found.claim_at, found.is_lost) == (M.EXCEPTION, LATER, False)


@OTHERS
@pytest.mark.parametrize("end", ["delivered", "returned", "lost"])
def test_the_tracking_api_settles_a_claim_by_saying_the_same(end: str, source: Source) -> None:
    """Its own moment may be another one."""
    found = stands(scan(end, source=source), scan(end, NOON - timedelta(minutes=3)))

    assert (found.claim_at, found.is_over, found.is_confirmed) == (None, True, True)


@pytest.mark.parametrize("end", ["delivered", "returned", "voided", "lost"])
def test_the_tracking_api_needs_nobody_before_it(end: str) -> None:
    found = stands(scan("out"), scan(end, LATER))

    assert (found.claim_at, found.is_over, found.milestone_at) == (None, True, LATER)


@pytest.mark.parametrize("end", ["delivered", "returned", "voided"])
def test_the_tracking_api_refutes_a_claim_by_seeing_the_parcel_later(end: str) -> None:
    found = stands(scan(end, source=PUSH), scan("departed", LATER))

    assert (found.milestone, found.claim_at) == (M.IN_TRANSIT, None)


def test_news_of_others_after_a_claim_does_not_refute_it() -> None:
    assert stands(scan("delivered", source=PUSH), scan("departed", LATER, source=PUSH)).claim_at == NOON


def test_what_the_tracking_api_saw_before_a_claim_does_not_refute_it() -> None:
    assert stands(scan("out"), scan("delivered", LATER, source=PUSH)).claim_at == LATER


def test_what_the_tracking_api_saw_at_the_same_moment_does_not_refute_a_claim() -> None:
    assert stands(scan("out"), scan("delivered", source=PUSH)).claim_at == NOON


def test_a_new_claim_after_a_refuted_one_is_open() -> None:
    found = stands(
        scan("delivered", source=PUSH), scan("departed", NOON + hours(1)), scan("delivered", LATER, source=PUSH)
    )

    assert found.claim_at == LATER


@OTHERS
def test_a_confirmed_loss_stays_confirmed_when_another_source_tells_of_it_as_well(source: Source) -> None:
    found = stands(scan("lost"), scan("lost", LATER, source=source))

    assert (found.is_lost, found.milestone_at, found.claim_at) == (True, NOON, None)


def test_a_lost_parcel_that_is_found_travels_again() -> None:
    found = stands(scan("lost"), scan("departed", LATER, source=PUSH))

    assert (found.milestone, found.is_over) == (M.IN_TRANSIT, False)


@pytest.mark.parametrize(
    ("milestones", "expected"),
    [
        ([M.DELIVERED, M.IN_TRANSIT, M.OUT_FOR_DELIVERY], M.IN_TRANSIT),
        ([M.DELIVERED, M.EXCEPTION, M.LABEL_CREATED], M.EXCEPTION),
        ([M.DELIVERED, M.RETURNED_TO_SENDER], M.RETURNED_TO_SENDER),
        ([M.DELIVERED, M.VOIDED], M.DELIVERED),
        ([M.VOIDED, M.VOIDED], M.VOIDED),
        ([M.DELIVERED, M.DELIVERED], M.DELIVERED),
    ],
)
def test_a_delivery_stands_where_its_least_advanced_parcel_does(
    milestones: list[Milestone], expected: Milestone
) -> None:
    least = least_advanced([Standing(milestone=milestone) for milestone in milestones])

    assert least is not None
    assert least.milestone == expected


def test_a_delivery_without_parcels_stands_nowhere() -> None:
    assert least_advanced([]) is None


@st.composite
def anything_told(draw: st.DrawFn) -> ParcelEvent:
    at = NOON + timedelta(minutes=draw(st.integers(0, 6)) * 30)
    if draw(st.booleans()):
        return record(draw(st.sampled_from(sorted(RECORDS))), at)
    return scan(draw(st.sampled_from(sorted(SCANS))), at, source=draw(st.sampled_from([PUSH, TRACK])))


@given(st.lists(anything_told(), max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_arrival_never_matters(events: list[ParcelEvent], random: Random) -> None:
    shuffled = list(events)
    random.shuffle(shuffled)

    assert standing_of(merge([], history(*events)).history) == standing_of(merge([], history(*shuffled)).history)


@given(st.lists(anything_told(), max_size=8))
def test_no_end_stands_that_the_tracking_api_did_not_tell(events: list[ParcelEvent]) -> None:
    found = standing_of(history(*events))

    told_by_tracking = {event.milestone for event in events if event.source == TRACK}
    assert found.milestone not in ENDS or found.milestone in told_by_tracking
    assert not found.is_over or found.is_confirmed
