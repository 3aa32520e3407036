"""Values of Exact for tests that need no network and no database."""

import uuid
from dataclasses import replace
from decimal import Decimal
from typing import Any

from exact.records import Account, Address, Contact, GoodsDelivery, GoodsDeliveryLine, Item
from syncjobs.models import ShippingRule
from syncjobs.translate import Order, Receiver
from tenants.models import Tenant
from ups.shipment_spec import PartySpec

METHOD = uuid.UUID("aaaaaaaa-0000-4000-8000-000000000001")
CHAIR = uuid.UUID("bbbbbbbb-0000-4000-8000-000000000001")
SHIPPER = PartySpec(
    name="Voorbeeld Groothandel BV",
    attention="Expeditie",
    phone="+31 20 123 4567",
    address_lines=("Kade 12",),
    city="Rotterdam",
    postal_code="3011AA",
    country="NL",
)


def item(**changes: Any) -> Item:
    """A chair of 4.2."""
    return replace(
        Item(
            id=CHAIR,
            code="CHAIR",
            description="Office chair",
            net_weight=Decimal("4.2"),
            net_weight_unit="",
            gross_weight=None,
            is_stock_item=True,
            unit="pc",
            unit_type="O",
            statistical_code="",
            statistical_value=None,
        ),
        **changes,
    )


def line(**changes: Any) -> GoodsDeliveryLine:
    """Two chairs of order 20240015."""
    return replace(
        GoodsDeliveryLine(
            id=uuid.uuid4(),
            storage_location_id=None,
            item_id=CHAIR,
            item_code="CHAIR",
            item_description="Office chair",
            quantity=Decimal(2),
            sales_order_number=20240015,
            sales_order_line_id=uuid.uuid4(),
            tracking_number="",
            unit_code="pc",
        ),
        **changes,
    )


def goods(**changes: Any) -> GoodsDelivery:
    """A delivery of two chairs by the mapped method."""
    return replace(
        GoodsDelivery(
            entry_id=uuid.uuid4(),
            delivery_number=7001,
            delivery_date=None,
            description="",
            remarks="",
            tracking_number="",
            document=None,
            shipping_method_id=METHOD,
            shipping_method_code="UPS",
            account_id=uuid.uuid4(),
            account_name="Afnemer Noord",
            address_id=uuid.uuid4(),
            contact_id=None,
            contact_name="",
            warehouse_id=None,
            warehouse_code="1",
            modified_at=None,
            modifier_id=None,
            lines=(line(),),
        ),
        **changes,
    )


def address(**changes: Any) -> Address:
    """A shop in Groningen."""
    return replace(
        Address(
            id=uuid.uuid4(),
            lines=("Havenweg 3", "Poort B"),
            postcode="9723 AB",
            city="Groningen",
            state="",
            country="NL",
            contact_id=None,
            contact_name="Jan de Boer",
            phone="050 123 4567",
            account_id=None,
            account_name="",
            warehouse_id=None,
            kind=4,
            is_main=True,
        ),
        **changes,
    )


def contact(**changes: Any) -> Contact:
    """A person without phones."""
    return replace(
        Contact(id=uuid.uuid4(), name="Eva Visser", email="", phone="", mobile="", account_id=None, is_main=True),
        **changes,
    )


def customer(**changes: Any) -> Account:
    """A customer without a phone."""
    return replace(
        Account(
            id=uuid.uuid4(),
            code="100",
            name="Afnemer Noord",
            email="",
            phone="",
            shipping_method_id=None,
            main_contact_id=None,
            vat_number="",
            eori_number="",
            chamber_of_commerce="",
            language="",
            country="NL",
            incoterm_code="",
            is_blocked=False,
        ),
        **changes,
    )


def rule(**changes: Any) -> ShippingRule:
    """Standard service in a box of 60 x 40 x 30."""
    values: dict[str, Any] = {
        "exact_method_id": METHOD,
        "service_code": "11",
        "packaging_code": "02",
        "length_cm": 60,
        "width_cm": 40,
        "height_cm": 30,
        "label_format": "GIF",
    }
    return ShippingRule(**(values | changes))


def order(**changes: Any) -> Order:
    """Everything together."""
    return replace(
        Order(
            goods=goods(),
            receiver=Receiver(address=address()),
            items={CHAIR: item()},
            rule=rule(),
            shipper=SHIPPER,
            shipper_number="A1B2C3",
            weight_unit=Tenant.WeightUnit.KILOGRAM,
        ),
        **changes,
    )
