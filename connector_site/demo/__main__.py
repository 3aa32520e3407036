"""`python -m connector_site.demo --data FOLDER [--once]`, which `make demo` runs."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from connector_site.demo.errors import DemoFailed
from connector_site.demo.show import run_demo
from connector_site.lib.local_servers import LocalServersError

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Stopped(Exception):
    """Somebody asked us to end."""


def _request_to_stop(_signal: int, _frame: FrameType | None) -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # stopping in order takes seconds; a second Ctrl-C must not cut it short
    raise _Stopped


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder for data, sockets and logs")
    parser.add_argument("--once", action="store_true", help="end after the first delivery")
    options = parser.parse_args()
    for number in STOP_SIGNALS:
        signal.signal(number, _request_to_stop)
    try:
        run_demo(options.data, once=options.once)
    except (DemoFailed, LocalServersError) as error:
        print(f"\nThe demo did not succeed: {error}\nAll logs are in {options.data / 'logs'}.", file=sys.stderr)
        return 1
    except _Stopped:
        print("\nStopped everything that the demo had started.")
        return 0 if not options.once else 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
