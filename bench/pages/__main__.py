"""`python -m bench.pages [--deliveries N] [--json PATH]`; 1 when a page takes longer than it may."""

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

from bench import single
from bench.errors import BenchFailed
from bench.faults.ground import inside
from bench.ground import prepared, say
from bench.pages.many import multiply
from bench.pages.page_time import PageTime
from bench.shape import FULL
from connector_site.demo.errors import DemoFailed
from connector_site.lib.local_servers import LocalServersError

P95_MS = 150
"""What is asked of every page's server time."""
SHIPPED_FIRST = 20
"""Real deliveries of the run, of which the many are copies."""
SECONDS = 900


def main() -> int:
    """Make the rows, visit every page, print, write."""
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".local/pages"), help="folder for data, sockets and logs")
    parser.add_argument("--json", type=Path, default=Path(".local/pages/result.json"), help="where the figures go")
    parser.add_argument("--deliveries", type=int, default=100_000, help="deliveries of the one customer")
    parser.add_argument("--visits", type=int, default=40, help="how often each page is visited")
    options = parser.parse_args()
    try:
        times = _measure(options.data, options.deliveries, options.visits)
    except (BenchFailed, DemoFailed, LocalServersError) as error:
        print(f"\nThe pages could not be measured: {error}", file=sys.stderr)
        return 1
    for one in sorted(times, key=lambda one: -one.p95_ms):
        verdict = "ok  " if one.p95_ms <= P95_MS else "MISS"
        say(f"{verdict} {one.name:32} p50 {one.p50_ms:6.1f}  p95 {one.p95_ms:6.1f}  max {one.maximum_ms:6.1f} ms")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps([asdict(one) for one in times], indent=1))
    return int(any(one.p95_ms > P95_MS for one in times))


def _measure(data_directory: Path, deliveries: int, visits: int) -> list[PageTime]:
    with prepared(data_directory, replace(FULL, tenants=1)) as ground:
        say(f"{SHIPPED_FIRST} deliveries, one after the other")
        single.measure(ground, [ground.companies[0]] * SHIPPED_FIRST)
        ground.database.wait_until_idle(seconds=5)
        say(f"{deliveries} copies of them")
        multiply(ground.database, deliveries)
        say("Visiting every page")
        found = inside(ground, "bench.pages.times", {"visits": visits}, seconds=SECONDS)
        return [PageTime(**one) for one in found]


if __name__ == "__main__":
    sys.exit(main())
