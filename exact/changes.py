"""The sync API: which endpoints we follow, and their rows (`exact.md` 12)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from exact.payloads import Instant, Page, UnreadableAnswer, Wire, parse, select_list
from exact.records import SyncPage, SyncRow
from exact.resources import (
    WireAccount,
    WireAddress,
    WireContact,
    WireGoodsDelivery,
    WireGoodsDeliveryLine,
    WireItem,
)

FIRST_TIMESTAMP = 1
"""A first run asks for everything after this (`exact.md` 12)."""
GOODS_DELIVERY_ENTITY = 16
"""`sync/Deleted.EntityType` of a goods delivery (`exact.md` 12)."""


class SyncEndpoint(StrEnum):
    """The endpoints we follow, each with a cursor of its own."""

    GOODS_DELIVERIES = "sync/SalesOrder/GoodsDeliveries"
    GOODS_DELIVERY_LINES = "sync/SalesOrder/GoodsDeliveryLines"
    DELETED = "sync/Deleted"
    ITEMS = "sync/Logistics/Items"
    ADDRESSES = "sync/CRM/Addresses"
    ACCOUNTS = "sync/CRM/Accounts"
    CONTACTS = "sync/CRM/Contacts"


class _Stamped(Wire):
    """Every row of the sync API: its row version, an Int64 that may be text."""

    timestamp: int


class _StampedDelivery(WireGoodsDelivery, _Stamped):
    """A goods delivery of the sync API."""

    created: Instant = None


class _StampedLine(WireGoodsDeliveryLine, _Stamped):
    """A line of a goods delivery of the sync API."""

    modified: Instant = None


class _Deleted(_Stamped):
    """A deleted record."""

    entity_key: UUID
    entity_type: int


class _StampedItem(WireItem, _Stamped):
    """An item of the sync API."""


class _StampedAddress(WireAddress, _Stamped):
    """An address of the sync API."""


class _StampedAccount(WireAccount, _Stamped):
    """An account of the sync API."""


class _StampedContact(WireContact, _Stamped):
    """A contact of the sync API."""


_Master = _StampedItem | _StampedAddress | _StampedAccount | _StampedContact


def _master_row(row: _Master) -> SyncRow:
    return SyncRow(timestamp=row.timestamp, key=row.id, record=row.record())


def _delivery_row(row: _StampedDelivery) -> SyncRow:
    return SyncRow(
        timestamp=row.timestamp, key=row.entry_id, record=row.record(), created_at=row.created, modified_at=row.modified
    )


def _line_row(row: _StampedLine) -> SyncRow:
    return SyncRow(timestamp=row.timestamp, key=row.entry_id, record=row.record(), modified_at=row.modified)


def _deleted_row(row: _Deleted) -> SyncRow:
    return SyncRow(timestamp=row.timestamp, key=row.entity_key, entity_type=row.entity_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    model: type[Any]
    row: Callable[[Any], SyncRow]
    extra_filter: str = ""


_READERS = {
    SyncEndpoint.GOODS_DELIVERIES: _Reader(model=_StampedDelivery, row=_delivery_row),
    SyncEndpoint.GOODS_DELIVERY_LINES: _Reader(model=_StampedLine, row=_line_row),
    SyncEndpoint.DELETED: _Reader(
        model=_Deleted, row=_deleted_row, extra_filter=f" and EntityType eq {GOODS_DELIVERY_ENTITY}"
    ),
    SyncEndpoint.ITEMS: _Reader(model=_StampedItem, row=_master_row),
    SyncEndpoint.ADDRESSES: _Reader(model=_StampedAddress, row=_master_row),
    SyncEndpoint.ACCOUNTS: _Reader(model=_StampedAccount, row=_master_row),
    SyncEndpoint.CONTACTS: _Reader(model=_StampedContact, row=_master_row),
}


def query(endpoint: SyncEndpoint, after: int) -> dict[str, str]:
    """The query for what changed after a timestamp; only `Timestamp` may be filtered (`exact.md` 12)."""
    reader = _READERS[endpoint]
    return {"$filter": f"Timestamp gt {after}L{reader.extra_filter}", "$select": select_list(reader.model)}


def read(endpoint: SyncEndpoint, page: Page, after: int) -> SyncPage:
    """The rows of one answer. Raises `UnreadableAnswer`."""
    reader = _READERS[endpoint]
    rows = tuple(reader.row(row) for row in parse(reader.model, page.rows))
    stamps = [row.timestamp for row in rows]
    more = page.next_url is not None and bool(rows)
    if more and stamps != sorted(stamps):
        raise UnreadableAnswer(f"{endpoint}: a page out of order cannot be continued from its highest timestamp")
    return SyncPage(rows=rows, highest=max([after, *stamps]), more=more)


class WireSyncTimestamp(Wire):
    """`read/sync/Sync/SyncTimestamp`: the row version of the first record changed at or after a moment."""

    time_stamp_as_big_int: int
