"""One door to all label formats."""

from base64 import b64encode

from sandbox.ups.labels.facts import LabelFacts
from sandbox.ups.labels.picture import gif_bytes, pdf_bytes, png_bytes
from sandbox.ups.labels.printer import epl_text, signature_slip, spl_text, zpl_text

MEDIA_TYPES = {
    "GIF": "image/gif",
    "PNG": "image/png",
    "PDF": "application/pdf",
    "ZPL": "text/plain",
    "EPL": "text/plain",
    "SPL": "text/plain",
}


def label_bytes(facts: LabelFacts, *, image_format: str) -> bytes:
    """The label in this format."""
    match image_format:
        case "GIF":
            return gif_bytes(facts)
        case "PNG":
            return png_bytes(facts)
        case "PDF":
            return pdf_bytes(facts)
        case "EPL":
            return epl_text(facts).encode()
        case "SPL":
            return spl_text(facts).encode()
        case _:
            return zpl_text(facts).encode()


def label_base64(facts: LabelFacts, *, image_format: str) -> str:
    """The label as it stands in an answer."""
    return b64encode(label_bytes(facts, image_format=image_format)).decode()


def slip_base64(facts: LabelFacts) -> str:
    """The signature slip as it stands in an answer."""
    return b64encode(signature_slip(facts).encode()).decode()


def html_base64(facts: LabelFacts) -> str:
    """The page that comes with GIF labels and points at the picture."""
    page = (
        "<!DOCTYPE html><html><head><title>View/Print Label</title></head><body>"
        f'<img src="./label{facts.tracking_number}.gif" height="392" width="651" alt="UPS label"></body></html>'
    )
    return b64encode(page.encode()).decode()
