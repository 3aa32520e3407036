"""What a tenant's rows are like, in one word: two equal words prove that nothing was changed, added or removed."""

import hashlib
import uuid

from django.apps import apps
from django.db import connection, models

from tenants.context import tenant_context
from tenants.models import Tenant

OURS = frozenset({"tenants", "audit", "exact", "ups", "syncjobs"})


def of_tenants() -> list[type[models.Model]]:
    """Every table with a tenant."""
    return [
        model
        for model in apps.get_models()
        if model._meta.app_label in OURS and any(field.name == "tenant" for field in model._meta.concrete_fields)
    ]


def digest(tenant_id: uuid.UUID) -> dict[str, str]:
    """Every row of the tenant, table by table."""
    with tenant_context(tenant_id), connection.cursor() as cursor:
        found = {}
        tables: list[type[models.Model]] = [Tenant, *of_tenants()]
        for model in tables:
            cursor.execute(f'SELECT t::text FROM "{model._meta.db_table}" AS t ORDER BY id')  # noqa: S608  our own names
            rows = "\n".join(row for (row,) in cursor.fetchall())
            found[model._meta.db_table] = f"{rows.count(chr(10))} {hashlib.sha256(rows.encode()).hexdigest()}"
        return found


def differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The tables that are not what they were."""
    return sorted(table for table in before if before[table] != after[table])
