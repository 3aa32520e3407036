"""Workers that call one company as often as they may (`python -m bench.inside bench.faults.inside_callers`)."""

import json
import sys
import time
from datetime import UTC, datetime
from typing import Any

from bench.faults.forks import Crowd
from connector_site.lib.outside_calls import ignore
from exact.access import open_client
from exact.errors import ExactError
from exact.limits import BudgetClass
from exact.models import Connection
from exact.upkeep import live_connections
from tenants.context import tenant_context

IMPATIENCE_SECONDS = 0.25
"""Much sooner than any of them is told to come back: the limiter has to hold against this."""


def main() -> None:
    """Let everybody call until the time is over, and say how often each was let."""
    order = json.loads(sys.stdin.read())
    crowd = Crowd(order["callers"], _call)
    counts = crowd.ask(order["seconds"])
    crowd.end()
    json.dump(counts, sys.stdout)


def _call(seconds: float) -> dict[str, Any]:
    ends = time.monotonic() + seconds
    found = {"calls": 0, "waits": 0}
    while time.monotonic() < ends:
        try:
            open_client(_connection(), purpose=BudgetClass.SHIP, observe=ignore).shipping_methods()
            found["calls"] += 1
        except ExactError as refused:
            found["waits"] += 1
            until_at = getattr(refused, "retry_at", None) or datetime.now(UTC)
            time.sleep(min(max((until_at - datetime.now(UTC)).total_seconds(), 0.0), IMPATIENCE_SECONDS))
    return found


def _connection() -> Connection:
    """Read anew before each call, as every job does."""
    tenant_id, connection_id = live_connections()[0]
    with tenant_context(tenant_id):
        return Connection.objects.get(pk=connection_id)
