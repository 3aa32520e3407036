"""`python -m bench [--quick] [--json PATH] [--strict]`, which `make bench ARGS=...` runs."""

import argparse
import dataclasses
import signal
import sys
import time
from itertools import cycle, islice
from pathlib import Path
from types import FrameType

from bench import report, shape, single, throughput, way_back, webhooks
from bench.errors import BenchFailed
from bench.ground import prepared, say
from bench.report import Results
from bench.shape import Shape
from bench.usage import memory
from connector_site.demo.errors import DemoFailed
from connector_site.lib.local_servers import LocalServersError

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
IDLE_SECONDS = 3


class _Stopped(Exception):
    """Somebody asked us to end."""


def _request_to_stop(_signal: int, _frame: FrameType | None) -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # stopping in order takes seconds; a second Ctrl-C must not cut it short
    raise _Stopped


def main() -> int:
    """Measure, print, write; 1 when something failed, with `--strict` also when a target was missed."""
    options = _parse()
    for number in STOP_SIGNALS:
        signal.signal(number, _request_to_stop)
    try:
        results = _run(options.data, _shape(options))
    except (BenchFailed, DemoFailed, LocalServersError) as error:
        print(f"\nThe benchmark did not succeed: {error}", file=sys.stderr)
        return 1
    except _Stopped:
        print("\nStopped everything that the benchmark had started.")
        return 130
    table = report.rows(results)
    say("")
    report.print_table(table, say)
    report.write_json(results, table, options.json)
    say(f"\nAll figures: {options.json}")
    return int(options.strict and any(row.is_met is False for row in table))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".local/bench"), help="folder for data, sockets and logs")
    parser.add_argument("--json", type=Path, default=Path(".local/bench/result.json"), help="where the figures go")
    parser.add_argument("--quick", action="store_true", help="a small run, to see that everything works")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a target is missed")
    parser.add_argument("--tenants", type=int, help="customers with a company each")
    parser.add_argument("--deliveries", type=int, help="deliveries booked at once")
    return parser.parse_args()


def _shape(options: argparse.Namespace) -> Shape:
    chosen = {name: getattr(options, name) for name in ("tenants", "deliveries") if getattr(options, name)}
    return dataclasses.replace(shape.QUICK if options.quick else shape.FULL, **chosen)


def _run(data_directory: Path, wanted: Shape) -> Results:
    with prepared(data_directory, wanted) as ground:
        say("Master data cold: a first delivery for each customer")
        cold = single.measure(ground, list(ground.companies))
        time.sleep(IDLE_SECONDS)
        idle = memory(ground.product)
        say(f"Warm: {wanted.single_deliveries} deliveries, one after the other")
        warm = single.measure(ground, list(islice(cycle(ground.companies), wanted.single_deliveries)))
        say(f"{wanted.deliveries} deliveries at once")
        run = throughput.measure(ground, wanted)
        say(f"{wanted.webhooks_per_second} notifications a second, then as many as are answered")
        door = webhooks.measure(ground, wanted, run.booked)
        back = way_back.measure(ground, wanted, run.booked)
        return Results(
            shape=wanted,
            memory=idle,
            memory_after_load=memory(ground.product),
            cold=cold,
            warm=warm,
            throughput=run,
            door=door,
            way_back=back,
        )


if __name__ == "__main__":
    sys.exit(main())
