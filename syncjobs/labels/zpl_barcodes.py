"""Barcodes of a label in printer language, as pictures for the screen; Code 128 bar by bar as a Zebra draws it."""

from itertools import pairwise
from typing import TYPE_CHECKING, cast

import zxingcpp
from PIL import Image, ImageOps
from zxingcpp import BarcodeFormat

if TYPE_CHECKING:
    from typing_extensions import Buffer

MOST_CHARACTERS = 500
MAXICODE_DOTS = (213, 203)
"""UPS's square code always has one size: about an inch each way."""
_TABLE = """
    212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231
    113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211
    212123 212321 232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131
    113123 113321 133121 313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111
    314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211
    241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141
    214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131
    211412 211214 211232 2331112
"""
_WIDTHS = tuple(_TABLE.split())
"""Of the bars and spaces of each value of Code 128, in modules."""
_STOP, _FNC1 = 106, 102
_START = {"A": 103, "B": 104, "C": 105}
_SWITCH = {"A": 101, "B": 100, "C": 99}
_STARTS = {">9": "A", ">:": "B", ">;": "C"}
_SWITCHES = {">7": "A", ">6": "B", ">5": "C"}
_DIGITS_WORTH_IT = 4
"""So many digits in a row are shorter in set C."""


class NotEncodable(Exception):
    """No such barcode can have this content."""


def code_128(text: str, *, module: int, height: int, is_automatic: bool) -> Image.Image:
    """Its bars as a mask; `is_automatic` chooses the character sets, else the content says them (`>;`, `>5`)."""
    plain = text[:MOST_CHARACTERS]
    values = code_128_values(_with_sets(plain) if is_automatic else plain)
    row: list[int] = []
    for value in values:
        for place, width in enumerate(_WIDTHS[value]):
            row += [0 if place % 2 else 255] * (int(width) * module)
    line = Image.new("L", (len(row), 1))
    line.putdata(row)
    return line.resize((len(row), max(height, 1)), Image.Resampling.NEAREST)


def code_128_values(text: str) -> list[int]:
    """Start, content, check digit and stop. Set B where the content does not say another."""
    current = _STARTS.get(text[:2], "B")
    rest = text[2:] if text[:2] in _STARTS else text
    values = [_START[current]]
    while rest:
        if rest[:2] in _SWITCHES:
            current = _SWITCHES[rest[:2]]
            value, length = _SWITCH[current], 2
        elif rest.startswith((">8", ">0")):
            value, length = (_FNC1, 2) if rest[1] == "8" else (ord(">") - ord(" "), 2)
        elif current == "C" and rest[:2].isascii() and rest[:2].isdigit() and len(rest) > 1:
            value, length = int(rest[:2]), 2
        elif current == "C" or not " " <= rest[0] <= "\x7f":
            raise NotEncodable(text)
        else:
            value, length = ord(rest[0]) - ord(" "), 1
        values.append(value)
        rest = rest[length:]
    check = (values[0] + sum(place * value for place, value in enumerate(values[1:], start=1))) % 103
    return [*values, check, _STOP]


def maxi_code(text: str) -> Image.Image:
    """UPS's square code, of its fixed size. Its look, not for a scanner: the address part is not packed as UPS does."""
    return _square(text, BarcodeFormat.MaxiCode, scale=4).resize(MAXICODE_DOTS, Image.Resampling.NEAREST)


def qr_code(text: str, *, module: int) -> Image.Image:
    """A QR code with so many dots a module."""
    return _square(text, BarcodeFormat.QRCode, scale=module)


def data_matrix(text: str, *, module: int) -> Image.Image:
    """A Data Matrix code with so many dots a module."""
    return _square(text, BarcodeFormat.DataMatrix, scale=module)


def _square(text: str, kind: BarcodeFormat, *, scale: int) -> Image.Image:
    try:
        made = zxingcpp.create_barcode(text[:MOST_CHARACTERS], kind).to_image(scale=scale, add_quiet_zones=False)
    except (ValueError, RuntimeError) as error:
        raise NotEncodable(text) from error
    height, width = made.shape
    mask = ImageOps.invert(Image.frombytes("L", (width, height), bytes(cast("Buffer", made))))
    return mask.crop(mask.getbbox())


def _with_sets(text: str) -> str:
    """The same with the sets written into it: long runs of digits in pairs, the rest in set B."""
    runs = _runs(text)
    parts: list[str] = []
    for before, (run, is_paired) in pairwise([("", None), *runs]):
        signs = _STARTS if before[1] is None else _SWITCHES
        sign = next(key for key, name in signs.items() if name == ("C" if is_paired else "B"))
        parts += [sign, run if is_paired else run.replace(">", ">0")]
    return "".join(parts)


def _runs(text: str) -> list[tuple[str, bool | None]]:
    runs: list[tuple[str, bool | None]] = []
    plain = ""
    while text:
        digits = len(text) - len(text.lstrip("0123456789"))
        paired = digits - digits % 2
        if paired >= _DIGITS_WORTH_IT:
            runs += [(plain, False)] if plain else []
            runs.append((text[:paired], True))
            plain, text = "", text[paired:]
        else:
            plain, text = plain + text[: max(digits, 1)], text[max(digits, 1) :]
    return [*runs, (plain, False)] if plain else runs
