"""Three sources, one history: what was told twice is one event, whatever came first and whatever was left out."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncjobs.tracking.merging import Merged, Told, merge, told
from syncjobs.tracking.milestones import standing_of
from tests.syncjobs.tellings import (
    NOON,
    PUSH,
    RECORDS,
    SCANS,
    TRACK,
    VIEW,
    M,
    history,
    record,
    scan,
    without_gmt,
    without_status_code,
)
from ups.events import ParcelEvent, Place

Telling = Callable[[str], ParcelEvent]


def pushed(what: str) -> ParcelEvent:
    return scan(what, source=PUSH)


def pushed_without_gmt(what: str) -> ParcelEvent:
    return without_gmt(pushed(what))


def pushed_without_local(what: str) -> ParcelEvent:
    return replace(pushed(what), local_at=None)


def pushed_with_gmt_alone(what: str) -> ParcelEvent:
    return replace(pushed(what), local_at=None, offset_minutes=None)


def pushed_without_place(what: str) -> ParcelEvent:
    return replace(pushed_without_gmt(what), place=Place(), description="")


def pushed_without_digits(what: str) -> ParcelEvent:
    return without_status_code(pushed(what))


def tracked(what: str) -> ParcelEvent:
    return scan(what, description=f"{what}, in other words")


def tracked_without_gmt(what: str) -> ParcelEvent:
    return without_gmt(tracked(what))


def together(*events: ParcelEvent) -> Merged:
    return merge([], history(*events))


def one_by_one(events: Sequence[ParcelEvent]) -> tuple[Told, ...]:
    """Each in a transaction of its own: what is stored is read back without what each source sent."""
    known: tuple[Told, ...] = ()
    for event in events:
        known = tuple(replace(one, raw={}, received_by="") for one in merge(known, [told(event)]).history)
    return known


@pytest.mark.parametrize("first", [pushed, pushed_without_gmt, pushed_without_local, pushed_without_digits])
@pytest.mark.parametrize("second", [tracked, tracked_without_gmt, record])
@pytest.mark.parametrize("what", sorted(RECORDS))
def test_the_same_scan_of_two_sources_is_one_event_whichever_came_first(
    first: Telling, second: Telling, what: str
) -> None:
    for_wards, back_wards = together(first(what), second(what)), together(second(what), first(what))

    assert len(for_wards.history) == len(back_wards.history) == 1
    assert for_wards.history[0].sources == {PUSH, second(what).source}
    assert standing_of(for_wards.history) == standing_of(back_wards.history)


@pytest.mark.parametrize("order", list(permutations([pushed_without_gmt, tracked, record])))
def test_three_tellings_are_one_event_with_the_best_of_each(order: Sequence[Telling]) -> None:
    (event,) = together(*[tell("delivered") for tell in order]).history

    assert event.sources == {PUSH, VIEW, TRACK}
    assert (event.type, event.code, event.status_code, event.milestone) == ("D", "FS", "011", M.DELIVERED)
    assert (event.happened_at, event.zone_known, event.offset_minutes) == (NOON, True, 120)
    assert event.raw.keys() == {"push", "view", "track"}


@pytest.mark.parametrize("order", list(permutations([pushed_with_gmt_alone, tracked_without_gmt, tracked])))
def test_two_events_that_a_third_telling_shows_to_be_one_become_one(order: Sequence[Telling]) -> None:
    merged = together(*[tell("out") for tell in order])

    assert len(merged.history) == 1
    assert set(merged.absorbed.values()) <= {0}


def test_the_event_that_was_there_first_takes_in_the_later_one() -> None:
    known = history(pushed_with_gmt_alone("out"), tracked_without_gmt("out"))

    merged = merge(known, [told(tracked("out"))])

    assert (dict(merged.absorbed), set(merged.changed), list(merged.events)) == ({1: 0}, {0}, [0])
    assert merged.events[0].sources == {PUSH, TRACK}


@pytest.mark.parametrize("order", list(permutations(["departed", "arrived"])))
def test_two_records_of_one_scan_are_that_scan_even_when_they_came_first(order: Sequence[str]) -> None:
    merged = together(*[record(what) for what in order], scan("departed"))

    assert [event.type for event in merged.history] == ["I"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (scan("departed"), scan("arrived")),
        (scan("departed", source=PUSH), scan("arrived", source=PUSH)),
        (scan("departed"), scan("departed", status_code="010")),
        (record("customs"), scan("arrived")),
        (record("lost"), scan("delay")),
        (record("delivered"), scan("access point")),
        (record("customs"), record("delay")),
        (record("delivered"), record("access point")),
        (record("out", code="FN", milestone=None), scan("hold asked for")),
        (scan("departed"), scan("departed", NOON + timedelta(seconds=1))),
        (scan("departed"), scan("departed", NOON + timedelta(hours=1), local_at=scan("departed").local_at)),
    ],
    ids=lambda event: f"{event.source}-{event.description}",
)
def test_two_different_scans_stay_two_in_either_order(one: ParcelEvent, other: ParcelEvent) -> None:
    for_wards, back_wards = together(one, other).history, together(other, one).history

    assert len(for_wards) == len(back_wards) == 2
    assert len({event.fingerprint for event in for_wards}) == 2


def test_the_same_hour_twice_when_the_clocks_go_back_is_two_events() -> None:
    first = scan("departed", NOON)
    again = scan("departed", NOON + timedelta(hours=1), local_at=first.local_at, offset_minutes=60)

    merged = together(first, again)

    assert len({event.fingerprint for event in merged.history}) == 2


@pytest.mark.parametrize("tell", [pushed, tracked, tracked_without_gmt, record])
def test_an_event_told_again_changes_nothing(tell: Telling) -> None:
    known = together(tell("delivered"), scan("out", NOON - timedelta(hours=3))).history

    merged = merge(known, history(tell("delivered")))

    assert (merged.history, merged.changed, dict(merged.absorbed)) == (known, frozenset(), {})


def test_a_stored_event_told_again_by_the_same_source_is_not_written_again() -> None:
    """What each source sent is not read back from the database for a merge."""
    stored = replace(told(tracked("out")), raw={})

    assert merge([stored], history(tracked("out"))).changed == frozenset()


def test_a_source_that_told_before_and_now_tells_more_is_kept_as_it_tells_now() -> None:
    before = without_status_code(scan("out", raw={"digits": ""}))

    (event,) = together(before, scan("out", raw={"digits": "021"})).history

    assert (event.status_code, event.raw) == ("021", {"track": {"digits": "021"}})


@pytest.mark.parametrize("tell", [pushed, tracked, record])
def test_who_signed_and_the_new_date_are_kept_from_whoever_told_them(tell: Telling) -> None:
    day = NOON.date()
    known = replace(tell("delivered"), received_by="DE BOER", scheduled_date=day)

    (event,) = together(known, tracked("delivered")).history

    assert (event.received_by, event.scheduled_date) == ("DE BOER", day)


def test_three_digits_say_what_an_unknown_code_means_whatever_else_they_come_without() -> None:
    """The push has the better clock, the Tracking API the better words."""
    pushed_oddly = scan("odd", source=PUSH)
    tracked_well = without_gmt(scan("odd", status_code="011", milestone=M.DELIVERED, reason=""))

    for_wards, back_wards = together(pushed_oddly, tracked_well), together(tracked_well, pushed_oddly)

    assert [event.milestone for event in for_wards.history] == [M.DELIVERED]
    assert standing_of(for_wards.history) == standing_of(back_wards.history)
    assert for_wards.history[0].happened_at == NOON


def test_an_origin_scan_with_a_place_is_movement_whoever_knows_the_place() -> None:
    """`OC` is a label without a place and a trailer's scan with one (`ups.md` 9.3)."""
    without = scan("departed", source=PUSH, code="OC", place=Place(), milestone=M.LABEL_CREATED)
    with_place = scan("departed", code="OC", milestone=M.IN_TRANSIT)

    for_wards, back_wards = together(without, with_place).history, together(with_place, without).history

    assert [event.milestone for event in (*for_wards, *back_wards)] == [M.IN_TRANSIT, M.IN_TRANSIT]


def test_the_place_an_announced_parcel_goes_to_is_not_where_its_label_was_made() -> None:
    announced = replace(scan("label", source=VIEW), type="Manifest", code="", status_code="", zone_known=False)

    (event,) = together(announced, scan("label", place=Place(country="NL"))).history

    assert (set(event.sources), event.place) == ({VIEW, TRACK}, Place(country="NL"))


def test_a_loss_that_a_record_explains_is_not_lost_in_a_scan_without_words() -> None:
    silent = scan("lost", code="", status_code="", milestone=M.EXCEPTION, reason="unknown")

    for_wards, back_wards = together(record("lost"), silent).history, together(silent, record("lost")).history

    assert [event.reason for event in (*for_wards, *back_wards)] == ["lost_or_destroyed", "lost_or_destroyed"]


def test_trouble_that_a_record_tells_is_not_lost_in_a_scan_that_only_informs() -> None:
    informs = scan("odd", code="1Z", milestone=None, reason="")
    trouble = record("delay", code="1Z", reason="unknown")

    for_wards, back_wards = together(informs, trouble).history, together(trouble, informs).history

    assert [event.milestone for event in (*for_wards, *back_wards)] == [M.EXCEPTION, M.EXCEPTION]


def test_three_digits_that_only_inform_are_not_made_trouble_by_a_push_without_them() -> None:
    pushed = scan("hold asked for", source=PUSH, status_code="", milestone=M.EXCEPTION, reason="delay")

    for_wards, back_wards = together(scan("hold asked for"), pushed), together(pushed, scan("hold asked for"))

    assert [event.milestone for event in (*for_wards.history, *back_wards.history)] == [None, None]


def test_what_the_tracking_api_told_too_early_to_be_believed_is_a_claim_when_a_push_tells_it_on_its_day() -> None:
    early = replace(told(scan("delivered")), milestone=None, track_says="")

    (event,) = merge([early], history(pushed("delivered"))).history

    assert (event.milestone, event.track_says) == (M.DELIVERED, "")


def test_an_estimate_is_made_by_the_country_whoever_named_it() -> None:
    nowhere = without_gmt(scan("out", source=PUSH, place=Place(), happened_at=NOON + timedelta(hours=2)))

    for_wards, back_wards = together(nowhere, record("out")), together(record("out"), nowhere)

    assert [event.happened_at for event in for_wards.history + back_wards.history] == [NOON, NOON]


def test_events_without_a_time_are_told_apart_by_their_words() -> None:
    timeless = scan("delay", happened_at=None, local_at=None, offset_minutes=None, zone_known=False)
    other = replace(timeless, description="Snow")

    merged = together(timeless, other, timeless)

    assert len({event.fingerprint for event in merged.history}) == len(merged.history) == 2


TELLINGS = (
    pushed,
    pushed_without_gmt,
    pushed_without_local,
    pushed_with_gmt_alone,
    pushed_without_place,
    pushed_without_digits,
    tracked,
    tracked_without_gmt,
    record,
)


@st.composite
def tellings(draw: st.DrawFn) -> list[ParcelEvent]:
    """Some scans, each told in several ways; one at least has its two clocks, as UPS sends it as a rule."""
    count = draw(st.integers(1, 4))
    moments = [NOON + timedelta(hours=draw(st.integers(0, 2))) for _ in range(count)]
    names = draw(st.lists(st.sampled_from(sorted(SCANS)), min_size=count, max_size=count, unique=True))
    told_of: list[ParcelEvent] = []
    for what, at in zip(names, moments, strict=True):
        chosen = draw(st.lists(st.sampled_from(TELLINGS), max_size=4))
        told_of += [at_another_time(tell(what), at) for tell in (tracked, *chosen) if tell != record or what in RECORDS]
    return told_of


def at_another_time(event: ParcelEvent, at: datetime) -> ParcelEvent:
    later = at - NOON
    return replace(
        event,
        happened_at=event.happened_at + later if event.happened_at else None,
        local_at=event.local_at + later if event.local_at else None,
    )


@given(st.data())
def test_order_and_portions_of_the_news_make_no_difference(data: st.DataObject) -> None:
    events = data.draw(tellings())
    shuffled = data.draw(st.permutations(events))

    at_once, bit_by_bit = together(*events).history, one_by_one(shuffled)

    first, second = standing_of(at_once), standing_of(bit_by_bit)
    assert (first.milestone, first.milestone_at, first.reason) == (second.milestone, second.milestone_at, second.reason)
    assert (first.is_confirmed, first.claim_at, first.last_event_at) == (
        second.is_confirmed,
        second.claim_at,
        second.last_event_at,
    )
    assert len(at_once) == len(bit_by_bit)
    assert len({event.fingerprint for event in bit_by_bit}) == len(bit_by_bit)


@given(tellings())
def test_no_milestone_is_ever_lost_and_telling_all_again_changes_nothing(events: list[ParcelEvent]) -> None:
    merged = together(*events).history

    scans = {event.milestone for event in events if event.source == TRACK}
    assert scans - {None} <= {event.milestone for event in merged}
    assert merge(merged, history(*events)).history == merged
