"""Reading ZPL, Zebra's printer language: its commands one by one, the text of a field, and pictures in it. Pure."""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

MOST_COMMANDS = 5_000
MOST_NUMBER = 32_000
"""Zebra's own: no number of dots is larger."""
MOST_PICTURE_BYTES = 1_000_000
"""Many times a whole label at one bit a dot."""
_COMMAND = re.compile(r"([\^~])([A-Za-z][A-Za-z0-9@*]?|[A-Za-z]@)([^\^~]*)")
_MOST_DIGITS = 9
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{2}")
_BREAKS = str.maketrans("", "", "\r\n")
_OLD_ENCODING = "cp850"
"""Zebra's own before `^CI`."""
_REPEATS = {chr(ord("G") + step): step + 1 for step in range(19)} | {
    chr(ord("g") + step): 20 * (step + 1) for step in range(20)
}
"""How often the next digit of a packed picture stands there."""
_REST_OF_ROW = {",": "0", "!": "F"}


class NotZpl(Exception):
    """It cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Such as `^FO` with `50,50`."""

    name: str
    text: str

    @property
    def values(self) -> list[str]:
        """What stands between the commas."""
        return [value.strip() for value in self.text.translate(_BREAKS).split(",")]

    def number(self, place: int, default: int) -> int:
        """The value there as a whole number of dots."""
        return _number(self.values[place] if place < len(self.values) else "", default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Font:
    """How text is written: which font, turned which way, how tall and wide; 0 where it was not said."""

    name: str
    turn: str
    height: int
    width: int


def read(content: bytes) -> Iterator[Command]:
    """Its commands in order; raises `NotZpl` where it has too many, or none."""
    count = 0
    for count, found in enumerate(_COMMAND.finditer(_text(content)), start=1):
        if count > MOST_COMMANDS:
            raise NotZpl("too many commands")
        yield _command(found[1], found[2].upper(), found[3])
    if not count:
        raise NotZpl("no commands")


def font_of(command: Command, usual: Font) -> Font:
    """What `^A` asks for: `0N,30,25`."""
    head = command.values[0]
    turn = head[1:2].upper()
    return Font(
        name=head[:1] or usual.name,
        turn=turn if turn in {"N", "R", "I", "B"} else usual.turn,
        height=command.number(1, 0),
        width=command.number(2, 0),
    )


def field_text(text: str, hexadecimal: str) -> str:
    """The text of a field; after `^FH` its escapes are bytes."""
    plain = text.translate(_BREAKS)
    if not hexadecimal:
        return plain
    written = bytearray()
    parts = plain.split(hexadecimal)
    written += parts[0].encode()
    for part in parts[1:]:
        is_escape = _HEXADECIMAL.match(part) is not None
        written += bytes.fromhex(part[:2]) + part[2:].encode() if is_escape else f"{hexadecimal}{part}".encode()
    return _decoded(bytes(written))


def size(text: str) -> int:
    """A number of bytes; raises `NotZpl`."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
        raise NotZpl("a picture without a size")
    return int(digits)


def picture(total: int, row_bytes: int, data: str) -> Image.Image:
    """A picture of mode "1" in which ink is 1: plain, packed or compressed hexadecimal. Raises `NotZpl`."""
    if not 0 < row_bytes <= total <= MOST_PICTURE_BYTES:
        raise NotZpl("not the size of a picture")
    rows = total // row_bytes
    dots = _unpacked(data.translate(_BREAKS).strip(), row_bytes, rows)
    whole = dots[: rows * row_bytes].ljust(rows * row_bytes, b"\0")
    return Image.frombytes("1", (row_bytes * 8, rows), whole)


def _command(prefix: str, name: str, text: str) -> Command:
    """The font's letter belongs to what follows `^A`."""
    if name[0] == "A" and prefix == "^":
        return Command(name="^A", text=name[1:] + text)
    return Command(name=f"{prefix}{name}", text=text)


def _text(content: bytes) -> str:
    return _decoded(content)


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode(_OLD_ENCODING)


def _number(text: str, default: int) -> int:
    try:
        return round(min(max(float(text), -MOST_NUMBER), MOST_NUMBER))
    except (ValueError, OverflowError):
        return default


def _unpacked(data: str, row_bytes: int, rows: int) -> bytes:
    if data.startswith((":Z64:", ":B64:")):
        return _base64(data, row_bytes * rows)
    digits = _digits(data, row_bytes * 2, rows)
    try:
        return bytes.fromhex(digits)
    except ValueError as error:
        raise NotZpl("not hexadecimal") from error


def _base64(data: str, most: int) -> bytes:
    try:
        packed = base64.b64decode(data.split(":")[2])
        return zlib.decompressobj().decompress(packed, most) if data.startswith(":Z64:") else packed[:most]
    except (binascii.Error, zlib.error, ValueError) as error:
        raise NotZpl("a picture that cannot be unpacked") from error


def _digits(data: str, width: int, rows: int) -> str:
    """Every digit of every row, where repeats, ends of rows and rows like the one before are written short."""
    done: list[str] = []
    row, repeat = "", 0
    for sign in data:
        if len(done) >= rows:
            break
        if sign in _REPEATS:
            repeat += _REPEATS[sign]
            continue
        if sign in _REST_OF_ROW:
            row = row.ljust(width, _REST_OF_ROW[sign])
        elif sign == ":":
            row = done[-1] if done else "0" * width
        else:
            row += sign * min(repeat or 1, width - len(row))
        repeat = 0
        if len(row) >= width:
            done.append(row)
            row = ""
    return "".join([*done, row.ljust(width, "0") if row else ""])
