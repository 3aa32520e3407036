"""The migrated, empty database, kept in the server for the next run: copying takes half a second, migrating twelve.

It goes by everything that migrations are made of: with any change to it, all of them are run anew.
"""

import hashlib
from pathlib import Path

from django.db import ProgrammingError, connections

ROOT = Path(__file__).resolve().parents[1]
PREFIX = "ml_connector_migrated_"
PARTS = ("*/migrations/*.py", "connector_site/lib/*.py", "requirements.txt")


def kept_name() -> str:
    """What the kept database is called for the migrations as they are now."""
    told = hashlib.sha256()
    for path in sorted(path for part in PARTS for path in ROOT.glob(part)):
        told.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return PREFIX + told.hexdigest()[:16]


def begin_with_the_kept() -> bool:
    """Let the test database be made as a copy, if there is something to copy."""
    owner = connections["owner"]
    with owner._nodb_cursor() as cursor:
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [kept_name()])
        is_kept: bool = cursor.rowcount == 1
    owner.settings_dict["TEST"]["TEMPLATE"] = kept_name() if is_kept else None
    return is_kept


def finish_the_copy() -> None:
    """What belongs to a database itself is not copied: `create_roles` takes this right away."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(f'REVOKE TEMPORARY ON DATABASE "{connections["owner"].settings_dict["NAME"]}" FROM PUBLIC')


def keep() -> None:
    """Copy the test database, which nobody has written to yet, and drop copies of other migrations."""
    owner = connections["owner"]
    made = owner.settings_dict["NAME"]
    for connection in connections.all():
        connection.close()
    with owner._nodb_cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [PREFIX + "%"])
        for (old,) in cursor.fetchall():
            cursor.execute(f'DROP DATABASE IF EXISTS "{old}"')
        try:
            cursor.execute(f'CREATE DATABASE "{kept_name()}" TEMPLATE "{made}"')
        except ProgrammingError:
            return  # another run on this server has kept one at this moment
