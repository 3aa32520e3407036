"""Sender and receiver read about their parcel in their own language, whole and without riddles."""

import string
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any

import pytest

from syncjobs.wording import LANGUAGES, format_day, format_moment, milestone_word, reason_phrase, words_for
from syncjobs.wording.words import MilestoneWords, ReasonWords, Words
from ups.events import Milestone
from ups.statuses import Reason

ALL = pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)


def texts(words: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text with the dotted name of its field."""
    for field in fields(words):
        value = getattr(words, field.name)
        if is_dataclass(value):
            yield from texts(value, f"{path}{field.name}.")
        elif isinstance(value, str):
            yield f"{path}{field.name}", value


def gaps(text: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_there_is_a_word_for_every_milestone_and_a_phrase_for_every_reason() -> None:
    assert {field.name for field in fields(MilestoneWords)} == set(Milestone)
    assert {field.name for field in fields(ReasonWords)} == set(Reason)


@ALL
def test_no_text_is_empty_or_carries_stray_blanks(words: Words) -> None:
    assert [name for name, text in texts(words) if not text or text != text.strip() or "\n" in text] == []


@ALL
def test_every_language_fills_in_the_same_gaps(words: Words) -> None:
    assert {name: gaps(text) for name, text in texts(words)} == {
        name: gaps(text) for name, text in texts(words_for("en"))
    }


@ALL
def test_no_two_milestones_share_a_word(words: Words) -> None:
    assert len({milestone_word(words, milestone) for milestone in Milestone}) == len(Milestone)


@pytest.mark.parametrize("language", ["nl", "de", "fr", "es"])
def test_no_sentence_was_left_in_english(language: str) -> None:
    english = dict(texts(words_for("en")))

    same = {name for name, text in texts(words_for(language)) if " " in english[name] and text == english[name]}

    assert same <= {"day_form", "moment_form"}


@pytest.mark.parametrize(
    ("asked", "given"), [("nl", "nl"), ("nl-BE", "nl"), ("DE", "de"), ("pl", "en"), ("", "en"), ("xx-nl", "en")]
)
def test_an_unknown_language_is_answered_in_english(asked: str, given: str) -> None:
    assert words_for(asked).code == given


def test_what_ups_may_add_one_day_is_an_unknown_status_without_a_reason() -> None:
    assert milestone_word(words_for("nl"), "teleported") == "Status onbekend"
    assert reason_phrase(words_for("nl"), "teleported") == ""
    assert reason_phrase(words_for("nl"), "") == ""


@pytest.mark.parametrize(
    ("language", "day", "moment"),
    [
        ("en", "1 March 2026", "1 March 2026, 08:05"),
        ("nl", "1 maart 2026", "1 maart 2026, 08:05"),
        ("de", "1. März 2026", "1. März 2026, 08:05 Uhr"),
        ("fr", "1er mars 2026", "1er mars 2026 à 08:05"),
        ("es", "1 de marzo de 2026", "1 de marzo de 2026, 08:05"),
    ],
)
def test_dates_are_written_as_in_the_country(language: str, day: str, moment: str) -> None:
    assert format_day(words_for(language), date(2026, 3, 1)) == day
    assert format_moment(words_for(language), datetime(2026, 3, 1, 8, 5, 59)) == moment  # noqa: DTZ001


def test_only_the_first_of_the_month_is_written_apart_in_french() -> None:
    assert format_day(words_for("fr"), date(2026, 8, 21)) == "21 août 2026"
