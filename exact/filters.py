"""What is sent to Exact in OData's own writing (`exact.md` 6.1 and 6.4)."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID


def key_clauses(name: str, keys: Iterable[UUID]) -> list[str]:
    """One condition for each key; there is no `in`."""
    return [f"{name} eq guid'{key}'" for key in dict.fromkeys(keys)]


def quoted(text: str) -> str:
    """A text as OData writes it; a quote inside is doubled."""
    return "'" + text.strip().replace("'", "''") + "'"


def given(**properties: object) -> dict[str, Any]:
    """The properties of a change; None leaves one as it is."""
    return {name: str(value) for name, value in properties.items() if value is not None}
