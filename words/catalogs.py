"""The files of translators, `django.po`, and what Django reads, `django.mo`: one pair for each language but English."""

import io
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from words.collecting import ROOT

LANGUAGES = ("nl", "de", "fr", "es")
_HEADER = "# The words of ml-connector. `make words` writes this file anew and keeps what is translated."
_LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
"""A date that changed with each run would make every run a change."""


def path_of(language: str) -> Path:
    """Where the translators' file of a language stands; the compiled one stands beside it."""
    return ROOT / "locale" / language / "LC_MESSAGES" / "django.po"


def read(language: str) -> Catalog:
    """What is translated so far; empty before the first time."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def renewed(language: str, template: Catalog) -> Catalog:
    """The language's catalogue with exactly the messages of the template; new ones are not translated yet."""
    catalog = read(language)
    catalog.update(template, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalog.project, catalog.version = "ml-connector", "1"
    catalog.header_comment = _HEADER
    catalog.last_translator, catalog.language_team = "ml-connector", language
    catalog.creation_date = catalog.revision_date = _LONG_AGO
    catalog.fuzzy = False
    return catalog


def as_po(catalog: Catalog) -> bytes:
    """The translators' file, in an order that does not change with the places of the messages."""
    file = io.BytesIO()
    write_po(file, catalog, width=120, sort_output=True, include_lineno=False, ignore_obsolete=True)
    return file.getvalue()


def as_mo(catalog: Catalog) -> bytes:
    """What Django reads: translated messages alone."""
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def untranslated(catalog: Catalog) -> list[str]:
    """The messages that lack their words, in the catalogue's language, in part or whole."""
    lacking = []
    for message in catalog:
        words = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if message.id and (not all(words) or message.fuzzy):
            lacking.append(message.id if isinstance(message.id, str) else message.id[0])
    return lacking
