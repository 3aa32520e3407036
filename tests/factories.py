"""Plain functions that make rows for tests, through the product's own functions where there are some."""

import itertools
import time
import uuid
from dataclasses import dataclass

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client

from tenants.context import tenant_context
from tenants.founding import found_tenant
from tenants.models import Membership, Role, Tenant, User

PASSWORD = "correct horse battery staple"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_numbers = itertools.count(1)


def make_user(name: str = "person", *, is_staff: bool = False, has_second_factor: bool = True) -> User:
    """A person with `PASSWORD`, and an authenticator app that knows `TOTP_SECRET`."""
    address = f"{name}{next(_numbers)}@example.com"
    user = User.objects.create_user(address, PASSWORD, is_staff=is_staff, is_superuser=is_staff)
    if has_second_factor:
        TOTP.activate(user, TOTP_SECRET)
    return user


def sign_in(client: Client, user: User, *, with_second_factor: bool = True) -> Client:
    """Sign this person in without the pages for it, as if the second factor had been used a moment ago."""
    client.force_login(user)
    if with_second_factor:
        session = client.session
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "at": time.time(), "type": "totp"}]
        session["account_authentication_methods_user"] = str(user.pk)
        session.save()
    return client


def recovery_code(user: User) -> str:
    """A code that stands in for the second factor, once."""
    codes: list[str] = RecoveryCodes.activate(user).get_unused_codes()
    return codes[0]


def make_tenant(name: str = "Voorbeeld Groothandel BV", *, owner: User | None = None) -> Tenant:
    """A tenant with an owner, that has gone live."""
    tenant = found_tenant(name=name, owner=owner or make_user("owner"))
    tenant.shipping_mode = Tenant.ShippingMode.AUTOMATIC
    with tenant_context(tenant.id):
        tenant.save(update_fields=["shipping_mode"])
    return tenant


def make_member(tenant: Tenant, role: Role) -> User:
    """Another person of the tenant."""
    user = make_user(role.value)
    with tenant_context(tenant.id):
        Membership.objects.create(tenant=tenant, user=user, role=role)
    return user


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """The people of a view test: one who may everything, one who may only look, one who belongs elsewhere."""

    tenant: Tenant
    owner: User
    viewer: User
    outsider: User
    other_tenant: Tenant


def make_cast() -> Cast:
    """A tenant with an owner and a viewer, and an outsider with a tenant of her own."""
    owner = make_user("owner")
    outsider = make_user("outsider")
    tenant = make_tenant(owner=owner)
    return Cast(
        tenant=tenant,
        owner=owner,
        viewer=make_member(tenant, Role.VIEWER),
        outsider=outsider,
        other_tenant=make_tenant("Ander Bedrijf BV", owner=outsider),
    )


def some_guid() -> uuid.UUID:
    """A fresh identifier of the outside world."""
    return uuid.uuid4()
