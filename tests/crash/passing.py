"""Letting time pass: everywhere at once, for the rows, for what Redis counts, and for both stand-ins."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from django.db import connections

from exact.quick_store import quick_store
from tests.standins import StandIn

_MOMENTS = """
    SELECT c.table_name, array_agg(c.column_name::text) FROM information_schema.columns c
      JOIN information_schema.tables t USING (table_schema, table_name)
     WHERE c.data_type = 'timestamp with time zone' AND t.table_type = 'BASE TABLE'
       AND t.table_name ~ '^(syncjobs|exact|ups)_'
       AND (t.table_name, c.column_name) <> ('syncjobs_trackingevent', 'happened_at')
     GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """Time that passes when told to; only the owner of the tables may touch every moment in them."""

    owner: psycopg.Connection
    shift: str

    def passes(self, minutes: float, *standins: StandIn) -> None:
        """Move every moment in the rows back, and the stand-ins' clocks ahead. What is audited keeps its time."""
        self.owner.execute(self.shift.format(seconds=minutes * 60, minutes=int(minutes) + 1).encode())
        counted = quick_store().keys("exact:calls:*")
        if counted:
            quick_store().delete(*counted)
        for standin in standins:
            standin.control("POST", "clock", {"advance_seconds": minutes * 60})


@contextlib.contextmanager
def time() -> Iterator[Time]:
    """Time for one database."""
    with psycopg.connect(**connections["owner"].copy("owner").get_connection_params(), autocommit=True) as owner:
        owner.execute("SET session_replication_role = replica")
        tables = owner.execute(_MOMENTS).fetchall()
        updates = [
            f"UPDATE {table} SET {', '.join(f'{name} = {name} - make_interval(secs => {{seconds}})' for name in names)}"  # noqa: S608  our own names
            for table, names in tables
        ]
        budgets = "UPDATE exact_callbudget SET opened_minute = opened_minute - {minutes}"
        yield Time(owner=owner, shift=";".join([*updates, budgets]))
