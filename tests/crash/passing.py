"""Letting time pass: everywhere at once, for the rows, for what Redis counts, and for both stand-ins."""

from functools import lru_cache

from django.db import connection

from exact.quick_store import quick_store
from tests.owner import as_owner
from tests.standins import StandIn

_MOMENTS = """
    SELECT c.table_name, c.column_name FROM information_schema.columns c
      JOIN information_schema.tables t USING (table_schema, table_name)
     WHERE c.data_type = 'timestamp with time zone' AND t.table_type = 'BASE TABLE'
       AND t.table_name ~ '^(syncjobs|exact|ups)_'
     ORDER BY 1, 2
"""


def pass_time(minutes: float, *standins: StandIn) -> None:
    """Move every moment in the rows back, and the stand-ins' clocks ahead. What is audited keeps its time."""
    updates = [
        f"UPDATE {table} SET {', '.join(f'{name} = {name} - {_span(minutes)}' for name in names)}"  # noqa: S608  our own names
        for table, names in _moments()
    ]
    updates.append(f"UPDATE exact_callbudget SET opened_minute = opened_minute - {int(minutes) + 1}")  # noqa: S608  as above
    as_owner(";".join(["SET session_replication_role = replica", *updates]))
    counted = quick_store().keys("exact:calls:*")
    if counted:
        quick_store().delete(*counted)
    for standin in standins:
        standin.control("POST", "clock", {"advance_seconds": minutes * 60})


def _span(minutes: float) -> str:
    return f"make_interval(secs => {minutes * 60})"


@lru_cache(maxsize=1)
def _moments() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Tables and their columns that hold a moment."""
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_MOMENTS)
        for table, column in cursor.fetchall():
            found.setdefault(table, []).append(column)
    return tuple((table, tuple(columns)) for table, columns in found.items())
