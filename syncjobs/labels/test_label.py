"""A page that shows whether a printer is set up for labels: a frame and rulers of the true size, and nothing to ship.

Made here; UPS is not asked.
"""

import io
import math
from collections.abc import Iterator

from django.utils.translation import gettext as _
from reportlab.lib.units import cm, inch
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from syncjobs.labels.printing import DOTS_PER_INCH, LABEL_HEIGHT_INCHES
from syncjobs.models import ShippingRule
from ups.services import LABEL_WIDTH_INCHES

WORDS = "TEST - not a label"
"""On every page in English too: nobody may stick it on a parcel."""
_CENTIMETRES_PER_INCH = 2.54
_FRAME_DOTS = 4
_TICK_DOTS = 30
_MARGIN_INCHES = 0.1
_FONT, _POINTS = "Helvetica", 10
_TEXT_WIDTH = 2.9 * inch
"""Between the rulers."""
_TEXT_DOTS = 120
_ZPL_SPECIAL = str.maketrans({"^": " ", "~": " ", "\\": " "})


def as_pdf(size: ShippingRule.LabelSize) -> bytes:
    """One page of exactly this size."""
    height = LABEL_HEIGHT_INCHES[size]
    written = io.BytesIO()
    page = Canvas(written, pagesize=(LABEL_WIDTH_INCHES * inch, height * inch), invariant=1)
    page.setTitle(WORDS)
    _draw_frame(page, height)
    _draw_rulers(page, height)
    middle = LABEL_WIDTH_INCHES * inch / 2
    top = height * inch - 1.2 * inch
    page.setFont("Helvetica-Bold", 22)
    page.drawCentredString(middle, top, WORDS)
    page.setFont(_FONT, _POINTS)
    written_lines = [part for line in _lines(size) for part in simpleSplit(line, _FONT, _POINTS, _TEXT_WIDTH)]
    for number, line in enumerate(written_lines, start=1):
        page.drawCentredString(middle, top - number * 0.25 * inch, line)
    page.showPage()
    page.save()
    return written.getvalue()


def as_zpl(size: ShippingRule.LabelSize) -> bytes:
    """The same for a Zebra printer of 203 dots an inch, which is what UPS draws for."""
    width, height = LABEL_WIDTH_INCHES * DOTS_PER_INCH, LABEL_HEIGHT_INCHES[size] * DOTS_PER_INCH
    commands = [
        "^XA",
        "^CI28",
        f"^PW{width}",
        f"^LL{height}",
        "^LH0,0",
        f"^FO{_TICK_DOTS},{_TICK_DOTS}^GB{width - 2 * _TICK_DOTS},{height - 2 * _TICK_DOTS},{_FRAME_DOTS}^FS",
        f"^FO0,200^A0N,60,60^FB{width},1,0,C^FD{WORDS}^FS",
    ]
    for number, line in enumerate(_lines(size)):
        words = line.translate(_ZPL_SPECIAL)
        block = f"^FB{width - 2 * _TEXT_DOTS},3,0,C"
        commands.append(f"^FO{_TEXT_DOTS},{300 + number * 100}^A0N,28,28{block}^FD{words}^FS")
    commands += _zpl_rulers(width, height)
    return "\n".join([*commands, "^XZ", ""]).encode()


def _lines(size: ShippingRule.LabelSize) -> tuple[str, ...]:
    """What is printed, and what to look at."""
    height = LABEL_HEIGHT_INCHES[size]
    measures = _("{width} x {height} inches, {width_cm} x {height_cm} cm").format(
        width=LABEL_WIDTH_INCHES,
        height=height,
        width_cm=f"{LABEL_WIDTH_INCHES * _CENTIMETRES_PER_INCH:.1f}",
        height_cm=f"{height * _CENTIMETRES_PER_INCH:.1f}",
    )
    return (
        measures,
        _("The frame must be whole on all four sides."),
        _("Left: centimetres. Bottom: inches. Measure them."),
        _("If they differ, print at 100 %, without “fit to page”."),
    )


def _draw_frame(page: Canvas, height: int) -> None:
    margin = _MARGIN_INCHES * inch
    page.setLineWidth(1.5)
    page.rect(margin, margin, LABEL_WIDTH_INCHES * inch - 2 * margin, height * inch - 2 * margin)


def _draw_rulers(page: Canvas, height: int) -> None:
    margin = _MARGIN_INCHES * inch
    page.setLineWidth(0.7)
    page.setFont("Helvetica", 7)
    for number in _whole(height * _CENTIMETRES_PER_INCH):
        page.line(margin, number * cm, margin + 0.15 * inch, number * cm)
        page.drawString(margin + 0.18 * inch, number * cm - 2, str(number))
    for number in _whole(LABEL_WIDTH_INCHES):
        page.line(number * inch, margin, number * inch, margin + 0.25 * inch)
        page.drawString(number * inch + 3, margin + 0.15 * inch, str(number))


def _zpl_rulers(width: int, height: int) -> Iterator[str]:
    """Counted from the lower left corner, as on paper; ZPL counts from the upper left."""
    for number in _whole(height / DOTS_PER_INCH * _CENTIMETRES_PER_INCH):
        at = height - round(number * DOTS_PER_INCH / _CENTIMETRES_PER_INCH)
        yield f"^FO{_TICK_DOTS},{at}^GB{_TICK_DOTS},2,2^FS"
        yield f"^FO{2 * _TICK_DOTS + 6},{at - 10}^A0N,20,20^FD{number}^FS"
    for number in _whole(width / DOTS_PER_INCH):
        at = number * DOTS_PER_INCH
        yield f"^FO{at},{height - 2 * _TICK_DOTS}^GB2,{_TICK_DOTS},2^FS"
        yield f"^FO{at + 8},{height - 2 * _TICK_DOTS - 6}^A0N,20,20^FD{number}^FS"


def _whole(length: float) -> range:
    """The marks of a ruler that stand clear of the frame's far side."""
    return range(1, math.ceil(length - 0.5))
