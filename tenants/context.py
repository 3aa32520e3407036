"""The tenant that the running code works for, known to the database for the length of one transaction."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from connector_site.lib.row_security import TENANT_SETTING, USER_SETTING


@contextmanager
def tenant_context(tenant_id: uuid.UUID) -> Iterator[None]:
    """A transaction that sees and writes rows of this tenant only.

    Keep it short: no call to an outside system inside. Inside an open transaction it is a savepoint, and the tenant
    that was set before is set again at its end (a rollback to the savepoint does that by itself).
    """
    with transaction.atomic():
        before = _swap(TENANT_SETTING, str(tenant_id))
        yield
        if connection.savepoint_ids and not connection.needs_rollback:
            _swap(TENANT_SETTING, before)


@contextmanager
def user_context(user_id: int) -> Iterator[None]:
    """A transaction in which a person's own memberships can be read, whatever their tenants."""
    with transaction.atomic():
        before = _swap(USER_SETTING, str(user_id))
        yield
        if connection.savepoint_ids and not connection.needs_rollback:
            _swap(USER_SETTING, before)


def _swap(setting: str, value: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s, true), set_config(%s, %s, true)", [setting, setting, value])
        row = cursor.fetchone()
    return (row and row[0]) or ""
