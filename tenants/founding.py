"""Making a tenant with its first owner."""

import uuid

from tenants.context import tenant_context
from tenants.models import Membership, Role, Tenant, User


def found_tenant(*, name: str, owner: User) -> Tenant:
    """A new tenant whose owner is this person."""
    tenant = Tenant(id=uuid.uuid4(), name=name)
    with tenant_context(tenant.id):
        tenant.save(force_insert=True)
        Membership.objects.create(tenant=tenant, user=owner, role=Role.OWNER)
    return tenant
