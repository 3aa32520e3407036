"""POST, PUT and DELETE of resources (exact.md 6.4, 8)."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.exact import documents
from sandbox.exact.catalog import RESOURCES, Resource
from sandbox.exact.errors import RefusedError, bad_request
from sandbox.exact.records import DELIVERIES, DELIVERY_LINES, Records
from sandbox.exact.references import require_existing
from sandbox.exact.sales import COMPLETE, ORDER_LINES, ORDERS, LineToBook, Sales, number
from sandbox.exact.store import Company, Row, Value
from sandbox.exact.values import Body, child_bodies, require_mandatory, typed_values

CONTACTS = "crm/Contacts"
ADDRESSES = "crm/Addresses"
_ACCOUNT_CODE_WIDTH = 18
_COUNTRY_WIDTH = 3
_SAME_ADDRESS = ("Account", "Type", "AddressLine1", "AddressLine2", "AddressLine3", "Postcode", "City", "Country")
_EMPTY_ADDRESS = frozenset({"AddressLine1", "City", "Postcode"})


@dataclass(slots=True)
class Writer:
    """Carries out what the API allows a client to write."""

    records: Records
    sales: Sales

    def create(self, company: Company, resource: Resource, body: Body, *, user_id: str) -> Row:
        """The new record; deep inserts take their lines along."""
        values: Row = dict(typed_values(resource, body, verb="POST"))
        require_mandatory(resource, body)
        require_existing(company, values)
        make = {DELIVERIES: self._create_delivery, ORDERS: self._create_order, ORDER_LINES: self._create_order_line}
        special = make.get(resource.path)
        if special is not None:
            return special(company, body, values, user_id)
        if (same := _equal_address(company, resource, values)) is not None:
            return same
        documents.check_new(company, resource.path, values, max_attachment_bytes=self._max_attachment_bytes)
        completed = _complete(company, resource.path, values)
        return self.records.insert(company, resource.path, completed, user_id=user_id, announce=self._echoes)

    def change(self, company: Company, resource: Resource, key: Value, body: Body, *, user_id: str) -> None:
        """A partial update of every row with this key (lines may share one)."""
        rows = _existing(company, resource, key)
        values: Row = dict(typed_values(resource, body, verb="PUT"))
        require_existing(company, values)
        _refuse_completed(company, resource, rows[0])
        documents.check_change(company, resource.path, rows[0], values)
        for row in rows:
            changes = _pad(resource.path, values)
            if resource.path == CONTACTS:
                changes["FullName"] = full_name(row | changes)
            self.records.update(company, resource.path, row, changes, user_id=user_id, announce=self._echoes)

    def remove(self, company: Company, resource: Resource, key: Value, *, user_id: str) -> None:
        """Delete a record; what others still point at is refused."""
        rows = _existing(company, resource, key)
        documents.check_removal(company, resource.path, rows[0])
        if resource.path == documents.DOCUMENTS:
            documents.remove_files(self.records, company, rows[0], user_id=user_id)
        if resource.path == ORDERS:
            self._remove_order_lines(company, rows[0], user_id)
        if resource.path == ORDER_LINES and number(rows[0]["QuantityDelivered"]) > 0:
            raise bad_request("Cannot delete: the line has deliveries.")
        if resource.path == "crm/Accounts" and company.table(ORDERS).find("DeliverTo", key):
            raise bad_request("Cannot delete: the account is in use.")
        if resource.path == "logistics/Items" and company.table(ORDER_LINES).find("Item", key):
            raise bad_request("Cannot delete: the item is in use.")
        for row in rows:
            self.records.delete(company, resource.path, row, user_id=user_id)

    @property
    def _max_attachment_bytes(self) -> int:
        return self.records.world.settings.max_attachment_bytes

    @property
    def _echoes(self) -> bool:
        return self.records.world.settings.echo_own_changes

    def _create_delivery(self, company: Company, body: Body, values: Row, user_id: str) -> Row:
        resource = RESOURCES[DELIVERY_LINES]
        lines = [_line_to_book(company, resource, each) for each in child_bodies(resource, body, "GoodsDeliveryLines")]
        return self.sales.book(company, values, lines, user_id=user_id)

    def _create_order(self, company: Company, body: Body, values: Row, user_id: str) -> Row:
        resource = RESOURCES[ORDER_LINES]
        lines = []
        for each in child_bodies(resource, body, "SalesOrderLines"):
            require_mandatory(resource, each, except_for=frozenset({"OrderID"}))
            line: Row = dict(typed_values(resource, each, verb="POST"))
            require_existing(company, line)
            lines.append(line)
        return self.sales.make_order(company, values, lines, user_id=user_id)

    def _create_order_line(self, company: Company, body: Body, values: Row, user_id: str) -> Row:
        del body
        order = company.table(ORDERS).get(values["OrderID"])
        if order is None or order["Status"] == COMPLETE:
            raise bad_request("The sales order is complete and can not be changed.")
        position = len(company.table(ORDER_LINES).find("OrderID", order["OrderID"])) + 1
        return self.sales.add_order_line(company, order, values, line_number=position, user_id=user_id)

    def _remove_order_lines(self, company: Company, order: Row, user_id: str) -> None:
        lines = company.table(ORDER_LINES).find("OrderID", order["OrderID"])
        if any(number(line["QuantityDelivered"]) > 0 for line in lines):
            raise bad_request("Cannot delete: the sales order has deliveries.")
        for line in lines:
            self.records.delete(company, ORDER_LINES, line, user_id=user_id)


def _existing(company: Company, resource: Resource, key: Value) -> list[Row]:
    rows = company.table(resource.path).find(resource.key or "", key)
    if not rows:
        raise RefusedError(404, f"{resource.model} '{key}' was not found.")
    return rows


def _refuse_completed(company: Company, resource: Resource, row: Row) -> None:
    """An update of a completed order fails (exact.md 8.3)."""
    if resource.path not in {ORDERS, ORDER_LINES}:
        return
    order = company.table(ORDERS).get(row["OrderID"])
    if order is not None and order["Status"] == COMPLETE:
        raise bad_request("The sales order is complete and can not be changed.")


def _line_to_book(company: Company, resource: Resource, body: Body) -> LineToBook:
    values: Row = dict(typed_values(resource, body, verb="POST"))
    require_mandatory(resource, body)
    require_existing(company, values)
    order_line = company.table(ORDER_LINES).get(values.pop("SalesOrderLineID"))
    quantity = values.pop("QuantityDelivered")
    if order_line is None:
        raise bad_request("Mandatory: SalesOrderLineID")
    return LineToBook(order_line=order_line, quantity=number(quantity), values=values)


def _equal_address(company: Company, resource: Resource, values: Row) -> Row | None:
    """An address that is there already is returned instead of a second one (exact.md 6.4)."""
    if resource.path != ADDRESSES:
        return None
    wanted = _pad(ADDRESSES, values)
    for row in company.table(ADDRESSES).find("Account", values.get("Account")):
        if all(row.get(name) == wanted.get(name) for name in _SAME_ADDRESS):
            return row
    return None


def _complete(company: Company, path: str, values: Row) -> Row:
    """What Exact fills in by itself."""
    fill = _DEFAULTS.get(path)
    return _pad(path, fill(company, values) | values if fill else values)


def _pad(path: str, values: Row) -> Row:
    """Codes as the database keeps them: accounts left to 18, countries right with a blank (exact.md 6.2)."""
    padded = dict(values)
    code, country = values.get("Code"), values.get("Country")
    if path == "crm/Accounts" and isinstance(code, str):
        padded["Code"] = code.strip().rjust(_ACCOUNT_CODE_WIDTH)
    if isinstance(country, str):
        padded["Country"] = country.strip().ljust(_COUNTRY_WIDTH)
    return padded


def full_name(values: Row) -> str:
    """A contact's name in one line."""
    return " ".join(str(values[part]) for part in ("FirstName", "MiddleName", "LastName") if values.get(part))


def _contact_defaults(company: Company, values: Row) -> Row:
    return {"FullName": full_name(values), "IsMainContact": False, "HID": company.next_number("contact")}


def _account_defaults(company: Company, values: Row) -> Row:
    del values
    return {"Code": str(company.next_number("account")), "Status": "A", "Blocked": False, "IsSales": True}


def _item_defaults(company: Company, values: Row) -> Row:
    del company, values
    return {"IsStockItem": False, "IsSalesItem": False, "Unit": "pc", "UnitDescription": "Piece", "UnitType": "O"}


def _address_defaults(company: Company, values: Row) -> Row:
    del company
    if not _EMPTY_ADDRESS & values.keys():
        raise bad_request("Mandatory: AddressLine1")
    return {"Type": 4, "Main": False}


_DEFAULTS: dict[str, Callable[[Company, Row], Row]] = {
    "crm/Accounts": _account_defaults,
    ADDRESSES: _address_defaults,
    CONTACTS: _contact_defaults,
    "logistics/Items": _item_defaults,
    documents.DOCUMENTS: documents.document_defaults,
    documents.ATTACHMENTS: documents.attachment_defaults,
}
