"""Labels in printer language are drawn here, so that nobody has to show an address to an outside service."""

import base64
import contextlib
import io
import time
import zlib

import pytest
import zxingcpp
from django.urls import reverse
from PIL import Image, ImageChops

from sandbox.ups.labels.facts import LabelFacts
from sandbox.ups.labels.printer import zpl_text
from syncjobs.labels import test_label, zpl_barcodes, zpl_commands, zpl_preview
from syncjobs.labels.printing import NotAPicture
from syncjobs.models import Label, ShippingRule
from tenants.context import tenant_context
from tests.factories import Cast
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk

FACTS = LabelFacts(
    sender=("Voorbeeld BV", "Kade 12", "3011AA ROTTERDAM"),
    receiver=("Möbelhaus Lindner GmbH", "Königsallee 92a", "40212 DÜSSELDORF"),
    service_name="UPS Standard",
    tracking_number="1ZA1B2C36800000016",
    place=1,
    places=1,
    weight="8.4 KG",
    shipped_on="23 NOV 2026",
    references=("REF 1: 20240015",),
    description="Chairs",
    routing="DEU 402 9-01",
)
AS_UPS_WRITES = b"""^XA^PON^LH0,0^FT15,153^A0N,28,32^FVSHIP TO:^FS^FT60,334^A0N,45,44^FVSEATTLE  WA 98104^FS
^FO0,416^GB800,4,4^FS^FO240,416^GB3,221,3^FS
^FO20,430^BD2^FH^FD003840943040000[)>_1E01_1D961Z03062622_1DUPSN_1DH4E079_1D322_1D_1D1/1_1D49_1DN_1D_1DCITY_1DCA_1E_04^FS
^FT300,618^BY3^BCN,103,N,N,,A^FV42098104^FS^FO677,640^GB123,123,122^FS
^BY3^FO80,780^BCN,202,N^FD>:1ZH4E0>5790303062622^FS^XZ"""


def ink(drawn: Image.Image, box: tuple[int, int, int, int]) -> tuple[int, int, int, int] | None:
    """Where there is ink within this box."""
    return ImageChops.invert(drawn.crop(box)).getbbox()


def draw(commands: str) -> Image.Image:
    return zpl_preview.draw(f"^XA{commands}^XZ".encode())


def test_a_label_is_drawn_so_that_its_barcode_can_be_scanned() -> None:
    drawn = zpl_preview.draw(zpl_text(FACTS).encode())

    assert drawn.size == (812, 1218)
    assert [found.text for found in zxingcpp.read_barcodes(drawn)] == [FACTS.tracking_number]
    assert zpl_preview.not_drawn(zpl_text(FACTS).encode()) == ()


def test_what_ups_writes_is_drawn_with_every_code_in_its_place() -> None:
    drawn = zpl_preview.draw(AS_UPS_WRITES)

    assert {found.text for found in zxingcpp.read_barcodes(drawn)} >= {"42098104", "1ZH4E0790303062622"}
    assert ink(drawn, (20, 430, 240, 636)) == (0, 0, 213, 203)
    assert ink(drawn, (677, 640, 800, 763)) == (0, 0, 123, 123)
    assert zpl_preview.not_drawn(AS_UPS_WRITES) == ()


def test_our_own_test_page_is_drawn() -> None:
    page = test_label.as_zpl(ShippingRule.LabelSize.TALL)

    assert zpl_preview.draw(page).size == (812, 1624)
    assert zpl_preview.not_drawn(page) == ()


def test_a_command_that_is_not_known_is_named_and_the_rest_is_drawn() -> None:
    commands = b"^XA^FO10,10^GB50,50,5^FS^FO100,100^GC60,3^FS^B4N,50^FDtext^FS^XZ"

    assert zpl_preview.not_drawn(commands) == ("^GC", "^B4")
    assert ink(zpl_preview.draw(commands), (10, 10, 60, 60)) == (0, 0, 50, 50)


@pytest.mark.parametrize(
    ("turn", "expected"), [("N", (True, False)), ("R", (False, True)), ("I", (True, False)), ("B", (False, True))]
)
def test_text_lies_or_stands(turn: str, expected: tuple[bool, bool]) -> None:
    found = ink(draw(f"^FO300,300^A0{turn},40,40^FDTRACKING NUMBER^FS"), (0, 0, 812, 1218))

    assert found is not None
    width, height = found[2] - found[0], found[3] - found[1]
    assert (width > 3 * height, height > 3 * width) == expected


def test_text_stands_on_its_line_and_wide_text_is_wider() -> None:
    foot = ink(draw("^FT100,500^A0N,80,80^FDH^FS"), (0, 0, 812, 1218))
    narrow = ink(draw("^FO0,0^A0N,40,20^FDWIDE^FS"), (0, 0, 812, 1218))
    wide = ink(draw("^FO0,0^A0N,40,40^FDWIDE^FS"), (0, 0, 812, 1218))

    assert foot is not None
    assert narrow is not None
    assert wide is not None
    assert foot[3] == 500
    assert wide[2] == pytest.approx(2 * narrow[2], abs=6)


def test_pictures_come_out_the_same_however_they_are_packed() -> None:
    plain = bytes.fromhex("FFFF8001" + "8001" * 4 + "FFFF" + "0000")
    packed = base64.b64encode(zlib.compress(plain)).decode()
    ways = [
        "FFFF8001800180018001" + "8001FFFF0000",
        f":Z64:{packed}:0000",
        f":B64:{base64.b64encode(plain).decode()}:0000",
    ]
    expected = Image.frombytes("1", (16, 8), plain).tobytes()

    drawn = [zpl_commands.picture(16, 2, way).tobytes() for way in ways]

    assert drawn == [expected] * 3
    assert zpl_commands.picture(4, 2, "!,").tobytes() == b"\xff\xff\0\0"
    assert zpl_commands.picture(8, 2, "gF::I1").tobytes()[:6] == b"\xff\xff" * 3


def test_the_sets_of_code_128_are_those_the_content_names() -> None:
    assert zpl_barcodes.code_128_values("AB")[:3] == [104, 33, 34]
    assert zpl_barcodes.code_128_values(">;4209")[:3] == [105, 42, 9]
    assert zpl_barcodes.code_128_values(">:A>512")[:4] == [104, 33, 99, 12]
    with pytest.raises(zpl_barcodes.NotEncodable):
        zpl_barcodes.code_128_values(">;4A")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no commands at all",
        b"^XA" + b"^FO1,1^FS" * 3_000,
        b"^XA" + b" " * zpl_preview.MOST_BYTES,
        b"^XA^GFA,99999999,99999999,1000,FF^FS^XZ",
        b"^XA^GFA,8,8,1,:Z64:bm90IHppcA==:0^FS^XZ",
        "^XA^BCN,50^FDÿ^FS^XZ".encode(),
    ],
)
def test_what_cannot_be_drawn_is_refused(content: bytes) -> None:
    with pytest.raises(NotAPicture):
        zpl_preview.draw(content)


def test_a_hostile_label_is_given_up_in_time() -> None:
    began = time.monotonic()

    with pytest.raises(NotAPicture):
        zpl_preview.draw(b"^XA^PW99999^LL99999" + b"^FO0,0^FR^GB9999,9999,9999^FS" * 1_600)

    assert time.monotonic() - began < zpl_preview.MOST_SECONDS + 2


@pytest.mark.parametrize(
    "content",
    [
        b"^XA^CF0,30^FB900000000,9999^FD" + b"a " * 149_000 + b"^FS^XZ",
        b"^XA^A0N,400,1^FD" + b"W" * 290_000 + b"^FS^XZ",
        b"^XA" + b"".join(b"~DGA%d,999999,1000,:\n" % number for number in range(4_900)) + b"^XZ",
        b"^XA^FO1e300,1^FDx^FS^XZ",
        "^XA^GFA,²,²,²,FF^FS^XZ".encode(),
    ],
    ids=["block", "line", "pictures", "far", "digits"],
)
def test_no_single_command_takes_the_machine_along(content: bytes) -> None:
    """A label is drawn or refused, within seconds and a bounded memory."""
    began = time.monotonic()

    with contextlib.suppress(NotAPicture):
        zpl_preview.draw(content)

    assert time.monotonic() - began < zpl_preview.MOST_SECONDS + 1


@pytest.mark.django_db
def test_the_page_of_a_label_shows_it(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_shipped(desk, image_format="ZPL")
    with tenant_context(desk.tenant.id):
        label = Label.objects.get(parcel__shipment__delivery=delivery)
    client = as_user(cast.viewer)

    page = client.get(reverse("syncjobs:label", args=[desk.tenant.code, label.code])).content.decode()
    drawn = client.get(reverse("syncjobs:label_preview", args=[desk.tenant.code, label.code]))

    assert "Drawn here from the printer" in page
    assert "Print the labels of this delivery" not in page
    assert drawn["Content-Type"] == "image/png"
    with Image.open(io.BytesIO(drawn.content)) as opened:
        assert opened.size == (812, 1218)
