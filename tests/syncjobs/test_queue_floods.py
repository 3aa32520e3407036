"""A customer's flood, of which the database has no statistics yet, slows nobody's claim."""

import time

import pytest
from django.db import connection

from bench.faults.fairness import FLOOD
from syncjobs import queue
from tenants.context import tenant_context
from tests.factories import make_tenant
from tests.syncjobs.rows import add, claim_one, make_connection, make_delivery

DUE = 3_000
MOST_SECONDS = 1.0
"""A quadratic claim took more than three seconds here, one that is not a fiftieth of one."""

pytestmark = pytest.mark.django_db


def test_siblings_are_claimed_quickly_from_thousands_of_due_jobs() -> None:
    tenant = make_tenant()
    exact = make_connection(tenant)
    add(tenant, subject=make_delivery(exact).code)
    job = claim_one()
    with tenant_context(tenant.id), connection.cursor() as cursor:
        cursor.execute(FLOOD, {"jobs": DUE, "division": exact.division})

        started_at = time.monotonic()
        claimed = queue.claim_siblings(job, connection_id=exact.pk, limit=20)
        took = time.monotonic() - started_at

    assert len(claimed) == 20
    assert took < MOST_SECONDS
