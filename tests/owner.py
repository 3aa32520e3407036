"""What only the owner of the tables may do; the product itself never works in that role."""

import psycopg
from django.db import connections


def as_owner(*statements: str) -> None:
    """Run statements in one transaction of the owner's; raises psycopg's errors."""
    with psycopg.connect(**connections["owner"].get_connection_params()) as owner:
        for statement in statements:
            owner.execute(statement.encode())
