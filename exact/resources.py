"""The properties of each Exact resource that we read, and how they become records of ours."""

from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field

from exact.payloads import (
    Day,
    Flag,
    Instant,
    Key,
    Number,
    OptionalNumber,
    Text,
    Verbatim,
    WholeNumber,
    Wire,
    expanded,
    parse,
)
from exact.records import (
    Account,
    Address,
    Contact,
    GoodsDelivery,
    GoodsDeliveryLine,
    Item,
    SalesOrder,
    ShippingMethodRecord,
    Subscription,
    Warehouse,
)

LINES_PROPERTY = "GoodsDeliveryLines"


def _filled(*texts: str) -> tuple[str, ...]:
    return tuple(text for text in texts if text)


class WireGoodsDeliveryLine(Wire):
    """`salesorder/GoodsDeliveryLines` (`exact.md` 8.2)."""

    path: ClassVar[str] = "salesorder/GoodsDeliveryLines"

    id: UUID = Field(alias="ID")
    entry_id: UUID = Field(alias="EntryID")
    storage_location: Key = None
    storage_location_code: Text = ""
    item: Key = None
    item_code: Text = ""
    item_description: Text = ""
    quantity_delivered: Number
    sales_order_number: WholeNumber = None
    sales_order_line_id: Key = Field(default=None, alias="SalesOrderLineID")
    tracking_number: Text = ""
    unitcode: Text = ""

    def record(self) -> GoodsDeliveryLine:
        """The line as ours."""
        return GoodsDeliveryLine(
            id=self.id,
            storage_location_id=self.storage_location,
            storage_location_code=self.storage_location_code,
            item_id=self.item,
            item_code=self.item_code,
            item_description=self.item_description,
            quantity=self.quantity_delivered,
            sales_order_number=self.sales_order_number,
            sales_order_line_id=self.sales_order_line_id,
            tracking_number=self.tracking_number,
            unit_code=self.unitcode,
        )


class WireGoodsDelivery(Wire):
    """`salesorder/GoodsDeliveries` (`exact.md` 8.1)."""

    path: ClassVar[str] = "salesorder/GoodsDeliveries"

    entry_id: UUID = Field(alias="EntryID")
    delivery_number: WholeNumber = None
    delivery_date: Day = None
    description: Text = ""
    remarks: Verbatim = ""
    tracking_number: Text = ""
    document: Key = None
    shipping_method: Key = None
    shipping_method_code: Text = ""
    delivery_account: Key = None
    delivery_account_name: Text = ""
    delivery_address: Key = None
    delivery_contact: Key = None
    delivery_contact_person_full_name: Text = ""
    warehouse: Key = None
    warehouse_code: Text = ""
    created: Instant = None
    modified: Instant = None
    modifier: Key = None

    def record(self, lines: tuple[GoodsDeliveryLine, ...] = ()) -> GoodsDelivery:
        """The delivery as ours, with these lines."""
        return GoodsDelivery(
            entry_id=self.entry_id,
            delivery_number=self.delivery_number,
            delivery_date=self.delivery_date,
            description=self.description,
            remarks=self.remarks,
            tracking_number=self.tracking_number,
            document=self.document,
            shipping_method_id=self.shipping_method,
            shipping_method_code=self.shipping_method_code,
            account_id=self.delivery_account,
            account_name=self.delivery_account_name,
            address_id=self.delivery_address,
            contact_id=self.delivery_contact,
            contact_name=self.delivery_contact_person_full_name,
            warehouse_id=self.warehouse,
            warehouse_code=self.warehouse_code,
            created_at=self.created,
            modified_at=self.modified,
            modifier_id=self.modifier,
            lines=lines,
        )


class WireLatest(Wire):
    """Which deliveries there are, for asking for the newest."""

    path: ClassVar[str] = "salesorder/GoodsDeliveries"

    entry_id: UUID = Field(alias="EntryID")


class WireLineOwner(Wire):
    """Which delivery a line belongs to."""

    path: ClassVar[str] = WireGoodsDeliveryLine.path

    entry_id: UUID = Field(alias="EntryID")


def lines_of(row: dict[str, Any]) -> tuple[GoodsDeliveryLine, ...] | None:
    """The expanded lines of a delivery's row; None when they were left deferred."""
    rows = expanded(row.get(LINES_PROPERTY))
    if rows is None:
        return None
    return distinct(tuple(line.record() for line in parse(WireGoodsDeliveryLine, rows)))


def distinct(lines: tuple[GoodsDeliveryLine, ...]) -> tuple[GoodsDeliveryLine, ...]:
    """Each (line, storage location) once: one line split over locations repeats its id (`exact.md` 8.2)."""
    return tuple({(line.id, line.storage_location_id): line for line in lines}.values())


class WireAddress(Wire):
    """`crm/Addresses` (`exact.md` 8.6)."""

    path: ClassVar[str] = "crm/Addresses"

    id: UUID = Field(alias="ID")
    address_line1: Text = ""
    address_line2: Text = ""
    address_line3: Text = ""
    postcode: Text = ""
    city: Text = ""
    state: Text = ""
    country: Text = ""
    contact: Key = None
    contact_name: Text = ""
    phone: Text = ""
    account: Key = None
    account_name: Text = ""
    warehouse: Key = None
    type: WholeNumber = None
    main: Flag = False

    def record(self) -> Address:
        """The address as ours."""
        return Address(
            id=self.id,
            lines=_filled(self.address_line1, self.address_line2, self.address_line3),
            postcode=self.postcode,
            city=self.city,
            state=self.state,
            country=self.country,
            contact_id=self.contact,
            contact_name=self.contact_name,
            phone=self.phone,
            account_id=self.account,
            account_name=self.account_name,
            warehouse_id=self.warehouse,
            kind=self.type,
            is_main=self.main,
        )


class WireAccount(Wire):
    """`crm/Accounts` (`exact.md` 8.7)."""

    path: ClassVar[str] = "crm/Accounts"

    id: UUID = Field(alias="ID")
    code: Text = ""
    name: Text = ""
    email: Text = ""
    phone: Text = ""
    shipping_method: Key = None
    main_contact: Key = None
    vat_number: Text = Field(default="", alias="VATNumber")
    eori_number: Text = Field(default="", alias="EORINumber")
    chamber_of_commerce: Text = ""
    language: Text = ""
    country: Text = ""
    incoterm_code_sales: Text = ""
    blocked: Flag = False

    def record(self) -> Account:
        """The account as ours."""
        return Account(
            id=self.id,
            code=self.code,
            name=self.name,
            email=self.email,
            phone=self.phone,
            shipping_method_id=self.shipping_method,
            main_contact_id=self.main_contact,
            vat_number=self.vat_number,
            eori_number=self.eori_number,
            chamber_of_commerce=self.chamber_of_commerce,
            language=self.language,
            country=self.country,
            incoterm_code=self.incoterm_code_sales,
            is_blocked=self.blocked,
        )


class WireContact(Wire):
    """`crm/Contacts` (`exact.md` 8.7)."""

    path: ClassVar[str] = "crm/Contacts"

    id: UUID = Field(alias="ID")
    full_name: Text = ""
    email: Text = ""
    business_email: Text = ""
    phone: Text = ""
    business_phone: Text = ""
    mobile: Text = ""
    business_mobile: Text = ""
    account: Key = None
    is_main_contact: Flag = False

    def record(self) -> Contact:
        """The contact as ours."""
        return Contact(
            id=self.id,
            name=self.full_name,
            email=self.business_email or self.email,
            phone=self.business_phone or self.phone,
            mobile=self.business_mobile or self.mobile,
            account_id=self.account,
            is_main=self.is_main_contact,
        )


class WireItem(Wire):
    """`logistics/Items` (`exact.md` 8.8)."""

    path: ClassVar[str] = "logistics/Items"

    id: UUID = Field(alias="ID")
    code: Text = ""
    description: Text = ""
    net_weight: OptionalNumber = None
    net_weight_unit: Text = ""
    gross_weight: OptionalNumber = None
    is_stock_item: Flag = False
    unit: Text = ""
    unit_type: Text = ""
    statistical_code: Text = ""
    statistical_value: OptionalNumber = None

    def record(self) -> Item:
        """The item as ours."""
        return Item(
            id=self.id,
            code=self.code,
            description=self.description,
            net_weight=self.net_weight,
            net_weight_unit=self.net_weight_unit,
            gross_weight=self.gross_weight,
            is_stock_item=self.is_stock_item,
            unit=self.unit,
            unit_type=self.unit_type,
            statistical_code=self.statistical_code,
            statistical_value=self.statistical_value,
        )


class WireSalesOrder(Wire):
    """`salesorder/SalesOrders`; it has no `ShippingMethodCode` (`exact.md` 8.3)."""

    path: ClassVar[str] = "salesorder/SalesOrders"

    order_id: UUID = Field(alias="OrderID")
    order_number: int
    shipping_method: Key = None
    your_ref: Text = ""
    description: Text = ""
    delivery_address: Key = None
    deliver_to: Key = None
    currency: Text = ""
    amount_fc_excl_vat: OptionalNumber = Field(default=None, alias="AmountFCExclVat")
    incoterm_code: Text = ""

    def record(self) -> SalesOrder:
        """The order as ours."""
        return SalesOrder(
            order_id=self.order_id,
            number=self.order_number,
            shipping_method_id=self.shipping_method,
            your_ref=self.your_ref,
            description=self.description,
            delivery_address_id=self.delivery_address,
            deliver_to_id=self.deliver_to,
            currency=self.currency,
            amount_excluding_vat=self.amount_fc_excl_vat,
            incoterm_code=self.incoterm_code,
        )


class WireShippingMethod(Wire):
    """`sales/ShippingMethods` (`exact.md` 8.5)."""

    path: ClassVar[str] = "sales/ShippingMethods"

    id: UUID = Field(alias="ID")
    code: Text = ""
    description: Text = ""
    active: Flag = True

    def record(self) -> ShippingMethodRecord:
        """The method as ours."""
        return ShippingMethodRecord(id=self.id, code=self.code, description=self.description, is_active=self.active)


class WireWarehouse(Wire):
    """`inventory/Warehouses`; it has no address (`exact.md` 8.6)."""

    path: ClassVar[str] = "inventory/Warehouses"

    id: UUID = Field(alias="ID")
    code: Text = ""
    description: Text = ""
    main: Flag = False

    def record(self) -> Warehouse:
        """The warehouse as ours."""
        return Warehouse(id=self.id, code=self.code, description=self.description, is_main=self.main)


class WireSubscription(Wire):
    """`webhooks/WebhookSubscriptions` (`exact.md` 11.1)."""

    path: ClassVar[str] = "webhooks/WebhookSubscriptions"

    id: UUID = Field(alias="ID")
    topic: Text = ""
    callback_url: Text = Field(default="", alias="CallbackURL")

    def record(self) -> Subscription:
        """The subscription as ours."""
        return Subscription(id=self.id, topic=self.topic, callback_url=self.callback_url)
