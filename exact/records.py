"""What Exact tells us, as values of our own: padding gone, dates true, numbers exact."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsDeliveryLine:
    """One line of a goods delivery; a negative quantity is a trade-in coming back (`exact.md` 8.1)."""

    id: UUID
    storage_location_id: UUID | None
    item_id: UUID | None
    item_code: str
    item_description: str
    quantity: Decimal
    sales_order_number: int | None
    sales_order_line_id: UUID | None
    tracking_number: str
    unit_code: str
    storage_location_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsDelivery:
    """A booking that goods left the warehouse; it has no status in Exact (`exact.md` 8.1)."""

    entry_id: UUID
    delivery_number: int | None
    delivery_date: date | None
    description: str
    remarks: str
    tracking_number: str
    document: UUID | None
    shipping_method_id: UUID | None
    shipping_method_code: str
    account_id: UUID | None
    account_name: str
    address_id: UUID | None
    contact_id: UUID | None
    contact_name: str
    warehouse_id: UUID | None
    warehouse_code: str
    modified_at: datetime | None
    modifier_id: UUID | None
    created_at: datetime | None = None
    lines: tuple[GoodsDeliveryLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address as Exact keeps it; the company name stands at the account (`exact.md` 8.6)."""

    id: UUID
    lines: tuple[str, ...]
    postcode: str
    city: str
    state: str
    country: str
    contact_id: UUID | None
    contact_name: str
    phone: str
    account_id: UUID | None
    account_name: str
    warehouse_id: UUID | None
    kind: int | None
    is_main: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer of the tenant."""

    id: UUID
    code: str
    name: str
    email: str
    phone: str
    shipping_method_id: UUID | None
    main_contact_id: UUID | None
    vat_number: str
    eori_number: str
    chamber_of_commerce: str
    language: str
    country: str
    incoterm_code: str
    is_blocked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person at an account; business details come before private ones (`exact.md` 8.7)."""

    id: UUID
    name: str
    email: str
    phone: str
    mobile: str
    account_id: UUID | None
    is_main: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An article; weights carry no unit in Exact, the tenant's setting names it (`exact.md` 8.8)."""

    id: UUID
    code: str
    description: str
    net_weight: Decimal | None
    net_weight_unit: str
    gross_weight: Decimal | None
    is_stock_item: bool
    unit: str
    unit_type: str
    statistical_code: str
    statistical_value: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesOrder:
    """The order behind a delivery line."""

    order_id: UUID
    number: int
    shipping_method_id: UUID | None
    your_ref: str
    description: str
    delivery_address_id: UUID | None
    deliver_to_id: UUID | None
    currency: str
    amount_excluding_vat: Decimal | None
    incoterm_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingMethodRecord:
    """A way of shipping that the customer set up in Exact."""

    id: UUID
    code: str
    description: str
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Warehouse:
    """A warehouse; its address is an `Address` of its own (`exact.md` 8.6)."""

    id: UUID
    code: str
    description: str
    is_main: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """A company in Exact. Blocked means for a while: backup, conversion, copy (`exact.md` 4)."""

    code: int
    name: str
    country: str
    lines: tuple[str, ...]
    postcode: str
    city: str
    state: str
    phone: str
    email: str
    vat_number: str
    is_archived: bool
    is_blocked: bool
    moved_at: datetime | None
    relinked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """The Exact user who gave the permission."""

    user_id: UUID
    name: str
    email: str
    current_division: int
    customer_name: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A webhook subscription as Exact lists it."""

    id: UUID
    topic: str
    callback_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsDeliveryChanges:
    """What to write to a goods delivery; None leaves a property as it is."""

    tracking_number: str | None = None
    remarks: str | None = None
    document: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsDeliveryLineChanges:
    """What to write to a line of a goods delivery; None leaves a property as it is."""

    tracking_number: str | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentType:
    """A type of documents in one company; only creatable ones can be posted (`exact.md` 8.9)."""

    id: int
    description: str
    is_creatable: bool
    is_updatable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document as Exact keeps it; `number` is what people there know it by."""

    id: UUID
    subject: str
    type: int | None
    account_id: UUID | None
    number: int | None
    sales_order_number: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """A document to be made; it can be tied to an order, never to a delivery (`exact.md` 8.9)."""

    subject: str
    type: int
    account_id: UUID | None
    sales_order_number: int | None
    document_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file at a document."""

    id: UUID
    file_name: str
    file_size: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRow:
    """One changed record. `key` names the record itself: for a line of a delivery, that delivery.

    `created_at` and `modified_at` are Exact's own moments, of deliveries and their lines only.
    """

    timestamp: int
    key: UUID
    entity_type: int | None = None
    record: Item | Address | Account | Contact | GoodsDelivery | GoodsDeliveryLine | None = None
    created_at: datetime | None = None
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncPage:
    """Changes in the order of their timestamps; `highest` is where to go on, `more` whether there is more now."""

    rows: tuple[SyncRow, ...] = field(default=())
    highest: int
    more: bool
