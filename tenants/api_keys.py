"""Keys with which a customer's own programs ask the API: made, found and ended."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from connector_site.lib.wording import said
from tenants.access import Access, rank
from tenants.context import tenant_context
from tenants.models import ApiKey, Role

PREFIX = "mlc_"
"""Tells a scanner for leaked secrets whose key it found."""
TOKEN_BYTES = 32
"""256 bits: nobody finds one by trying."""
OPEN_AT_ONCE = 20
"""Our own bound on keys of a company."""
NAME_CHARACTERS = 60
USE_NOTED_EVERY = timedelta(minutes=5)
"""A key's last use is shown to people; more precise than this it need not be."""
ROLES = (Role.VIEWER, Role.OPERATOR)
"""A program looks, or does daily work; money beyond that, people and settings stay with people."""


class KeyRefused(Exception):
    """It cannot be made; the message says why. Nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A new key with its secret, which is kept nowhere."""

    key: ApiKey
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Who asks: a program of this tenant, with the rights of a role."""

    tenant_id: uuid.UUID
    key_code: uuid.UUID
    role: Role

    @property
    def actor(self) -> str:
        """How the audit trail names it."""
        return f"key:{self.key_code}"

    def allows(self, least: Role) -> bool:
        """Whether its role is at least this one."""
        return rank(self.role) >= rank(least)


def make(access: Access, *, name: str, role: Role, at: datetime) -> Made:
    """A key, in the open transaction within the tenant's context. Raises `KeyRefused`."""
    if role not in ROLES:
        raise KeyRefused(said("A program may look, or do daily work; choose one of the two."))
    words = name.strip()
    if not words or len(words) > NAME_CHARACTERS:
        raise KeyRefused(said("Give the key a name of at most {most} characters.", most=NAME_CHARACTERS))
    if ApiKey.objects.filter(tenant_id=access.tenant_id, revoked_at=None).count() >= OPEN_AT_ONCE:
        raise KeyRefused(said("A company has at most {most} keys. End one that is not used first.", most=OPEN_AT_ONCE))
    token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    key = ApiKey.objects.create(
        tenant_id=access.tenant_id,
        name=words,
        role=role,
        token_digest=_digest(token),
        created_by_id=access.user_id,
        created_at=at,
    )
    return Made(key=key, token=token)


def keys_of(tenant_id: uuid.UUID) -> list[ApiKey]:
    """Those that open something, newest first."""
    rows = ApiKey.objects.filter(tenant_id=tenant_id, revoked_at=None).select_related("created_by")
    return list(rows.order_by("-created_at"))


def revoke(tenant_id: uuid.UUID, code: uuid.UUID, *, at: datetime) -> bool:
    """End a key, in the open transaction; False where there is none that opens anything."""
    rows = ApiKey.objects.filter(tenant_id=tenant_id, code=code, revoked_at=None)
    return rows.update(revoked_at=at) == 1


def revoke_of(tenant_id: uuid.UUID, maker_code: uuid.UUID, *, at: datetime) -> list[uuid.UUID]:
    """End every key that this person made, in the open transaction; returns which: she knows them."""
    rows = ApiKey.objects.filter(tenant_id=tenant_id, created_by__code=maker_code, revoked_at=None)
    codes = list(rows.order_by("pk").values_list("code", flat=True))
    ApiKey.objects.filter(tenant_id=tenant_id, code__in=codes).update(revoked_at=at)
    return codes


def revoke_all(tenant_id: uuid.UUID, *, at: datetime) -> None:
    """End every key of a company, in the open transaction."""
    ApiKey.objects.filter(tenant_id=tenant_id, revoked_at=None).update(revoked_at=at)


def find(token: str, *, at: datetime) -> Program | None:
    """Whose key this is; None for what opens nothing."""
    if not token.startswith(PREFIX):
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenant_id, key_code, role, last_used_at FROM tenants_api_key_route(%s)", [_digest(token)]
        )
        row = cursor.fetchone()
    if row is None:
        return None
    tenant_id, code, role, last_used_at = row
    if last_used_at is None or at - last_used_at > USE_NOTED_EVERY:
        with tenant_context(tenant_id):
            ApiKey.objects.filter(tenant_id=tenant_id, code=code).update(last_used_at=at)
    return Program(tenant_id=tenant_id, key_code=code, role=Role(role))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
