"""One measured promise."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What was asked, what was measured, and whether that is enough; `details` go into the JSON only."""

    name: str
    asked: str
    measured: str
    is_met: bool
    details: dict[str, Any] = field(default_factory=dict)


def table(figures: Iterable[Figure]) -> list[str]:
    """The lines of a table, a promise each."""
    rows = [("figure", "asked", "measured", "")]
    rows += [(one.name, one.asked, one.measured, "met" if one.is_met else "MISSED") for one in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip()
        for row in rows
    ]
