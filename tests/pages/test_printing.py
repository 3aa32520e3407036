"""Labels become pages of 4 x 6 inches, or sheets of four."""

import io
import time
import zlib

import pytest
from PIL import Image
from pypdf import PageObject, PdfReader

from syncjobs.labels import printing, sheets
from syncjobs.labels.printing import Picture
from tests.pages.scene import label_picture

LABEL = Picture(content=label_picture())


def pages(document: bytes) -> list[PageObject]:
    return list(PdfReader(io.BytesIO(document)).pages)


def sizes(document: bytes) -> list[tuple[float, float]]:
    return [(float(page.mediabox.width), float(page.mediabox.height)) for page in pages(document)]


def places(page: PageObject) -> list[list[float]]:
    """Width, height, left and bottom of each picture on the page, in points."""
    found = [line.split() for line in page.get_contents().get_data().decode().splitlines()]  # type: ignore[union-attr]
    return [[float(words[at]) for at in (1, 4, 5, 6)] for words in found]


def picture(width: int, height: int, *, mode: str = "RGB", image_format: str = "PNG") -> Picture:
    plain = Image.new("RGB", (width, height), "white")
    plain.paste("black", (width // 4, height // 4, width // 2, height // 2))
    written = io.BytesIO()
    plain.convert(mode).save(written, image_format)
    return Picture(content=written.getvalue())


def test_one_page_per_label_in_the_size_of_a_label_printer() -> None:
    document = printing.as_pdf([LABEL, LABEL, Picture(content=label_picture(), height_inches=8)])

    assert sizes(document) == [(288, 432), (288, 432), (288, 576)]


def test_a_label_lying_on_its_side_comes_upright_dot_for_dot() -> None:
    (page,) = pages(printing.as_pdf([LABEL]))

    drawn = page.images[0].image
    assert drawn is not None
    assert drawn.size == (761, 1161)
    ((width, height, left, bottom),) = places(page)
    assert (width * 203 / 72, height * 203 / 72) == pytest.approx((761, 1161), abs=0.01)
    assert (left, bottom) == pytest.approx(((812 - 761) // 2 * 72 / 203, (1218 - 1161) // 2 * 72 / 203), abs=0.01)


def test_what_is_printed_is_what_ups_drew() -> None:
    (page,) = pages(printing.as_pdf([LABEL]))

    drawn = page.images[0].image
    assert drawn is not None
    with Image.open(io.BytesIO(label_picture())) as sent:
        upright = sent.convert("L").transpose(Image.Transpose.ROTATE_270)
    expected = upright.crop(Image.eval(upright, lambda dot: 255 - dot).getbbox())
    assert drawn.convert("L").tobytes() == expected.tobytes()


def test_a_label_larger_than_the_page_is_made_to_fit() -> None:
    drawn = printing.inked(Picture(content=picture(6000, 3000).content))

    assert drawn.width <= 812
    assert drawn.height <= 1218


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_every_kind_of_picture_is_drawn_in_black_and_white(mode: str) -> None:
    drawn = printing.inked(picture(400, 600, mode=mode))

    assert drawn.mode == "1"
    assert drawn.size == (100, 150)


@pytest.mark.parametrize("content", [b"", b"^XA^XZ", b"GIF89a", zlib.compress(b"x")])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(printing.NotAPicture):
        printing.as_pdf([Picture(content=content)])


def test_nothing_to_print_is_refused() -> None:
    with pytest.raises(printing.NotAPicture):
        printing.as_pdf([])


@pytest.mark.parametrize(("paper", "size"), [("a4", (595.28, 841.89)), ("letter", (612, 792))])
def test_four_labels_come_onto_a_sheet_and_none_over_its_quarter(paper: str, size: tuple[float, float]) -> None:
    document = sheets.as_pdf([LABEL] * 5, paper=paper)

    first, second = pages(document)
    assert sizes(document) == [size, size]
    assert len(places(second)) == 1
    corners = [(left > size[0] / 2, bottom > size[1] / 2) for _, _, left, bottom in places(first)]
    assert corners == [(False, True), (True, True), (False, False), (True, False)]
    for width, height, left, bottom in places(first):
        assert left % (size[0] / 2) >= 14
        assert bottom % (size[1] / 2) >= 14
        assert left % (size[0] / 2) + width <= size[0] / 2 - 14
        assert bottom % (size[1] / 2) + height <= size[1] / 2 - 14


@pytest.mark.parametrize(("ink", "dots"), [((761, 1161), 5), ((812, 1218), 5), ((800, 1500), 4), ((812, 1624), 3)])
def test_a_dot_of_the_label_is_a_whole_number_of_a_laser_printers(ink: tuple[int, int], dots: int) -> None:
    written = io.BytesIO()
    Image.new("1", ink).save(written, "PNG")

    document = sheets.as_pdf([Picture(content=written.getvalue(), height_inches=8)], paper="letter")

    ((width, _, _, _),) = places(pages(document)[0])
    assert width / ink[0] * 1200 / 72 == pytest.approx(dots, abs=0.001)
    assert sheets.PERCENT == 85


def test_a_partly_used_sheet_is_gone_on_with() -> None:
    first, second = pages(sheets.as_pdf([LABEL] * 3, paper="a4", first_place=3))

    assert [bottom > 841 / 2 for _, _, _, bottom in places(first)] == [False, False]
    assert len(places(second)) == 1
    with pytest.raises(ValueError, match="places"):
        sheets.as_pdf([LABEL], paper="a4", first_place=5)


def test_a_hundred_labels_take_less_than_five_seconds() -> None:
    began = time.perf_counter()
    document = printing.as_pdf(LABEL for _ in range(100))

    assert len(sizes(document)) == 100
    assert time.perf_counter() - began < 5


def test_printer_language_is_put_one_after_the_other() -> None:
    assert printing.as_one_file([b"^XA1^XZ\n", b"^XA2^XZ"]) == b"^XA1^XZ\n^XA2^XZ\n"
