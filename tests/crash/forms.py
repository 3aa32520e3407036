"""The matrix in two forms: in small each place and each answer once and the telling pairs; in full, every pair.

Small is what `make test` runs. `CRASH_MATRIX=full` asks for all, as `make crash` does.
"""

import os
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

IS_FULL = os.environ.get("CRASH_MATRIX") == "full"
One = TypeVar("One")


def paired(
    rows: Mapping[str, One], places: Iterable[str], *, telling: Collection[str] = ()
) -> dict[str, tuple[One, str]]:
    """Rows with the place at which a worker dies over them.

    In small each row dies at one place, the places taking turns, and the telling rows at all of them.
    """
    named = list(places)
    return {
        f"{name}, killed at {place}": (row, place)
        for turn, (name, row) in enumerate(rows.items())
        for number, place in enumerate(named)
        if IS_FULL or name in telling or number == turn % len(named)
    }


def in_small(places: Iterable[str], small: Collection[str]) -> list[str]:
    """All places in full, these few in small."""
    return [place for place in places if IS_FULL or place in small]
