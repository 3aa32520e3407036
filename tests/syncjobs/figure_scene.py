"""Shipments of given days for the tests of figures, overview and reports."""

import itertools
from datetime import date, datetime, timedelta
from decimal import Decimal

from exact.models import Connection
from syncjobs.models import Attempt, Delivery, Parcel, Shipment
from tenants.context import tenant_context
from tests.syncjobs.rows import make_attempt, make_delivery
from ups.models import Account

_numbers = itertools.count(1)


def make_shipment(  # noqa: PLR0913  what figures tell apart
    of: Connection,
    account: Account,
    *,
    at: datetime,
    booked_before: timedelta = timedelta(seconds=4),
    charge: str | None = "10.00",
    quote: str | None = None,
    country: str = "DE",
    service: str = "11",
    parcels: int = 1,
) -> Shipment:
    """A delivery told of `booked_before` its label was made; its parcels are on their way."""
    delivery = make_delivery(of, state=Delivery.State.IN_TRANSIT)
    attempt = make_attempt(delivery, account)
    number = next(_numbers)
    with tenant_context(of.tenant_id):
        Delivery.objects.filter(pk=delivery.pk).update(created_at=at - booked_before, delivery_number=str(number))
        if quote:
            Attempt.objects.filter(pk=attempt.pk).update(quoted_amount=Decimal(quote), quoted_currency="EUR")
        shipment = Shipment.objects.create(
            tenant_id=of.tenant_id,
            attempt=attempt,
            delivery=delivery,
            ups_shipment_id=f"1ZFIG{number:06}",
            service_code=service,
            country=country,
            charge_amount=charge,
            charge_currency="EUR" if charge else "",
            created_at=at,
        )
        for position in range(1, parcels + 1):
            Parcel.objects.create(
                tenant_id=of.tenant_id,
                shipment=shipment,
                position=position,
                tracking_number=f"1ZFIG{number:06}{position:02}",
                weight="1.0",
                weight_unit="KGS",
                milestone=Parcel.Milestone.IN_TRANSIT,
            )
    return shipment


def arrive(shipment: Shipment, *, at: datetime, promised: date | None = None, exception: bool = False) -> None:
    """All its parcels were delivered."""
    with tenant_context(shipment.tenant_id):
        Parcel.objects.filter(shipment=shipment).update(
            milestone=Parcel.Milestone.DELIVERED, milestone_at=at, promised_date=promised, had_exception=exception
        )
        Delivery.objects.filter(pk=shipment.delivery_id).update(
            state=Delivery.State.DELIVERED, milestone="delivered", changed_at=at
        )
