"""What became of each day's shipments, counted by a job; whatever is counted twice comes to the same."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from exact.models import Connection
from syncjobs import engine, queue, ticks
from syncjobs.figures import days as figures
from syncjobs.models import Attempt, Counting, DayFigures, Delivery, Parcel, Shipment, SyncJob, TrackingEvent
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories import make_tenant
from tests.syncjobs.figure_scene import arrive, make_shipment
from tests.syncjobs.rows import make_account, make_connection, make_delivery
from ups.models import Account

pytestmark = pytest.mark.django_db
DAY = date(2026, 5, 4)
NOON = datetime(2026, 5, 4, 10, tzinfo=UTC)
LATER = datetime(2026, 5, 20, tzinfo=UTC)


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


@pytest.fixture
def company(tenant: Tenant) -> Connection:
    return make_connection(tenant)


@pytest.fixture
def account(tenant: Tenant, company: Connection) -> Account:
    del company
    return make_account(tenant.id)


def count(tenant: Tenant, *days: date) -> list[dict[str, Any]]:
    """Count and read what there is then."""
    with tenant_context(tenant.id):
        figures.count_days(tenant.id, days or (DAY,), at=LATER)
        rows = DayFigures.objects.filter(tenant_id=tenant.id).order_by("day", "service_code", "country")
        return [dict(row) for row in rows.values()]


def test_a_day_is_counted_by_service_country_and_currency(
    tenant: Tenant, company: Connection, account: Account
) -> None:
    on_time = make_shipment(company, account, at=NOON, parcels=2, quote="9.00")
    late = make_shipment(company, account, at=NOON, booked_before=timedelta(minutes=5), charge="12.50")
    make_shipment(company, account, at=NOON, country="FR", charge=None)
    arrive(on_time, at=NOON + timedelta(days=1), promised=DAY + timedelta(days=1))
    arrive(late, at=NOON + timedelta(days=3), promised=DAY + timedelta(days=1), exception=True)

    german, french = count(tenant)

    assert (german["country"], german["currency"], german["day"]) == ("DE", "EUR", DAY)
    assert (german["shipments"], german["parcels"], german["delivered"]) == (2, 3, 2)
    assert (german["exceptions"], german["promised"], german["on_time"]) == (1, 2, 1)
    assert (german["charged_amount"], german["quoted"]) == (Decimal("22.50"), 1)
    assert (german["quoted_amount"], german["charged_of_quoted"]) == (Decimal("9.00"), Decimal("10.00"))
    assert (german["label_seconds"], german["label_classes"]) == (304, [1, 0, 1, 0, 0])
    assert (french["country"], french["currency"], french["charged_amount"]) == ("FR", "", Decimal(0))
    assert (french["shipments"], french["delivered"]) == (1, 0)


def test_counting_twice_comes_to_the_same_and_what_was_voided_goes(
    tenant: Tenant, company: Connection, account: Account
) -> None:
    shipment = make_shipment(company, account, at=NOON)
    make_shipment(company, account, at=NOON, country="FR")

    once, twice = count(tenant), count(tenant)
    with tenant_context(tenant.id):
        Shipment.objects.filter(pk=shipment.pk).update(voided_at=LATER)
    left = count(tenant)

    assert once == twice
    assert [row["country"] for row in left] == ["FR"]


def test_voided_parcels_and_returns_are_not_counted(tenant: Tenant, company: Connection, account: Account) -> None:
    part, whole = (make_shipment(company, account, at=NOON, parcels=2) for _ in range(2))
    back = make_shipment(company, account, at=NOON)
    with tenant_context(tenant.id):
        Parcel.objects.filter(shipment=part, position=2).update(voided_at=LATER)
        Parcel.objects.filter(shipment=whole).update(milestone=Parcel.Milestone.VOIDED)
        Delivery.objects.filter(pk=back.delivery_id).update(return_of=part.delivery, exact_entry_id=None)

    (row,) = count(tenant)

    assert (row["shipments"], row["parcels"]) == (1, 1)


def test_a_day_is_one_of_the_companys_own_clock(tenant: Tenant, company: Connection, account: Account) -> None:
    make_shipment(company, account, at=datetime(2026, 5, 4, 22, 30, tzinfo=UTC))  # half past midnight in Amsterdam

    assert count(tenant, DAY) == []
    assert [row["day"] for row in count(tenant, DAY + timedelta(days=1))] == [DAY + timedelta(days=1)]


def test_a_parcel_arrived_on_the_day_of_the_clock_where_it_did(
    tenant: Tenant, company: Connection, account: Account
) -> None:
    """In Los Angeles it still was the day before when it was the next one in Amsterdam."""
    shipment = make_shipment(company, account, at=NOON, country="US")
    arrived_at = datetime(2026, 5, 6, 23, 30, tzinfo=UTC)
    arrive(shipment, at=arrived_at, promised=date(2026, 5, 6))
    before = count(tenant)[0]["on_time"]
    with tenant_context(tenant.id):
        TrackingEvent.objects.create(
            tenant_id=tenant.id,
            parcel=shipment.parcels.get(),
            fingerprint="1" * 64,
            milestone="delivered",
            happened_at=arrived_at,
            local_at="2026-05-06T16:30:00",
        )

    assert (before, count(tenant)[0]["on_time"]) == (0, 1)


def test_only_the_first_shipment_tells_how_long_a_label_took(
    tenant: Tenant, company: Connection, account: Account
) -> None:
    shipment = make_shipment(company, account, at=NOON, booked_before=timedelta(days=9))
    with tenant_context(tenant.id):
        Attempt.objects.filter(pk=shipment.attempt_id).update(shipment_no=2)

    (row,) = count(tenant)

    assert (row["label_seconds"], row["label_classes"]) == (0, [0] * 5)


def work(tenant: Tenant) -> None:
    """What the clock and a worker do."""
    ticks.plan_figures(at=timezone.now())
    engine.work([SyncJob.Queue.UPKEEP])


def shipped(tenant: Tenant) -> dict[date, int]:
    with tenant_context(tenant.id):
        return dict(DayFigures.objects.filter(tenant_id=tenant.id).values_list("day", "shipments"))


def test_the_first_counting_takes_every_day_and_the_next_only_what_changed(
    tenant: Tenant, company: Connection, account: Account
) -> None:
    now = timezone.now()
    old, new = (make_shipment(company, account, at=now - timedelta(days=age)) for age in (300, 20))
    work(tenant)
    days = {shipment.created_at.date() for shipment in (old, new)}
    first = shipped(tenant)
    with tenant_context(tenant.id):
        Delivery.objects.filter(tenant_id=tenant.id).update(changed_at=now - timedelta(days=1))
        DayFigures.objects.filter(tenant_id=tenant.id).update(delivered=7)
        nothing = figures.days_to_count(tenant.id, at=now)
    arrive(new, at=now)
    with tenant_context(tenant.id):
        changed = figures.days_to_count(tenant.id, at=now)

    assert len(first) == 2
    assert nothing == []
    assert changed == [max(first)]
    assert len(days) == 2


def test_each_day_once_the_last_sixty_days_are_counted_whatever_changed(
    tenant: Tenant, company: Connection, account: Account
) -> None:
    now = timezone.now()
    make_shipment(company, account, at=now - timedelta(days=20))
    with tenant_context(tenant.id):
        figures.note_counted(tenant.id, at=now - timedelta(days=2))

        days = figures.days_to_count(tenant.id, at=now)
        figures.count_days(tenant.id, days[:45], at=now)
        left = figures.days_to_count(tenant.id, at=now)

    assert len(days) == figures.AGAIN_DAYS
    assert len(left) == figures.AGAIN_DAYS - 1


def test_only_a_company_with_changes_is_asked_to_count(tenant: Tenant, company: Connection) -> None:
    quiet = make_tenant(name="Quiet")
    make_delivery(make_connection(quiet, division=2), age=timedelta(days=3))
    with tenant_context(quiet.id):
        figures.note_counted(quiet.id, at=timezone.now() - timedelta(hours=1))
    make_delivery(company)

    assert figures.tenants_to_count() == [tenant.id]

    with tenant_context(quiet.id):
        Counting.objects.filter(tenant_id=quiet.id).update(counted_to_at=timezone.now() - timedelta(days=2))

    assert set(figures.tenants_to_count()) == {tenant.id, quiet.id}


def test_counting_a_company_leaves_the_others_alone(tenant: Tenant, company: Connection, account: Account) -> None:
    other = make_tenant(name="Other")
    make_shipment(company, account, at=NOON)
    make_shipment(make_connection(other, division=2), make_account(other.id), at=NOON)
    counted = count(other)

    with tenant_context(tenant.id):
        assert not DayFigures.objects.exists()
    assert [row["shipments"] for row in counted] == [1]
    assert queue.QUEUE_OF[SyncJob.Kind.FIGURES] == SyncJob.Queue.UPKEEP
