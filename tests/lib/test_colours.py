"""Whatever colour a customer chooses, her page can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_site.lib.colours import (
    DARK,
    LEGIBLE,
    LIGHT,
    contrast,
    is_colour,
    legible_on_dark,
    legible_on_light,
    text_on,
)

COLOURS = st.integers(min_value=0, max_value=0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_contrast_is_measured_as_the_guidelines_do() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@given(COLOURS)
def test_text_on_any_colour_is_legible(colour: str) -> None:
    assert contrast(text_on(colour), colour) >= LEGIBLE


@given(COLOURS)
def test_any_colour_is_made_legible_on_light(colour: str) -> None:
    assert contrast(legible_on_light(colour), LIGHT) >= LEGIBLE


@given(COLOURS)
def test_any_colour_is_made_legible_in_the_dark(colour: str) -> None:
    assert contrast(legible_on_dark(colour), DARK) >= LEGIBLE


def test_a_colour_that_is_legible_stays_as_it_was_chosen() -> None:
    assert legible_on_light("#1f5fa8") == "#1f5fa8"
    assert legible_on_dark("#ffd400") == "#ffd400"


@pytest.mark.parametrize("text", ["#FFF", "#1F5FA8", "red", "#1f5fa8;", "#1f5fa8\n", "1f5fa8", ""])
def test_nothing_else_is_a_colour(text: str) -> None:
    assert not is_colour(text)
