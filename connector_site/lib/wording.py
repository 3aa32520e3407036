"""Sentences for people that are made where no reader is known yet: kept in English, shown in the reader's language.

What a worker finds out is stored and read later, by several people. So it is composed in English from a fixed pattern,
and the page that shows it finds the pattern again and puts the reader's own words in its place.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.translation import get_language, gettext
from django.utils.translation.trans_real import translation

_PLACE = re.compile(r"\{([a-zA-Z]\w*)\}")
_SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[^a-z])")
_BETWEEN_NOTES = " · "
_SOURCE = "en"
_MOST_SENTENCES = 12
"""A longer text is none of ours."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """A pattern with places; `landmark`, its longest fixed piece, is looked for first, which is quick."""

    pattern: str
    landmark: str
    expression: re.Pattern[str]
    fixed: int


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text in the reader's language; `known` counts the characters that were found to be our own words."""

    text: str
    known: int


def said(pattern: str, /, **values: object) -> str:
    """The English sentence, with `{name}` places filled in. The pattern, a literal, is what translators translate."""
    return pattern.format(**values) if values else pattern


def local(text: str) -> str:
    """A stored English text in the reader's language; words that are not ours (of UPS, of Exact) stay as they are."""
    language = get_language() or _SOURCE
    if not text or language.split("-")[0] == _SOURCE:
        return text
    return _BETWEEN_NOTES.join(_reading(note, language).text for note in text.split(_BETWEEN_NOTES))


@lru_cache(maxsize=4096)
def _reading(text: str, language: str) -> _Reading:
    """The way to read it, sentence by sentence or several as one pattern, that knows most of it."""
    sentences = _SENTENCE_END.split(text)
    if len(sentences) > _MOST_SENTENCES:
        return _Reading(text, 0)
    best = [_Reading("", 0)]
    for end in range(1, len(sentences) + 1):
        readings = []
        for start in range(end):
            piece = " ".join(sentences[start:end])
            found = _one(piece, language) or (_Reading(piece, 0) if start == end - 1 else None)
            if found is not None:
                before = best[start]
                told = f"{before.text} {found.text}" if start else found.text
                readings.append(_Reading(told, before.known + found.known))
        best.append(max(readings, key=lambda reading: reading.known))
    return best[-1]


def _one(text: str, language: str) -> _Reading | None:
    """One known text or pattern in the language, None when it is neither."""
    exact = gettext(text) if text else text
    if exact != text:
        return _Reading(exact, len(text))
    readings = [
        _filled(shape, match.groupdict(), language)
        for shape in _shapes(language)
        if shape.landmark in text and (match := shape.expression.fullmatch(text))
    ]
    return max(readings, key=lambda reading: reading.known, default=None)


def _filled(shape: _Shape, values: dict[str, str], language: str) -> _Reading:
    """The pattern's translation around its values, each read by itself."""
    read = {name: _reading(value, language) for name, value in values.items()}
    text = gettext(shape.pattern).format(**{name: reading.text for name, reading in read.items()})
    return _Reading(text, shape.fixed + sum(reading.known for reading in read.values()))


@lru_cache(maxsize=8)
def _shapes(language: str) -> tuple[_Shape, ...]:
    """Every pattern with places that the language has words for, the one with most fixed text first.

    A pattern of places alone would fit everything, so it is left out.
    """
    django: Any = translation(language)
    messages = django._catalog.keys()  # noqa: SLF001  Django has no other way to all messages of a language
    patterns = {key for key in messages if isinstance(key, str) and _is_pattern(key)}
    shapes = (_shape(pattern) for pattern in patterns)
    return tuple(
        sorted((shape for shape in shapes if shape.landmark.strip()), key=lambda one: (-one.fixed, one.pattern))
    )


def _is_pattern(message: str) -> bool:
    """Django's own catalogue has messages with braces of another kind."""
    between, places = _PLACE.subn("", message)
    return bool(places) and not {"{", "}"} & set(between)


def _shape(pattern: str) -> _Shape:
    parts: list[str] = []
    fixed: list[str] = []
    seen: set[str] = set()
    at = 0
    for place in _PLACE.finditer(pattern):
        name = place[1]
        fixed.append(pattern[at : place.start()])
        parts += [re.escape(fixed[-1]), f"(?P={name})" if name in seen else f"(?P<{name}>.+?)"]
        seen.add(name)
        at = place.end()
    fixed.append(pattern[at:])
    return _Shape(
        pattern=pattern,
        landmark=max(fixed, key=len),
        expression=re.compile("".join([*parts, re.escape(fixed[-1])]), re.DOTALL),
        fixed=sum(map(len, fixed)),
    )
