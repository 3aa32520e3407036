"""The answer for a client that forgot `Accept: application/json`: Atom XML (exact.md 6.1)."""

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from sandbox.exact.render import Shown

CONTENT_TYPE = "application/atom+xml"
_NAMESPACES = (
    'xmlns="http://www.w3.org/2005/Atom" xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices"'
    ' xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"'
)


def feed(address: str, records: Sequence[Shown]) -> bytes:
    """A collection."""
    entries = "".join(_entry(each, namespaces="") for each in records)
    return _document(f"<feed {_NAMESPACES}><id>{escape(address)}</id>{entries}</feed>")


def entry(record: Shown) -> bytes:
    """One record."""
    return _document(_entry(record, namespaces=" " + _NAMESPACES))


def _document(inside: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>{inside}'.encode()


def _entry(record: Shown, *, namespaces: str) -> str:
    metadata = record.get("__metadata")
    uri = str(metadata.get("uri")) if isinstance(metadata, dict) else ""
    properties = "".join(_property(name, value) for name, value in record.items() if not isinstance(value, dict))
    return (
        f'<entry{namespaces}><id>{escape(uri)}</id><link rel="edit" href={quoteattr(uri)}/>'
        f'<content type="application/xml"><m:properties>{properties}</m:properties></content></entry>'
    )


def _property(name: str, value: object) -> str:
    if value is None:
        return f'<d:{name} m:null="true"/>'
    return f"<d:{name}>{escape(str(value))}</d:{name}>"
