"""The geometry of charts: numbers in, whole coordinates out. Pure functions; words and colours are the template's.

A chart stretches to whatever room it has, so its shapes are made of bars and lines alone and its words stand beside it.
Coordinates are whole numbers, which no language writes in another way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

COLUMN_WIDTH = 100
HEIGHT = 1_000
_GAP = 18
"""On both sides of a bar, of the 100 that a column is wide."""
_ROUND = (1, 2, 4, 5, 6, 8, 10)
"""What a scale may end with, times a power of ten."""
Number = int | Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One bar, with the part of it that is told apart standing at its foot."""

    left: int
    bar_left: int
    bar_width: int
    top: int
    height: int
    part_top: int
    part_height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Bars side by side on a scale from nothing to `most`."""

    width: int
    columns: tuple[Column, ...]
    most: int

    @property
    def scale(self) -> tuple[Decimal, Decimal, int]:
        """What stands beside the grid, from the top."""
        return Decimal(self.most), Decimal(self.most) / 2, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Shares of a hundred as lines; a column without one leaves a gap."""

    width: int
    pieces: tuple[str, ...]


def bars(values: Sequence[Number], parts: Sequence[Number] = ()) -> Bars:
    """A bar for each value; `parts` are what of each is told apart, none where there is none."""
    most = ceiling(max(values, default=0))
    told = parts or [0] * len(values)
    columns = tuple(
        _column(place, _scaled(value, most), _scaled(part, most))
        for place, (value, part) in enumerate(zip(values, told, strict=True))
    )
    return Bars(width=_width(values), columns=columns, most=most)


def line(shares: Sequence[Decimal | None]) -> Line:
    """Each share of a hundred is a level piece of its column, joined to its neighbours."""
    pieces: list[list[str]] = [[]]
    for place, share in enumerate(shares):
        if share is None:
            pieces.append([])
            continue
        left, top = place * COLUMN_WIDTH, HEIGHT - _scaled(share, 100)
        pieces[-1] += [f"{left + 2 * _GAP},{top}", f"{left + COLUMN_WIDTH - 2 * _GAP},{top}"]
    return Line(width=_width(shares), pieces=tuple(" ".join(points) for points in pieces if points))


def ceiling(value: Number) -> int:
    """The end of a scale that the value fits under: round, and whole when halved wherever it can be."""
    size = 1
    while size * _ROUND[-1] < value:
        size *= 10
    return max(2, next(size * round_one for round_one in _ROUND if size * round_one >= value))


def share_of(part: Number, whole: Number) -> Decimal | None:
    """In hundredths, None of nothing."""
    return Decimal(part) * 100 / Decimal(whole) if whole else None


def _column(place: int, height: int, part_height: int) -> Column:
    return Column(
        left=place * COLUMN_WIDTH,
        bar_left=place * COLUMN_WIDTH + _GAP,
        bar_width=COLUMN_WIDTH - 2 * _GAP,
        top=HEIGHT - height,
        height=height,
        part_top=HEIGHT - part_height,
        part_height=part_height,
    )


def _scaled(value: Number, most: int) -> int:
    """What is more than nothing can be seen."""
    return max(round(Decimal(value) * HEIGHT / most), 8 if value else 0)


def _width(values: Sequence[object]) -> int:
    return max(1, len(values)) * COLUMN_WIDTH
