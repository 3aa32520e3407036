"""Where a parcel stands: the latest event decides, ends are believed from the Tracking API alone (`ups.md` 9.4)."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncjobs.tracking.merging import Told, merge
from syncjobs.tracking.milestones import (
    ENDS,
    EVENTS_AT_MOST,
    MOVES_AT_MOST,
    Standing,
    least_advanced,
    standing_of,
    without_idle,
)
from tests.syncjobs.tellings import (
    NOON,
    PUSH,
    RECORDS,
    SCANS,
    TRACK,
    VIEW,
    M,
    history,
    hours,
    record,
    scan,
    without_gmt,
    without_status_code,
)
from ups.events import Milestone, ParcelEvent, Source
from ups.statuses import classify

LATER = NOON + hours(5)
OTHERS = pytest.mark.parametrize("source", [PUSH, Source.VIEW])


def merged(*events: ParcelEvent) -> tuple[Told, ...]:
    """The history that these events make, in this order."""
    return merge([], history(*events)).history


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


def test_a_voided_parcel_that_is_scanned_all_the_same_travels() -> None:
    found = stands(scan("voided"), scan("departed", LATER))

    assert (found.milestone, found.is_over) == (M.IN_TRANSIT, False)


@OTHERS
@pytest.mark.parametrize(
    ("end", "correction"),
    [
        ("delivered", "customs"),
        ("delivered", "lost"),
        ("returned", "delay"),
        ("voided", "departed"),
        ("voided", "delivered"),
        ("lost", "departed"),
        ("lost", "delivered"),
    ],
)
def test_what_only_others_tell_takes_no_end_back_and_is_looked_into(end: str, correction: str, source: Source) -> None:
    ended = stands(scan(end))

    found = stands(scan(end), scan(correction, LATER, source=source))

    assert replace(found, last_event_at=NOON) == replace(ended, claim_at=LATER)


@OTHERS
@pytest.mark.parametrize(("end", "late"), [("delivered", "departed"), ("delivered", "delivered"), ("lost", "lost")])
def test_what_would_take_no_end_back_is_no_claim(end: str, late: str, source: Source) -> None:
    assert stands(scan(end), scan(late, LATER, source=source)).claim_at is None


@pytest.mark.parametrize("said_at", [LATER - timedelta(minutes=3), LATER, LATER + timedelta(minutes=3)])
def test_a_claimed_correction_counts_when_the_tracking_api_tells_of_it(said_at: datetime) -> None:
    """Its own moment may be another one."""
    found = stands(scan("delivered"), scan("delay", LATER, source=PUSH), scan("delay", said_at))

    assert (found.milestone, found.is_over, found.claim_at) == (M.EXCEPTION, False, None)


@pytest.mark.parametrize("later", ["delivered", "departed"])
def test_the_tracking_api_refutes_a_claimed_correction_by_a_later_scan(later: str) -> None:
    found = stands(scan("delivered"), scan("delay", NOON + hours(1), source=PUSH), scan(later, LATER))

    assert (found.milestone, found.is_confirmed, found.claim_at) == (M.DELIVERED, True, None)


@pytest.mark.parametrize(
    ("lent", "end"), [("011", M.DELIVERED), ("034", M.RETURNED_TO_SENDER), ("007", M.VOIDED), ("147", M.EXCEPTION)]
)
@pytest.mark.parametrize("what", ["departed", "odd", "delay"])
def test_three_digits_of_a_push_make_no_end_of_a_scan_of_the_tracking_api(what: str, lent: str, end: Milestone) -> None:
    """The same type, code and second: one event, and the Tracking API has said nothing of an end."""
    tracked = without_status_code(scan(what, LATER))
    meaning = classify(type=tracked.type, code=tracked.code, status_code=lent, has_place=True)
    pushed = replace(tracked, source=PUSH, status_code=lent, milestone=meaning.milestone, reason=meaning.reason, raw={})

    for_wards, back_wards = merged(scan("out"), tracked, pushed), merged(pushed, tracked, scan("out"))

    assert meaning.milestone == end
    assert len(for_wards) == len(back_wards) == 2
    assert [(found.is_over, found.is_lost) for found in map(standing_of, (for_wards, back_wards))] == [
        (False, False)
    ] * 2


def test_an_end_that_a_push_lends_to_an_unclear_scan_is_looked_into() -> None:
    tracked = scan("odd", LATER)
    pushed = replace(tracked, source=PUSH, status_code="011", milestone=M.DELIVERED, reason="")

    found = standing_of(merged(scan("out"), tracked, pushed))

    assert (found.milestone, found.claim_at) == (M.OUT_FOR_DELIVERY, LATER)


def test_a_loss_that_a_record_lends_to_a_scan_without_words_is_trouble_to_be_looked_into() -> None:
    silent = scan("lost", LATER, code="", status_code="", milestone=M.EXCEPTION, reason="unknown")

    found = standing_of(merged(scan("out"), silent, record("lost", LATER)))

    assert (found.milestone, found.reason, found.claim_at) == (M.EXCEPTION, "lost_or_destroyed", LATER)
    assert not found.is_lost


def test_a_push_moves_no_scan_of_the_tracking_api_to_another_moment() -> None:
    """Without a clock of UPS's own its scan stands where the wall clock has it; a push may name any other moment."""
    tracked = without_gmt(scan("delivered"))
    pushed = replace(scan("delivered", LATER, source=PUSH), local_at=tracked.local_at)

    history_now = merged(tracked, scan("delay", NOON + hours(1)), pushed)

    assert len(history_now) == 2
    assert standing_of(history_now).milestone == M.EXCEPTION


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
    found = stands(scan("lost"), scan("departed", LATER))

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


def flood(count: int, *, source: Source = PUSH, what: str = "departed") -> list[ParcelEvent]:
    return [scan(what, NOON + timedelta(seconds=second), source=source) for second in range(count)]


def kept(known: list[ParcelEvent], *news: ParcelEvent) -> list[tuple[str, datetime | None]]:
    """What of the news is worth a row."""
    before = merged(*known)
    after = without_idle(merge(before, history(*news)), before)
    return [(event.type, event.happened_at) for place, event in after.events.items() if place >= len(before)]


def test_a_long_history_takes_what_moves_the_parcel_and_what_the_tracking_api_tells() -> None:
    full = flood(EVENTS_AT_MOST)
    idle, informing = scan("arrived", LATER, source=PUSH), scan("hold asked for", LATER, source=VIEW)
    moving, tracked = scan("out", LATER, source=PUSH), scan("arrived", LATER + hours(1))

    assert kept(full, idle, informing, moving, tracked) == [("I", LATER), ("I", LATER + hours(1))]
    assert len(kept(full[:-2], idle, informing)) == 2


def test_a_flood_that_says_something_else_all_the_time_ends_as_well() -> None:
    full = flood(MOVES_AT_MOST)

    assert kept(full, scan("out", LATER, source=PUSH)) == []
    assert kept(full, scan("out", LATER)) == [("I", LATER)]


def test_a_full_history_is_enriched_as_any_other() -> None:
    full = merged(*flood(EVENTS_AT_MOST, source=TRACK))

    after = without_idle(merge(full, history(*flood(1))), full)

    assert (len(after.events), list(after.changed)) == (EVENTS_AT_MOST, [0])
    assert after.events[0].sources == {PUSH, TRACK}
