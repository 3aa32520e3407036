"""Text for labels: cleaned the same way everywhere, and broken between words, never inside and never cut."""

import re
import unicodedata

_SPACES = re.compile(r"\s+")
_HIDDEN = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060\ufeff\ud800-\udfff]+")


def printable(text: str) -> str:
    """The text on one line: composed letters, ASCII digits, single blanks, no hidden characters.

    UPS prints foreign digits as boxes (`ups.md` 4.2).
    """
    if text.isascii() and text.isprintable():
        return _SPACES.sub(" ", text).strip()
    composed = unicodedata.normalize("NFC", text)
    digits = "".join(_ascii_digit(character) for character in composed)
    return _SPACES.sub(" ", _HIDDEN.sub(" ", digits)).strip()


def break_lines(text: str, *, width: int) -> tuple[str, ...]:
    """The text in lines of at most `width`, broken between words; a house number stays with the word before it.

    A single word longer than `width` stands alone on a line that is too long: the caller's check names it.
    """
    lines: list[str] = []
    for piece in _pieces(printable(text), width):
        joined = f"{lines[-1]} {piece}" if lines else piece
        if lines and len(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(piece)
    return tuple(lines)


def _pieces(text: str, width: int) -> list[str]:
    """Words, with a word that starts with a digit glued to the one before it where both fit on a line."""
    pieces: list[str] = []
    for word in text.split(" ") if text else []:
        if pieces and word[0].isdigit() and len(pieces[-1]) + 1 + len(word) <= width:
            pieces[-1] = f"{pieces[-1]} {word}"
        else:
            pieces.append(word)
    return pieces


def _ascii_digit(character: str) -> str:
    if character.isascii() or not character.isdecimal():
        return character
    return str(unicodedata.decimal(character))
