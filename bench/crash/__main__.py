"""`python -m bench.crash [--deliveries N --kills N --seed S]`, which `make crash ARGS=...` runs."""

import argparse
import secrets
import signal
import sys
from pathlib import Path
from types import FrameType

from bench.crash import report
from bench.crash.others import figures, matrix
from bench.crash.run import measure, standing
from bench.crash.size import Size
from bench.crash.trial import tried
from bench.errors import BenchFailed
from bench.ground import say
from connector_site.demo.errors import DemoFailed
from connector_site.lib.local_servers import LocalServersError

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BROKEN, FAILED, STOPPED = 1, 2, 130
"""Exit codes: a promise was broken, the run could not be made, somebody stopped it."""
DELIVERIES, KILLS = 60, 30
SETTLE_SECONDS = 600.0
TRAVEL_EVERY = 5


class _Stopped(Exception):
    """Somebody asked us to end."""


def main() -> int:
    """Run, print, write."""
    options = _parse()
    for number in STOP_SIGNALS:
        signal.signal(number, _request_to_stop)
    try:
        return _tried(options) if options.self_test else _run(options)
    except (BenchFailed, DemoFailed, LocalServersError) as error:
        sys.stderr.write(f"\nThe run did not succeed: {error}\n")
        return FAILED
    except _Stopped:
        sys.stderr.write("\nStopped everything that the run had started.\n")
        return STOPPED


def _run(options: argparse.Namespace) -> int:
    size = _size(options)
    others = [] if options.random_only else [matrix(options.data)]
    if options.figures:
        others += figures(options.data)
    with standing(options.data / "random", size) as ground:
        outcome = measure(ground, size)
    say("")
    report.print_table([*report.promises(outcome), *others], say)
    report.write_json([outcome], options.json, others=others)
    say(f"\nSeed {size.seed} repeats it. Everything: {options.json}")
    kept = report.are_kept(outcome) and all(promise.is_kept for promise in others)
    return 0 if kept else BROKEN


def _tried(options: argparse.Namespace) -> int:
    trials = tried(options.data / "random")
    for trial in trials:
        say(f"\nWorkers: {trial.name}; {'as expected' if trial.is_as_expected else 'NOT AS EXPECTED'}\n")
        report.print_table(report.promises(trial.outcome), say)
    report.write_json([trial.outcome for trial in trials], options.json)
    return 0 if all(trial.is_as_expected for trial in trials) else BROKEN


def _request_to_stop(_signal: int, _frame: FrameType | None) -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # stopping in order takes seconds; a second Ctrl-C must not cut it short
    raise _Stopped


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make crash", description=__doc__)
    parser.add_argument("--deliveries", type=int, default=DELIVERIES, help="goods deliveries booked in Exact")
    parser.add_argument("--kills", type=int, default=KILLS, help="workers, or children of one, killed with kill -9")
    parser.add_argument("--seed", default="", help="repeats the faults of each call and the schedule of another run")
    parser.add_argument("--data", type=Path, default=Path(".local/crash-run"), help="folder for data, sockets and logs")
    parser.add_argument("--json", type=Path, default=Path(".local/crash-run/result.json"), help="where all figures go")
    parser.add_argument("--settle-seconds", type=float, default=SETTLE_SECONDS, help="how long doubts may take")
    parser.add_argument("--travel-every", type=int, default=TRAVEL_EVERY, help="of so many parcels one travels")
    parser.add_argument("--random-only", action="store_true", help="leave out the scripted matrix")
    parser.add_argument("--figures", action="store_true", help="measure the engine and the limits under faults, too")
    parser.add_argument("--self-test", action="store_true", help="a small run that must pass, two that must fail")
    parser.add_argument("--naive", action="store_true", help="spoil the workers: no answer counts as not done")
    parser.add_argument("--quiet-minutes", type=float, help="spoil the workers: believe absence after so long")
    return parser.parse_args()


def _size(options: argparse.Namespace) -> Size:
    return Size(
        deliveries=options.deliveries,
        kills=options.kills,
        seed=options.seed or secrets.token_hex(4),
        settle_seconds=options.settle_seconds,
        travel_every=options.travel_every,
        naive=options.naive,
        quiet_minutes=options.quiet_minutes,
    )


if __name__ == "__main__":
    sys.exit(main())
