"""Labels for a printer: pictures from UPS become a PDF of 4 x 6 or 4 x 8 inch pages, made here and nowhere else.

UPS answers with a GIF of about 1400 x 800 pixels lying on its side (`ups.md` 5.10). Printer language (ZPL) is handed
on as it came.
"""

import io
from collections.abc import Iterable, Sequence

from PIL import Image, ImageOps

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


class NotAPicture(Exception):
    """A label in printer language cannot be drawn here; it is offered as the file it is."""


def as_pdf(pictures: Sequence[bytes], *, height_inches: int = USUAL_HEIGHT_INCHES) -> bytes:
    """One page of 4 x 6 inches per picture, or of another height, in the order given. Raises `NotAPicture`."""
    pages = [_page(picture, height_dots=height_inches * DOTS_PER_INCH) for picture in pictures]
    if not pages:
        raise NotAPicture("There is no label to print.")
    written = io.BytesIO()
    pages[0].save(written, "PDF", resolution=DOTS_PER_INCH, save_all=True, append_images=pages[1:])
    return written.getvalue()


def is_picture(image_format: str) -> bool:
    """Whether `as_pdf` can draw it."""
    return image_format.upper() in PICTURE_FORMATS


def as_one_file(commands: Iterable[bytes]) -> bytes:
    """Labels in printer language one after the other, as a printer takes them."""
    return b"\n".join(command.rstrip() for command in commands) + b"\n"


def _page(picture: bytes, *, height_dots: int = USUAL_HEIGHT_INCHES * DOTS_PER_INCH) -> Image.Image:
    """Upright, without the empty margin around it, as large as the page allows but never blurred larger."""
    try:
        with Image.open(io.BytesIO(picture)) as opened:
            drawn = opened.convert("RGBA")
    except (OSError, ValueError) as error:
        raise NotAPicture("The label is no picture.") from error
    flat = Image.new("RGBA", drawn.size, "white")
    flat.alpha_composite(drawn)
    grey = flat.convert("L")
    if grey.width > grey.height:
        grey = grey.transpose(Image.Transpose.ROTATE_270)
    inked = ImageOps.invert(grey).point(lambda dot: _WHITE if dot > _WHITE - _INK_BELOW else 0).getbbox()
    content = grey.crop(inked) if inked else grey
    if content.width > PAGE_WIDTH_DOTS or content.height > height_dots:
        content.thumbnail((PAGE_WIDTH_DOTS, height_dots), Image.Resampling.LANCZOS)
    page = Image.new("L", (PAGE_WIDTH_DOTS, height_dots), _WHITE)
    page.paste(content, ((PAGE_WIDTH_DOTS - content.width) // 2, (height_dots - content.height) // 2))
    return page.point(lambda dot: _WHITE if dot >= _INK_BELOW else 0).convert("1", dither=Image.Dither.NONE)
