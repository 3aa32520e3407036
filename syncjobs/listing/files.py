"""The list of deliveries as a file for a spreadsheet, in the reader's language."""

import io
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

import xlsxwriter
from django.utils import timezone
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from connector_site.lib.wording import local, said
from syncjobs import csv_lines
from syncjobs.listing.questions import COLUMNS
from syncjobs.listing.rows import Row, rows_of

MOST_ROWS = 10_000
"""Our own bound; so many take a few seconds."""
_AT_ONCE = 500
_ALL = tuple(column.key for column in COLUMNS)
HEADINGS = (
    said("Delivery"),
    said("Order"),
    said("Return"),
    said("Receiver"),
    said("Place"),
    said("Country"),
    said("State"),
    said("Milestone"),
    said("Tracking numbers"),
    said("Booked"),
    said("Changed"),
    said("Warehouse"),
    said("Service"),
    said("Cost"),
    said("Currency"),
    said("Printed"),
    said("Assigned to"),
)
_SHEET_NAME_CHARACTERS = 31
_WIDTH = 18
Cell = str | datetime | Decimal | None


class _Looks(NamedTuple):
    """How cells that are no text are shown."""

    moment: Format
    amount: Format


class Kind(StrEnum):
    """What the file is made for."""

    CSV = "csv"
    XLSX = "xlsx"


CONTENT_TYPES = {
    Kind.CSV: "text/csv; charset=utf-8",
    Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def as_file(tenant_id: uuid.UUID, keys: Sequence[int], kind: Kind) -> bytes:
    """These deliveries in this order; within the tenant's context and clock."""
    lines = _lines(tenant_id, keys)
    return _csv(lines) if kind is Kind.CSV else _xlsx(lines)


def _lines(tenant_id: uuid.UUID, keys: Sequence[int]) -> Iterator[list[Cell]]:
    """Read in pieces: the receivers of all of them need not be open at once."""
    for start in range(0, len(keys), _AT_ONCE):
        for row in rows_of(tenant_id, keys[start : start + _AT_ONCE], _ALL):
            yield _cells(row)


def _cells(row: Row) -> list[Cell]:
    delivery, receiver = row.delivery, row.receiver
    cost = row.costs[0] if len(row.costs) == 1 else None
    return [
        delivery.delivery_number,
        delivery.order_numbers,
        local(said("yes")) if delivery.return_of_id else "",
        receiver.name if receiver else "",
        receiver.place if receiver else "",
        receiver.country if receiver else "",
        local(row.shown.word),
        local(row.milestone.word) if row.milestone else "",
        ", ".join(row.tracking_numbers),
        _clock(delivery.created_at),
        _clock(delivery.changed_at),
        delivery.warehouse_code,
        ", ".join(local(name) for name in row.services),
        cost.amount if cost else ", ".join(f"{one.amount} {one.currency}" for one in row.costs),
        cost.currency if cost else "",
        _clock(row.printed_at) if row.printed_at else None,
        row.assigned_to,
    ]


def _clock(moment: datetime) -> datetime:
    """As the company's clock showed it; spreadsheets know no time zones."""
    return timezone.localtime(moment).replace(tzinfo=None, microsecond=0)


def _csv(lines: Iterator[list[Cell]]) -> bytes:
    return csv_lines.written(chain([[local(heading) for heading in HEADINGS]], lines))


def _xlsx(lines: Iterator[list[Cell]]) -> bytes:
    """Nothing of it is a formula or a link, whatever it begins with."""
    written = io.BytesIO()
    as_text = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(written, {"in_memory": True, **as_text}) as book:
        sheet = book.add_worksheet(local(said("Deliveries"))[:_SHEET_NAME_CHARACTERS])
        bold = book.add_format({"bold": True})
        looks = _Looks(book.add_format({"num_format": "yyyy-mm-dd hh:mm"}), book.add_format({"num_format": "0.00"}))
        sheet.set_column(0, len(HEADINGS) - 1, _WIDTH)
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, [local(heading) for heading in HEADINGS], bold)
        for number, line in enumerate(lines, start=1):
            _write_line(sheet, number, line, looks)
    return written.getvalue()


def _write_line(sheet: Worksheet, number: int, line: Sequence[Cell], looks: _Looks) -> None:
    for place, cell in enumerate(line):
        if isinstance(cell, datetime):
            sheet.write_datetime(number, place, cell, looks.moment)
        elif isinstance(cell, Decimal):
            sheet.write_number(number, place, float(cell), looks.amount)
        elif cell:
            sheet.write_string(number, place, cell)
