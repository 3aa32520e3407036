"""Rows as Exact shows them: metadata, wall-clock dates, 64-bit numbers as text, deferred and expanded collections."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sandbox.exact.catalog import COLLECTIONS, RESOURCES, Resource
from sandbox.exact.fields import Reader, reader
from sandbox.exact.store import Company, Row, Value

Shown = dict[str, object]
_WRITE_ONLY = frozenset({"Attachment", "Logo", "Picture"})
"""Binary values that Exact takes and never shows (exact.md 8.9)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to show a selection of one resource: plain columns, collections left closed, collections opened."""

    resource: Resource
    columns: tuple[tuple[str, Reader, Callable[[Value], Value] | None], ...]
    deferred: tuple[str, ...]
    expanded: tuple[str, ...]


@lru_cache(maxsize=512)
def plan(path: str, select: tuple[str, ...] | None, expand: tuple[str, ...] = ()) -> Plan:
    """The plan for a selection; without one every property is shown, undocumented ones included."""
    resource = RESOURCES[path]
    names = tuple(resource.properties) + resource.undocumented if select is None else select
    columns = []
    deferred = []
    for name in names:
        found = resource.properties.get(name)
        if found is not None and found.is_collection:
            if name not in expand:
                deferred.append(name)
            continue
        edm = found.edm if found is not None else "String"
        columns.append((name, reader(resource.table, name), _formatter(name, edm)))
    return Plan(resource=resource, columns=tuple(columns), deferred=tuple(deferred), expanded=expand)


def show(row: Row, *, how: Plan, company: Company, root: str) -> Shown:
    """One record. `root` is the address that resource paths are appended to, for absolute links."""
    uri = record_uri(how.resource, row, root=root)
    shown: Shown = {"__metadata": {"uri": uri, "type": f"Exact.Web.Api.Models.{how.resource.model}"}}
    for name, read, form in how.columns:
        value = read(company, row)
        shown[name] = form(value) if form is not None and value is not None else value
    for name in how.deferred:
        shown[name] = {"__deferred": {"uri": f"{uri}/{name}"}}
    for name in how.expanded:
        shown[name] = {"results": _expanded(row, name, how=how, company=company, root=root)}
    return shown


def show_only_key(row: Row, *, how: Plan, root: str) -> Shown:
    """The echo that some resources give on POST: all properties, nearly all of them null (exact.md 6.4)."""
    uri = record_uri(how.resource, row, root=root)
    shown: Shown = {"__metadata": {"uri": uri, "type": f"Exact.Web.Api.Models.{how.resource.model}"}}
    shown |= {name: (row.get(name) if name == how.resource.key else None) for name, _read, _form in how.columns}
    shown |= {name: {"__deferred": {"uri": f"{uri}/{name}"}} for name in how.deferred}
    return shown


def record_uri(resource: Resource, row: Row, *, root: str) -> str:
    """The absolute address of one record."""
    key = row.get(resource.key or "")
    return f"{root}{resource.path}({key})" if isinstance(key, int) else f"{root}{resource.path}(guid'{key}')"


def collection_rows(company: Company, table: str, name: str, row: Row) -> tuple[str, list[Row]]:
    """The table and rows behind a collection property; collections the stand-in does not keep are empty."""
    relation = COLLECTIONS.get((table, name))
    if relation is None:
        return table, []
    child_table, reference = relation
    key = RESOURCES[table].key or ""
    rows = [
        each for each in company.tables[child_table].find(reference, row.get(key)) if shows(company, child_table, each)
    ]
    return child_table, sorted(rows, key=lambda each: int(each.get("LineNumber") or 0))


def shows(company: Company, table: str, row: Row) -> bool:
    """False for delivery lines that come later than their delivery (exact.md 10)."""
    until_ms = company.lines_made_until_ms
    if until_ms is None or table != "salesorder/GoodsDeliveryLines":
        return True
    return int(row["Created"] or 0) <= until_ms


def _expanded(row: Row, name: str, *, how: Plan, company: Company, root: str) -> list[Shown]:
    child_table, rows = collection_rows(company, how.resource.table, name, row)
    child_plan = plan(child_table, None)
    return [show(each, how=child_plan, company=company, root=root) for each in rows]


def _formatter(name: str, edm: str) -> Callable[[Value], Value] | None:
    if name in _WRITE_ONLY:
        return _nothing
    return _FORMATTERS.get(edm)


def _nothing(value: Value) -> Value:
    del value
    return None


def _date(value: Value) -> Value:
    return f"/Date({value})/"


def _text(value: Value) -> Value:
    return str(value)


def _double(value: Value) -> Value:
    """Whole numbers are written without a decimal point, as recorded."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_FORMATTERS: Mapping[str, Callable[[Value], Value]] = {"DateTime": _date, "Int64": _text, "Double": _double}
