"""Labels become pages of 4 x 6 inches."""

import io
import re
import zlib

import pytest
from PIL import Image

from syncjobs import printing
from tests.pages.scene import label_picture


def pages(document: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b(?!s)", document))


def picture(width: int, height: int, *, mode: str = "RGB", image_format: str = "PNG") -> bytes:
    plain = Image.new("RGB", (width, height), "white")
    plain.paste("black", (width // 4, height // 4, width // 2, height // 2))
    drawn = plain.convert(mode)
    written = io.BytesIO()
    drawn.save(written, image_format)
    return written.getvalue()


def test_one_page_per_label_in_the_size_of_a_label_printer() -> None:
    document = printing.as_pdf([label_picture(), label_picture(), label_picture()])

    assert document.startswith(b"%PDF")
    assert pages(document) == 3
    assert re.findall(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", document) == [(b"288.0", b"432.0")] * 3


def test_a_label_lying_on_its_side_is_turned_upright() -> None:
    page = printing._page(label_picture())

    ink = Image.eval(page.convert("L"), lambda dot: 255 - dot).getbbox()
    assert page.size == (812, 1218)
    assert ink is not None
    assert ink[3] - ink[1] > ink[2] - ink[0]


def test_a_label_that_fits_is_not_scaled_so_bars_stay_sharp() -> None:
    page = printing._page(label_picture())

    ink = Image.eval(page.convert("L"), lambda dot: 255 - dot).getbbox()
    assert ink is not None
    assert (ink[2] - ink[0], ink[3] - ink[1]) == (761, 1161)


def test_a_label_larger_than_the_page_is_made_to_fit() -> None:
    page = printing._page(picture(3000, 6000))

    assert page.size == (812, 1218)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_every_kind_of_picture_is_drawn_in_black_and_white(mode: str) -> None:
    page = printing._page(picture(400, 600, mode=mode))

    assert page.mode == "1"
    assert {shade for shade, dots in enumerate(page.convert("L").histogram()) if dots} == {0, 255}


@pytest.mark.parametrize("content", [b"", b"^XA^XZ", b"GIF89a", zlib.compress(b"x")])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(printing.NotAPicture):
        printing.as_pdf([content])


def test_nothing_to_print_is_refused() -> None:
    with pytest.raises(printing.NotAPicture):
        printing.as_pdf([])


def test_printer_language_is_put_one_after_the_other() -> None:
    assert printing.as_one_file([b"^XA1^XZ\n", b"^XA2^XZ"]) == b"^XA1^XZ\n^XA2^XZ\n"


def test_a_tall_label_becomes_a_tall_page() -> None:
    document = printing.as_pdf([label_picture()], height_inches=8)

    assert re.findall(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", document) == [(b"288.0", b"576.0")]
