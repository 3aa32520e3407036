"""Encrypting everything that is kept anew, so that an old key may go (`reliability.md` 5, secrets).

Rows are compared and set: what somebody else has written meanwhile stays, and is under the newest key already. So it
may run beside workers, be stopped anywhere and be started again.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from fernet_fields import EncryptedField, hkdf

from connector_site.lib.admin import STAFF_DATABASE
from connector_site.lib.row_security import REENCRYPTING_SETTING
from tenants.context import tenant_context
from tenants.mfa import SEALED
from tenants.models import Tenant

ROWS_AT_ONCE = 200
BYTES_AT_ONCE = 8 * 1024 * 1024
"""Our own bounds: one batch is a short transaction and little memory. A larger value is a batch of its own."""
Row = tuple[int, str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """An encrypted column."""

    model: type[models.Model]
    name: str

    @property
    def label(self) -> str:
        """How a person finds it."""
        return f"{self.model._meta.db_table}.{self.name}"

    @property
    def is_walled(self) -> bool:
        """Whether its rows are seen only inside their tenant."""
        return any(one.name == "tenant" for one in self.model._meta.concrete_fields)


@dataclass(slots=True, kw_only=True)
class Count:
    """What became of one column."""

    read: int = 0
    renewed: int = 0
    left: int = 0
    unreadable: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The newest key, and all of them."""

    newest: Fernet
    every: MultiFernet

    def renewed(self, stored: bytes) -> bytes | None:
        """The value under the newest key, None where it is already; raises `InvalidToken` where no key fits."""
        try:
            self.newest.decrypt(stored)
        except InvalidToken:
            return self.every.rotate(stored)
        return None


def keys() -> Keys:
    """The configured keys, newest first."""
    made = [Fernet(hkdf.derive_fernet_key(key)) for key in settings.FERNET_KEYS]  # type: ignore[no-untyped-call]
    return Keys(newest=made[0], every=MultiFernet(made))


def columns() -> list[Column]:
    """Every encrypted column there is, found by its type: a new one is included by itself."""
    return [
        Column(model=model, name=str(one.column))
        for model in apps.get_models()
        for one in model._meta.concrete_fields
        if isinstance(one, EncryptedField)
    ]


def reencrypt(column: Column, *, with_keys: Keys) -> Count:
    """Bring every value of a column under the newest key, tenant by tenant, and count what is not."""
    count = Count()
    for enter in _rooms(column):
        _each(column, enter, lambda rows: _renew(column, rows, with_keys, count))
        _each(column, enter, lambda rows: _look(rows, with_keys, count))
    return count


def reencrypt_some(
    tenant_id: uuid.UUID, *, start: tuple[int, int], ends: float, with_keys: Keys
) -> tuple[int, int] | None:
    """Bring what is kept for one customer under the newest key, until `ends` on the monotonic clock.

    `start` is the number of the column and of the row after which to go on; what it returns is where to go on next,
    None when nothing is left to look at.
    """
    walled = [column for column in columns() if column.is_walled]
    position, after = start
    while position < len(walled):
        with tenant_context(tenant_id):
            rows = _batch(walled[position], after=after)
            _renew(walled[position], rows, with_keys, Count())
        position, after = (position, rows[-1][0]) if rows else (position + 1, 0)
        if time.monotonic() >= ends:
            return position, after
    return None


def _rooms(column: Column) -> Iterator[Callable[[], Any]]:
    """The transactions in which its rows are seen: one kind for each tenant, or one for all."""
    if not column.is_walled:
        yield transaction.atomic
        return
    for tenant_id in Tenant.objects.using(STAFF_DATABASE).order_by("created_at").values_list("id", flat=True):
        yield _Room(tenant_id)


@dataclass(frozen=True, slots=True)
class _Room:
    tenant_id: uuid.UUID

    def __call__(self) -> Any:
        return tenant_context(self.tenant_id)


def _each(column: Column, enter: Callable[[], Any], act: Callable[[Sequence[Row]], None]) -> None:
    """Give every batch of rows to `act`, each in a transaction of its own."""
    last = 0
    while True:
        with enter():
            rows = _batch(column, after=last)
            if not rows:
                return
            act(rows)
        last = rows[-1][0]


def _batch(column: Column, *, after: int) -> list[Row]:
    table, name = column.model._meta.db_table, column.name
    asked = f"""
        SELECT t.id, t.code::text, t."{name}" FROM (
            SELECT id, sum(octet_length("{name}")) OVER (ORDER BY id) AS size, row_number() OVER (ORDER BY id) AS place
              FROM (SELECT id, "{name}" FROM "{table}" WHERE id > %s AND "{name}" IS NOT NULL
                     ORDER BY id LIMIT {ROWS_AT_ONCE}) AS next_rows
        ) AS sized JOIN "{table}" AS t USING (id) WHERE sized.size <= {BYTES_AT_ONCE} OR sized.place = 1 ORDER BY t.id
    """  # noqa: S608  names of our own tables and columns
    with connection.cursor() as cursor:
        cursor.execute(asked, [after])
        return [(row[0], row[1], bytes(row[2])) for row in cursor.fetchall()]


def _renew(column: Column, rows: Sequence[Row], with_keys: Keys, count: Count) -> None:
    changed = [(new, pk, old) for pk, _, old in rows if (new := _renewed(with_keys, old)) is not None]
    count.read += len(rows)
    if not changed:
        return
    set_it = f"""
        UPDATE "{column.model._meta.db_table}" SET "{column.name}" = %s WHERE id = %s AND "{column.name}" = %s
    """  # noqa: S608  names of our own tables and columns
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, 'on', true)", [REENCRYPTING_SETTING])
        for values in changed:
            cursor.execute(set_it, values)
            count.renewed += cursor.rowcount


def _renewed(with_keys: Keys, stored: bytes) -> bytes | None:
    try:
        return with_keys.renewed(stored)
    except InvalidToken:
        return None


def _look(rows: Sequence[Row], with_keys: Keys, count: Count) -> None:
    for _, code, stored in rows:
        try:
            count.left += with_keys.renewed(stored) is not None
        except InvalidToken:
            count.unreadable.append(code)


def reencrypt_factors(*, with_keys: Keys) -> Count:
    """The same for the secrets of second factors, which stand inside a column of JSON (`tenants.mfa`)."""
    count = Count()
    rows = Authenticator.objects.filter(type__in=list(SEALED)).order_by("pk")
    for factor in rows.iterator():
        part = SEALED[factor.type]
        old = factor.data[part]
        count.read += 1
        new = _renewed(with_keys, old.encode())
        if new is not None:
            same = Authenticator.objects.filter(pk=factor.pk, data=factor.data)
            count.renewed += same.update(data=factor.data | {part: new.decode()})
    for factor in rows.iterator():
        _look([(factor.pk, str(factor.pk), factor.data[SEALED[factor.type]].encode())], with_keys, count)
    return count
