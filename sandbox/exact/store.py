"""The records of one company: rows by key, indexes on the references between them, and their change order."""

import itertools
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.exact.catalog import TIMESTAMP

Value = str | int | float | bool | None
"""Dates are wall-clock milliseconds, GUIDs lower-case text."""
Row = dict[str, Value]
SERIAL = "_serial"
"""Our own number of a row. The key cannot serve: delivery lines repeat theirs (exact.md 8.2)."""

INDEXED: dict[str, tuple[str, ...]] = {
    "salesorder/GoodsDeliveries": ("EntryID", "DeliveryAccount", "DeliveryNumber", "EntryNumber"),
    "salesorder/GoodsDeliveryLines": ("ID", "EntryID", "SalesOrderLineID", "Item", "SalesOrderNumber"),
    "salesorder/SalesOrders": ("OrderID", "OrderNumber", "OrderedBy", "DeliverTo"),
    "salesorder/SalesOrderLines": ("ID", "OrderID", "Item", "OrderNumber"),
    "crm/Accounts": ("ID", "Code"),
    "crm/Addresses": ("ID", "Account", "Warehouse", "Contact"),
    "crm/Contacts": ("ID", "Account"),
    "logistics/Items": ("ID", "Code"),
    "documents/Documents": ("ID", "Account", "SalesOrderNumber"),
    "documents/DocumentAttachments": ("ID", "Document"),
    "webhooks/WebhookSubscriptions": ("ID", "Topic", "ClientID"),
}

_STALE_SHARE = 4
"""The change order is rebuilt when it holds this many times as many entries as there are rows."""


class Table:
    """Rows of one resource in one company."""

    def __init__(self, path: str, key: str) -> None:
        self.path = path
        self.key = key
        self._rows: dict[int, Row] = {}
        self._serials = itertools.count(1)
        self._index: dict[str, dict[Value, dict[int, None]]] = {name: {} for name in INDEXED.get(path, (key,))}
        self._key_order: list[tuple[str | int, int]] = []
        self._change_order: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def is_indexed(self, name: str) -> bool:
        """Whether `find` may be asked for this property."""
        return name in self._index

    def insert(self, row: Row, *, timestamp: int) -> Row:
        """Add a row; it belongs to the table from now on."""
        serial = next(self._serials)
        row[SERIAL] = serial
        row[TIMESTAMP] = timestamp
        self._rows[serial] = row
        for name, entries in self._index.items():
            entries.setdefault(row.get(name), {})[serial] = None
        insort(self._key_order, (_sortable(row[self.key]), serial))
        self._note_change(timestamp, serial)
        return row

    def change(self, row: Row, changes: Row, *, timestamp: int) -> None:
        """Set some values of a row that is here. The key never changes."""
        serial = _serial(row)
        for name in changes.keys() & self._index.keys():
            self._index[name][row.get(name)].pop(serial, None)
            self._index[name].setdefault(changes[name], {})[serial] = None
        row.update(changes)
        row[TIMESTAMP] = timestamp
        self._note_change(timestamp, serial)

    def remove(self, row: Row) -> None:
        """Take a row out."""
        serial = _serial(row)
        del self._rows[serial]
        for name, entries in self._index.items():
            entries[row.get(name)].pop(serial, None)
        self._key_order.pop(bisect_left(self._key_order, (_sortable(row[self.key]), serial)))

    def find(self, name: str, value: Value) -> list[Row]:
        """Rows with this value in an indexed property."""
        return [self._rows[serial] for serial in self._index[name].get(value, ())]

    def get(self, key: Value) -> Row | None:
        """The row with this key; of rows that share it, the first."""
        return next(iter(self.find(self.key, key)), None)

    def rows(self) -> Iterable[Row]:
        """All rows in the sequence they were made."""
        return self._rows.values()

    def in_key_order(self, *, after: str | int | None = None) -> Iterator[Row]:
        """Rows by key, from behind `after` on."""
        start = 0 if after is None else bisect_right(self._key_order, (after, _HIGHEST_SERIAL))
        for position in range(start, len(self._key_order)):
            yield self._rows[self._key_order[position][1]]

    def in_change_order(self, *, after: int) -> Iterator[Row]:
        """Rows whose row version is above `after`, lowest first."""
        start = bisect_right(self._change_order, (after, _HIGHEST_SERIAL))
        for position in range(start, len(self._change_order)):
            timestamp, serial = self._change_order[position]
            row = self._rows.get(serial)
            if row is not None and row[TIMESTAMP] == timestamp:
                yield row

    def number_anew(self, versions: Mapping[int, int]) -> None:
        """Give every row the version that its former one maps to."""
        for row in self._rows.values():
            row[TIMESTAMP] = versions[int(row[TIMESTAMP] or 0)]
        self._sort_changes()

    def _note_change(self, timestamp: int, serial: int) -> None:
        self._change_order.append((timestamp, serial))
        if len(self._change_order) > _STALE_SHARE * len(self._rows) + 1000:
            self._sort_changes()

    def _sort_changes(self) -> None:
        self._change_order = sorted((int(row[TIMESTAMP] or 0), _serial(row)) for row in self._rows.values())


_HIGHEST_SERIAL = 1 << 62


def _serial(row: Row) -> int:
    return int(row[SERIAL] or 0)


def _sortable(value: Value) -> str | int:
    return value if isinstance(value, int) else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person with a login at one site. `divisions` are the companies this person may open."""

    user_id: str
    site: str
    email: str
    first_name: str
    last_name: str
    language: str = "EN"
    divisions: list[int] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        """As shown in `CreatorFullName`."""
        return f"{self.first_name} {self.last_name}"


@dataclass(slots=True, kw_only=True)
class Company:
    """One division with its records. `missing_rights` holds what users may not use: `resource` or `resource:VERB`."""

    division: int
    site: str
    name: str
    country: str
    created_at: datetime
    users: dict[str, User]
    facts: Row
    tables: dict[str, Table]
    numbers: dict[str, Iterator[int]]
    missing_rights: frozenset[str] = frozenset()
    lines_made_until_ms: int | None = None
    """When set, delivery lines made later do not show yet."""
    versions: Iterator[int] | None = None
    """Row versions of the database that the company was moved to."""

    def table(self, path: str) -> Table:
        """The table of a single resource."""
        return self.tables[path]

    def next_number(self, name: str) -> int:
        """The next human number, such as of an order or a delivery."""
        return next(self.numbers[name])

    def move(self, first_version: int) -> None:
        """Move the company to another database: all its row versions start anew, in the same order (exact.md 12)."""
        former = sorted({int(row[TIMESTAMP] or 0) for table in self.tables.values() for row in table.rows()})
        self.versions = itertools.count(first_version)
        versions = dict(zip(former, self.versions, strict=False))
        for table in self.tables.values():
            table.number_anew(versions)
