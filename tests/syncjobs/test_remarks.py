"""Our line in the remarks is kept in place; the customer's text is never touched."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncjobs.remarks import (
    LINE_CHARACTERS,
    SHORTEST,
    LineFacts,
    ParsedLine,
    parcels_line,
    parse_line,
    status_line,
    with_our_line,
)
from syncjobs.wording import LANGUAGES, milestone_word, words_for
from syncjobs.wording.words import Words
from ups.events import Milestone

LINE = parcels_line(["1Z1", "1Z2"], words=words_for("en"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[UPS] 2 parcels: 1Z1 1Z2"),
        ("Ring twice", "Ring twice\n[UPS] 2 parcels: 1Z1 1Z2"),
        ("[UPS] 3 parcels: 1Z7 1Z8 1Z9\nRing twice", "[UPS] 2 parcels: 1Z1 1Z2\nRing twice"),
        ("Ring\r\n[UPS] 1 parcels: 1Z7\r\nTwice", "Ring\r\n[UPS] 2 parcels: 1Z1 1Z2\r\nTwice"),
        ("Ring\r\n[UPS] please call first\r\n", "Ring\r\n[UPS] please call first\r\n[UPS] 2 parcels: 1Z1 1Z2"),
        ("We like [UPS] here", "We like [UPS] here\n[UPS] 2 parcels: 1Z1 1Z2"),
    ],
)
def test_the_line_is_put_in_place(before: str, after: str) -> None:
    assert with_our_line(before, LINE) == after
    assert with_our_line(after, LINE) == after


PAGE = "https://connector.example/track/3f0e5a52-6d0c-4c8e-9b7e-6f3f0f4a2b11"
NUMBERS = ("1Z999AA10123456784", "1Z999AA10123456793", "1Z999AA10123456800")
AT = datetime(2026, 5, 6, 14, 12, 59)  # noqa: DTZ001 - by the clock of the place
LANGUAGE = pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
OLDER = (
    LINE,
    "[UPS] Onderweg 2026-05-05 03:40 KOELN DE | 0/2 | 1Z1 1Z2 | https://connector.example/track/1",
    f"[UPS] Livré | {PAGE}",
)
LINE_ENDS = st.sampled_from(["\n", "\r\n"])


def facts(numbers: tuple[str, ...] = NUMBERS, **changes: Any) -> LineFacts:
    return replace(
        LineFacts(
            milestone="out_for_delivery",
            local_at=AT,
            city="GRONINGEN",
            country="NL",
            numbers=numbers,
            delivered=1,
            url=PAGE,
        ),
        **changes,
    )


def test_the_line_of_a_single_parcel_repeats_neither_its_number_nor_a_count() -> None:
    line = status_line(facts(NUMBERS[:1], milestone="delivered"), words=words_for("nl"))

    assert line == f"[UPS] Bezorgd 2026-05-06 14:12 GRONINGEN NL | {PAGE}"


def test_the_line_of_several_parcels_counts_and_lists_them() -> None:
    line = status_line(facts(), words=words_for("en"))

    assert line == f"[UPS] Out for delivery 2026-05-06 14:12 GRONINGEN NL | 1/3 | {' '.join(NUMBERS)} | {PAGE}"


@pytest.mark.parametrize(
    ("shorter", "line"),
    [
        (1, f"[UPS] Out for delivery 2026-05-06 14:12 GRONINGEN NL | 1/3 | {NUMBERS[0]} +2 | {PAGE}"),
        (SHORTEST, f"[UPS] Out for delivery 2026-05-06 14:12 | {PAGE}"),
    ],
)
def test_a_line_that_exact_refused_can_be_made_shorter(shorter: int, line: str) -> None:
    assert status_line(facts(), words=words_for("en"), shorter=shorter) == line


@LANGUAGE
def test_the_numbers_of_several_parcels_stand_in_the_customers_language_and_are_known_as_ours(words: Words) -> None:
    numbers = [f"1Z999AA101234{number:05d}" for number in range(4)]
    older, short = parcels_line(numbers, words=words), parcels_line(numbers, words=words, shorter=1)

    assert older == f"[UPS] 4 {words.parcels}: {' '.join(numbers)}"
    assert short == f"[UPS] 4 {words.parcels}: {numbers[0]} +3"
    assert with_our_line(f"Ring\n{older}\ntwice", LINE) == f"Ring\n{LINE}\ntwice"
    assert with_our_line(f"Ring\n{short}\ntwice", LINE) == f"Ring\n{LINE}\ntwice"


@LANGUAGE
def test_the_numbers_of_forty_parcels_all_stand_in_exact_before_and_after_the_first_status(words: Words) -> None:
    numbers = [f"1Z999AA101234{number:05d}" for number in range(40)]

    told = parse_line(status_line(facts(tuple(numbers)), words=words))

    assert parcels_line(numbers, words=words).split(": ")[1].split() == numbers
    assert told is not None
    assert (told.numbers, told.more) == (tuple(numbers), 0)


def test_two_hundred_parcels_are_listed_as_far_as_the_line_goes() -> None:
    numbers = [f"1Z999AA101234{number:05d}" for number in range(200)]

    line = parcels_line(numbers, words=words_for("de"))

    assert LINE_CHARACTERS - 19 <= len(line) <= LINE_CHARACTERS
    assert int(line.split(" +")[1]) + line.count("1Z") == 200


def test_many_parcels_are_named_as_far_as_the_line_goes_and_the_others_counted() -> None:
    numbers = tuple(f"1Z999AA101234{number:05d}" for number in range(200))

    line = status_line(facts(numbers), words=words_for("es"))
    read = parse_line(line)

    assert read is not None
    assert LINE_CHARACTERS - 19 <= len(line) <= LINE_CHARACTERS
    assert len(read.numbers) + read.more == 200
    assert read.numbers == numbers[: len(read.numbers)]


def test_a_place_too_long_for_the_line_is_left_out_and_the_page_stays() -> None:
    line = status_line(facts(NUMBERS[:1], city="X" * 1000), words=words_for("en"))

    assert line == f"[UPS] Out for delivery 2026-05-06 14:12 | {PAGE}"


@LANGUAGE
@pytest.mark.parametrize("milestone", Milestone)
@pytest.mark.parametrize("count", [1, 3])
def test_the_line_can_be_read_back_in_every_language(words: Words, milestone: Milestone, count: int) -> None:
    line = status_line(facts(NUMBERS[:count], milestone=milestone), words=words)

    assert parse_line(line) == ParsedLine(
        milestone=milestone,
        local_at=AT.replace(second=0),
        place="GRONINGEN NL",
        delivered=1 if count > 1 else None,
        total=3 if count > 1 else None,
        numbers=NUMBERS if count > 1 else (),
        more=0,
        url=PAGE,
    )


@given(
    city=st.text(max_size=60),
    country=st.sampled_from(["", "NL"]),
    milestone=st.sampled_from(Milestone),
    local_at=st.none() | st.datetimes(min_value=datetime(2000, 1, 1)),  # noqa: DTZ001 - by the clock of the place
    count=st.integers(min_value=1, max_value=20),
    words=st.sampled_from(list(LANGUAGES.values())),
    shorter=st.integers(min_value=0, max_value=SHORTEST),
)
def test_whatever_ups_calls_a_place_the_line_stays_one_line_in_our_form(
    city: str,
    country: str,
    milestone: Milestone,
    local_at: datetime | None,
    count: int,
    words: Words,
    shorter: int,
) -> None:
    numbers = tuple(f"1Z999AA101234{number:05d}" for number in range(count))
    told = facts(numbers, city=city, country=country, milestone=milestone, local_at=local_at)

    line = status_line(told, words=words, shorter=shorter)
    read = parse_line(line)

    assert len(line.splitlines()) == 1
    assert len(line) <= LINE_CHARACTERS
    assert read is not None
    assert (read.milestone, read.url) == (milestone, PAGE)
    assert read.local_at == (local_at and local_at.replace(second=0, microsecond=0))


def test_no_word_of_any_language_stands_for_two_milestones() -> None:
    told = {(milestone_word(words, each), each) for words in LANGUAGES.values() for each in Milestone}

    assert len({word for word, _ in told}) == len(told)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[UPS] please call first",
        "[UPS] Delivered",
        "[UPS] Delivered yesterday, thanks",
        f"[UPS] Arrived 2026-05-06 14:12 | {PAGE}",
        f"[UPS] Delivered 2026-13-45 14:12 | {PAGE}",
        f"[UPS] Delivered 2026-05-06 14:12 | {PAGE} see there",
        f" [UPS] Delivered 2026-05-06 14:12 | {PAGE}",
        LINE,
    ],
)
def test_what_is_not_our_status_is_not_read_as_one(line: str) -> None:
    assert parse_line(line) is None


@given(remarks=st.text())
def test_text_without_our_line_is_only_added_to(remarks: str) -> None:
    line = status_line(facts(), words=words_for("fr"))

    after = with_our_line(remarks, line)

    assert after.startswith(remarks)
    assert after[len(remarks) :] in {line, f"\n{line}", f"\r\n{line}"}
    assert with_our_line(after, line) == after


@given(above=st.text(), below=st.text(), older=st.sampled_from(OLDER), first_end=LINE_ENDS, last_end=LINE_ENDS)
def test_an_older_line_is_replaced_where_it_stands_and_all_else_stays(
    above: str, below: str, older: str, first_end: str, last_end: str
) -> None:
    line = status_line(facts(), words=words_for("de"))

    after = with_our_line(f"{above}{first_end}{older}{last_end}{below}", line)

    assert after == f"{above}{first_end}{line}{last_end}{below}"
    assert with_our_line(after, line) == after


@given(remarks=st.text())
def test_a_delivery_that_moves_on_keeps_a_single_line(remarks: str) -> None:
    picked_up = status_line(facts(milestone="picked_up"), words=words_for("nl"))
    delivered = status_line(facts(milestone="delivered"), words=words_for("en"))

    after = with_our_line(with_our_line(with_our_line(remarks, LINE), picked_up), delivered)

    assert after == with_our_line(remarks, delivered)


def test_the_line_we_wrote_last_is_known_even_when_its_form_is_no_longer_ours() -> None:
    line = status_line(facts(), words=words_for("en"))
    remarks = "Ring\r\n[UPS] delivered, an earlier form\r\nTwice"

    assert with_our_line(remarks, line, previous="[UPS] delivered, an earlier form") == f"Ring\r\n{line}\r\nTwice"
    assert with_our_line(remarks, line) == f"{remarks}\r\n{line}"


def test_a_line_of_ours_that_the_customer_wrote_on_is_hers() -> None:
    line = status_line(facts(), words=words_for("en"))
    hers = f"{status_line(facts(milestone='picked_up'), words=words_for('en'))} (called Jan)"

    assert with_our_line(hers, line) == f"{hers}\n{line}"
