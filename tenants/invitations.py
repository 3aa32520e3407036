"""Places in a team that are offered by mail: made, sent again, withdrawn, and taken."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import connection
from django.http import Http404
from django.urls import reverse

from connector_site.lib.wording import said
from tenants import second_factor
from tenants.access import Access
from tenants.context import tenant_context
from tenants.models import Invitation, Membership, Role, Tenant, User
from tenants.team import TeamRefusal, owners_but, role_now, roles_to_give

VALID_FOR = timedelta(days=7)
"""Our own bound: a week covers a holiday weekend, and an old mail opens nothing."""
TOKEN_BYTES = 32
"""256 bits: nobody finds one by trying (as the state of a consent, `reliability.md` 5)."""
OPEN_AT_ONCE = 100
"""Our own bound on invitations of a company that wait: the mails leave in our name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An invitation with the secret of its link, which is kept nowhere."""

    code: uuid.UUID
    email: str
    role: Role
    token: str

    def link(self) -> str:
        """What stands in the mail."""
        return settings.PUBLIC_URL + reverse("tenants:join", args=[self.token])


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a link offers, and the digest by which it was found."""

    token_digest: str
    tenant_id: uuid.UUID
    tenant_code: uuid.UUID
    tenant_name: str
    code: uuid.UUID
    email: str
    role: Role
    invited_by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Who joined, and the owners who have to hear of a new owner."""

    member_code: uuid.UUID
    others: list[str]


def invite(access: Access, *, email: str, role: Role, at: datetime) -> Offer:
    """Offer a place to an address; whoever was invited already gets a new link, and the old one ends."""
    if role not in roles_to_give(role_now(access)):
        raise TeamRefusal(said("You cannot give a role above your own."))
    if Membership.objects.filter(tenant_id=access.tenant_id, user__email=email).exists():
        raise TeamRefusal(said("{email} belongs to the team already.", email=email))
    waiting = Invitation.objects.filter(tenant_id=access.tenant_id, accepted_at=None)
    if waiting.exclude(email=email).count() >= OPEN_AT_ONCE:
        raise TeamRefusal(said("Too many invitations are open. Withdraw some of them first."))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    offered = {"role": role, "invited_by_id": access.user_id, **_fresh(token, at=at)}
    row, _ = Invitation.objects.update_or_create(
        tenant_id=access.tenant_id, email=email, accepted_at=None, defaults=offered
    )
    return Offer(code=row.code, email=email, role=role, token=token)


def send_again(access: Access, invitation_code: uuid.UUID, *, at: datetime) -> Offer:
    """A new link with a new week; the old one ends."""
    may_give = roles_to_give(role_now(access))
    row = waiting(access, invitation_code)
    if Role(row.role) not in may_give:
        raise TeamRefusal(said("You cannot give a role above your own."))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    Invitation.objects.filter(pk=row.pk).update(invited_by_id=access.user_id, **_fresh(token, at=at))
    return Offer(code=row.code, email=row.email, role=Role(row.role), token=token)


def withdraw(access: Access, invitation_code: uuid.UUID) -> Invitation:
    """The link ends."""
    if not roles_to_give(role_now(access)):
        raise TeamRefusal(said("Your own role was changed meanwhile: only a manager or an owner can do this."))
    row = waiting(access, invitation_code)
    Invitation.objects.filter(pk=row.pk).delete()
    return row


def waiting_of(access: Access) -> list[Invitation]:
    """Those that nobody has taken yet, the newest first."""
    rows = Invitation.objects.filter(tenant_id=access.tenant_id, accepted_at=None)
    return list(rows.select_related("invited_by").order_by("-created_at"))


def digest_of(token: str) -> str:
    """What is kept of a link's secret."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def find_place(token_digest: str) -> Place | None:
    """What this link offers; None when it has expired, was withdrawn, was used or never was."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, invitation_code FROM tenants_invitation_route(%s)", [token_digest])
        found = cursor.fetchone()
    if found is None:
        return None
    tenant_id, code = found
    with tenant_context(tenant_id):
        rows = Invitation.objects.select_related("tenant", "invited_by")
        row = rows.filter(tenant_id=tenant_id, code=code, tenant__closed_at=None).first()
        return _place(row, row.tenant) if row and _is_still_given(row) else None


def take(place: Place, *, user: User, at: datetime) -> Taken | None:
    """Join the team, inside the tenant's context; None when another click or a withdrawal came first.

    The address must be this person's and proven, and whoever invited her must still be somebody who may give the role.
    Who becomes an owner needs a second factor. Somebody who belongs to the team already keeps her role.
    """
    if not owns_address(user, place.email):
        raise TeamRefusal(said("This invitation is for another address."))
    still_open = Invitation.objects.select_for_update().filter(
        tenant_id=place.tenant_id, code=place.code, token_digest=place.token_digest, accepted_at=None, expires_at__gt=at
    )
    row = still_open.first()
    if row is None or not _is_still_given(row):
        return None
    if row.role == Role.OWNER and not second_factor.has_one(user):
        raise TeamRefusal(said("An owner needs a second factor. Set one up first."))
    member, is_new = Membership.objects.get_or_create(
        tenant_id=place.tenant_id, user=user, defaults={"role": row.role, "created_at": at}
    )
    Invitation.objects.filter(pk=row.pk).update(accepted_at=at, token_digest="")
    is_new_owner = is_new and row.role == Role.OWNER
    return Taken(member_code=member.code, others=owners_but(place.tenant_id, user.email) if is_new_owner else [])


def owns_address(user: User, email: str) -> bool:
    """Whether the person has proven that this address is hers."""
    return EmailAddress.objects.filter(user=user, email=email, verified=True).exists()


def waiting(access: Access, invitation_code: uuid.UUID) -> Invitation:
    """An invitation that nobody has taken yet, locked; 404 when there is none."""
    rows = Invitation.objects.select_for_update().filter(tenant_id=access.tenant_id, accepted_at=None)
    row = rows.filter(code=invitation_code).first()
    if row is None:
        raise Http404("No such invitation.")
    return row


def _is_still_given(row: Invitation) -> bool:
    """Whether the person who offered the place could still offer it: she is in the team, with a high enough role."""
    if row.invited_by_id is None:
        return False
    giver = Membership.objects.filter(tenant_id=row.tenant_id, user_id=row.invited_by_id, user__is_active=True).first()
    return giver is not None and Role(row.role) in roles_to_give(Role(giver.role))


def _fresh(token: str, *, at: datetime) -> dict[str, object]:
    return {"token_digest": digest_of(token), "expires_at": at + VALID_FOR, "created_at": at}


def _place(row: Invitation, tenant: Tenant) -> Place | None:
    if row.expires_at is None:
        return None
    return Place(
        token_digest=row.token_digest,
        tenant_id=tenant.id,
        tenant_code=tenant.code,
        tenant_name=tenant.name,
        code=row.code,
        email=row.email,
        role=Role(row.role),
        invited_by=row.invited_by.email if row.invited_by else "",
        expires_at=row.expires_at,
    )
