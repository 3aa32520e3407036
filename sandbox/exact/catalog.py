"""Which resources exist, with their properties, types and verbs, read once from `data/resources.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import orjson

TABLE_FILE = Path(__file__).parent / "data" / "resources.json"

TIMESTAMP = "Timestamp"
"""The row version of a record: every change raises it (exact.md 12)."""


class Style(StrEnum):
    """The family of a resource decides page size and what may be asked."""

    SINGLE = "single"
    SYNC = "sync"
    BULK = "bulk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One column. `edm` is the type name without `Edm.`; `notifies` marks changes that raise a webhook."""

    name: str
    edm: str
    mandatory: bool = False
    post: bool = False
    put: bool = False
    notifies: bool = False

    @property
    def is_collection(self) -> bool:
        """Whether the value is a list of other records."""
        return self.edm.startswith("Collection(")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One address below the division. `table` names the resource that owns the records."""

    path: str
    table: str
    model: str
    methods: frozenset[str]
    scope: str | None
    key: str | None
    page_size: int
    style: Style
    topic: str | None
    filterable: frozenset[str] | None
    properties: Mapping[str, Property]
    undocumented: tuple[str, ...]


def _read_property(line: str) -> Property:
    name, edm, *flags = line.split()
    return Property(
        name=name,
        edm=edm,
        mandatory="mandatory" in flags,
        post="post" in flags,
        put="put" in flags,
        notifies="notifies" in flags,
    )


def _read_properties(entry: Mapping[str, object], base: Resource | None) -> dict[str, Property]:
    lines = entry["properties"]
    own = [_read_property(line) for line in lines] if isinstance(lines, list) else []
    if base is None:
        return {each.name: each for each in own}
    without = set(str(entry.get("without", "")).split())
    inherited = {name: each for name, each in base.properties.items() if name not in without}
    return inherited | {each.name: each for each in own}


def _style_of(path: str) -> Style:
    first = path.partition("/")[0]
    return Style(first) if first in {Style.SYNC, Style.BULK} else Style.SINGLE


def _read_resource(path: str, entry: Mapping[str, object], known: Mapping[str, Resource]) -> Resource:
    base = known.get(str(entry.get("like")))
    key = entry["key"] if base is None else base.key
    filters = entry.get("filters")
    return Resource(
        path=path,
        table=base.path if base else path,
        model=str(entry["model"]),
        methods=frozenset(str(entry["methods"]).split()),
        scope=str(entry["scope"]) if entry["scope"] else None,
        key=str(key) if key else None,
        page_size=int(str(entry["page_size"])),
        style=_style_of(path),
        topic=str(entry["topic"]) if "topic" in entry else None,
        filterable=frozenset(str(filters).split()) if filters else None,
        properties=_read_properties(entry, base),
        undocumented=tuple(str(entry.get("undocumented", "")).split()),
    )


def read_catalog() -> dict[str, Resource]:
    """Every resource by its path; twins under `sync/` and `bulk/` share the table of the single one."""
    known: dict[str, Resource] = {}
    for path, entry in orjson.loads(TABLE_FILE.read_bytes()).items():
        known[path] = _read_resource(path, entry, known)
    return known


RESOURCES = read_catalog()

COLLECTIONS: dict[tuple[str, str], tuple[str, str]] = {
    ("salesorder/GoodsDeliveries", "GoodsDeliveryLines"): ("salesorder/GoodsDeliveryLines", "EntryID"),
    ("salesorder/SalesOrders", "SalesOrderLines"): ("salesorder/SalesOrderLines", "OrderID"),
}
"""(table, collection) -> (table of its rows, property there that names the parent)."""

ENTITY_TYPES: dict[str, int] = {
    "crm/Accounts": 2,
    "crm/Addresses": 3,
    "documents/DocumentAttachments": 4,
    "crm/Contacts": 5,
    "documents/Documents": 6,
    "logistics/Items": 9,
    "salesorder/GoodsDeliveries": 16,
    "salesorder/GoodsDeliveryLines": 17,
    "salesorder/SalesOrders": 32,
    "salesorder/SalesOrderLines": 33,
}
"""Numbers in `sync/Deleted.EntityType` (exact.md 12)."""
