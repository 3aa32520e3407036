"""The geometry of charts."""

from decimal import Decimal

import pytest

from syncjobs.figures import charts


def test_bars_stand_on_a_scale_that_ends_round() -> None:
    drawn = charts.bars([0, 7, 10], [0, 7, 5])

    assert (drawn.width, drawn.most, drawn.scale) == (300, 10, (Decimal(10), Decimal(5), 0))
    assert [(column.left, column.top, column.height) for column in drawn.columns] == [
        (0, 1000, 0),
        (100, 300, 700),
        (200, 0, 1000),
    ]
    assert [column.part_height for column in drawn.columns] == [0, 700, 500]


def test_the_smallest_value_can_be_seen() -> None:
    assert charts.bars([1, 10_000]).columns[0].height == 8


@pytest.mark.parametrize(
    ("value", "end"), [(0, 2), (1, 2), (3, 4), (9, 10), (11, 20), (4_001, 5_000), (61_000, 80_000)]
)
def test_a_scale_ends_at_a_round_number(value: int, end: int) -> None:
    assert charts.ceiling(value) == end


def test_a_line_has_a_gap_where_nothing_is_known() -> None:
    drawn = charts.line([Decimal(100), Decimal(50), None, Decimal(0)])

    assert drawn.pieces == ("36,0 64,0 136,500 164,500", "336,1000 364,1000")


def test_a_share_of_nothing_is_unknown() -> None:
    assert charts.share_of(0, 0) is None
    assert charts.share_of(1, 4) == Decimal(25)
