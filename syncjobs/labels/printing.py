"""Labels for a printer: pictures from UPS become a PDF of 4 x 6 or 4 x 8 inch pages, made here and nowhere else.

UPS answers with a GIF of about 1400 x 800 pixels lying on its side (`ups.md` 5.10). Printer language (ZPL) is handed
on as it came.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from PIL import Image, ImageOps

from syncjobs.labels import pdf_pages
from syncjobs.labels.pdf_pages import POINTS_PER_INCH, PdfPage, Placed
from syncjobs.models import ShippingRule
from ups.services import LABEL_WIDTH_INCHES

DOTS_PER_INCH = 203
"""The resolution UPS draws for (`ups.md` 5.10)."""
PAGE_WIDTH_DOTS = LABEL_WIDTH_INCHES * DOTS_PER_INCH
LABEL_HEIGHT_INCHES = {ShippingRule.LabelSize.SMALL: 6, ShippingRule.LabelSize.TALL: 8}
USUAL_HEIGHT_INCHES = LABEL_HEIGHT_INCHES[ShippingRule.LabelSize.SMALL]
PICTURE_FORMATS = frozenset({"GIF", "PNG"})
_INK_BELOW = 160
_WHITE = 255
_MOST_DOTS = 20_000_000
"""Many times a label of UPS's: a picture that claims to be larger is not opened."""


class NotAPicture(Exception):
    """A label in printer language cannot be drawn here; it is offered as the file it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A label as UPS sent it, and how tall the label is that was asked for."""

    content: bytes
    height_inches: int = USUAL_HEIGHT_INCHES


def as_pdf(pictures: Iterable[Picture]) -> bytes:
    """One page of exactly the label's size per picture, in the order given. Raises `NotAPicture`."""
    return pages_of(_label_page(picture) for picture in pictures)


def pages_of(pages: Iterator[PdfPage]) -> bytes:
    """The file of these pages; raises `NotAPicture` where there is none."""
    first = next(pages, None)
    if first is None:
        raise NotAPicture("There is no label to print.")
    return pdf_pages.write(_all(first, pages))


def is_picture(image_format: str) -> bool:
    """Whether `as_pdf` can draw it."""
    return image_format.upper() in PICTURE_FORMATS


def as_one_file(commands: Iterable[bytes]) -> bytes:
    """Labels in printer language one after the other, as a printer takes them."""
    return b"\n".join(command.rstrip() for command in commands) + b"\n"


def inked(picture: Picture) -> Image.Image:
    """Upright, in black and white, without the empty margin around it; never larger than the label it was made for.

    Raises `NotAPicture`.
    """
    grey = _grey(picture.content)
    if grey.width > grey.height:
        grey = grey.transpose(Image.Transpose.ROTATE_270)
    ink = ImageOps.invert(grey).point(lambda dot: _WHITE if dot > _WHITE - _INK_BELOW else 0).getbbox()
    content = grey.crop(ink) if ink else grey
    most = PAGE_WIDTH_DOTS, picture.height_inches * DOTS_PER_INCH
    if content.width > most[0] or content.height > most[1]:
        content.thumbnail(most, Image.Resampling.LANCZOS)
    return content.point(lambda dot: _WHITE if dot >= _INK_BELOW else 0).convert("1", dither=Image.Dither.NONE)


def _grey(content: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(content)) as opened:
            if opened.width * opened.height > _MOST_DOTS:
                raise NotAPicture("The picture is too large for a label.")
            if opened.mode in {"1", "L"}:
                return opened.convert("L")
            drawn = opened.convert("RGBA")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise NotAPicture("The label is no picture.") from error
    flat = Image.new("RGBA", drawn.size, "white")
    flat.alpha_composite(drawn)
    return flat.convert("L")


def _label_page(picture: Picture) -> PdfPage:
    """The drawing in the middle, dot for dot at the printer's own resolution."""
    content = inked(picture)
    height_dots = picture.height_inches * DOTS_PER_INCH
    left, below = (PAGE_WIDTH_DOTS - content.width) // 2, (height_dots - content.height) // 2
    placed = Placed(
        picture=content,
        left=_points(left),
        bottom=_points(below),
        width=_points(content.width),
        height=_points(content.height),
    )
    width, height = LABEL_WIDTH_INCHES * POINTS_PER_INCH, picture.height_inches * POINTS_PER_INCH
    return PdfPage(width=width, height=height, placed=(placed,))


def _points(dots: int) -> float:
    return dots * POINTS_PER_INCH / DOTS_PER_INCH


def _all(first: PdfPage, others: Iterator[PdfPage]) -> Iterator[PdfPage]:
    yield first
    yield from others
