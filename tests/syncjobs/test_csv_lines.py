"""Files for spreadsheets: wherever a spreadsheet splits their lines, no cell is a formula."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest

from syncjobs import csv_lines

NAMES = [
    "=cmd()",
    " \t=cmd()",
    "Jansen;=cmd()",
    'Jansen, "=cmd()',
    "Jansen\t+1",
    "Jansen\r\n@SUM(1)",
    'Jansen"; ""-1',
    "＝cmd()",  # noqa: RUF001
    "\tJansen",
]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_cell_begins_a_formula_however_the_lines_are_split(delimiter: str) -> None:
    text = csv_lines.written([[name, "next", name] for name in NAMES]).decode("utf-8-sig")

    cells = [cell for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) for cell in line]

    assert [cell for cell in cells if cell.lstrip(' "').startswith(tuple("=+-@＝\t\r\n"))] == []  # noqa: RUF001


def test_plain_words_and_numbers_stay_as_they_are() -> None:
    row: list[str | int | Decimal | date | None] = [
        'Jansen & Zn. "Oost"',
        "NL-1, a=b; c",
        Decimal("-1.50"),
        3,
        None,
        date(2026, 5, 4),
    ]

    text = csv_lines.written([row]).decode("utf-8-sig")

    assert list(csv.reader(io.StringIO(text, newline=""), delimiter=";")) == [
        ['Jansen & Zn. "Oost"', "NL-1, a=b; c", "-1.50", "3", "", "2026-05-04"]
    ]
