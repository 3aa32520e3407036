"""Four labels on a sheet of A4 or US letter, from a chosen place on, for a sheet that was partly used.

Four labels of 4 x 6 inches are larger than either sheet. They are made smaller so that each dot of the label becomes a
whole number of the dots of a laser printer: the bars of a barcode keep their proportions.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from PIL import Image

from syncjobs.labels.pdf_pages import POINTS_PER_INCH, PdfPage, Placed
from syncjobs.labels.printing import DOTS_PER_INCH, Picture, inked, pages_of
from syncjobs.models import Station

PLACES = 4
SHEETS: dict[str, tuple[float, float]] = {
    Station.Paper.A4: (210 / 25.4 * POINTS_PER_INCH, 297 / 25.4 * POINTS_PER_INCH),
    Station.Paper.LETTER: (8.5 * POINTS_PER_INCH, 11.0 * POINTS_PER_INCH),
}
"""Width and height in points."""
_LASER_DOTS_PER_INCH = 1200
_LASER_DOTS = (5, 4, 3)
"""What one dot of the label becomes, the first that fits: 240, 300 or 400 of them in an inch."""
PERCENT = round(100 * DOTS_PER_INCH * _LASER_DOTS[0] / _LASER_DOTS_PER_INCH)
"""The size of the usual label on a sheet."""
_MARGIN = 0.2 * POINTS_PER_INCH
"""Within each quarter: hardly a printer prints to the edge of the paper."""


def as_pdf(pictures: Iterable[Picture], *, paper: str, first_place: int = 1) -> bytes:
    """Sheets of four in the order given, row by row. Raises `printing.NotAPicture`."""
    if not 1 <= first_place <= PLACES:
        raise ValueError(f"A sheet has places 1 to {PLACES}.")
    return pages_of(_pages(iter(pictures), SHEETS[paper], first_place))


def _pages(pictures: Iterator[Picture], sheet: tuple[float, float], first_place: int) -> Iterator[PdfPage]:
    place = first_place
    for first in pictures:
        on_sheet = list(chain([first], islice(pictures, PLACES - place)))
        yield PdfPage(width=sheet[0], height=sheet[1], placed=_placed(on_sheet, sheet, place))
        place = 1


def _placed(pictures: Sequence[Picture], sheet: tuple[float, float], first_place: int) -> list[Placed]:
    return [_in_place(inked(picture), sheet, place) for place, picture in enumerate(pictures, start=first_place)]


def _in_place(label: Image.Image, sheet: tuple[float, float], place: int) -> Placed:
    width, height = sheet[0] / 2, sheet[1] / 2
    dot = _dot_points(label, width - 2 * _MARGIN, height - 2 * _MARGIN)
    row, column = divmod(place - 1, 2)
    across, up = label.width * dot, label.height * dot
    return Placed(
        picture=label,
        left=column * width + (width - across) / 2,
        bottom=sheet[1] - (row + 1) * height + (height - up) / 2,
        width=across,
        height=up,
    )


def _dot_points(label: Image.Image, width: float, height: float) -> float:
    sizes = [number * POINTS_PER_INCH / _LASER_DOTS_PER_INCH for number in _LASER_DOTS]
    fitting = (size for size in sizes if label.width * size <= width and label.height * size <= height)
    return next(fitting, sizes[-1])
