"""Labels as pictures, drawn on a prepared sheet with cached letters: a few milliseconds each."""

import io
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from sandbox.ups.labels.facts import LabelFacts

WIDTH, HEIGHT = 1400, 800
"""Landscape, as UPS sends it (ups.md 5.10)."""
DOTS_PER_INCH = 200
BLACK, WHITE = 0, 1
PALETTE = [0, 0, 0, 255, 255, 255]
SMALL, MEDIUM, LARGE, HUGE = 24, 28, 56, 84
LINE_HEIGHT = 1.3
BARCODE_BOX = (60, 505, 1000, 715)


def draw_label(facts: LabelFacts) -> Image.Image:
    """The label as a black and white picture."""
    picture = _empty_sheet().copy()
    _write_block(picture, facts.sender, at=(40, 26), size=SMALL, step=29)
    _write(picture, f"{facts.weight}   {facts.place} OF {facts.places}", at=(900, 30), size=MEDIUM)
    _write(picture, facts.shipped_on, at=(900, 76), size=SMALL)
    _write_block(picture, facts.receiver, at=(180, 184), size=MEDIUM, step=30)
    _write(picture, facts.routing, at=(900, 190), size=HUGE)
    _write(picture, facts.service_name.upper(), at=(40, 412), size=LARGE)
    _write(picture, "TRACKING #: " + _grouped(facts.tracking_number), at=(700, 428), size=MEDIUM)
    _draw_bars(picture, facts.tracking_number)
    _write(picture, facts.description[:50], at=(40, 737), size=SMALL)
    _write_block(picture, facts.references, at=(700, 735), size=SMALL, step=28)
    return picture


def gif_bytes(facts: LabelFacts) -> bytes:
    """The label as GIF."""
    return _saved(draw_label(facts), "GIF", optimize=False)


def png_bytes(facts: LabelFacts) -> bytes:
    """The label as PNG."""
    return _saved(draw_label(facts), "PNG", compress_level=1)


def pdf_bytes(facts: LabelFacts) -> bytes:
    """The label as one upright page of 4 by 7 inches."""
    upright = draw_label(facts).convert("L").transpose(Image.Transpose.ROTATE_270)
    return _saved(upright, "PDF", resolution=DOTS_PER_INCH)


def paper_pdf(title: str, lines: tuple[str, ...]) -> bytes:
    """A page of text, for customs papers."""
    sheet = Image.new("L", (827, 1169), 255)
    pen = ImageDraw.Draw(sheet)
    pen.text((60, 60), title, font=_font(MEDIUM), fill=0)
    for number, line in enumerate(lines):
        pen.text((60, 130 + number * 34), line, font=_font(SMALL), fill=0)
    return _saved(sheet, "PDF", resolution=100)


def _saved(picture: Image.Image, image_format: str, **options: float) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, image_format, **options)
    return buffer.getvalue()


@lru_cache(maxsize=1)
def _empty_sheet() -> Image.Image:
    sheet = Image.new("P", (WIDTH, HEIGHT), WHITE)
    sheet.putpalette(PALETTE)
    pen = ImageDraw.Draw(sheet)
    for height in (178, 400, 490, 730):
        pen.line((20, height, WIDTH - 20, height), fill=BLACK, width=5)
    pen.line((880, 20, 880, 400), fill=BLACK, width=5)
    pen.rectangle((4, 4, WIDTH - 5, HEIGHT - 5), outline=BLACK, width=3)
    _write(sheet, "SHIP TO:", at=(40, 188), size=SMALL)
    _write(sheet, "SAMPLE", at=(1010, 555), size=HUGE)
    return sheet


def _write_block(picture: Image.Image, lines: tuple[str, ...], *, at: tuple[int, int], size: int, step: int) -> None:
    for number, line in enumerate(lines):
        _write(picture, line, at=(at[0], at[1] + number * step), size=size)


def _write(picture: Image.Image, text: str, *, at: tuple[int, int], size: int) -> None:
    picture.paste(BLACK, at, _line(text, size))


@lru_cache(maxsize=1024)
def _line(text: str, size: int) -> Image.Image:
    """A line of text as a mask, put together from cached letters."""
    letters = [_letter(character, size) for character in text]
    line = Image.new("1", (sum(advance for _, advance in letters) + 2, round(size * LINE_HEIGHT)))
    left = 0
    for letter, advance in letters:
        line.paste(letter, (left, 0), letter)
        left += advance
    return line


@lru_cache(maxsize=4096)
def _letter(character: str, size: int) -> tuple[Image.Image, int]:
    font = _font(size)
    advance = round(font.getlength(character))
    mask = Image.new("1", (advance + 2, round(size * LINE_HEIGHT)))
    pen = ImageDraw.Draw(mask)
    pen.fontmode = "1"
    pen.text((0, 0), character, font=font, fill=1)
    return mask, advance


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _draw_bars(picture: Image.Image, number: str) -> None:
    """A picture of a barcode: the bits of the number as bars. It looks right; only the ZPL one can be scanned."""
    left, top, right, bottom = BARCODE_BOX
    bits = "11010" + "".join(f"{ord(character):07b}" for character in number) + "1011"
    bar = (right - left) // len(bits)
    strip = Image.new("1", (len(bits), 1))
    strip.putdata([int(bit) for bit in bits])
    mask = strip.resize((len(bits) * bar, bottom - top), Image.Resampling.NEAREST)
    picture.paste(BLACK, (left, top), mask)


def _grouped(number: str) -> str:
    return " ".join((number[:2], number[2:5], number[5:8], number[8:10], number[10:14], number[14:]))
