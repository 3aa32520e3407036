"""Booking deliveries as a person in Exact would, and describing a company to the outside."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sandbox.exact.errors import RefusedError
from sandbox.exact.fields import reader
from sandbox.exact.records import DELIVERIES, DELIVERY_LINES
from sandbox.exact.sales import ORDER_LINES, LineToBook, Sales
from sandbox.exact.screens import readable
from sandbox.exact.store import Company, Row, User, Value
from sandbox.exact.wallclock import start_of_day_ms

MAX_COUNT = 5_000
PORTION = 25
DEFAULT_QUANTITIES = (1.0, 2.0)
"""A delivery without chosen lines holds the first goods of the company in these quantities."""


class BookingError(ValueError):
    """The booking cannot be made as asked."""

    def __init__(self, text: str, *, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """Deliveries of any company, seen from Exact's own screens."""

    sales: Sales

    def book(self, company: Company, order: Mapping[str, object], *, user_id: str) -> list[dict[str, object]]:
        """One delivery or `count` of them, each with its own sales order."""
        count = count_of(order)
        account = self._account(company, order.get("account_id"))
        method = self._method(company, order)
        wanted = self._lines(company, order.get("lines"))
        values: Row = {
            "DeliveryDate": start_of_day_ms(self.sales.records.world.now_ms()),
            "ShippingMethod": method,
            "TrackingNumber": _optional_text(order, "tracking_number"),
            "Remarks": _optional_text(order, "remarks"),
            "Description": _optional_text(order, "description"),
        }
        try:
            booked = [self._book_one(company, account, wanted, values, user_id) for _ in range(count)]
        except RefusedError as refused:
            raise BookingError(refused.text) from refused
        return [self._with_lines(company, row) for row in booked]

    def deliveries(self, company: Company) -> list[dict[str, object]]:
        """Every delivery with its lines, in the sequence of booking."""
        return [self._with_lines(company, row) for row in company.table(DELIVERIES).rows()]

    def delivery(self, company: Company, key: str) -> dict[str, object]:
        """One delivery with its lines."""
        row = company.table(DELIVERIES).get(key)
        if row is None:
            raise BookingError("There is no such delivery.", status=404)
        return self._with_lines(company, row)

    def describe(self, company: Company, user: User) -> dict[str, object]:
        """What a caller needs to work with the company."""
        return {
            "site": company.site,
            "division": company.division,
            "name": company.name,
            "country": company.country,
            "user_id": user.user_id,
            "user_email": user.email,
            "shipping_methods": [
                {
                    "id": row["ID"],
                    "code": str(row["Code"]).strip(),
                    "description": row["Description"],
                    "active": row["Active"],
                }
                for row in company.table("sales/ShippingMethods").rows()
            ],
            "items": [
                {
                    "id": row["ID"],
                    "code": row["Code"],
                    "description": row["Description"],
                    "net_weight": row["NetWeight"],
                }
                for row in company.table("logistics/Items").rows()
            ],
            "accounts": [self._described_account(company, row) for row in company.table("crm/Accounts").rows()],
            "warehouse_id": company.facts["_warehouse"],
        }

    def _described_account(self, company: Company, row: Row) -> dict[str, object]:
        addresses = company.table("crm/Addresses").find("Account", row["ID"])
        return {
            "id": row["ID"],
            "name": row["Name"],
            "address_id": addresses[-1]["ID"] if addresses else None,
            "contact_id": row.get("MainContact"),
            "country": str(row["Country"]).strip(),
        }

    def _book_one(
        self, company: Company, account: Row, wanted: Sequence[tuple[Value, float, int]], values: Row, user_id: str
    ) -> Row:
        lines: list[Row] = [{"Item": item, "Quantity": abs(quantity)} for item, quantity, _splits in wanted]
        order = self.sales.make_order(company, {"OrderedBy": account["ID"]}, lines, user_id=user_id)
        order_lines = company.table(ORDER_LINES).find("OrderID", order["OrderID"])
        to_book = [
            LineToBook(order_line=order_line, quantity=quantity, values={}, splits=splits)
            for order_line, (_item, quantity, splits) in zip(order_lines, wanted, strict=True)
        ]
        return self.sales.book(company, dict(values), to_book, user_id=user_id)

    def _with_lines(self, company: Company, row: Row) -> dict[str, object]:
        lines = company.table(DELIVERY_LINES).find("EntryID", row["EntryID"])
        return {
            **readable(company, DELIVERIES, row),
            "GoodsDeliveryLines": [readable(company, DELIVERY_LINES, line) for line in lines],
        }

    def _account(self, company: Company, wanted: object) -> Row:
        table = company.table("crm/Accounts")
        found = next(iter(table.rows()), None) if wanted is None else table.get(str(wanted).lower())
        if found is None:
            raise BookingError("account_id names no account of this company.")
        return found

    def _method(self, company: Company, order: Mapping[str, object]) -> Value:
        """Without a word the first method, with an explicit null none."""
        table = company.table("sales/ShippingMethods")
        if "shipping_method_id" not in order:
            return next(iter(table.rows()))["ID"]
        wanted = order["shipping_method_id"]
        if wanted is None:
            return None
        found = table.get(str(wanted).lower())
        if found is None:
            raise BookingError("shipping_method_id names no shipping method of this company.")
        return found["ID"]

    def _lines(self, company: Company, wanted: object) -> list[tuple[Value, float, int]]:
        """Item, quantity, storage locations of each line."""
        table = company.table("logistics/Items")
        if wanted is None:
            return [(item["ID"], quantity, 1) for item, quantity in zip(table.rows(), DEFAULT_QUANTITIES, strict=False)]
        if not isinstance(wanted, list) or not wanted:
            raise BookingError("lines is a list of objects with item_id and quantity.")
        return [self._line(company, each) for each in wanted]

    def _line(self, company: Company, wanted: object) -> tuple[Value, float, int]:
        if not isinstance(wanted, Mapping):
            raise BookingError("lines is a list of objects with item_id and quantity.")
        item = company.table("logistics/Items").get(str(wanted.get("item_id")).lower())
        quantity = wanted.get("quantity", 1)
        splits = wanted.get("splits", 1)
        if item is None:
            raise BookingError("item_id names no item of this company.")
        if isinstance(quantity, bool) or not isinstance(quantity, int | float) or quantity == 0:
            raise BookingError("quantity is a number other than 0; below 0 it is a trade-in.")
        if isinstance(splits, bool) or not isinstance(splits, int) or splits < 1:
            raise BookingError("splits is a whole number, 1 or more.")
        return item["ID"], float(quantity), splits


def count_of(order: Mapping[str, object]) -> int:
    """How many deliveries are asked for."""
    count = order.get("count", 1)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MAX_COUNT:
        raise BookingError(f"count is a whole number from 1 to {MAX_COUNT}.")
    return count


def portions(order: Mapping[str, object]) -> Iterator[dict[str, object]]:
    """The same order in portions, so that other calls are answered between them."""
    left = count_of(order)
    while left > 0:
        yield {**order, "count": min(left, PORTION)}
        left -= PORTION


def shown_delivery(company: Company, row: Row) -> dict[str, Value]:
    """The few columns of the web page."""
    names = [
        "EntryID",
        "DeliveryNumber",
        "DeliveryAccountName",
        "ShippingMethodDescription",
        "TrackingNumber",
        "Remarks",
        "Created",
        "Modified",
    ]
    return {name: reader(DELIVERIES, name)(company, row) for name in names}


def _optional_text(order: Mapping[str, object], name: str) -> str | None:
    value = order.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise BookingError(f"{name} must be text.")
    return value
