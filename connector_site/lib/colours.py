"""Colours that a customer chooses, made safe to read (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re

LEGIBLE = 4.5
"""The contrast of text with its ground, WCAG 2.2 level AA."""
WHITE = "#ffffff"
BLACK = "#000000"
"""With white beside it, one of the two is legible on any ground."""
_HEX = re.compile(r"#[0-9a-f]{6}")
_STRAIGHT_UNTIL = 0.04045
_DARKER = 0.92
"""How much of the colour is kept at each step on the way to a legible one."""


def contrast(one: str, other: str) -> float:
    """Between 1 (the same) and 21 (black and white)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def is_colour(text: str) -> bool:
    """Six digits in lower case behind a `#`."""
    return _HEX.fullmatch(text) is not None


def text_on(ground: str) -> str:
    """White or black, whichever is read better."""
    return max((WHITE, BLACK), key=lambda text: contrast(text, ground))


def legible_on_white(colour: str) -> str:
    """The colour, made as much darker as text on white needs."""
    while contrast(colour, WHITE) < LEGIBLE:
        colour = "#" + "".join(f"{int(part * _DARKER):02x}" for part in _parts(colour))
    return colour


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    """The definition of relative luminance in WCAG 2.2."""
    return part / 12.92 if part <= _STRAIGHT_UNTIL else float(((part + 0.055) / 1.055) ** 2.4)
