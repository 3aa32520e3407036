"""When a comparison is made: once a night, made up for by day, and once an hour for a person who asks."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from exact.models import Connection
from syncjobs import ticks
from syncjobs.models import Reconciliation, SyncJob
from syncjobs.reconciling import asking
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories import make_tenant
from tests.syncjobs import rows

pytestmark = pytest.mark.django_db
ACTOR = "user:00000000-0000-0000-0000-000000000001"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True, slots=True, kw_only=True)
class Firm:
    """A connected customer."""

    tenant: Tenant
    connection: Connection


@pytest.fixture
def firm() -> Firm:
    tenant = make_tenant()
    return Firm(tenant=tenant, connection=rows.make_connection(tenant))


def jobs(firm: Firm) -> list[tuple[str, Any]]:
    with tenant_context(firm.tenant.id):
        return list(SyncJob.objects.order_by("pk").values_list("kind", "subject"))


def test_a_company_is_compared_once_a_night_at_its_own_minute_and_made_up_for_by_day(firm: Firm) -> None:
    code = firm.connection.code
    due_at = asking.tonight_at(code, AMSTERDAM, at=datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    with tenant_context(firm.tenant.id):
        Connection.objects.update(connected_at=due_at - timedelta(days=3))
        firm.connection.refresh_from_db()
        planned = [
            asking.plan_for(firm.connection, AMSTERDAM, at=at)
            for at in (due_at - timedelta(minutes=1), due_at, due_at + timedelta(hours=9))
        ]
        Reconciliation.objects.create(
            tenant=firm.tenant, connection=firm.connection, began_at=due_at, since_at=due_at, ended_at=due_at
        )
        again = asking.plan_for(firm.connection, AMSTERDAM, at=due_at + timedelta(hours=9))

    assert 1 <= due_at.astimezone(AMSTERDAM).hour < 5
    assert planned == [False, True, True]
    assert again is False
    assert jobs(firm) == [("reconcile", code)]


@pytest.mark.parametrize(
    "day", [datetime(2026, 10, 25, tzinfo=AMSTERDAM), datetime(2027, 3, 28, tzinfo=AMSTERDAM)], ids=["25 h", "23 h"]
)
@pytest.mark.parametrize("minute", [60, 90, 119, 120])
def test_the_hour_that_comes_twice_or_not_at_all_has_one_comparison(firm: Firm, day: datetime, minute: int) -> None:
    """The minute is one of the hour from two to three, the one that the clocks repeat or leave out."""
    began = day.astimezone(UTC)
    made = []
    with tenant_context(firm.tenant.id):
        Connection.objects.update(connected_at=began - timedelta(days=3), code=UUID(int=minute))
        firm.connection.refresh_from_db()
        for at in (began + timedelta(minutes=15) * tick for tick in range(4 * 10)):
            if asking.plan_for(firm.connection, AMSTERDAM, at=at):
                Reconciliation.objects.create(
                    tenant=firm.tenant, connection=firm.connection, began_at=at, since_at=began, ended_at=at
                )
                made.append(at.astimezone(AMSTERDAM))

    assert len(made) == 1
    assert 1 <= made[0].hour < 5


def test_a_person_may_compare_once_an_hour(firm: Firm) -> None:
    at = timezone.now()
    wishes: dict[str, Any] = {"actor": ACTOR, "tenant_id": firm.tenant.id, "connection_code": firm.connection.code}
    asking.ask(**wishes, at=at)
    with pytest.raises(asking.TooSoon, match="under way"):
        asking.ask(**wishes, at=at)
    with tenant_context(firm.tenant.id):
        SyncJob.objects.update(state=SyncJob.State.DONE)
        Reconciliation.objects.create(
            tenant=firm.tenant, connection=firm.connection, began_at=at, since_at=at, ended_at=at
        )

    with pytest.raises(asking.TooSoon, match="in 20 minutes"):
        asking.ask(**wishes, at=at + timedelta(minutes=40, seconds=5))
    asking.ask(**wishes, at=at + timedelta(minutes=61))

    assert len(jobs(firm)) == 2


def test_a_tick_that_comes_twice_asks_once_and_leaves_companies_alone_that_are_gone(firm: Firm) -> None:
    other = rows.make_connection(firm.tenant, division=654321)
    at = timezone.now() + timedelta(days=2)
    night = asking.tonight_at(firm.connection.code, ZoneInfo(firm.tenant.time_zone), at=at) + timedelta(hours=5)
    with tenant_context(firm.tenant.id):
        Connection.objects.filter(pk=other.pk).update(disconnected_at=timezone.now(), grant=None)

    ticks.plan_reconciliations(at=night)
    ticks.plan_reconciliations(at=night)

    assert jobs(firm) == [("reconcile", firm.connection.code)]
