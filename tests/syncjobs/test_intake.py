"""What comes in at the door for notifications: proved, stored once, or refused with nothing stored."""

import uuid
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from audit.models import Event
from exact.models import Connection, Grant
from syncjobs.models import Delivery, Receipt, SyncJob
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories import make_tenant
from tests.owner import nothing_can_be_written
from tests.syncjobs.notifications import notification

pytestmark = pytest.mark.django_db


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A connected tenant and the door its notifications come to."""

    tenant: Tenant
    connection: Connection

    def post(self, body: bytes) -> int:
        """Knock as Exact does; the status of the answer."""
        path = f"/hooks/exact/{self.connection.hook_code}"
        return Client().post(path, body, content_type="application/json").status_code

    def counts(self) -> tuple[int, int, int]:
        """Receipts, deliveries and jobs of the tenant."""
        with tenant_context(self.tenant.id):
            return Receipt.objects.count(), Delivery.objects.count(), SyncJob.objects.count()


def make_connection(tenant: Tenant, *, division: int) -> Connection:
    """A live connection, as the consent leaves it."""
    at = timezone.now()
    grant = Grant.objects.create(
        site="nl",
        client_id=settings.EXACT_APPS["nl"]["client_id"],
        exact_user_id=uuid.uuid4(),
        consented_at=at,
        received_at=at,
    )
    with tenant_context(tenant.id):
        return Connection.objects.create(
            tenant=tenant, grant=grant, site="nl", division=division, division_name="Voorbeeld"
        )


@pytest.fixture
def door() -> Door:
    tenant = make_tenant()
    return Door(tenant=tenant, connection=make_connection(tenant, division=123456))


def test_a_true_notification_is_stored_with_its_delivery_and_its_job(door: Door) -> None:
    key = uuid.uuid4()

    assert door.post(notification(key=key)) == 200

    assert door.counts() == (1, 1, 1)
    with tenant_context(door.tenant.id):
        delivery = Delivery.objects.get()
        job = SyncJob.objects.get()
        events = list(Event.objects.values_list("kind", "actor", "correlation"))
    assert (delivery.exact_entry_id, delivery.state) == (key, Delivery.State.RECEIVED)
    assert (job.kind, job.subject, job.state) == (SyncJob.Kind.READ, delivery.code, SyncJob.State.DUE)
    assert events == [("received", "exact", delivery.correlation)]


def test_the_same_notification_twice_is_one_receipt_and_one_job(door: Door) -> None:
    body = notification()

    assert [door.post(body), door.post(body)] == [200, 200]

    assert door.counts() == (1, 1, 1)
    with tenant_context(door.tenant.id):
        assert Receipt.objects.get().repeats == 1


def test_ten_notifications_about_one_delivery_ask_for_one_read(door: Door) -> None:
    key = uuid.uuid4()

    for number in range(10):
        assert door.post(notification(key=key, action="Update", created=f"2026-05-04T09:15:2{number}.387")) == 200

    assert door.counts() == (10, 1, 1)


def test_the_empty_call_that_checks_a_subscription_is_answered_and_leaves_nothing(door: Door) -> None:
    assert door.post(b"") == 200
    assert door.counts() == (0, 0, 0)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (notification(secret="another-secret"), 401),
        (notification().replace(b'"Create"', b'"Update"'), 401),
        (b"not json at all", 400),
        (b'{"Content":[],"HashCode":"' + b"0" * 64 + b'"}', 401),
        (b"{}", 400),
        (b"x" * (64 * 1024 + 1), 413),
    ],
)
def test_what_does_not_prove_itself_is_refused_and_leaves_nothing(door: Door, body: bytes, status: int) -> None:
    assert door.post(body) == status
    assert door.counts() == (0, 0, 0)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (notification(division=999), "another division"),
        (notification(client_id=str(uuid.uuid4())), "another app"),
        (notification(topic="Items"), "topic not followed"),
        (notification(resource="salesorder/GoodsDeliveryLines"), "line of a delivery"),
    ],
)
def test_a_true_message_that_asks_for_nothing_is_kept_as_a_dead_letter(door: Door, body: bytes, reason: str) -> None:
    assert door.post(body) == 200

    assert door.counts() == (1, 0, 0)
    with tenant_context(door.tenant.id):
        assert Receipt.objects.get().dead_letter == reason


def test_a_disconnected_company_leads_to_no_work(door: Door) -> None:
    with tenant_context(door.tenant.id):
        Connection.objects.filter(pk=door.connection.pk).update(disconnected_at=timezone.now())

    assert door.post(notification()) == 200

    assert door.counts() == (1, 0, 0)


@pytest.mark.parametrize(("secret", "status"), [(None, 200), ("another-secret", 401)])
def test_an_unknown_address_tells_nothing_and_stores_nothing(door: Door, secret: str | None, status: int) -> None:
    body = notification(secret=secret) if secret else notification()

    answer = Client().post(f"/hooks/exact/{uuid.uuid4()}", body, content_type="application/json")

    assert answer.status_code == status
    assert door.counts() == (0, 0, 0)


def test_a_notification_at_another_tenants_address_reaches_neither(door: Door) -> None:
    other = make_tenant("Ander Bedrijf")
    foreign = Door(tenant=other, connection=make_connection(other, division=654321))

    assert foreign.post(notification(division=123456)) == 200

    assert foreign.counts() == (1, 0, 0)
    assert door.counts() == (0, 0, 0)


def test_a_deletion_asks_for_no_read(door: Door) -> None:
    assert door.post(notification(action="Delete")) == 200

    with tenant_context(door.tenant.id):
        assert SyncJob.objects.get().kind == SyncJob.Kind.GONE


def test_looking_at_the_door_is_not_allowed(door: Door) -> None:
    assert Client().get(f"/hooks/exact/{door.connection.hook_code}").status_code == 405


def test_when_the_database_is_away_exact_is_asked_to_repeat(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_: object) -> int:
        raise OperationalError("the server is gone")

    monkeypatch.setattr("syncjobs.views.hooks.accept_exact", away)

    assert door.post(notification()) == 503


def test_a_database_that_can_only_be_read_stores_nothing_and_exact_repeats_into_the_one_that_can_be_written(
    door: Door,
) -> None:
    body = notification()

    with nothing_can_be_written():
        refused = door.post(body)
        nothing = door.counts()

    assert (refused, nothing) == (503, (0, 0, 0))
    assert door.post(body) == 200
    assert door.counts() == (1, 1, 1)
