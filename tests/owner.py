"""What only the owner of the tables may do, and a database that only lets itself be read."""

import contextlib
from collections.abc import Iterator

import psycopg
from django.db import connection, connections, transaction


def as_owner(*statements: str) -> None:
    """Run statements in one transaction of the owner's; raises psycopg's errors."""
    with psycopg.connect(**connections["owner"].get_connection_params()) as owner:
        for statement in statements:
            owner.execute(statement.encode())


@contextlib.contextmanager
def nothing_can_be_written() -> Iterator[None]:
    """As after a failover to a copy: our own statements of this test that write are refused by PostgreSQL itself."""
    with transaction.atomic():
        inner = transaction.savepoint()
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL transaction_read_only = on")
        yield
        transaction.savepoint_rollback(inner)
