"""Stored English sentences in the reader's language: found again by their pattern, value by value."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation
from django.utils.translation import trans_real

from connector_site.lib import wording
from connector_site.lib.wording import local, said

GERMAN = {
    "Delivery {number}": "Lieferung {number}",
    "Delivery {number} of {company} waits.": "Lieferung {number} von {company} wartet.",
    "Nothing is lost.": "Nichts geht verloren.",
    "Exact Online refused it: {why}": "Exact Online hat es abgelehnt: {why}",
    "Exact Online refused it: {why} Try again.": "Exact Online hat es abgelehnt: {why} Versuchen Sie es erneut.",
    "a document of its own": "ein eigenes Dokument",
    "The proof is {document} in Exact.": "Der Nachweis ist in Exact {document}.",
    "{a} and {b}": "{a} und {b}",
    "{text}": "falsch",
    "Part 1. Part 2 of {name}.": "Teil 1. Teil 2 von {name}.",
}


def _messages() -> Any:
    django: Any = trans_real.translation("de")
    return django._catalog


@pytest.fixture(autouse=True)
def german_reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A reader of German, with a few messages of our own."""
    monkeypatch.setattr(_messages(), "_catalogs", [GERMAN, *_messages()._catalogs])
    wording._shapes.cache_clear()
    wording._reading.cache_clear()
    with translation.override("de"):
        yield
    wording._shapes.cache_clear()
    wording._reading.cache_clear()


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("Nothing is lost.", "Nichts geht verloren."),
        (said("Delivery {number}", number="60001"), "Lieferung 60001"),
        ("Delivery 60001 of Groothandel B.V. Noord waits.", "Lieferung 60001 von Groothandel B.V. Noord wartet."),
        ("Delivery 1 of A waits. Nothing is lost.", "Lieferung 1 von A wartet. Nichts geht verloren."),
        ("Something of UPS. Nothing is lost.", "Something of UPS. Nichts geht verloren."),
        ("The proof is a document of its own in Exact.", "Der Nachweis ist in Exact ein eigenes Dokument."),
        ("Part 1. Part 2 of X.", "Teil 1. Teil 2 von X."),
        ("Delivery 7 · Nothing is lost.", "Lieferung 7 · Nichts geht verloren."),
        ("Delivery 7 and Delivery 8", "Lieferung 7 und Lieferung 8"),
    ],
)
def test_a_stored_sentence_is_read_in_the_readers_language(english: str, german: str) -> None:
    assert local(english) == german


def test_of_two_patterns_that_fit_the_one_that_knows_more_is_taken() -> None:
    assert local("Exact Online refused it: Unit unknown.") == "Exact Online hat es abgelehnt: Unit unknown."
    assert local("Exact Online refused it: Unit unknown. Try again.") == (
        "Exact Online hat es abgelehnt: Unit unknown. Versuchen Sie es erneut."
    )
    assert local("Exact Online refused it: Unit unknown. Nothing is lost.") == (
        "Exact Online hat es abgelehnt: Unit unknown. Nichts geht verloren."
    )


@pytest.mark.parametrize("text", ["", "Service temporarily unavailable", "100 % of it {", "x. " * 40])
def test_words_that_are_not_ours_stay_as_they_are(text: str) -> None:
    assert local(text) == text


def test_an_english_reader_reads_what_was_stored() -> None:
    with translation.override("en-gb"):
        assert local("Nothing is lost.") == "Nothing is lost."


def test_fifteen_hundred_patterns_cost_a_sentence_less_than_a_millisecond_or_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = {f"Word {index} of {{name}} stands at place {index}.": f"Wort {index} {{name}}" for index in range(1500)}
    monkeypatch.setattr(_messages(), "_catalogs", [GERMAN | many])
    wording._shapes.cache_clear()
    local("The first one makes the shapes.")
    texts = [f"Word 7 of parcel {index} stands at place 7. Nothing is lost." for index in range(50)]

    began = time.process_time()
    read = [local(text) for text in texts]
    cost = time.process_time() - began

    assert read[3] == "Wort 7 parcel 3 Nichts geht verloren."
    assert cost / len(texts) < 0.005
