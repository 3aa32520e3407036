"""`python -m bench.pages [--deliveries N] [--events N] [--json PATH]`; with `--strict` 1 when a target is missed."""

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

READABLE = {"newest": 200, "around": 100}
"""Copies whose receiver can be read: those that the visited pages of the list show."""
SHIPPED_FIRST = 20
"""Real deliveries of the run, of which the many are copies."""
SECONDS = 1800


def main() -> int:
    """Make the rows, visit every page, print, write."""
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".local/pages"), help="folder for data, sockets and logs")
    parser.add_argument("--json", type=Path, default=Path(".local/pages/result.json"), help="where the figures go")
    parser.add_argument("--deliveries", type=int, default=1_000_000, help="deliveries of the one customer")
    parser.add_argument("--events", type=int, default=5_000_000, help="events of its audit trail")
    parser.add_argument("--visits", type=int, default=40, help="how often each page is visited")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a target is missed")
    options = parser.parse_args()
    try:
        times = measure(options.data, options.deliveries, options.events, options.visits)
    except (BenchFailed, DemoFailed, LocalServersError) as error:
        print(f"\nThe pages could not be measured: {error}", file=sys.stderr)
        return 1
    for one in sorted(times, key=lambda one: -one.p95_ms):
        say(one.line())
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps([asdict(one) for one in times], indent=1))
    return int(options.strict and not all(one.is_met for one in times))


def measure(data_directory: Path, deliveries: int, events: int, visits: int) -> list[PageTime]:
    """Make the rows and visit every page."""
    with prepared(data_directory, replace(FULL, tenants=1)) as ground:
        say(f"{SHIPPED_FIRST} deliveries, one after the other")
        single.measure(ground, [ground.companies[0]] * SHIPPED_FIRST)
        ground.database.wait_until_idle(seconds=5)
        say(f"{deliveries} copies of them with {events} events")
        multiply(ground.database, deliveries, events=events)
        inside(ground, "bench.pages.readable", READABLE | {"middle": deliveries // 2}, seconds=SECONDS)
        say("Counting what they became")
        inside(ground, "bench.pages.counted", {}, seconds=SECONDS)
        say("Visiting every page")
        found = inside(ground, "bench.pages.times", {"visits": visits}, seconds=SECONDS)
        return [PageTime(**one) for one in found]


if __name__ == "__main__":
    sys.exit(main())
