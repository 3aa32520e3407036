"""`python -m connector_site.lib.local_servers run --data FOLDER [--not-durable] -- COMMAND ...`.

Runs the command with DATABASE_URL and REDIS_URL set, and ends with its exit code.
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

from connector_site.lib.local_servers import LocalServersError, running
from connector_site.lib.local_servers.processes import dying_with_parent

PASSED_ON = {signal.SIGTERM, signal.SIGHUP}


class _Stopped(Exception):
    """Somebody asked us to end."""


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m connector_site.lib.local_servers", description=__doc__)
    commands = parser.add_subparsers(dest="action", required=True)
    run = commands.add_parser("run", help="start the servers, run a command, stop the servers")
    run.add_argument("--data", type=Path, required=True, help="folder for data, sockets and logs")
    run.add_argument("--not-durable", action="store_true", help="faster; for data nobody will miss")
    run.add_argument("--fresh", action="store_true", help="start with an empty database and broker")
    run.add_argument("command", nargs="+", help="the command and its arguments, after --")
    return parser.parse_args(arguments)


def _request_to_stop(_signal: int, _frame: FrameType | None) -> None:
    raise _Stopped


def _run_command(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run in the foreground. Ctrl-C reaches the command from the terminal; other requests to end we pass on.

    One that comes while the command is being started waits until there is somebody to pass it on to.
    """
    end_with_us = dying_with_parent(signal.SIGTERM)

    def prepare() -> None:
        end_with_us()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)

    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
    with subprocess.Popen(command, env=dict(environment), preexec_fn=prepare) as process:  # noqa: PLW1509 - no threads
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
            return process.wait()
        except _Stopped:
            process.terminate()
            return process.wait()
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)


def main(arguments: Sequence[str]) -> int:
    options = _parse(arguments)
    signal.signal(signal.SIGTERM, _request_to_stop)
    signal.signal(signal.SIGHUP, _request_to_stop)
    try:
        with running(options.data, durable=not options.not_durable, fresh=options.fresh) as urls:
            code = _run_command(options.command, os.environ | urls.environment)
    except LocalServersError as error:
        print(error, file=sys.stderr)
        return 2
    except (KeyboardInterrupt, _Stopped):
        return 128 + signal.SIGINT
    # A command ended by a signal has a negative code here; a shell reports it as 128 + signal.
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
