"""When the net is drawn in: every quarter of an hour, more often in silence, never into a closed door."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from exact.models import Connection, Grant, WebhookSubscription
from syncjobs import silence, ticks
from syncjobs.models import SyncJob
from tenants.context import tenant_context
from tests.factories import make_tenant
from tests.syncjobs.notifications import notification
from tests.syncjobs.rows import make_connection

pytestmark = pytest.mark.django_db


@pytest.fixture
def followed() -> Connection:
    """A live connection that Exact notifies."""
    connection = make_connection(make_tenant())
    with tenant_context(connection.tenant_id):
        WebhookSubscription.objects.create(
            tenant_id=connection.tenant_id,
            connection=connection,
            exact_id=connection.code,
            topic="GoodsDeliveries",
            callback_url="https://connector.example/hooks",
            confirmed_at=timezone.now() - timedelta(days=1),
        )
    return connection


def set_row(row: Connection, **columns: object) -> None:
    with tenant_context(row.tenant_id):
        Connection.objects.filter(pk=row.pk).update(**columns)


def fresh(row: Connection) -> Connection:
    with tenant_context(row.tenant_id):
        return Connection.objects.get(pk=row.pk)


def planned(row: Connection, at: datetime, kind: SyncJob.Kind = SyncJob.Kind.CHANGES) -> int:
    """How many jobs there are after a tick."""
    ticks.plan_changes(at=at)
    with tenant_context(row.tenant_id):
        return SyncJob.objects.filter(kind=kind, subject=row.code).count()


def end_jobs(row: Connection, *, state: str, created_at: datetime) -> None:
    with tenant_context(row.tenant_id):
        SyncJob.objects.filter(kind=SyncJob.Kind.CHANGES).update(state=state, created_at=created_at)


@pytest.mark.parametrize(("minutes", "jobs"), [(5, 0), (10, 0), (15, 1), (60, 1)])
def test_a_company_that_notifies_is_read_every_quarter_of_an_hour(
    followed: Connection, minutes: int, jobs: int
) -> None:
    at = timezone.now()
    share = ticks.CHANGES_SPREAD * (followed.code.int % 1_000 / 1_000)
    set_row(followed, last_read_at=at + share - timedelta(minutes=minutes) + timedelta(seconds=20))

    assert planned(followed, at) == jobs


@pytest.mark.parametrize(("minutes", "jobs"), [(2, 0), (5, 1)])
def test_a_company_that_does_not_notify_is_read_every_five_minutes(
    followed: Connection, minutes: int, jobs: int
) -> None:
    at = timezone.now()
    share = ticks.CHANGES_SPREAD * (followed.code.int % 1_000 / 1_000)
    last_read_at = at + share - timedelta(minutes=minutes) + timedelta(seconds=20)
    set_row(followed, last_read_at=last_read_at, missed_hook_at=at)

    assert planned(followed, at) == jobs


def test_without_a_subscription_there_is_nothing_to_hear() -> None:
    connection = make_connection(make_tenant())

    with tenant_context(connection.tenant_id):
        assert silence.is_silent(connection)


def test_two_ticks_ask_once(followed: Connection) -> None:
    at = timezone.now()

    assert (planned(followed, at), planned(followed, at + timedelta(minutes=5))) == (1, 1)


def test_a_reading_that_was_given_up_is_not_asked_for_again_at_once(followed: Connection) -> None:
    at = timezone.now()
    planned(followed, at)
    end_jobs(followed, state="dead", created_at=at)

    assert planned(followed, at + timedelta(minutes=5)) == 1
    assert planned(followed, at + timedelta(minutes=20)) == 2


def test_while_the_permission_is_lost_nothing_is_asked_for(followed: Connection) -> None:
    Grant.objects.filter(pk=followed.grant_id or 0).update(needs_reconnect_at=timezone.now())

    assert planned(followed, timezone.now()) == 0


def test_a_missed_notification_is_remembered_from_the_first_and_asks_for_the_subscription(
    followed: Connection,
) -> None:
    at = timezone.now()
    with tenant_context(followed.tenant_id):
        silence.note_missed(followed, at=at)
        silence.note_missed(fresh(followed), at=at + timedelta(minutes=5))

    assert fresh(followed).missed_hook_at == at
    assert planned(followed, at, SyncJob.Kind.SUBSCRIBE) == 1


def test_a_subscription_made_anew_lately_is_left_alone_for_an_hour(followed: Connection) -> None:
    at = timezone.now()
    set_row(followed, missed_hook_at=at - timedelta(minutes=30))
    with tenant_context(followed.tenant_id):
        WebhookSubscription.objects.update(confirmed_at=at - timedelta(minutes=20))

        silence.note_missed(fresh(followed), at=at)

    assert planned(followed, at, SyncJob.Kind.SUBSCRIBE) == 0


def test_a_notification_that_arrives_ends_the_silence(followed: Connection) -> None:
    set_row(followed, missed_hook_at=timezone.now())

    path = f"/hooks/exact/{followed.hook_code}"
    answer = Client().post(path, notification(), content_type="application/json")

    assert answer.status_code == 200
    assert fresh(followed).missed_hook_at is None


def test_a_notification_for_another_company_ends_no_silence(followed: Connection) -> None:
    set_row(followed, missed_hook_at=timezone.now())

    path = f"/hooks/exact/{followed.hook_code}"
    answer = Client().post(path, notification(division=654321), content_type="application/json")

    assert answer.status_code == 200
    assert fresh(followed).missed_hook_at is not None


def test_a_forged_notification_ends_no_silence(followed: Connection) -> None:
    set_row(followed, missed_hook_at=timezone.now())

    path = f"/hooks/exact/{followed.hook_code}"
    answer = Client().post(path, notification(secret="guessed"), content_type="application/json")

    assert answer.status_code == 401
    assert fresh(followed).missed_hook_at is not None
