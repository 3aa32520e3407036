"""What kind of label was asked for (ups.md 5.10)."""

from sandbox.ups.refusals import UpsRefusal
from sandbox.ups.wire import Node

SHIP_FORMATS = frozenset({"GIF", "PNG", "ZPL", "EPL", "SPL"})
"""PDF is not offered by ship (ups.md 5.10)."""
PRINTER_FORMATS = frozenset({"ZPL", "EPL", "SPL"})
STOCK_HEIGHTS = frozenset({"6", "8"})
STOCK_WIDTH = "4"
MAX_USER_AGENT = 64


def read_label_format(request: Node) -> str:
    """The image format of a ship request, in capitals."""
    specification = request.child("LabelSpecification")
    if not specification:
        raise UpsRefusal("120700", "Missing or invalid label specification")
    image_format = specification.child("LabelImageFormat").text("Code").upper()
    if image_format not in SHIP_FORMATS:
        raise UpsRefusal("120701", "Missing or invalid label image format")
    if len(specification.text("HTTPUserAgent")) > MAX_USER_AGENT:
        raise UpsRefusal("120702", "The HTTP user agent is too long")
    stock = specification.child("LabelStockSize")
    if image_format in PRINTER_FORMATS and not stock:
        raise UpsRefusal("120703", "The label stock size is required for this image format")
    if stock and stock.text("Height") not in STOCK_HEIGHTS:
        raise UpsRefusal("120704", "Invalid label stock height")
    if stock and stock.text("Width") != STOCK_WIDTH:
        raise UpsRefusal("120705", "Invalid label stock width")
    return image_format
