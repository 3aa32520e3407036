"""Texts of OData filters (`exact.md` 6.1)."""

from collections.abc import Iterable
from uuid import UUID


def key_clauses(name: str, keys: Iterable[UUID]) -> list[str]:
    """One condition for each key; there is no `in`."""
    return [f"{name} eq guid'{key}'" for key in dict.fromkeys(keys)]


def quoted(text: str) -> str:
    """A text as OData writes it; a quote inside is doubled."""
    return "'" + text.strip().replace("'", "''") + "'"
