"""Labels as pictures for the screen: what a printer would print, made here and sent to nobody."""

import io
from dataclasses import dataclass

from syncjobs.labels import zpl_preview
from syncjobs.labels.printing import NotAPicture, Picture, inked, is_picture

ZPL = "ZPL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """That there is a picture of a label, and which commands of its language are not in it."""

    not_drawn: tuple[str, ...] = ()


def drawing_of(image_format: str, content: bytes) -> Drawing | None:
    """What `picture_of` would show; None where it cannot."""
    if is_picture(image_format):
        return Drawing()
    if image_format.upper() != ZPL or len(content) > zpl_preview.MOST_BYTES:
        return None
    return Drawing(not_drawn=zpl_preview.not_drawn(content))


def picture_of(image_format: str, content: bytes) -> bytes:
    """A PNG; raises `printing.NotAPicture`."""
    if is_picture(image_format):
        drawn = inked(Picture(content=content))
    elif image_format.upper() == ZPL:
        drawn = zpl_preview.draw(content)
    else:
        raise NotAPicture("This printer language is not drawn here.")
    written = io.BytesIO()
    drawn.save(written, "PNG")
    return written.getvalue()
