"""References in what a client writes: the record they name must exist in the same company."""

from sandbox.exact.errors import bad_request
from sandbox.exact.store import Company, Row

POINTS_TO: dict[str, str] = {
    "Account": "crm/Accounts",
    "Contact": "crm/Contacts",
    "DeliverTo": "crm/Accounts",
    "DeliverToContactPerson": "crm/Contacts",
    "DeliveryAddress": "crm/Addresses",
    "Document": "documents/Documents",
    "InvoiceTo": "crm/Accounts",
    "InvoiceToContactPerson": "crm/Contacts",
    "Item": "logistics/Items",
    "MainContact": "crm/Contacts",
    "OrderID": "salesorder/SalesOrders",
    "OrderedBy": "crm/Accounts",
    "OrderedByContactPerson": "crm/Contacts",
    "SalesOrderLineID": "salesorder/SalesOrderLines",
    "ShippingMethod": "sales/ShippingMethods",
    "StorageLocation": "inventory/StorageLocations",
    "Warehouse": "inventory/Warehouses",
    "WarehouseID": "inventory/Warehouses",
}


def require_existing(company: Company, values: Row) -> None:
    """400 for the first reference that leads nowhere."""
    for name, value in values.items():
        table = POINTS_TO.get(name)
        if table is None or value is None:
            continue
        if company.table(table).get(value) is None:
            raise bad_request(f"Invalid reference: {name} '{value}' does not exist.")
