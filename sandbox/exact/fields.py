"""How a property gets its value: stored in the row, or read through a reference to another record."""

from collections.abc import Callable
from functools import cache

from sandbox.exact.store import Company, Row, Value

Reader = Callable[[Company, Row], Value]

_ACCOUNT = "crm/Accounts"
_CONTACT = "crm/Contacts"
_ITEM = "logistics/Items"
_METHOD = "sales/ShippingMethods"
_WAREHOUSE = "inventory/Warehouses"
_DOCUMENT = "documents/Documents"
_ORDER = "salesorder/SalesOrders"
_ORDER_LINE = "salesorder/SalesOrderLines"
_DELIVERY = "salesorder/GoodsDeliveries"

JOINS: dict[str, dict[str, tuple[str, str, str]]] = {
    _DELIVERY: {
        "DeliveryAccountCode": ("DeliveryAccount", _ACCOUNT, "Code"),
        "DeliveryAccountName": ("DeliveryAccount", _ACCOUNT, "Name"),
        "DeliveryContactPersonFullName": ("DeliveryContact", _CONTACT, "FullName"),
        "DocumentSubject": ("Document", _DOCUMENT, "Subject"),
        "ShippingMethodCode": ("ShippingMethod", _METHOD, "Code"),
        "ShippingMethodDescription": ("ShippingMethod", _METHOD, "Description"),
        "WarehouseCode": ("Warehouse", _WAREHOUSE, "Code"),
        "WarehouseDescription": ("Warehouse", _WAREHOUSE, "Description"),
    },
    "salesorder/GoodsDeliveryLines": {
        "DeliveryDate": ("EntryID", _DELIVERY, "DeliveryDate"),
        "ItemCode": ("Item", _ITEM, "Code"),
        "ItemDescription": ("Item", _ITEM, "Description"),
        "QuantityOrdered": ("SalesOrderLineID", _ORDER_LINE, "Quantity"),
        "Unitcode": ("Item", _ITEM, "Unit"),
    },
    _ORDER: {
        "DeliverToContactPersonFullName": ("DeliverToContactPerson", _CONTACT, "FullName"),
        "DeliverToName": ("DeliverTo", _ACCOUNT, "Name"),
        "DocumentSubject": ("Document", _DOCUMENT, "Subject"),
        "InvoiceToContactPersonFullName": ("InvoiceToContactPerson", _CONTACT, "FullName"),
        "InvoiceToName": ("InvoiceTo", _ACCOUNT, "Name"),
        "OrderedByContactPersonFullName": ("OrderedByContactPerson", _CONTACT, "FullName"),
        "OrderedByName": ("OrderedBy", _ACCOUNT, "Name"),
        "ShippingMethodCode": ("ShippingMethod", _METHOD, "Code"),
        "ShippingMethodDescription": ("ShippingMethod", _METHOD, "Description"),
        "WarehouseCode": ("WarehouseID", _WAREHOUSE, "Code"),
        "WarehouseDescription": ("WarehouseID", _WAREHOUSE, "Description"),
    },
    _ORDER_LINE: {
        "ItemCode": ("Item", _ITEM, "Code"),
        "ItemDescription": ("Item", _ITEM, "Description"),
        "OrderStatus": ("OrderID", _ORDER, "Status"),
        "UnitDescription": ("Item", _ITEM, "UnitDescription"),
    },
    "crm/Addresses": {
        "AccountName": ("Account", _ACCOUNT, "Name"),
        "ContactName": ("Contact", _CONTACT, "FullName"),
        "WarehouseCode": ("Warehouse", _WAREHOUSE, "Code"),
        "WarehouseDescription": ("Warehouse", _WAREHOUSE, "Description"),
    },
    _CONTACT: {
        "AccountMainContact": ("Account", _ACCOUNT, "MainContact"),
        "AccountName": ("Account", _ACCOUNT, "Name"),
        "AddressLine2": ("Account", _ACCOUNT, "AddressLine2"),
        "City": ("Account", _ACCOUNT, "City"),
        "Code": ("Account", _ACCOUNT, "Code"),
        "Country": ("Account", _ACCOUNT, "Country"),
        "Postcode": ("Account", _ACCOUNT, "Postcode"),
        "State": ("Account", _ACCOUNT, "State"),
    },
    "inventory/StorageLocations": {
        "WarehouseCode": ("Warehouse", _WAREHOUSE, "Code"),
        "WarehouseDescription": ("Warehouse", _WAREHOUSE, "Description"),
    },
    _DOCUMENT: {
        "AccountCode": ("Account", _ACCOUNT, "Code"),
        "AccountName": ("Account", _ACCOUNT, "Name"),
        "ContactFullName": ("Contact", _CONTACT, "FullName"),
        "ItemCode": ("Item", _ITEM, "Code"),
        "ItemDescription": ("Item", _ITEM, "Description"),
    },
}
"""table -> property -> (reference in the same row, table it points to, property there)."""

STATUS_TEXTS = {12: "Open", 20: "Partial", 21: "Complete", 45: "Cancelled"}
APPROVAL_TEXTS = {0: "Awaiting approval", 1: "Automatically", 2: "Approved"}
_CODE_TEXTS: dict[str, tuple[str, dict[int, str]]] = {
    "StatusDescription": ("Status", STATUS_TEXTS),
    "DeliveryStatusDescription": ("DeliveryStatus", STATUS_TEXTS),
    "InvoiceStatusDescription": ("InvoiceStatus", STATUS_TEXTS),
    "ApprovalStatusDescription": ("ApprovalStatus", APPROVAL_TEXTS),
}
COUNTRY_NAMES = {
    "AT": "Austria", "BE": "Belgium", "CH": "Switzerland", "DE": "Germany", "DK": "Denmark", "ES": "Spain",
    "FR": "France", "GB": "United Kingdom", "IE": "Ireland", "IT": "Italy", "LU": "Luxembourg", "NL": "Netherlands",
    "PL": "Poland", "PT": "Portugal", "SE": "Sweden", "US": "United States",
}  # fmt: skip


@cache
def reader(table: str, name: str) -> Reader:
    """The function that gives a property of a row of that table."""
    join = JOINS.get(table, {}).get(name)
    if join:
        return _joined(*join)
    if name in {"CreatorFullName", "ModifierFullName"}:
        return _user_name(name.removesuffix("FullName"))
    if name in _CODE_TEXTS:
        return _text_of_code(*_CODE_TEXTS[name])
    if name == "CountryName":
        return _country_name
    if name == "Division":
        return _division
    return _stored(name)


def _stored(name: str) -> Reader:
    def read(company: Company, row: Row) -> Value:
        del company
        return row.get(name)

    return read


def _joined(reference: str, table: str, name: str) -> Reader:
    def read(company: Company, row: Row) -> Value:
        key = row.get(reference)
        target = company.tables[table].get(key) if key is not None else None
        return target.get(name) if target is not None else None

    return read


def _user_name(reference: str) -> Reader:
    def read(company: Company, row: Row) -> Value:
        user = company.users.get(str(row.get(reference)))
        return user.full_name if user else None

    return read


def _text_of_code(reference: str, texts: dict[int, str]) -> Reader:
    def read(company: Company, row: Row) -> Value:
        del company
        code = row.get(reference)
        return texts.get(code) if isinstance(code, int) else None

    return read


def _country_name(company: Company, row: Row) -> Value:
    del company
    return COUNTRY_NAMES.get(str(row.get("Country")).strip())


def _division(company: Company, row: Row) -> Value:
    del row
    return company.division
