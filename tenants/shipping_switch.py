"""Whether, how and since when a company ships: its own row, read and changed under a lock.

Who acts upon what it says takes the lock in the same transaction, after that of a delivery and before that of a job: so
nothing that was left alone or put back is forgotten by the one who switches, and nothing leaves after a switch was
committed. Those who read do not wait for each other.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from tenants.models import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """The columns of the tenant that say so."""

    mode: Tenant.ShippingMode
    ships_from_at: datetime | None
    paused_at: datetime | None
    plans_from_at: datetime | None
    closed_at: datetime | None


_READ = """
SELECT shipping_mode, ships_from_at, paused_at, plans_from_at, closed_at FROM tenants_tenant WHERE id = %s FOR SHARE
"""
"""A statement of its own: a row that is joined is not read again when the lock of another row was waited for."""


def read(tenant_id: uuid.UUID) -> Switch:
    """As it stands now, and until the open transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_READ, [tenant_id])
        row = cursor.fetchone()
    if row is None:
        raise Tenant.DoesNotExist
    return Switch(
        mode=Tenant.ShippingMode(row[0]),
        ships_from_at=row[1],
        paused_at=row[2],
        plans_from_at=row[3],
        closed_at=row[4],
    )


def locked(tenant_id: uuid.UUID) -> Tenant:
    """The tenant, to be changed, under a lock that lets rows refer to it. Not after `read` in the same transaction."""
    return Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)


def plan_anew(tenant_id: uuid.UUID, *, at: datetime) -> None:
    """In the transaction that changes what is shipped how: what was planned before and not sent is planned anew."""
    Tenant.objects.filter(pk=tenant_id).update(plans_from_at=at)
