"""Exact's own screens: a person there may change anything, and subscribers hear of it as they would."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.exact.catalog import RESOURCES, Property, Resource
from sandbox.exact.documents import DOCUMENTS, remove_files
from sandbox.exact.errors import RefusedError
from sandbox.exact.fields import reader
from sandbox.exact.records import DELIVERIES, Records
from sandbox.exact.sales import Sales
from sandbox.exact.store import Company, Row, Value
from sandbox.exact.values import typed
from sandbox.exact.wallclock import wall_text

MOVE_DATES = frozenset({"DivisionMoveDate", "DivisionHRLinkUnlinkDate"})
"""When one changes, row versions have started anew (exact.md 12)."""
FIRST_VERSIONS_AFTER_MOVE = (10_000, 1_000_000)
"""Below those of every first database, so that an old cursor sees nothing more: the stricter reading."""


class ScreenError(ValueError):
    """The change cannot be made as asked."""

    def __init__(self, text: str, *, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Screens:
    """Changes by hand."""

    records: Records
    sales: Sales

    def create(self, company: Company, path: str, values: Mapping[str, object], *, user_id: str) -> dict[str, Value]:
        """A new record with these values and nothing else filled in."""
        resource = _resource(company, path)
        row = self.records.insert(company, path, _typed(resource, values), user_id=user_id)
        return readable(company, path, row)

    def show(self, company: Company, path: str, key: str) -> dict[str, Value]:
        """Every property."""
        return readable(company, path, _find(company, path, key)[0])

    def change(
        self, company: Company, path: str, key: str, values: Mapping[str, object], *, user_id: str
    ) -> dict[str, Value]:
        """Set properties, read-only ones included; the key stays."""
        resource = _resource(company, path)
        rows = _find(company, path, key)
        changes = _typed(resource, values)
        if resource.key in changes:
            raise ScreenError("The key of a record cannot change.")
        for row in rows:
            self.records.update(company, path, row, changes, user_id=user_id)
        return readable(company, path, rows[0])

    def change_company(self, company: Company, values: Mapping[str, object]) -> dict[str, Value]:
        """Facts of the company itself; its number and currency stay. With a new date of a move, it is moved."""
        changes = _typed(RESOURCES["system/Divisions"], values)
        if changes.keys() & {"Code", "Currency", "Customer"}:
            raise ScreenError("Number, currency and customer of a company cannot change.")
        name = changes.pop("Description", None)
        company.name = str(name or company.name)
        if any(changes[name] not in (None, company.facts[name]) for name in MOVE_DATES & changes.keys()):
            company.move(random.randrange(*FIRST_VERSIONS_AFTER_MOVE))
        company.facts.update(changes)
        return changes | {"Description": company.name}

    def remove(self, company: Company, path: str, key: str, *, user_id: str) -> None:
        """Take a record away; of a delivery the lines go too, of a document its files."""
        rows = _find(company, path, key)
        if path == DELIVERIES:
            self.sales.unbook(company, rows[0], user_id=user_id)
            return
        if path == DOCUMENTS:
            remove_files(self.records, company, rows[0], user_id=user_id)
        for row in rows:
            self.records.delete(company, path, row, user_id=user_id)


def readable(company: Company, path: str, row: Row) -> dict[str, Value]:
    """All plain properties; dates as wall-clock text, codes with their padding."""
    shown: dict[str, Value] = {}
    for name, found in RESOURCES[path].properties.items():
        if found.is_collection:
            continue
        value = reader(path, name)(company, row)
        shown[name] = wall_text(value) if found.edm == "DateTime" and isinstance(value, int) else value
    return shown


def _resource(company: Company, path: str) -> Resource:
    if path not in company.tables:
        raise ScreenError(f"There is no resource {path}.", status=404)
    return RESOURCES[path]


def _find(company: Company, path: str, key: str) -> list[Row]:
    resource = _resource(company, path)
    rows = company.table(path).find(resource.key or "", key)
    if not rows:
        raise ScreenError("There is no such record.", status=404)
    return rows


def _typed(resource: Resource, values: Mapping[str, object]) -> Row:
    return {name: _typed_value(resource.properties.get(name), name, value) for name, value in values.items()}


def _typed_value(found: Property | None, name: str, value: object) -> Value:
    if found is None or found.is_collection:
        raise ScreenError(f"There is no property {name}.")
    if value is None:
        return None
    try:
        return typed(found, value)
    except RefusedError as refused:
        raise ScreenError(refused.text) from refused
