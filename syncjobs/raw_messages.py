"""What UPS told us byte for byte, sealed for the very row it stands in."""

import uuid

from connector_site.lib.secrets import seal_bytes, unseal_bytes
from syncjobs.models import Receipt, ViewPage

_PUSHED = "pushed message"
_VIEWED = "page of Quantum View"


def sealed_push(body: bytes, *, receipt_code: uuid.UUID) -> bytes:
    """For `Receipt.sealed_body`."""
    return seal_bytes(body, owner=receipt_code, purpose=_PUSHED)


def pushed(receipt: Receipt) -> bytes:
    """The message of a receipt of UPS's; raises `WrongOwner` for one that was made for another row."""
    return unseal_bytes(receipt.sealed_body or b"", owner=receipt.code, purpose=_PUSHED)


def sealed_view(body: bytes, *, page_code: uuid.UUID) -> bytes:
    """For `ViewPage.body`."""
    return seal_bytes(body, owner=page_code, purpose=_VIEWED)


def viewed(page: ViewPage) -> bytes:
    """The answer kept in a page; raises `WrongOwner` for one that was made for another row."""
    return unseal_bytes(page.body, owner=page.code, purpose=_VIEWED)
