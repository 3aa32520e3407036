"""What only others tell decides nothing: an end is one because the Tracking API says so, and so it stays one."""

from dataclasses import replace
from datetime import UTC, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from syncjobs.models import Delivery
from syncjobs.tracking.courses import TOLD_BY_UPS, Followed, course_of
from syncjobs.tracking.merging import Told, merge
from syncjobs.tracking.milestones import Standing, standing_of
from tests.syncjobs.tellings import NOON, NUMBER, PUSH, RECORDS, TRACK, VIEW, history, hours, record, scan, without_gmt
from ups.events import ParcelEvent, Place, Source
from ups.statuses import classify

S = Delivery.State
STATES = (S.IN_TRANSIT, S.DELIVERED, S.CLOSED)
DIGITS = ("", "005", "011", "034", "007", "147", "013", "018", "099", "161")
CODES = (
    ("I", "DP"),
    ("I", "OC"),
    ("D", "FS"),
    ("D", "Q?"),
    ("X", "16"),
    ("X", "S9"),
    ("X", "UA"),
    ("MV", "VP"),
    ("", ""),
)


def merged(*events: ParcelEvent) -> tuple[Told, ...]:
    """The history that these events make, in this order."""
    return merge([], history(*events)).history


@st.composite
def scans(draw: st.DrawFn, *sources: Source) -> ParcelEvent:
    """A scan in any of the shapes UPS has: with either clock or both, with and without digits, words and a place."""
    kind, code = draw(st.sampled_from(CODES))
    status_code = draw(st.sampled_from(DIGITS))
    place = draw(st.sampled_from([Place(), Place(country="NL"), Place(city="GRONINGEN", country="NL")]))
    meaning = classify(type=kind, code=code, status_code=status_code, has_place=bool(place.city))
    at = NOON + timedelta(hours=draw(st.integers(0, 3)))
    local_at = (NOON + timedelta(hours=draw(st.integers(0, 3)))).replace(tzinfo=None)
    clock = draw(st.sampled_from(["both", "gmt", "local"]))
    return scan(
        "departed",
        source=draw(st.sampled_from(sources)),
        type=kind,
        code=code,
        status_code=status_code,
        description=draw(st.sampled_from(["", "Scan"])),
        place=place,
        milestone=meaning.milestone,
        reason=meaning.reason,
        happened_at=local_at.replace(tzinfo=UTC) if clock == "local" else at,
        local_at=None if clock == "gmt" else local_at,
        offset_minutes=None,
        zone_known=clock != "local",
    )


OTHERS_TELL = st.one_of(
    scans(PUSH, VIEW),
    st.builds(lambda what, late: record(what, NOON + hours(late)), st.sampled_from(sorted(RECORDS)), st.integers(0, 3)),
)


def end_of(found: Standing) -> tuple[object, ...]:
    """Whether and how it is over."""
    return (found.is_over, found.is_lost, *((found.milestone, found.milestone_at) if found.is_over else ()))


def courses_of(found: Standing) -> list[tuple[str, ...]]:
    """Where a delivery of this one parcel goes, from wherever it may be; a person's review ends by no other's news."""
    parcels = [Followed(tracking_number=NUMBER, standing=found, last_words="")]
    courses = [course_of(state, frozenset(), parcels) for state in STATES]
    courses += [course_of(S.REVIEW, frozenset({code}), parcels) for code in sorted(TOLD_BY_UPS)]
    return [(course.to, *(problem.code for problem in course.problems)) if course else () for course in courses]


def interleaved(one: list[ParcelEvent], other: list[ParcelEvent], random: Random) -> list[ParcelEvent]:
    """Both, each in its own order."""
    rest = {True: iter(one), False: iter(other)}
    turns = [True] * len(one) + [False] * len(other)
    random.shuffle(turns)
    return [next(rest[turn]) for turn in turns]


@settings(max_examples=400)
@given(st.lists(scans(TRACK), max_size=5), st.lists(OTHERS_TELL, max_size=6), st.randoms(use_true_random=False))
def test_nothing_that_others_tell_makes_or_takes_back_an_end(
    tracked: list[ParcelEvent], others: list[ParcelEvent], random: Random
) -> None:
    """Whatever they tell, whenever it comes: the Tracking API alone decides, and so where the delivery goes."""
    among = standing_of(merged(*interleaved(tracked, others, random)))
    alone = standing_of(merged(*tracked))

    assert end_of(among) == end_of(alone)
    assert courses_of(among) == courses_of(alone)


@given(st.lists(scans(TRACK), max_size=5), st.lists(OTHERS_TELL, max_size=6))
def test_what_the_tracking_api_told_stands_in_the_history_as_it_told_it(
    tracked: list[ParcelEvent], others: list[ParcelEvent]
) -> None:
    alone, among = merged(*tracked), merged(*others, *tracked)

    assert {as_told(event) for event in among if event.is_tracked} == {as_told(event) for event in alone}


def test_a_push_does_not_choose_which_of_two_scans_the_tracking_api_tells_more_of() -> None:
    """The same second told with other digits, and once without them but with a clock: always of the same of the two."""
    one, other = (without_gmt(scan("departed", status_code=digits)) for digits in ("010", "025"))
    tracked = [one, other, scan("departed", NOON + hours(2), status_code="", local_at=one.local_at)]

    alone = {as_told(event) for event in merged(*tracked)}
    among = [merged(replace(pushed, source=PUSH), *tracked) for pushed in (one, other)]

    assert [{as_told(event) for event in history_now} for history_now in among] == [alone, alone]


def as_told(event: Told) -> tuple[object, ...]:
    return event.type, event.code, event.status_code, event.happened_at, event.local_at, event.track_says
