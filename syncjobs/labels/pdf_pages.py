"""A PDF of black and white pictures: each is kept dot for dot, so that a printer gets barcodes as they were drawn.

Written here because the libraries at hand turn one bit a dot into eight or twenty-four; a page costs some ten
kilobytes, and only what is compressed already is held.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PIL import Image

POINTS_PER_INCH = 72
_HEADER = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
_CATALOG, _TREE = 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A picture of mode "1", and where its lower left corner comes and how large it is, in points."""

    picture: Image.Image
    left: float
    bottom: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfPage:
    """A page of this size in points."""

    width: float
    height: float
    placed: Sequence[Placed]


def write(pages: Iterable[PdfPage]) -> bytes:
    """The file; each page is done with before the next is asked for."""
    parts: dict[int, bytes] = {}
    leaves: list[int] = []
    number = _TREE
    for page in pages:
        names: list[str] = []
        for placed in page.placed:
            number += 1
            parts[number] = _picture(placed.picture)
            names.append(f"/I{number} {number} 0 R")
        contents, leaf = number + 1, number + 2
        number = leaf
        first = contents - len(page.placed)
        parts[contents] = _stream({}, _drawing(page.placed, first))
        parts[leaf] = (
            f"<< /Type /Page /Parent {_TREE} 0 R /MediaBox [0 0 {page.width:.2f} {page.height:.2f}] "
            f"/Resources << /XObject << {' '.join(names)} >> >> /Contents {contents} 0 R >>"
        ).encode()
        leaves.append(leaf)
    parts[_CATALOG] = b"<< /Type /Catalog /Pages 2 0 R /ViewerPreferences << /PrintScaling /None >> >>"
    kids = " ".join(f"{leaf} 0 R" for leaf in leaves)
    parts[_TREE] = f"<< /Type /Pages /Count {len(leaves)} /Kids [{kids}] >>".encode()
    return _file(parts)


def _drawing(placed: Sequence[Placed], first: int) -> bytes:
    lines = [
        f"q {one.width:.4f} 0 0 {one.height:.4f} {one.left:.4f} {one.bottom:.4f} cm /I{number} Do Q"
        for number, one in enumerate(placed, start=first)
    ]
    return "\n".join(lines).encode()


def _picture(picture: Image.Image) -> bytes:
    """Not to be smoothed by whoever shows it."""
    about = {
        "Type": "/XObject",
        "Subtype": "/Image",
        "Width": picture.width,
        "Height": picture.height,
        "ColorSpace": "/DeviceGray",
        "BitsPerComponent": 1,
        "Interpolate": "false",
    }
    return _stream(about, picture.tobytes())


def _stream(about: dict[str, object], content: bytes) -> bytes:
    packed = zlib.compress(content)
    entries = {**about, "Filter": "/FlateDecode", "Length": len(packed)}
    head = " ".join(f"/{name} {value}" for name, value in entries.items())
    return b"<< " + head.encode() + b" >>\nstream\n" + packed + b"\nendstream"


def _file(parts: dict[int, bytes]) -> bytes:
    written = bytearray(_HEADER)
    places: list[int] = []
    for number in range(1, len(parts) + 1):
        places.append(len(written))
        written += b"%d 0 obj\n" % number + parts.pop(number) + b"\nendobj\n"
    start = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    for place in places:
        written += b"%010d 00000 n \n" % place
    written += b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, _CATALOG, start)
    return bytes(written)
