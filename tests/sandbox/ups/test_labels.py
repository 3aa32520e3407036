"""Labels are real pictures and real printer text (ups.md 5.10)."""

import base64
import io
import time
from typing import cast

import pytest
from PIL import Image

from sandbox.ups.labels.facts import LabelFacts
from sandbox.ups.labels.make import label_bytes
from tests.sandbox.ups.bodies import REFERENCE, Json, changed, dutch, exported
from tests.sandbox.ups.conftest import Caller

FACTS = LabelFacts(
    sender=("Groothandel De Kade BV", "Kade 12", "3011AA Rotterdam", "NL"),
    receiver=("Afnemer Noord", "Havenweg 3", "9723AB Groningen", "NL"),
    service_name="UPS Standard",
    tracking_number="1ZA1B2C36800000016",
    place=1,
    places=1,
    weight="2.5 KG",
    shipped_on="12 OCT 2026",
    references=("TN: one",),
    description="Lamps",
    routing="NL 972",
)


def shipped_label(caller: Caller, image_format: str, body: Json | None = None) -> Json:
    results = caller.shipped(changed(body or dutch(), {"LabelSpecification.LabelImageFormat.Code": image_format}))
    packages = cast("list[dict[str, Json]]", results["PackageResults"])
    return packages[0]["ShippingLabel"]


def image_of(label: Json) -> bytes:
    return base64.b64decode(str(label["GraphicImage"]), validate=True)


@pytest.mark.parametrize("image_format", ["GIF", "PNG"])
def test_picture_labels_open_and_are_landscape_in_black_and_white(caller: Caller, image_format: str) -> None:
    label = shipped_label(caller, image_format)

    assert label["ImageFormat"] == {"Code": image_format, "Description": image_format}
    with Image.open(io.BytesIO(image_of(label))) as picture:
        assert (picture.format, picture.size) == (image_format, (1400, 800))
        colours = picture.convert("L").getcolors()
    assert sorted(value for _, value in colours or []) == [0, 255]


def test_gif_label_comes_with_a_page_that_shows_it(caller: Caller) -> None:
    label = shipped_label(caller, "GIF")

    page = base64.b64decode(str(label["HTMLImage"])).decode()
    assert page.startswith("<!DOCTYPE html>")
    assert '<img src="./label1ZA1B2C368' in page


def test_zpl_label_is_text_with_address_number_and_reference(caller: Caller) -> None:
    text = image_of(shipped_label(caller, "ZPL")).decode()

    assert text.startswith("^XA\n")
    assert text.endswith("\n^XZ")
    assert "^FDAfnemer Noord^FS" in text
    assert f"^FDTN: {REFERENCE}^FS" in text
    assert "^BCN,220,N,N,N^FD1ZA1B2C368" in text


def test_zpl_label_cannot_be_broken_by_an_address(caller: Caller) -> None:
    body = changed(dutch(), {"Shipment.ShipTo.Name": "A^XZ ~JA\\&"})

    text = image_of(shipped_label(caller, "ZPL", body)).decode()

    assert "^FDA XZ  JA &^FS" in text
    assert text.count("^XZ") == 1


@pytest.mark.parametrize(("image_format", "start"), [("EPL", b"N\nq812\n"), ("SPL", b"\x1b@")])
def test_other_printer_languages_are_text(caller: Caller, image_format: str, start: bytes) -> None:
    assert image_of(shipped_label(caller, image_format)).startswith(start)


def test_thermal_export_label_has_a_signature_slip_and_a_domestic_one_has_not(caller: Caller) -> None:
    slip = shipped_label(caller, "ZPL", exported("GB"))["InternationalSignatureGraphicImage"]

    assert base64.b64decode(str(slip)).startswith(b"^XA\n")
    assert "InternationalSignatureGraphicImage" not in shipped_label(caller, "ZPL")


def test_same_facts_give_the_same_bytes() -> None:
    assert label_bytes(FACTS, image_format="GIF") == label_bytes(FACTS, image_format="GIF")


def test_unusual_letters_do_not_stop_a_label() -> None:
    facts = LabelFacts(
        sender=("Łódź Møbel", "Straße 1"),
        receiver=("株式会社 ١٢٣", ""),
        service_name="UPS Standard",
        tracking_number="1ZA1B2C36800000016",
        place=1,
        places=1,
        weight="1 KG",
        shipped_on="12 OCT 2026",
        references=(),
        description="",
        routing="PL",
    )

    with Image.open(io.BytesIO(label_bytes(facts, image_format="GIF"))) as picture:
        assert picture.size == (1400, 800)


def test_gif_label_is_made_in_a_few_milliseconds() -> None:
    label_bytes(FACTS, image_format="GIF")
    started = time.process_time()

    for _ in range(10):
        label_bytes(FACTS, image_format="GIF")

    assert (time.process_time() - started) / 10 < 0.02
