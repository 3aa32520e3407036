"""`python -m bench.faults [--quick] [--only NAME ...] [--seed N] [--json PATH]`; 1 when a promise is missed."""

import argparse
import json
import secrets
import sys
from dataclasses import asdict
from pathlib import Path

from bench.errors import BenchFailed
from bench.faults.figure import table
from bench.faults.run import MEASUREMENTS, measure
from bench.faults.sizes import FULL, QUICK
from connector_site.demo.errors import DemoFailed
from connector_site.lib.local_servers import LocalServersError


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".local/faults"), help="folder for data, sockets and logs")
    parser.add_argument("--json", type=Path, default=Path(".local/faults/result.json"), help="where the figures go")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that everything works")
    parser.add_argument("--only", nargs="*", choices=sorted(MEASUREMENTS), default=[], help="these alone")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10_000), help="of orders and moments")
    options = parser.parse_args()
    print(f"Seed {options.seed}", flush=True)
    try:
        figures = measure(options.data, QUICK if options.quick else FULL, seed=options.seed, only=options.only)
    except (BenchFailed, DemoFailed, LocalServersError) as error:
        print(f"\nThe figures could not be measured: {error}", file=sys.stderr)
        return 1
    print("\n" + "\n".join(table(figures)))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"seed": options.seed, "figures": [asdict(one) for one in figures]}, indent=2))
    print(f"\nAll figures: {options.json}")
    return int(not all(figure.is_met for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
