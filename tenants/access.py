"""The only gate: which tenant a signed-in person works for, and what she may do there."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _

from tenants.context import user_context
from tenants.models import Membership, Role, Tenant, User

_RANK = {Role.VIEWER: 0, Role.OPERATOR: 1, Role.MANAGER: 2, Role.OWNER: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A company that a person belongs to."""

    tenant_code: uuid.UUID
    tenant_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A person's proven place in a tenant, and whether that one ships already (`is_live`) and has paused.

    `tenant` is its row as it was at the gate; `places` are all companies of this person, oldest membership first.
    """

    tenant_id: uuid.UUID
    tenant_code: uuid.UUID
    tenant_name: str
    user_id: int
    role: Role
    is_live: bool
    is_paused: bool
    tenant: Tenant = field(repr=False, compare=False)
    places: tuple[Place, ...] = ()

    def allows(self, least: Role) -> bool:
        """Whether the role is at least this one."""
        return rank(self.role) >= rank(least)


def rank(role: Role) -> int:
    """How high a role stands; a higher one may do what the lower ones may."""
    return _RANK[role]


def tenants_of(user: User) -> list[Access]:
    """Every tenant this person belongs to, oldest membership first."""
    with user_context(user.pk):
        rows = _memberships(user)
    return [_access(row, rows) for row in rows]


def enter(user: User, tenant_code: uuid.UUID, *, least: Role = Role.VIEWER) -> Access:
    """The person's access to this tenant. A stranger gets 404, a member with too low a role 403."""
    with user_context(user.pk):
        rows = _memberships(user)
    row = next((one for one in rows if one.tenant.code == tenant_code), None)
    if row is None:
        raise Http404("No such company, or you do not belong to it.")
    access = _access(row, rows)
    if not access.allows(least):
        words = _("This needs the role {least} or higher; yours is {role}.")
        raise PermissionDenied(words.format(least=least.label, role=access.role.label))
    return access


def _memberships(user: User) -> list[Membership]:
    return list(Membership.objects.filter(user=user).select_related("tenant").order_by("created_at"))


def _access(row: Membership, rows: Iterable[Membership]) -> Access:
    return Access(
        tenant_id=row.tenant_id,
        tenant_code=row.tenant.code,
        tenant_name=row.tenant.name,
        user_id=row.user_id,
        role=Role(row.role),
        is_live=row.tenant.shipping_mode != Tenant.ShippingMode.OFF,
        is_paused=row.tenant.paused_at is not None,
        tenant=row.tenant,
        places=tuple(Place(tenant_code=one.tenant.code, tenant_name=one.tenant.name) for one in rows),
    )
