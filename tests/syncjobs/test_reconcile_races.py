"""Two people at the same repair, and a repair beside a comparison, on real connections."""

import uuid

import pytest
from django.utils import timezone

from audit.models import Event
from syncjobs.models import Delivery, Finding, Reconciliation, SyncJob
from syncjobs.reconciling import repairs, runs
from syncjobs.reconciling.comparing import Difference
from syncjobs.reconciling.kinds import FindingKind
from tenants.context import tenant_context
from tests.factories import make_tenant
from tests.syncjobs.rows import make_connection
from tests.syncjobs.threads import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PEOPLE = 6


def test_an_unknown_delivery_is_taken_in_once_however_many_press_and_a_comparison_runs_beside() -> None:
    tenant, at = make_tenant(), timezone.now()
    connection, entry_id = make_connection(tenant), uuid.uuid4()
    found = Difference(
        kind=FindingKind.UNKNOWN_DELIVERY, subject=entry_id, details={"booked_at": at.isoformat(), "number": "60012"}
    )
    with tenant_context(tenant.id):
        run = Reconciliation.objects.create(tenant=tenant, connection=connection, since_at=at)
        runs.keep(run, [found], at=at)
        code = Finding.objects.get().code

    def press() -> str:
        try:
            repairs.repair(actor="user:test", tenant_id=tenant.id, finding_code=code, at=timezone.now())
        except repairs.NoLongerTrue:
            return "refused"
        return "done"

    def compare() -> str:
        with tenant_context(tenant.id):
            runs.keep(run, [found], at=timezone.now())
        return "compared"

    outcomes = at_once(*[press] * PEOPLE, compare)

    assert sorted(outcomes) == ["compared", "done", *["refused"] * (PEOPLE - 1)]
    with tenant_context(tenant.id):
        delivery = Delivery.objects.get()
        assert list(SyncJob.objects.values_list("kind", "subject")) == [("read", delivery.code)]
        assert Event.objects.filter(details__repair="take_in").count() == 1
        assert Finding.objects.get().repair_asked_at is not None
