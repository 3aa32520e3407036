"""Colours that a customer chooses, made safe to read (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re

LEGIBLE = 4.5
"""The contrast of text with its ground, WCAG 2.2 level AA."""
WHITE = "#ffffff"
LIGHT = "#f5f7fa"
"""The darker of the two grounds of the light theme; on white the contrast is higher."""
DARK = "#1a2433"
"""The surfaces of the dark theme."""
BLACK = "#000000"
"""With white beside it, one of the two is legible on any ground."""
_HEX = re.compile(r"#[0-9a-f]{6}")
_STRAIGHT_UNTIL = 0.04045
_KEPT = 0.92
"""How much of the colour, or of what it lacks to white, is kept at each step on the way to a legible one."""
_WHOLE = 255


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


def legible_on_light(colour: str) -> str:
    """The colour, made as much darker as text on a page's ground needs."""
    while contrast(colour, LIGHT) < LEGIBLE:
        colour = "#" + "".join(f"{int(part * _KEPT):02x}" for part in _parts(colour))
    return colour


def legible_on_dark(colour: str) -> str:
    """The colour, made as much lighter as text on the dark theme's surfaces needs."""
    while contrast(colour, DARK) < LEGIBLE:
        colour = "#" + "".join(f"{_WHOLE - int((_WHOLE - part) * _KEPT):02x}" for part in _parts(colour))
    return colour


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / _WHOLE) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    """The definition of relative luminance in WCAG 2.2."""
    return part / 12.92 if part <= _STRAIGHT_UNTIL else float(((part + 0.055) / 1.055) ** 2.4)
