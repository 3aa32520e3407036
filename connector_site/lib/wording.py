"""Sentences for people that are made where no reader is known yet: kept in English, shown in the reader's language.

What a worker finds out is stored and read later, by several people. So it is composed in English from a fixed pattern,
and the page that shows it finds the pattern again and puts the reader's own words in its place.
"""

import re
from functools import lru_cache
from typing import Any

from django.utils.translation import get_language, gettext
from django.utils.translation.trans_real import translation

_PLACE = re.compile(r"\{(\w+)\}")
_SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[^a-z])")
_SOURCE = "en"


def said(pattern: str, /, **values: object) -> str:
    """The English sentence, with `{name}` places filled in. The pattern, a literal, is what translators translate."""
    return pattern.format(**values) if values else pattern


def local(text: str) -> str:
    """A stored English text in the reader's language; words that are not ours (of UPS, of Exact) stay as they are."""
    language = get_language() or _SOURCE
    if not text or language.split("-")[0] == _SOURCE:
        return text
    return _local(text, language)


@lru_cache(maxsize=4096)
def _local(text: str, language: str) -> str:
    whole = _one(text, language)
    if whole is not None:
        return whole
    sentences = _SENTENCE_END.split(text)
    if len(sentences) == 1:
        return text
    return " ".join(_joined(sentences, language))


def _joined(sentences: list[str], language: str) -> list[str]:
    """Each sentence, or several that make one pattern together, in the language."""
    done: list[str] = []
    while sentences:
        for length in range(len(sentences), 0, -1):
            found = _one(" ".join(sentences[:length]), language)
            if found is not None or length == 1:
                done.append(sentences[0] if found is None else found)
                sentences = sentences[length:]
                break
    return done


def _one(text: str, language: str) -> str | None:
    """One known text or pattern in the language, None when it is neither."""
    exact = gettext(text)
    if exact != text:
        return exact
    for shape, pattern in _shapes(language):
        match = shape.fullmatch(text)
        if match:
            values = {name: _local(value, language) for name, value in match.groupdict().items()}
            return gettext(pattern).format(**values)
    return None


@lru_cache(maxsize=8)
def _shapes(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Every translated pattern with places, the longest fixed text first."""
    django: Any = translation(language)
    catalog = django._catalog  # noqa: SLF001  Django has no other way to all messages of a language
    patterns = {key for key in catalog.keys() if isinstance(key, str) and _PLACE.search(key)}  # noqa: SIM118  TranslationCatalog
    longest_first = sorted(patterns, key=lambda pattern: (-len(_PLACE.sub("", pattern)), pattern))
    return tuple((_shape(pattern), pattern) for pattern in longest_first)


def _shape(pattern: str) -> re.Pattern[str]:
    parts: list[str] = []
    seen: set[str] = set()
    at = 0
    for place in _PLACE.finditer(pattern):
        name = place[1]
        parts += [re.escape(pattern[at : place.start()]), f"(?P={name})" if name in seen else f"(?P<{name}>.+?)"]
        seen.add(name)
        at = place.end()
    return re.compile("".join([*parts, re.escape(pattern[at:])]), re.DOTALL)
