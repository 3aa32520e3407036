"""Who belongs to a tenant: roles, leaving, and handing over, so that there is always an owner.

Every change locks the memberships of the tenant first, in one order: of two people who act at once, the second sees
what the first did. All of it runs inside the tenant's context.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.http import Http404

from connector_site.lib.wording import said
from tenants.access import Access, rank
from tenants.mfa import FACTORS
from tenants.models import Membership, Role


class TeamRefusal(Exception):
    """What was asked for would leave no owner, or is not this person's to decide; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person of the team, as the page shows her."""

    code: uuid.UUID
    email: str
    name: str
    role: Role
    since_at: datetime
    has_second_factor: bool
    is_oneself: bool
    may_be_changed: bool
    roles: Sequence[Role]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What was done to whom."""

    code: uuid.UUID
    email: str
    role: Role


def members_of(access: Access) -> list[Member]:
    """Everybody, the highest role first; with what this person may do about each."""
    rows = list(Membership.objects.filter(tenant_id=access.tenant_id).select_related("user"))
    protected = set(
        Authenticator.objects.filter(user_id__in=[row.user_id for row in rows], type__in=FACTORS).values_list(
            "user_id", flat=True
        )
    )
    rows.sort(key=lambda row: (-rank(Role(row.role)), row.created_at))
    return [_member(row, access, has_second_factor=row.user_id in protected) for row in rows]


def roles_to_give(access: Access) -> list[Role]:
    """Nobody gives a role above her own."""
    return [role for role in Role if rank(role) <= rank(access.role)]


def change_role(access: Access, member_code: uuid.UUID, *, to: Role) -> Changed:
    """Give a member another role; raises `TeamRefusal`."""
    rows = _locked(access)
    row = _find(rows, member_code)
    _must_be_allowed(access, row)
    if to not in roles_to_give(access):
        raise TeamRefusal(said("You cannot give a role above your own."))
    if row.role == Role.OWNER and to != Role.OWNER:
        _must_leave_an_owner(rows, row)
    Membership.objects.filter(pk=row.pk).update(role=to)
    return Changed(code=row.code, email=row.user.email, role=to)


def remove(access: Access, member_code: uuid.UUID) -> Changed:
    """Take a member out of the team; raises `TeamRefusal`. The gate asks at each request: she is out at once."""
    rows = _locked(access)
    row = _find(rows, member_code)
    _must_be_allowed(access, row)
    _must_leave_an_owner(rows, row)
    Membership.objects.filter(pk=row.pk).delete()
    return Changed(code=row.code, email=row.user.email, role=Role(row.role))


def leave(access: Access) -> Changed:
    """Leave the team oneself; raises `TeamRefusal` for the last owner."""
    rows = _locked(access)
    row = _own(rows, access)
    _must_leave_an_owner(rows, row)
    Membership.objects.filter(pk=row.pk).delete()
    return Changed(code=row.code, email=row.user.email, role=Role(row.role))


def hand_over(access: Access, member_code: uuid.UUID) -> Changed:
    """Make a member the owner and oneself a manager; raises `TeamRefusal`."""
    rows = _locked(access)
    own = _own(rows, access)
    row = _find(rows, member_code)
    if own.role != Role.OWNER:
        raise TeamRefusal(said("Only an owner can hand the company over."))
    if row.pk == own.pk:
        raise TeamRefusal(said("You own the company already."))
    if not Authenticator.objects.filter(user_id=row.user_id, type__in=FACTORS).exists():
        raise TeamRefusal(
            said("{email} has no second factor yet. Ask her to sign in and set one up first.", email=row.user.email)
        )
    Membership.objects.filter(pk=row.pk).update(role=Role.OWNER)
    Membership.objects.filter(pk=own.pk).update(role=Role.MANAGER)
    return Changed(code=row.code, email=row.user.email, role=Role.OWNER)


def _locked(access: Access) -> list[Membership]:
    rows = Membership.objects.filter(tenant_id=access.tenant_id).select_related("user")
    return list(rows.select_for_update(of=("self",)).order_by("pk"))


def _find(rows: Sequence[Membership], member_code: uuid.UUID) -> Membership:
    found = next((row for row in rows if row.code == member_code), None)
    if found is None:
        raise Http404("No such member.")
    return found


def _own(rows: Sequence[Membership], access: Access) -> Membership:
    found = next((row for row in rows if row.user_id == access.user_id), None)
    if found is None:
        raise Http404("You do not belong to this company any more.")
    return found


def _must_be_allowed(access: Access, row: Membership) -> None:
    if rank(Role(row.role)) > rank(access.role):
        raise TeamRefusal(said("Only an owner can change or remove an owner."))


def _must_leave_an_owner(rows: Sequence[Membership], row: Membership) -> None:
    if not any(other.role == Role.OWNER and other.pk != row.pk for other in rows):
        raise TeamRefusal(said("A company needs an owner. Hand it over to somebody else first."))


def _member(row: Membership, access: Access, *, has_second_factor: bool) -> Member:
    role = Role(row.role)
    is_oneself = row.user_id == access.user_id
    may_change = access.allows(Role.MANAGER) and rank(role) <= rank(access.role) and not is_oneself
    return Member(
        code=row.code,
        email=row.user.email,
        name=row.user.name,
        role=role,
        since_at=row.created_at,
        has_second_factor=has_second_factor,
        is_oneself=is_oneself,
        may_be_changed=may_change,
        roles=roles_to_give(access) if may_change else (),
    )
