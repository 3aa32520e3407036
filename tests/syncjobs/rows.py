"""Rows of the main path for tests of the machinery around it: no call to any outside system makes them."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from connector_site.lib.references import new_shipment_reference
from connector_site.lib.secrets import seal
from exact.models import Connection, Grant
from syncjobs import queue
from syncjobs.models import Attempt, Delivery, SyncJob
from syncjobs.queue import Job
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.syncjobs.samples import SHIPPER
from ups.accounts import AccountDetails, save_account
from ups.models import Account

ALL_QUEUES = list(SyncJob.Queue)


def make_connection(tenant: Tenant, *, division: int = 123456) -> Connection:
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


def make_account(tenant_id: uuid.UUID) -> Account:
    """A UPS account of the tenant's."""
    return save_account(
        tenant_id,
        AccountDetails(
            name="Main",
            shipper_number="A1B2C3",
            environment="test",
            client_id="client",
            client_secret="secret",
            shipper=SHIPPER,
        ),
    )


def make_delivery(
    of: Connection, *, state: Delivery.State = Delivery.State.RECEIVED, age: timedelta = timedelta(0)
) -> Delivery:
    """A delivery that stands in this state."""
    with tenant_context(of.tenant_id):
        return Delivery.objects.create(
            tenant_id=of.tenant_id,
            connection=of,
            exact_entry_id=uuid.uuid4(),
            state=state,
            created_at=timezone.now() - age,
            changed_at=timezone.now() - age,
        )


def make_attempt(delivery: Delivery, account: Account) -> Attempt:
    """A planned attempt; its request is of no use to UPS."""
    reference = new_shipment_reference(account.environment)
    with tenant_context(delivery.tenant_id):
        return Attempt.objects.create(
            tenant_id=delivery.tenant_id,
            delivery=delivery,
            account=account,
            shipment_no=1,
            attempt_no=1,
            reference=reference,
            shipper_number=account.shipper_number,
            environment=account.environment,
            request=seal({"ShipmentRequest": {}}, owner=delivery.code, purpose=reference),
            request_hash="0" * 64,
            packages=1,
        )


def add(
    tenant: Tenant,
    *,
    kind: SyncJob.Kind = SyncJob.Kind.READ,
    subject: uuid.UUID | None = None,
    due_at: datetime | None = None,
) -> uuid.UUID:
    """Ask for work; returns what it is about."""
    about = subject or uuid.uuid4()
    with tenant_context(tenant.id):
        queue.add(tenant.id, kind, about, due_at=due_at or timezone.now(), wake=False)
    return about


def add_many(tenant: Tenant, count: int) -> None:
    """So many deliveries to read, due since an hour."""
    since = timezone.now() - timedelta(hours=1)
    with tenant_context(tenant.id):
        SyncJob.objects.bulk_create(
            SyncJob(
                tenant=tenant,
                kind=SyncJob.Kind.READ,
                queue=SyncJob.Queue.SHIP,
                subject=uuid.uuid4(),
                due_at=since,
            )
            for _ in range(count)
        )


def claim(at_once: int = 4) -> list[Job]:
    """Claim from every queue."""
    return queue.claim(ALL_QUEUES, at_once=at_once)


def claim_one() -> Job:
    """Claim the only job that is due."""
    (job,) = claim()
    return job


def row_of(job: Job) -> dict[str, Any]:
    """The columns of a job that its end changes."""
    with tenant_context(job.tenant_id):
        return dict(
            SyncJob.objects.values(
                "state", "due_at", "wanted_again_at", "starts", "failures", "lease_until", "last_error", "ended_at"
            ).get(pk=job.id)
        )


def let_lease_run_out(job: Job) -> None:
    """What time does to a job whose worker died."""
    past = timezone.now() - timedelta(seconds=1)
    with tenant_context(job.tenant_id):
        SyncJob.objects.filter(pk=job.id).update(lease_until=past, due_at=past)
