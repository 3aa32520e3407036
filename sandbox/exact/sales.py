"""Sales orders and goods deliveries: what booking one does to the other (exact.md 8.1 to 8.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.exact.errors import bad_request
from sandbox.exact.records import DELIVERIES, DELIVERY_LINES, Records
from sandbox.exact.store import Company, Row, Value
from sandbox.exact.wallclock import start_of_day_ms
from sandbox.exact.world import new_guid

ORDERS = "salesorder/SalesOrders"
ORDER_LINES = "salesorder/SalesOrderLines"
OPEN, PARTIAL, COMPLETE, CANCELLED = 12, 20, 21, 45
APPROVED = frozenset({1, 2})


@dataclass(frozen=True, slots=True, kw_only=True)
class LineToBook:
    """One order line and how much of it leaves. `splits` spreads it over so many storage locations."""

    order_line: Row
    quantity: float
    values: Mapping[str, Value]
    splits: int = 1


def number(value: Value) -> float:
    """A quantity; nothing counts as none."""
    return float(value) if isinstance(value, int | float) else 0.0


@dataclass(slots=True)
class Sales:
    """Orders and deliveries of any company."""

    records: Records

    def make_order(self, company: Company, values: Row, lines: Sequence[Row], *, user_id: str) -> Row:
        """A sales order with its lines; everything a person leaves out is filled as Exact would."""
        order = self.records.insert(
            company, ORDERS, self._order_defaults(company, values) | values, user_id=user_id, announce=False
        )
        for position, line in enumerate(lines, start=1):
            self.add_order_line(company, order, line, line_number=position, user_id=user_id)
        self.records.announce(company, ORDERS, order, "Create")
        return order

    def add_order_line(self, company: Company, order: Row, values: Row, *, line_number: int, user_id: str) -> Row:
        """One more line on an order."""
        item = company.table("logistics/Items").get(values.get("Item"))
        if item is None:
            raise bad_request("Mandatory: Item")
        price = values.get("NetPrice", item.get("StandardSalesPrice"))
        quantity = number(values.get("Quantity", 1.0))
        defaults: Row = {
            "OrderID": order["OrderID"],
            "OrderNumber": order["OrderNumber"],
            "LineNumber": line_number,
            "Description": item["Description"],
            "Quantity": quantity,
            "QuantityDelivered": 0.0,
            "QuantityInvoiced": 0.0,
            "NetPrice": price,
            "UnitPrice": price,
            "UnitCode": item.get("Unit"),
            "AmountFC": round(number(price) * quantity, 2),
            "AmountDC": round(number(price) * quantity, 2),
            "DeliveryDate": order["DeliveryDate"],
            "DeliveryStatus": OPEN,
            "InvoiceStatus": OPEN,
            "UseDropShipment": 0,
            "Discount": 0.0,
        }
        return self.records.insert(company, ORDER_LINES, defaults | values, user_id=user_id, announce=False)

    def book(self, company: Company, values: Row, lines: Sequence[LineToBook], *, user_id: str) -> Row:
        """A goods delivery: its lines, then the state of the orders, then the notifications."""
        _require_bookable(company, lines)
        order = company.table(ORDERS).get(lines[0].order_line["OrderID"]) or {}
        delivery_number = company.next_number("delivery")
        defaults: Row = {
            "EntryNumber": company.next_number("entry"),
            "DeliveryNumber": delivery_number,
            "DeliveryAccount": order["DeliverTo"],
            "DeliveryAddress": order["DeliveryAddress"],
            "DeliveryContact": order["DeliverToContactPerson"],
            "Warehouse": order["WarehouseID"],
            "ShippingMethod": None,
            "Document": None,
            "Remarks": None,
            "TrackingNumber": None,
        }
        delivery = self.records.insert(company, DELIVERIES, defaults | values, user_id=user_id, announce=False)
        made = [
            row
            for position, line in enumerate(lines, start=1)
            for row in self._book_line(company, delivery, line, line_number=position, user_id=user_id)
        ]
        self.records.announce(company, DELIVERIES, delivery, "Create")
        for row in made:
            self.records.announce(company, DELIVERY_LINES, row, "Create")
        return delivery

    def unbook(self, company: Company, delivery: Row, *, user_id: str) -> None:
        """A person removes a delivery in Exact's own screens; the orders open again."""
        for row in company.table(DELIVERY_LINES).find("EntryID", delivery["EntryID"]):
            order_line = company.table(ORDER_LINES).get(row["SalesOrderLineID"])
            if order_line is not None:
                self._move(company, order_line, -number(row["QuantityDelivered"]), user_id=user_id)
            self.records.delete(company, DELIVERY_LINES, row, user_id=user_id)
        self.records.delete(company, DELIVERIES, delivery, user_id=user_id)

    def _book_line(
        self, company: Company, delivery: Row, line: LineToBook, *, line_number: int, user_id: str
    ) -> list[Row]:
        """The rows of one line: they share their `ID` when several storage locations were picked (exact.md 8.2)."""
        shared: Row = {
            "ID": new_guid(),
            "EntryID": delivery["EntryID"],
            "LineNumber": line_number,
            "Item": line.order_line["Item"],
            "SalesOrderLineID": line.order_line["ID"],
            "SalesOrderNumber": line.order_line["OrderNumber"],
            "SalesOrderLineNumber": line.order_line["LineNumber"],
            "Description": line.order_line["Description"],
            "TrackingNumber": None,
            "Notes": None,
        }
        places = _storage_places(company, delivery["Warehouse"], line.splits)
        shares = _split(line.quantity, line.splits)
        rows = [
            self.records.insert(
                company,
                DELIVERY_LINES,
                shared | place | {"QuantityDelivered": share} | dict(line.values),
                user_id=user_id,
                announce=False,
            )
            for place, share in zip(places, shares, strict=True)
        ]
        self._move(company, line.order_line, line.quantity, user_id=user_id)
        return rows

    def _move(self, company: Company, order_line: Row, quantity: float, *, user_id: str) -> None:
        """Count a delivered quantity and bring line and order to the state that follows."""
        delivered = number(order_line["QuantityDelivered"]) + quantity
        status = _line_status(delivered, number(order_line["Quantity"]))
        changes: Row = {"QuantityDelivered": delivered, "DeliveryStatus": status}
        self.records.update(company, ORDER_LINES, order_line, changes, user_id=user_id, announce=False)
        order = company.table(ORDERS).get(order_line["OrderID"])
        if order is None:
            return
        lines = company.table(ORDER_LINES).find("OrderID", order["OrderID"])
        combined = _order_status([line["DeliveryStatus"] for line in lines])
        if order["DeliveryStatus"] != combined:
            changes = {"DeliveryStatus": combined, "Status": combined}
            self.records.update(company, ORDERS, order, changes, user_id=user_id, announce=False)

    def _order_defaults(self, company: Company, values: Row) -> Row:
        account = company.table("crm/Accounts").get(values["OrderedBy"]) or {}
        deliver_to = company.table("crm/Accounts").get(values.get("DeliverTo")) or account
        today = start_of_day_ms(self.records.world.now_ms())
        return {
            "OrderNumber": company.next_number("order"),
            "OrderDate": today,
            "DeliveryDate": today,
            "DeliverTo": deliver_to["ID"],
            "DeliverToContactPerson": deliver_to.get("MainContact"),
            "DeliveryAddress": _delivery_address(company, deliver_to["ID"]),
            "InvoiceTo": account["ID"],
            "InvoiceToContactPerson": account.get("MainContact"),
            "OrderedByContactPerson": account.get("MainContact"),
            "ShippingMethod": deliver_to.get("ShippingMethod"),
            "WarehouseID": company.facts["_warehouse"],
            "Currency": company.facts["Currency"],
            "Status": OPEN,
            "DeliveryStatus": OPEN,
            "InvoiceStatus": OPEN,
            "ApprovalStatus": 1,
            "Approved": self.records.world.now_ms(),
            "Discount": 0.0,
        }


def _require_bookable(company: Company, lines: Sequence[LineToBook]) -> None:
    receivers = set()
    for line in lines:
        order = company.table(ORDERS).get(line.order_line["OrderID"]) or {}
        receivers.add((order["DeliverTo"], order["DeliveryAddress"]))
        if order["ApprovalStatus"] not in APPROVED:
            raise bad_request(f"Sales order {order['OrderNumber']} is not approved.")
        left = number(line.order_line["Quantity"]) - number(line.order_line["QuantityDelivered"])
        if line.quantity > left:
            raise bad_request(f"QuantityDelivered is more than the {left:g} still to deliver.")
    if len(receivers) != 1:
        raise bad_request("All lines of a goods delivery must go to the same address.")


def _delivery_address(company: Company, account_id: Value) -> Value:
    """The account's delivery address (type 4), else its first."""
    addresses = company.table("crm/Addresses").find("Account", account_id)
    chosen = next((each for each in addresses if each.get("Type") == 4), None)  # noqa: PLR2004 - exact.md 8.6
    return (chosen or (addresses[0] if addresses else {})).get("ID")


def _storage_places(company: Company, warehouse: Value, splits: int) -> list[Row]:
    if splits <= 1:
        return [{}]
    known = [each for each in company.table("inventory/StorageLocations").rows() if each["Warehouse"] == warehouse]
    return [
        {
            "StorageLocation": place["ID"],
            "StorageLocationCode": place["Code"],
            "StorageLocationDescription": place["Description"],
        }
        for place in (known[position % len(known)] for position in range(splits))
    ]


def _split(quantity: float, splits: int) -> list[float]:
    """Whole pieces spread evenly, the rest on the first."""
    share = quantity // splits
    return [quantity - share * (splits - 1)] + [share] * (splits - 1)


def _line_status(delivered: float, ordered: float) -> int:
    if delivered <= 0 < ordered:
        return OPEN
    return COMPLETE if delivered >= ordered else PARTIAL


def _order_status(line_statuses: Sequence[Value]) -> int:
    if all(status in {COMPLETE, CANCELLED} for status in line_statuses):
        return COMPLETE
    return OPEN if all(status == OPEN for status in line_statuses) else PARTIAL
