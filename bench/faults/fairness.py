"""One customer with thousands of due jobs: how long the single job of another waits before it begins."""

from datetime import UTC, datetime
from pathlib import Path

from bench import standins
from bench.errors import BenchFailed
from bench.faults.figure import Figure
from bench.faults.ground import system, wait_for
from bench.faults.sizes import Sizes
from bench.ground import Ground, say

START_SECONDS = 30
PATIENCE_SECONDS = 120
SINGLE_BOOKINGS = 5
FLOOD = """
WITH made AS (
    INSERT INTO syncjobs_delivery (code, tenant_id, connection_id, exact_entry_id, delivery_number, order_numbers,
                                   state, problems, shipment_no, facts, written, correlation, created_at, changed_at)
    SELECT gen_random_uuid(), c.tenant_id, c.id, gen_random_uuid(), '', '', 'received', '[]', 1, '{}', '{}',
           gen_random_uuid(), now() - interval '1 hour', now()
      FROM exact_connection c, generate_series(1, %(jobs)s) WHERE c.division = %(division)s
    RETURNING code, tenant_id, correlation
)
INSERT INTO syncjobs_syncjob (code, tenant_id, kind, queue, subject, state, due_at, starts, failures, last_error,
                              correlation, created_at)
SELECT gen_random_uuid(), tenant_id, 'read', 'ship', code, 'due', now() - interval '1 hour', 0, 0, '', correlation,
       now()
  FROM made
"""
"""Reads of deliveries that Exact no longer has: each is looked up, found gone, and cancelled."""
BACKLOG = """
SELECT count(*) FROM syncjobs_syncjob j JOIN exact_connection c ON c.tenant_id = j.tenant_id
 WHERE c.division = %s AND j.state = 'due' AND j.due_at <= now()
"""


def measure(data_directory: Path, sizes: Sizes, seed: int) -> list[Figure]:
    """Book for the second customer while the first one's jobs wait, and look when Exact is first asked about it."""
    del seed
    say(f"{sizes.due_jobs} due jobs of one customer, and single ones of another")
    with system(data_directory, tenants=2) as ground:
        large, small = ground.companies
        standins.book(ground.exact, small)
        ground.database.run(FLOOD, {"jobs": sizes.due_jobs, "division": large.division})
        waits = [_wait_of_one(ground) for _ in range(SINGLE_BOOKINGS)]
        backlog = _backlog(ground)
    return [
        Figure(
            name=f"a single job beside {sizes.due_jobs} due ones of another customer",
            asked=f"begins within {START_SECONDS} s",
            measured=f"after {max(waits):.1f} s at most ({SINGLE_BOOKINGS} tries, {backlog} still due after them)",
            is_met=max(waits) < START_SECONDS and backlog > 0,
            details={"waits": waits},
        )
    ]


def _wait_of_one(ground: Ground) -> float:
    """From a delivery's booking to the first claim of its job."""
    booked_at = datetime.now(UTC)
    entry_id = standins.book(ground.exact, ground.companies[1])[0]
    if not wait_for(lambda: _is_begun(ground, entry_id), seconds=PATIENCE_SECONDS):
        raise BenchFailed("The single job did not begin.")
    return (datetime.now(UTC) - booked_at).total_seconds()


def _is_begun(ground: Ground, entry_id: str) -> bool:
    return bool(
        ground.database.rows(
            "SELECT 1 FROM syncjobs_delivery d JOIN syncjobs_syncjob j ON j.subject = d.code"
            " WHERE d.exact_entry_id = %s AND j.kind = 'read' AND j.state <> 'due'",
            [entry_id],
        )
    )


def _backlog(ground: Ground) -> int:
    return int(str(ground.database.rows(BACKLOG, [ground.companies[0].division])[0][0]))
