"""Who belongs to a tenant: roles, leaving, and handing over, so that there is always an owner.

Every change locks the memberships of the tenant first, in one order: of two people who act at once, the second sees
what the first did, her own new role included. All of it runs inside the tenant's context.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.http import Http404

from connector_site.lib.wording import said
from tenants import second_factor
from tenants.access import Access, rank
from tenants.mfa import FACTORS
from tenants.models import Invitation, Membership, Role


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
    """What was done to whom; `role` is the one she has now, or had until now, `former` the one before.

    `others` are the owners who have to hear of it: all but who did it and who is told so herself, and nobody when no
    owner came or went. `withdrawn` are the open invitations that ended with somebody's right to give them, and
    `ends_links_of` is the person who may not connect the company any more, `gone` the key of who left.
    """

    code: uuid.UUID
    email: str
    role: Role
    former: Role
    is_owner: bool
    ends_links_of: uuid.UUID | None = None
    gone: int | None = None
    others: Sequence[str] = ()
    withdrawn: Sequence[uuid.UUID] = ()


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


def roles_to_give(role: Role) -> list[Role]:
    """Nobody gives a role above her own, and below a manager nobody gives any."""
    return [other for other in Role if rank(other) <= rank(role)] if rank(role) >= rank(Role.MANAGER) else []


def role_now(access: Access) -> Role:
    """What this person may do by now, with the team locked: the gate looked before others' changes."""
    return Role(_own(_locked(access), access).role)


def change_role(access: Access, member_code: uuid.UUID, *, to: Role) -> Changed:
    """Give a member another role; raises `TeamRefusal`."""
    rows = _locked(access)
    own, row = _own(rows, access), _find(rows, member_code)
    _must_be_allowed(own, row)
    if to not in roles_to_give(Role(own.role)):
        raise TeamRefusal(said("You cannot give a role above your own."))
    if row.role == Role.OWNER and to != Role.OWNER:
        _must_leave_an_owner(rows, row)
    if to == Role.OWNER != row.role:
        _must_have_second_factor(row)
    Membership.objects.filter(pk=row.pk).update(role=to)
    return _changed(rows, row, own, to=to, withdrawn=_withdraw_of(row, to=to))


def remove(access: Access, member_code: uuid.UUID) -> Changed:
    """Take a member out of the team; raises `TeamRefusal`. The gate asks at each request: she is out at once."""
    rows = _locked(access)
    own, row = _own(rows, access), _find(rows, member_code)
    _must_be_allowed(own, row)
    _must_leave_an_owner(rows, row)
    Membership.objects.filter(pk=row.pk).delete()
    return _changed(rows, row, own, to=None, withdrawn=_withdraw_of(row, to=None))


def leave(access: Access) -> Changed:
    """Leave the team oneself; raises `TeamRefusal` for the last owner."""
    rows = _locked(access)
    row = _own(rows, access)
    _must_leave_an_owner(rows, row)
    Membership.objects.filter(pk=row.pk).delete()
    return _changed(rows, row, row, to=None, withdrawn=_withdraw_of(row, to=None))


def hand_over(access: Access, member_code: uuid.UUID) -> Changed:
    """Make a member the owner and oneself a manager; raises `TeamRefusal`."""
    rows = _locked(access)
    own, row = _own(rows, access), _find(rows, member_code)
    if own.role != Role.OWNER:
        raise TeamRefusal(said("Only an owner can hand the company over."))
    if row.pk == own.pk:
        raise TeamRefusal(said("You own the company already."))
    _must_have_second_factor(row)
    Membership.objects.filter(pk=row.pk).update(role=Role.OWNER)
    Membership.objects.filter(pk=own.pk).update(role=Role.MANAGER)
    return _changed(rows, row, own, to=Role.OWNER, withdrawn=_withdraw_of(own, to=Role.MANAGER))


def owners_but(tenant_id: uuid.UUID, email: str) -> list[str]:
    """The addresses of the owners, without this one."""
    rows = Membership.objects.filter(tenant_id=tenant_id, role=Role.OWNER).exclude(user__email=email)
    return list(rows.order_by("pk").values_list("user__email", flat=True))


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


def _must_be_allowed(own: Membership, row: Membership) -> None:
    if rank(Role(own.role)) < rank(Role.MANAGER):
        raise TeamRefusal(said("Your own role was changed meanwhile: only a manager or an owner can do this."))
    if rank(Role(row.role)) > rank(Role(own.role)):
        raise TeamRefusal(said("Only an owner can change or remove an owner."))


def _must_have_second_factor(row: Membership) -> None:
    if not second_factor.has_one(row.user):
        raise TeamRefusal(
            said("{email} has no second factor yet. Ask her to sign in and set one up first.", email=row.user.email)
        )


def _must_leave_an_owner(rows: Sequence[Membership], row: Membership) -> None:
    if not any(other.role == Role.OWNER and other.pk != row.pk for other in rows):
        raise TeamRefusal(said("A company needs an owner. Hand it over to somebody else first."))


def _withdraw_of(row: Membership, *, to: Role | None) -> list[uuid.UUID]:
    """End the open invitations of a person that she could not make any more with her new role."""
    given = Invitation.objects.filter(tenant_id=row.tenant_id, invited_by_id=row.user_id, accepted_at=None)
    ended = list(
        given.exclude(role__in=roles_to_give(to) if to else ())
        .select_for_update()
        .order_by("pk")
        .values_list("pk", "code")
    )
    Invitation.objects.filter(pk__in=[pk for pk, _ in ended]).delete()
    return [code for _, code in ended]


def _changed(
    rows: Sequence[Membership],
    row: Membership,
    own: Membership,
    *,
    to: Role | None,
    withdrawn: Sequence[uuid.UUID],
) -> Changed:
    before = Role(row.role)
    touches_owners = Role.OWNER in {before, to} and before != to
    is_lowered = to is not None and rank(to) < rank(before)
    told_otherwise = {own.pk} if is_lowered else {own.pk, row.pk}
    others = [other.user.email for other in rows if other.role == Role.OWNER and other.pk not in told_otherwise]
    return Changed(
        code=row.code,
        email=row.user.email,
        role=to or before,
        former=before,
        is_owner=to == Role.OWNER,
        ends_links_of=None if to and rank(to) >= rank(Role.MANAGER) else row.user.code,
        gone=row.user_id if to is None else None,
        others=others if touches_owners else (),
        withdrawn=withdrawn,
    )


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
        roles=roles_to_give(access.role) if may_change else (),
    )
