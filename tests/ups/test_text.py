"""Text for labels: nothing lost, nothing too long but a single word."""

from hypothesis import given
from hypothesis import strategies as st

from ups.text import break_lines, printable

WIDTH = 35


@given(st.text())
def test_printable_text_has_no_hidden_characters_and_is_stable(text: str) -> None:
    cleaned = printable(text)

    assert cleaned == cleaned.strip()
    assert "  " not in cleaned
    assert printable(cleaned) == cleaned
    assert not any(character in cleaned for character in "\r\n\t\x00\u200b\u202e")


@given(st.text(), st.integers(min_value=1, max_value=60))
def test_broken_lines_hold_every_word_in_order(text: str, width: int) -> None:
    lines = break_lines(text, width=width)

    assert " ".join(lines) == printable(text)


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=WIDTH)))
def test_no_line_is_too_long_when_no_word_is(words: list[str]) -> None:
    text = " ".join(words)
    lines = break_lines(text, width=WIDTH)

    longest_word = max((len(word) for word in printable(text).split()), default=0)
    assert max((len(line) for line in lines), default=0) <= max(WIDTH, longest_word)


def test_house_number_stays_with_its_street() -> None:
    lines = break_lines("Burgemeester van Stamplein Oudezij 123 gebouw B", width=WIDTH)

    assert lines == ("Burgemeester van Stamplein", "Oudezij 123 gebouw B")


def test_foreign_digits_become_ascii_and_letters_stay() -> None:
    assert printable("Straße ١٢  Gdańsk\n") == "Straße 12 Gdańsk"


def test_word_longer_than_a_line_stands_alone_and_whole() -> None:
    word = "Donaudampfschifffahrtsgesellschaftskapitaen"

    assert break_lines(f"An der {word} 5", width=WIDTH) == ("An der", word, "5")


def test_half_characters_that_no_wire_carries_are_left_out() -> None:
    assert printable("Kade\ud800 12") == "Kade 12"


def test_empty_text_has_no_lines() -> None:
    assert break_lines("  \n ", width=WIDTH) == ()
