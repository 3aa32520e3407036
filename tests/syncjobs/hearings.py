"""News of a shipped delivery taken in, and what came of it: for the tests of progress and of Track Alert."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from audit.record import acting
from syncjobs.models import Delivery, Parcel, Shipment, SyncJob
from syncjobs.tracking.progress import conclude, lock, take_in
from tenants.context import tenant_context
from tests.factories import make_tenant
from tests.pages.scene import Desk, make_desk, make_shipped
from tests.pages.travels import parcels_of
from tests.syncjobs.tellings import NOON, hours
from ups import subscribing
from ups.events import ParcelEvent
from ups.models import AlertSubscription

Kind = SyncJob.Kind
AT = NOON + hours(1)


def shipped(parcels: int = 1, *, desk: Desk | None = None) -> Delivery:
    """A delivery with its number in Exact and its label made at noon, two hours before the news of these tests."""
    delivery = make_shipped(desk or make_desk(make_tenant()), parcels=parcels, created_at=NOON - hours(1))
    with tenant_context(delivery.tenant_id):
        Shipment.objects.filter(delivery=delivery).update(created_at=NOON - hours(1))
    return delivery


def hear(
    delivery: Delivery,
    *news: ParcelEvent,
    of: int = 0,
    at: datetime = AT,
    looked: bool = False,
    expected_on: date | None = None,
) -> Parcel:
    """Take in news of the delivery's parcel in this place; how the parcel stands afterwards."""
    number = parcels_of(delivery)[of].tracking_number
    mine = [replace(event, tracking_number=number) for event in news]
    with acting("worker"), tenant_context(delivery.tenant_id):
        locked = lock(delivery.tenant_id, delivery.code)
        progress = take_in(locked, mine, at=at, looked={number: expected_on} if looked else {})
        conclude(locked, progress, at=at)
    return parcels_of(delivery)[of]


def fresh(delivery: Delivery) -> Delivery:
    with tenant_context(delivery.tenant_id):
        return Delivery.objects.get(pk=delivery.pk)


def jobs(delivery: Delivery) -> dict[str, Any]:
    """What is to be done about it now, and when."""
    with tenant_context(delivery.tenant_id):
        rows = SyncJob.objects.filter(subject=delivery.code, state=SyncJob.State.DUE)
        return dict(rows.exclude(kind__in=[Kind.READ, Kind.SHIP, Kind.REPORT]).values_list("kind", "due_at"))


def subscribe(delivery: Delivery, *, of: int = 0, since: datetime | None = None) -> str:
    """A Track Alert stands behind the delivery's parcel in this place; returns its number."""
    number = parcels_of(delivery)[of].tracking_number
    with tenant_context(delivery.tenant_id):
        account_id = Shipment.objects.get(delivery=delivery).attempt.account_id
        subscribing.want(delivery.tenant_id, account_id, [number], at=NOON)
        rows = AlertSubscription.objects.filter(tracking_number=number)
        due_at, expires_at = NOON + timedelta(days=12), NOON + timedelta(days=14)
        rows.update(state="active", subscribed_at=since, expires_at=expires_at, due_at=due_at)
    return number


def alert_of(delivery: Delivery, number: str) -> AlertSubscription:
    with tenant_context(delivery.tenant_id):
        return AlertSubscription.objects.get(tracking_number=number)
