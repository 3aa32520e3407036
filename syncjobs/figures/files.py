"""Figures as a file for a spreadsheet: plain numbers and days that sort, under headings in the reader's language."""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain

from connector_site.lib.wording import local, said
from syncjobs import csv_lines
from syncjobs.csv_lines import Cell
from syncjobs.figures.reports import Cost, Lane, Line

HEADINGS = (
    said("From"),
    said("Service"),
    said("Country"),
    said("Currency"),
    said("Shipments"),
    said("Parcels"),
    said("Delivered"),
    said("With an exception"),
    said("Arrived, day known"),
    said("Arrived on time"),
    said("Average seconds to label"),
    said("Shipments charged"),
    said("Charged"),
    said("Shipments quoted"),
    said("Quoted"),
    said("Charged for those quoted"),
)


def as_csv(rows: Iterable[tuple[date, Lane]]) -> bytes:
    """Counts stand in the first row of several currencies."""
    return csv_lines.written(chain([[local(heading) for heading in HEADINGS]], _lines(rows)))


def _lines(rows: Iterable[tuple[date, Lane]]) -> Iterator[list[Cell]]:
    for start, lane in rows:
        for place, cost in enumerate(lane.line.costs or (None,)):
            counts = _counts(lane.line) if place == 0 else [None] * 7
            yield [start, local(lane.service), lane.country, cost.currency if cost else "", *counts, *_amounts(cost)]


def _counts(line: Line) -> list[Cell]:
    average = line.label_average
    return [
        line.shipments,
        line.parcels,
        line.delivered,
        line.exceptions,
        line.promised,
        line.on_time,
        None if average is None else round(average, 1),
    ]


def _amounts(cost: Cost | None) -> list[Cell]:
    if cost is None:
        return [None] * 5
    quoted = [cost.quoted, cost.charged_of_quoted] if cost.quoted_shipments else [None, None]
    return [cost.shipments, cost.charged, cost.quoted_shipments, *quoted]
