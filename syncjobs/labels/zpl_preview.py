"""Labels in ZPL, Zebra's printer language, as a picture for the screen: drawn here, no outside service sees an address.

What UPS's labels use is drawn (text, lines, pictures, Code 128 and the square codes); fonts look alike, they are not
Zebra's. A command that would leave ink and is not known is named instead. What is printed is always the original.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources

from PIL import Image, ImageChops, ImageDraw, ImageFont

from syncjobs.labels import zpl_barcodes, zpl_commands
from syncjobs.labels.printing import DOTS_PER_INCH, PAGE_WIDTH_DOTS, NotAPicture
from syncjobs.labels.zpl_barcodes import NotEncodable
from syncjobs.labels.zpl_commands import Command, Font, NotZpl

MOST_BYTES = 300_000
MOST_SECONDS = 3.0
MOST_WIDTH_DOTS, MOST_HEIGHT_DOTS = 6 * DOTS_PER_INCH, 12 * DOTS_PER_INCH
_USUAL_HEIGHTS = (6 * DOTS_PER_INCH, 8 * DOTS_PER_INCH)
_MOST_FONT_DOTS = 400
_MOST_LINES = 100
_MOST_CHARACTERS = 500
_MOST_LINE_DOTS = 4 * MOST_WIDTH_DOTS
"""Of a line before it is written narrower."""
_MOST_KEPT_BYTES = 2_000_000
"""Of all pictures together that a label keeps for later."""
_FONT = "SourceSansPro-Semibold"
_INK, _PAPER = 0, 255
_TURNS = {"R": Image.Transpose.ROTATE_270, "I": Image.Transpose.ROTATE_180, "B": Image.Transpose.ROTATE_90}
_SILENT = """
    ^XA ^XZ ^CI ^FX ^PR ^PQ ^MD ^MM ^MN ^MT ^MU ^MC ^MF ^LS ^LT ^PM ^JM ^JU ^JZ ^SD ^XB ^PF ^PP ^FN ^ID ^EF ^ST ^SZ ^JB
    ^CV ^CC ^CD ^CT ^CW ^HH ^KD ~SD ~TA ~JS ~JA ~JC ~HI ~HS ~EG ~PS ~PR
"""
_WITHOUT_INK = frozenset(_SILENT.split())
"""How the printer works, or remarks: nothing on the label itself."""


@dataclass(slots=True)
class _Sheet:
    """The label while it is drawn, and what the commands so far have set."""

    paper: Image.Image
    until: float
    """When the drawing is given up, by the monotonic clock."""
    length: int = 0
    is_upside_down: bool = False
    home: tuple[int, int] = (0, 0)
    at: tuple[int, int] = (0, 0)
    stands_on: bool = False
    """Whether `at` is where the field's foot is (`^FT`), not its head (`^FO`)."""
    usual: Font = field(default_factory=lambda: Font(name="0", turn="N", height=9, width=0))
    font: Font | None = None
    module: int = 2
    bar_height: int = 10
    barcode: Command | None = None
    block: Command | None = None
    hexadecimal: str = ""
    text: str = ""
    is_reversed: bool = False
    pictures: dict[str, Image.Image] = field(default_factory=dict)
    kept_bytes: int = 0
    unknown: dict[str, None] = field(default_factory=dict)


def not_drawn(content: bytes) -> tuple[str, ...]:
    """Commands of it that are not in the picture, each once."""
    try:
        names = dict.fromkeys(command.name for command in zpl_commands.read(content))
    except NotZpl:
        return ()
    return tuple(name for name in names if name not in _WITHOUT_INK and name not in _DOES)


def draw(content: bytes) -> Image.Image:
    """Mode "L", black on white, at the printer's resolution. Raises `printing.NotAPicture`."""
    if len(content) > MOST_BYTES:
        raise NotAPicture("The label is too long to be drawn.")
    paper = Image.new("L", (PAGE_WIDTH_DOTS, MOST_HEIGHT_DOTS), _PAPER)
    sheet = _Sheet(paper=paper, until=time.monotonic() + MOST_SECONDS)
    try:
        for command in zpl_commands.read(content):
            _check_time(sheet)
            if command.name in _DOES:
                _DOES[command.name](sheet, command)
    except (NotZpl, NotEncodable, OverflowError, ValueError, MemoryError, Image.DecompressionBombError) as error:
        raise NotAPicture("The label cannot be drawn.") from error
    return _cut(sheet)


def _check_time(sheet: _Sheet) -> None:
    if time.monotonic() > sheet.until:
        raise NotAPicture("The label takes too long to be drawn.")


def _cut(sheet: _Sheet) -> Image.Image:
    ink = ImageChops.invert(sheet.paper).getbbox()
    needed = ink[3] if ink else 0
    usual = next((height for height in _USUAL_HEIGHTS if needed <= height), MOST_HEIGHT_DOTS)
    height = min(max(sheet.length, needed), MOST_HEIGHT_DOTS) if sheet.length else usual
    cut = sheet.paper.crop((0, 0, sheet.paper.width, height))
    return cut.transpose(Image.Transpose.ROTATE_180) if sheet.is_upside_down else cut


def _place(sheet: _Sheet, command: Command) -> None:
    sheet.at = sheet.home[0] + command.number(0, 0), sheet.home[1] + command.number(1, 0)
    sheet.stands_on = command.name == "^FT"


def _home(sheet: _Sheet, command: Command) -> None:
    sheet.home = command.number(0, 0), command.number(1, 0)


def _width(sheet: _Sheet, command: Command) -> None:
    width = min(max(command.number(0, PAGE_WIDTH_DOTS), 1), MOST_WIDTH_DOTS)
    wider = Image.new("L", (width, MOST_HEIGHT_DOTS), _PAPER)
    wider.paste(sheet.paper, (0, 0))
    sheet.paper = wider


def _length(sheet: _Sheet, command: Command) -> None:
    sheet.length = max(command.number(0, 0), 0)


def _turned_over(sheet: _Sheet, command: Command) -> None:
    sheet.is_upside_down = command.values[0].upper() == "I"


def _usual_font(sheet: _Sheet, command: Command) -> None:
    sheet.usual = Font(
        name=command.values[0] or sheet.usual.name,
        turn=sheet.usual.turn,
        height=command.number(1, sheet.usual.height),
        width=command.number(2, 0),
    )


def _usual_turn(sheet: _Sheet, command: Command) -> None:
    turn = command.values[0].upper()[:1] or "N"
    sheet.usual = Font(name=sheet.usual.name, turn=turn, height=sheet.usual.height, width=sheet.usual.width)


def _font(sheet: _Sheet, command: Command) -> None:
    sheet.font = zpl_commands.font_of(command, sheet.usual)


def _bars(sheet: _Sheet, command: Command) -> None:
    sheet.module = min(max(command.number(0, sheet.module), 1), 10)
    sheet.bar_height = command.number(2, sheet.bar_height)


def _barcode(sheet: _Sheet, command: Command) -> None:
    sheet.barcode = command


def _block(sheet: _Sheet, command: Command) -> None:
    sheet.block = command


def _hexadecimal(sheet: _Sheet, command: Command) -> None:
    sheet.hexadecimal = command.text.strip()[:1] or "_"


def _reversed(sheet: _Sheet, command: Command) -> None:
    sheet.is_reversed = True


def _data(sheet: _Sheet, command: Command) -> None:
    sheet.text = zpl_commands.field_text(command.text, sheet.hexadecimal)[:_MOST_CHARACTERS]


def _end(sheet: _Sheet, command: Command) -> None:
    """Draw the field, and forget what was said for it alone."""
    if sheet.text and sheet.barcode is not None:
        _ink(sheet, _barcode_mask(sheet, sheet.barcode), turn=_turn_of(sheet.barcode, sheet))
    elif sheet.text:
        _write(sheet)
    sheet.text = sheet.hexadecimal = ""
    sheet.font = sheet.barcode = sheet.block = None
    sheet.is_reversed = False


def _box(sheet: _Sheet, command: Command) -> None:
    thick = max(command.number(2, 1), 1)
    width = min(max(command.number(0, thick), thick), MOST_WIDTH_DOTS)
    height = min(max(command.number(1, thick), thick), MOST_HEIGHT_DOTS)
    mask = Image.new("L", (width, height), 0)
    ImageDraw.Draw(mask).rectangle((0, 0, width - 1, height - 1), outline=255, width=min(thick, max(width, height)))
    _ink(sheet, mask, is_white=command.values[3:4] == ["W"])


def _picture(sheet: _Sheet, command: Command) -> None:
    head, _, data = command.text.partition(",")
    if head.strip().upper() != "A":
        raise NotZpl("a picture in bytes")
    _, total, row_bytes, digits = _four(data)
    _ink(sheet, zpl_commands.picture(total, row_bytes, digits).convert("L"))


def _kept_picture(sheet: _Sheet, command: Command) -> None:
    """`~DGR:NAME.GRF,total,row,data`."""
    name, _, data = command.text.partition(",")
    total, _, data = data.partition(",")
    row_bytes, _, digits = data.partition(",")
    sheet.kept_bytes += zpl_commands.size(total)
    if sheet.kept_bytes > _MOST_KEPT_BYTES:
        raise NotZpl("too many pictures")
    drawn = zpl_commands.picture(zpl_commands.size(total), zpl_commands.size(row_bytes), digits)
    sheet.pictures[_named(name)] = drawn


def _recall(sheet: _Sheet, command: Command) -> None:
    kept = sheet.pictures.get(_named(command.values[0]))
    if kept is not None:
        larger = min(max(command.number(1, 1), 1), 10), min(max(command.number(2, 1), 1), 10)
        size = min(kept.width * larger[0], MOST_WIDTH_DOTS), min(kept.height * larger[1], MOST_HEIGHT_DOTS)
        _ink(sheet, kept.convert("L").resize(size, Image.Resampling.NEAREST))


def _write(sheet: _Sheet) -> None:
    font = sheet.font or sheet.usual
    height = min(max(font.height or font.width or sheet.usual.height, 8), _MOST_FONT_DOTS)
    lines = _lines(sheet, height, font.width or height)
    for number, line in enumerate(lines):
        _check_time(sheet)
        mask = _line(line, height, font.width or height)
        across = _aligned(sheet.block, mask.width) if sheet.block else 0
        _ink(
            sheet,
            mask,
            turn=font.turn,
            across=across,
            down=number * height,
            foot=height * 3 // 4,
            head=_accents(height),
        )


def _lines(sheet: _Sheet, height: int, width: int) -> list[str]:
    """The words of a block (`^FB`) line by line; what does not fit is left out, as the printer writes it over."""
    if sheet.block is None:
        return [sheet.text]
    room, most = sheet.block.number(0, 0), min(max(sheet.block.number(1, 1), 1), _MOST_LINES)
    lines: list[str] = []
    for part in sheet.text.split("\\&"):
        line = ""
        for word in part.split():
            _check_time(sheet)
            longer = f"{line} {word}".strip()
            if line and _line_width(longer, height, width) > room:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
        if len(lines) >= most:
            break
    return lines[:most]


def _aligned(block: Command, width: int) -> int:
    side = (block.values[3:4] or ["L"])[0].upper()
    free = max(block.number(0, 0) - width, 0)
    return {"C": free // 2, "R": free}.get(side, 0)


def _line(text: str, height: int, width: int) -> Image.Image:
    font = _face(height)
    foot = _accents(height) + height * 3 // 4
    text = _cut_to_width(text, font)
    mask = Image.new("L", (max(round(font.getlength(text)), 1) + 2, _accents(height) + height), 0)
    ImageDraw.Draw(mask).text((0, foot), text, font=font, fill=255, anchor="ls")
    wide = _line_width(text, height, width)
    return mask if wide == mask.width else mask.resize((wide, mask.height))


def _cut_to_width(text: str, font: ImageFont.FreeTypeFont) -> str:
    """What may be on paper at all, even where letters are written very narrow."""
    while font.getlength(text) > _MOST_LINE_DOTS:
        text = text[: len(text) * 3 // 4]
    return text


def _accents(height: int) -> int:
    """Room above a line for what stands above capitals: it reaches out of the field."""
    return height // 4


def _line_width(text: str, height: int, width: int) -> int:
    return min(max(round(_face(height).getlength(text) * width / height), 1), MOST_WIDTH_DOTS)


@lru_cache(maxsize=64)
def _face(height: int) -> ImageFont.FreeTypeFont:
    """Source Sans, whose capitals are as high as those of Zebra's scalable font when it is a little larger."""
    path = resources.files("font_source_sans_pro") / "files" / f"{_FONT}.ttf"
    return ImageFont.truetype(str(path), size=round(height * 1.08))


def _barcode_mask(sheet: _Sheet, command: Command) -> Image.Image:
    if command.name == "^BD":
        return zpl_barcodes.maxi_code(sheet.text)
    if command.name == "^BQ":
        return zpl_barcodes.qr_code(sheet.text[3:], module=min(max(command.number(2, 2), 1), 10))
    if command.name == "^BX":
        return zpl_barcodes.data_matrix(sheet.text, module=min(max(command.number(1, 4), 1), 20))
    height = min(command.number(1, sheet.bar_height), MOST_HEIGHT_DOTS)
    is_automatic = (command.values[5:6] or ["N"])[0].upper() in {"A", "U", "D"}
    bars = zpl_barcodes.code_128(sheet.text, module=sheet.module, height=height, is_automatic=is_automatic)
    if (command.values[2:3] or ["Y"])[0].upper() == "N":
        return bars
    return _with_words(bars, sheet.text)


def _with_words(bars: Image.Image, text: str) -> Image.Image:
    words = _line("".join(part for part in text if part not in ">:;"), 24, 24)
    both = Image.new("L", (max(bars.width, words.width), bars.height + 30), 0)
    both.paste(bars, (0, 0))
    both.paste(words, ((both.width - words.width) // 2, bars.height + 6))
    return both


def _turn_of(command: Command, sheet: _Sheet) -> str:
    turn = command.values[0].upper()[:1]
    return turn if turn in _TURNS else sheet.usual.turn if not turn else "N"


def _ink(
    sheet: _Sheet,
    mask: Image.Image,
    *,
    turn: str = "N",
    across: int = 0,
    down: int = 0,
    foot: int = 0,
    head: int = 0,
    is_white: bool = False,
) -> None:
    """Put the mask where the field stands.

    `foot` is how far below its upper edge the line of a text is, `head` how far the mask reaches above that edge.
    """
    turned = mask.transpose(_TURNS[turn]) if turn in _TURNS else mask
    above = head if sheet.stands_on else 0
    turned_steps = {"R": (above - down, across), "I": (-across, above - down), "B": (down - head, -across)}
    step = turned_steps.get(turn, (across, down - head))
    left, top = sheet.at[0] + step[0], sheet.at[1] + step[1]
    if sheet.stands_on:
        stand = foot or mask.height
        moved = {"R": (stand - mask.height, 0), "I": (-mask.width, stand - mask.height), "B": (-stand, -mask.width)}
        shift = moved.get(turn, (0, -stand))
        left, top = left + shift[0], top + shift[1]
    if sheet.is_reversed:
        whole = Image.new("L", sheet.paper.size, 0)
        whole.paste(turned, (left, top))
        sheet.paper = ImageChops.difference(sheet.paper, whole)
        return
    sheet.paper.paste(_PAPER if is_white else _INK, (left, top), turned)


def _four(data: str) -> tuple[int, int, int, str]:
    parts = data.split(",", 3)
    if len(parts) < len("abcd"):
        raise NotZpl("a picture without a size")
    return zpl_commands.size(parts[0]), zpl_commands.size(parts[1]), zpl_commands.size(parts[2]), parts[3]


def _named(text: str) -> str:
    return text.strip().upper().rpartition(":")[2].partition(".")[0]


_DOES: dict[str, Callable[[_Sheet, Command], None]] = {
    "^FO": _place,
    "^FT": _place,
    "^LH": _home,
    "^PW": _width,
    "^LL": _length,
    "^PO": _turned_over,
    "^CF": _usual_font,
    "^FW": _usual_turn,
    "^A": _font,
    "^BY": _bars,
    "^BC": _barcode,
    "^BD": _barcode,
    "^BQ": _barcode,
    "^BX": _barcode,
    "^FB": _block,
    "^FH": _hexadecimal,
    "^FR": _reversed,
    "^FD": _data,
    "^FV": _data,
    "^FS": _end,
    "^GB": _box,
    "^GF": _picture,
    "~DG": _kept_picture,
    "^XG": _recall,
}
"""What each command does to the label."""
