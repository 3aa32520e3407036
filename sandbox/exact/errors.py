"""A refusal as resources give it: a status and one human sentence (exact.md 6.5)."""

from xml.sax.saxutils import escape

import orjson


class RefusedError(Exception):
    """The call is answered with this status and text."""

    def __init__(self, status: int, text: str, *, reason: str | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.reason = reason


def bad_request(text: str) -> RefusedError:
    """400: the request itself is wrong."""
    return RefusedError(400, text)


def not_found(text: str = "Resource not found.") -> RefusedError:
    """404: no such record or resource."""
    return RefusedError(404, text)


def error_body(text: str, *, as_json: bool) -> bytes:
    """The envelope; XML for a client that did not ask for JSON."""
    if as_json:
        return orjson.dumps({"error": {"code": "", "message": {"lang": "en", "value": text}}})
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<error xmlns="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">'
        f'<code></code><message xml:lang="en">{escape(text)}</message></error>'
    ).encode()
