"""Lines of text for a spreadsheet (CSV), none of whose cells is taken for a formula.

Where the decimal sign is a comma, spreadsheets split at the semicolon, elsewhere at the comma or the tab: so no cell
may begin a formula after any of them either (OWASP, CSV injection).
"""

import csv
import io
import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

DELIMITER = ";"
Cell = str | int | Decimal | date | None
_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_FORMULA = re.compile(r"""((?:^|[;,])[\s"]*)(?=[=+\-@＝＋－＠])""")  # noqa: RUF001  wide signs begin one as well


def written(rows: Iterable[Iterable[Cell]]) -> bytes:
    """With the mark by which spreadsheets know UTF-8."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, delimiter=DELIMITER, quoting=csv.QUOTE_ALL)
    writer.writerows([_text(cell) for cell in row] for row in rows)
    return lines.getvalue().encode("utf-8-sig")


def _text(cell: Cell) -> str:
    """Only words can be dangerous; tabs and line breaks in them become blanks."""
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if not isinstance(cell, str):
        return "" if cell is None else str(cell)
    return _FORMULA.sub(r"\1'", _BREAKS.sub(" ", cell))
