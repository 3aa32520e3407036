"""The clock's ticks: they may come twice, late or from two clocks, and data never travels with them."""

from collections import Counter
from datetime import timedelta
from typing import Any
from unittest.mock import MagicMock

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from exact.models import Connection
from syncjobs import queue, tasks, ticks
from syncjobs.models import Heartbeat, SyncJob
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories import make_tenant
from tests.syncjobs.rows import ALL_QUEUES, add, make_connection

pytestmark = pytest.mark.django_db


def wanted(tenant: Tenant) -> Counter[tuple[str, str]]:
    """Kinds and states of a tenant's jobs."""
    with tenant_context(tenant.id):
        return Counter(SyncJob.objects.values_list("kind", "state"))


def disconnect(connection: Connection, **more: object) -> None:
    """End it, by default with its permission let go of."""
    with tenant_context(connection.tenant_id):
        rows = Connection.objects.filter(pk=connection.pk)
        rows.update(**{"disconnected_at": timezone.now(), "grant": None} | more)


@pytest.fixture
def mark() -> None:
    """No wake-up is on its way."""
    for name in ALL_QUEUES:
        queue.nudge_arrived(name)


def messages(name: SyncJob.Queue) -> int:
    """How many wake-ups wait for a queue's workers."""
    return int(queue._redis().llen(str(name)))


def test_a_tick_that_comes_twice_plans_each_read_once() -> None:
    one, other = make_tenant(), make_tenant("Another")
    make_connection(one)
    make_connection(other, division=654321)

    ticks.plan_reads(at=timezone.now())
    ticks.plan_reads(at=timezone.now())

    assert wanted(one) == wanted(other) == {(kind, "due"): 1 for kind in ("methods", "master", "warehouses")}


def test_what_ended_and_still_holds_a_permission_is_looked_at_again_until_it_holds_none() -> None:
    tenant = make_tenant()
    ended = make_connection(tenant)
    disconnect(ended, grant=ended.grant)

    ticks.plan_reads(at=timezone.now())
    ticks.plan_changes(at=timezone.now())

    assert wanted(tenant) == {("methods", "due"): 1}
    with tenant_context(tenant.id):
        assert SyncJob.objects.get().subject == ended.code


@pytest.mark.parametrize("spoilt", ["permission", "time zone"])
def test_a_customer_whose_rows_cannot_be_used_is_no_obstacle_to_the_next(spoilt: str) -> None:
    first, second = make_tenant(), make_tenant("Another")
    long_ago = timezone.now() - timedelta(days=3)
    for number, tenant in enumerate((first, second)):
        row = make_connection(tenant, division=500_000 + number)
        with tenant_context(tenant.id):
            Connection.objects.filter(pk=row.pk).update(connected_at=long_ago)
        if tenant == first and spoilt == "permission":
            with connection.cursor() as cursor:
                cursor.execute("UPDATE exact_grant SET sealed_tokens = 'no key' WHERE id = %s", [row.grant_id])
    if spoilt == "time zone":
        Tenant.objects.filter(pk=first.pk).update(time_zone="Europe/Nowhere")

    tomorrow = (timezone.now() + timedelta(days=1)).replace(hour=12)
    ticks.plan_changes(at=timezone.now())
    ticks.plan_reconciliations(at=tomorrow)

    assert wanted(second) == {("changes", "due"): 1, ("reconcile", "due"): 1}
    assert ("changes", "due") in wanted(first)


def test_the_subject_of_a_planned_read_is_the_connection() -> None:
    connection = make_connection(make_tenant())

    ticks.plan_reads(at=timezone.now())

    with tenant_context(connection.tenant_id):
        assert set(SyncJob.objects.values_list("subject", flat=True)) == {connection.code}


def test_nothing_is_planned_for_a_company_that_is_disconnected() -> None:
    tenant = make_tenant()
    disconnect(make_connection(tenant))

    ticks.plan_reads(at=timezone.now())

    assert wanted(tenant) == {}


def test_the_sweep_wakes_the_queues_that_have_due_work_only(mark: None) -> None:
    tenant = make_tenant()
    add(tenant, kind=SyncJob.Kind.RECHECK)
    add(tenant, kind=SyncJob.Kind.READ, due_at=timezone.now() + timedelta(minutes=1))
    ship, sync = messages(SyncJob.Queue.SHIP), messages(SyncJob.Queue.SYNC)

    tasks.sweep(unknown_to_this_version=1)

    assert (messages(SyncJob.Queue.SHIP), messages(SyncJob.Queue.SYNC)) == (ship, sync + 1)


def test_a_tick_of_an_older_version_wakes_for_what_it_knows_and_leaves_newer_kinds_alone(
    mark: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = MagicMock()
    rows.cursor.return_value.__enter__.return_value.fetchall.return_value = [("novel", 2), ("look", 1)]
    monkeypatch.setattr(ticks, "connection", rows)
    before = messages(SyncJob.Queue.SYNC)

    made = ticks.turn_due()

    assert made == {"novel": 2, "look": 1}
    assert messages(SyncJob.Queue.SYNC) == before + 1


def test_the_clock_leaves_a_sign_of_life_when_it_asks_for_the_sweep_even_if_no_worker_hears_it() -> None:
    began = timezone.now()

    tasks.sweep.apply_async(queue="nobody listens here", expires=1)

    assert began <= Heartbeat.objects.get().seen_at <= timezone.now()
    assert Heartbeat.objects.get().name == "beat"


def test_a_message_leaves_a_sign_of_life_of_its_own_queue_alone() -> None:
    tasks.canary(queue_name="track", unknown_to_this_version=1)

    assert list(Heartbeat.objects.values_list("name", flat=True)) == ["queue:track"]


def test_every_queue_is_asked_for_a_sign_of_life_each_minute() -> None:
    schedule: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE

    asked = [entry for entry in schedule.values() if entry["task"] == tasks.canary.name]

    assert sorted(entry["kwargs"]["queue_name"] for entry in asked) == sorted(SyncJob.Queue.values)
    assert all(entry["options"]["queue"] == entry["kwargs"]["queue_name"] for entry in asked)


@pytest.mark.django_db(transaction=True)
def test_a_woken_worker_does_what_is_due_in_its_queue_alone(mark: None) -> None:
    connection = make_connection(make_tenant())
    disconnect(connection)
    add(connection.tenant, kind=SyncJob.Kind.METHODS, subject=connection.code)
    add(connection.tenant, kind=SyncJob.Kind.SHIP)

    tasks.work(queue_name="sync", unknown_to_this_version=1)

    assert wanted(connection.tenant) == {("methods", "done"): 1, ("ship", "due"): 1}
