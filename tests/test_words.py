"""Everything people read can be read in each of the five languages, and nothing was forgotten on the way."""

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from words.catalogs import LANGUAGES, as_mo, as_po, path_of, read, renewed, untranslated
from words.collecting import ROOT, collected, python_files, template_files
from words.unmarked import in_python, in_template

OWN_WORDS = ("track", "admin")
"""Folders of templates whose words stand in `syncjobs.wording`."""
PLACES = re.compile(r"\{\w+\}|%\(\w+\)[sd]")


@cache
def template() -> Catalog:
    return collected()


def texts_of(words: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [words] if isinstance(words, str) else list(words or ())


def where(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def keeps_places(message: Message) -> bool:
    """Whether every translation has the places of its English; that of one thing may leave out how many there are."""
    *singular, last = [set(PLACES.findall(text)) for text in texts_of(message.string)]
    all_places = set(PLACES.findall(texts_of(message.id)[-1]))
    return last == all_places and all(places <= all_places for places in singular)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    assert untranslated(renewed(language, template())) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_value_is_left_out_of_a_translation_or_added(language: str) -> None:
    wrong = [
        message.id
        for message in renewed(language, template())
        if message.id and any(texts_of(message.string)) and not keeps_places(message)
    ]

    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_files_of_words_are_as_the_sources_have_them(language: str) -> None:
    path = path_of(language)

    assert path.read_bytes() == as_po(renewed(language, template())), "run: make words"
    assert path.with_suffix(".mo").read_bytes() == as_mo(read(language)), "run: make words"


@pytest.mark.parametrize("path", template_files(), ids=where)
def test_no_words_stand_raw_in_a_template(path: Path) -> None:
    if path.relative_to(ROOT / "templates").parts[0] not in OWN_WORDS:
        assert in_template(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", list(python_files()), ids=where)
def test_no_form_message_or_refusal_has_words_of_one_language_only(path: Path) -> None:
    assert in_python(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>{{ name }} is late</p>", ["is late"]),
        ('<a title="Go on" href="x">{% translate "Go on" %}</a>', ["Go on"]),
        ("{% blocktranslate %}Order {{ number }}{% endblocktranslate %} · UPS 1 kg", []),
        ('{{ number|default:"not yet" }} {{ number|default:_("not yet") }}', ["not yet"]),
        ('{% include "parts/copy.html" with label="Page for her" %}', ["Page for her"]),
        ("{% comment %}for us{% endcomment %}{# for us #}<script>let us = 1;</script>", []),
        ('<input aria-label="{% translate "Search" %}" class="wide card">', []),
    ],
)
def test_raw_words_of_a_template_are_found(source: str, found: list[str]) -> None:
    assert in_template(source) == found


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ('messages.success(request, "Saved.")', True),
        ('messages.success(request, f"{count} saved.")', True),
        ('messages.success(request, _("Saved."))', False),
        ("messages.warning(request, str(refused))", False),
        ('CharField(label="Name")', True),
        ('CharField(error_messages={"required": "Enter it."})', True),
        ('Problem(code="a_b", text=said("It is gone."), where="Settings")', True),
        ('form.add_error("name", _("Too long.") if long else "Too short.")', True),
    ],
)
def test_plain_words_of_python_are_found(source: str, is_found: bool) -> None:  # noqa: FBT001  a column of the table
    assert bool(in_python(source)) is is_found
