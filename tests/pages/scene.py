"""A customer at work, as rows: a connected company, a UPS account, rules, and deliveries in every state."""

import io
import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from PIL import Image, ImageDraw

from audit.models import Event
from audit.record import acting, calls, happenings
from connector_site.lib.outside_calls import OutsideCall
from connector_site.lib.references import new_shipment_reference
from connector_site.lib.secrets import seal
from exact.models import Connection, Grant, ShippingMethod, WebhookSubscription
from syncjobs.doubts.evidence import begin_doubt
from syncjobs.labels.files import new_label
from syncjobs.models import Attempt, Delivery, Parcel, Shipment, ShippingRule
from syncjobs.parties import keep_party
from syncjobs.problems import Problem
from syncjobs.transitions import delivery_event, move, move_attempt
from tenants.context import tenant_context
from tenants.models import Tenant
from ups.accounts import AccountDetails, save_account
from ups.models import Account
from ups.shipment_spec import ParcelSpec, PartySpec, ShipmentSpec
from ups.shipping import LabelFormat, build_request

ZPL = b"^XA^FO50,50^FDLabel^FS^XZ"
RECEIVER = PartySpec(
    name="Möbelhaus Lindner GmbH",
    attention="Wareneingang",
    phone="+49 211 1234567",
    address_lines=("Königsallee 92a", "Hof 2"),
    city="Düsseldorf",
    postal_code="40212",
    country="DE",
)
S = Delivery.State
_numbers = itertools.count(60001)
_tracking = itertools.count(1)


Make = Callable[["Desk"], Delivery]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A tenant that is set up."""

    tenant: Tenant
    connection: Connection
    account: Account
    methods: dict[str, ShippingMethod]


def make_connection(tenant: Tenant, *, division: int = 123456, needs_reconnect: bool = False) -> Connection:
    """A connected company with a confirmed subscription."""
    now = timezone.now()
    grant = Grant.objects.create(
        site="nl",
        client_id="11111111-2222-3333-4444-555555555555",
        exact_user_id=uuid.uuid4(),
        consented_at=now,
        received_at=now,
        needs_reconnect_at=now if needs_reconnect else None,
        reconnect_reason="refresh token expired" if needs_reconnect else "",
    )
    with tenant_context(tenant.id):
        connection = Connection.objects.create(
            tenant=tenant, grant=grant, site="nl", division=division, division_name="Voorbeeld Groothandel BV"
        )
        WebhookSubscription.objects.create(
            tenant=tenant,
            connection=connection,
            exact_id=uuid.uuid4(),
            topic="GoodsDeliveries",
            callback_url=f"http://testserver/hooks/exact/{connection.hook_code}",
            confirmed_at=now,
        )
    return connection


def make_methods(connection: Connection) -> dict[str, ShippingMethod]:
    """What Exact offers: three that are used, one that is not any more."""
    rows = [
        ("UPSSTD", "UPS Standard", True),
        ("UPSEXP", "UPS Express Saver", True),
        ("PICKUP", "Customer picks up", True),
        ("OLD", "Parcel post", False),
    ]
    with tenant_context(connection.tenant_id):
        return {
            code: ShippingMethod.objects.create(
                tenant_id=connection.tenant_id,
                connection=connection,
                exact_id=uuid.uuid4(),
                exact_code=code,
                description=words,
                active=active,
                read_at=timezone.now(),
            )
            for code, words, active in rows
        }


def account_details(
    *, name: str = "Main account", shipper_number: str = "A1B2C3", secret: str = "s3cret"
) -> AccountDetails:
    """What a person enters for a UPS account."""
    return AccountDetails(
        name=name,
        shipper_number=shipper_number,
        environment="test",
        client_id="client-of-the-customer",
        client_secret=secret,
        shipper=PartySpec(
            name="Voorbeeld Groothandel BV",
            attention="Expeditie",
            phone="+31 20 794 0799",
            address_lines=("Kade 12",),
            city="Rotterdam",
            postal_code="3011AA",
            country="NL",
        ),
    )


def make_desk(tenant: Tenant, *, division: int = 123456) -> Desk:
    """Connected on both sides, one method mapped, one marked as not UPS."""
    connection = make_connection(tenant, division=division)
    methods = make_methods(connection)
    account = save_account(tenant.id, account_details())
    with tenant_context(tenant.id):
        Account.objects.filter(pk=account.pk).update(checked_at=timezone.now(), check_problem="")
        common = {"tenant": tenant, "connection": connection}
        ShippingRule.objects.create(
            **common, exact_method_id=methods["UPSSTD"].exact_id, account=account, service_code="11"
        )
        ShippingRule.objects.create(**common, exact_method_id=methods["PICKUP"].exact_id)
    return Desk(tenant=tenant, connection=connection, account=account, methods=methods)


def make_delivery(desk: Desk, *, created_at: datetime | None = None, order: str = "20240015") -> Delivery:
    """A delivery that Exact has just told us of and that was read."""
    number = next(_numbers)
    at = created_at or timezone.now()
    with acting("exact"), tenant_context(desk.tenant.id):
        delivery = Delivery.objects.create(
            tenant=desk.tenant,
            connection=desk.connection,
            exact_entry_id=uuid.uuid4(),
            delivery_number=str(number),
            order_numbers=order,
            facts={
                "tracking_number": "",
                "shipping_method": "UPSSTD",
                "warehouse": "1",
                "lines": [{"item": "CHAIR", "quantity": "2", "order": int(order)}],
            },
            facts_read_at=at,
            created_at=at,
            changed_at=at,
        )
        told = delivery_event(delivery, Event.Kind.RECEIVED, details={"topic": "GoodsDeliveries", "action": "Create"})
        happenings(desk.tenant.id, [told])
        _give_receiver(delivery)
    return delivery


def make_shipped(
    desk: Desk, *, parcels: int = 1, image_format: str = "GIF", created_at: datetime | None = None
) -> Delivery:
    """A delivery whose shipment was made and whose number stands in Exact."""
    delivery = make_delivery(desk, created_at=created_at)
    ship(desk, delivery, parcels=parcels, image_format=image_format)
    return delivery


def ship(desk: Desk, delivery: Delivery, *, parcels: int = 1, image_format: str = "GIF", attempt_no: int = 1) -> None:
    """Take a delivery all the way to the number in Exact."""
    at = delivery.created_at + timedelta(seconds=2)
    with acting("worker"), tenant_context(desk.tenant.id):
        attempt = _sent(desk, delivery, at, attempt_no)
        shipment = Shipment.objects.create(
            tenant=desk.tenant,
            attempt=attempt,
            delivery=delivery,
            ups_shipment_id=f"1Z{desk.account.shipper_number}11{next(_tracking):08}",
            service_code="11",
            charge_amount=Decimal("9.87"),
            charge_currency="EUR",
        )
        numbers = [_make_parcel(shipment, position, image_format) for position in range(1, parcels + 1)]
        move(delivery, to=S.LABELLED, at=at, events=[move_attempt(attempt, to=Attempt.State.CREATED)])
        wrote = delivery_event(delivery, Event.Kind.WROTE, details={"to": "goods delivery", "numbers": numbers})
        written = {"tracking_number": numbers[0], "remarks_line": ""}
        move(delivery, to=S.REPORTED, at=at, changes={"written": written, "written_at": at}, events=[wrote])


def make_stopped(desk: Desk, to: Delivery.State, problem: Problem, *, created_at: datetime | None = None) -> Delivery:
    """A delivery that was held, skipped, or cancelled before shipping."""
    delivery = make_delivery(desk, created_at=created_at)
    with acting("worker"), tenant_context(desk.tenant.id):
        move(delivery, to=to, at=delivery.created_at, problems=[problem])
    return delivery


def make_held(desk: Desk, *, created_at: datetime | None = None) -> Delivery:
    """A delivery with an item that has no weight."""
    problem = Problem(
        code="item_weight_missing",
        field="weight",
        text="Item LAMP-22 has no weight.",
        where="Exact Online, item LAMP-22, net or gross weight",
    )
    return make_stopped(desk, S.HOLD, problem, created_at=created_at)


def make_skipped(desk: Desk, *, created_at: datetime | None = None) -> Delivery:
    """A delivery whose shipping method is not mapped."""
    problem = Problem(
        code="method_not_mapped",
        text="“UPS Express Saver” has no UPS service in the shipping rules.",
        where="Shipping rules",
    )
    return make_stopped(desk, S.SKIPPED, problem, created_at=created_at)


def make_sending(desk: Desk, *, created_at: datetime | None = None) -> Delivery:
    """A delivery whose request left and has no answer yet."""
    delivery = make_delivery(desk, created_at=created_at)
    with acting("worker"), tenant_context(desk.tenant.id):
        _sent(desk, delivery, delivery.created_at)
    return delivery


def make_doubtful(desk: Desk, *, created_at: datetime | None = None) -> Delivery:
    """A delivery whose request left and whose answer was lost."""
    delivery = make_delivery(desk, created_at=created_at)
    at = delivery.created_at
    with acting("worker"), tenant_context(desk.tenant.id):
        attempt = _sent(desk, delivery, at)
        why = {"why": "no answer was recorded before the lease ran out"}
        happenings(desk.tenant.id, [begin_doubt(attempt, evidence=why, at=at)])
    return delivery


def label_picture() -> bytes:
    """A picture lying on its side, the size that UPS sends (`ups.md` 5.10)."""
    picture = Image.new("1", (1400, 800), 1)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((20, 20, 1180, 780), outline=0, width=6)
    for bar in range(40):
        pen.rectangle((100 + bar * 20, 500, 100 + bar * 20 + 4 + bar % 3 * 4, 720), fill=0)
    pen.text((60, 60), "SHIP TO", fill=0)
    written = io.BytesIO()
    picture.save(written, "GIF")
    return written.getvalue()


def _request(desk: Desk, reference: str) -> dict[str, Any]:
    spec = ShipmentSpec(
        shipper=account_details().shipper,
        shipper_number=desk.account.shipper_number,
        ship_to=RECEIVER,
        service_code="11",
        parcels=(ParcelSpec(weight=Decimal("8.4"), packaging_code="02"),),
        reference=reference,
        customer_reference="20240015",
        description="Chairs",
        label_format=LabelFormat.GIF,
    )
    return build_request(spec)


def _sent(desk: Desk, delivery: Delivery, at: datetime, attempt_no: int = 1) -> Attempt:
    reference = new_shipment_reference("test")
    attempt = Attempt.objects.create(
        tenant=desk.tenant,
        delivery=delivery,
        account=desk.account,
        shipment_no=1,
        attempt_no=attempt_no,
        reference=reference,
        shipper_number=desk.account.shipper_number,
        environment="test",
        request=seal(_request(desk, reference), owner=delivery.code, purpose=reference),
        request_hash="0" * 64,
        packages=1,
        planned_at=at,
    )
    read = OutsideCall(
        system="exact",
        operation="goods_deliveries",
        method="GET",
        route="salesorder/GoodsDeliveries",
        at=at,
        duration_ms=41,
        status=200,
    )
    made = calls([read], subject_kind="delivery", subject=delivery.code, correlation=delivery.correlation)
    move(delivery, to=S.READY, at=at, events=made)
    sending = move_attempt(attempt, to=Attempt.State.SENDING, changes={"sent_at": at})
    move(delivery, to=S.SHIPPING, at=at, events=[sending])
    return attempt


def _make_parcel(shipment: Shipment, position: int, image_format: str) -> str:
    parcel = Parcel.objects.create(
        tenant_id=shipment.tenant_id,
        shipment=shipment,
        position=position,
        tracking_number=f"1ZA1B2C368{next(_tracking):08}",
        weight=Decimal("8.4"),
        weight_unit="KGS",
    )
    content = ZPL if image_format == "ZPL" else label_picture()
    new_label(parcel, image_format=image_format, content=content, at=timezone.now()).save(force_insert=True)
    return parcel.tracking_number


def _give_receiver(delivery: Delivery) -> None:
    keep_party(delivery, RECEIVER, at=delivery.created_at)
