"""What a killed earlier run may have left behind: processes that are still ending, lock files, socket folders.

Everything here is called while holding the lock of the data directory, so no other supervisor can own what is found.
"""

import contextlib
import os
import signal
import time
from pathlib import Path

from connector_site.lib.local_servers.errors import LocalServersError
from connector_site.lib.local_servers.processes import POLL_SECONDS

PROCESSES = Path("/proc")
SERVER_NAMES = frozenset({"postgres", "valkey-server", "redis-server"})
# A PostgreSQL whose supervisor was killed shuts down by itself within seconds; then we ask, and in the end insist.
PATIENCE_SECONDS = 5
FAREWELLS = (None, signal.SIGINT, signal.SIGKILL)


def servers_in(directory: Path) -> list[int]:
    """Process ids of servers that work in this data directory: both servers make it their working directory."""
    if not PROCESSES.is_dir():
        return []
    found = []
    for entry in PROCESSES.iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").resolve(strict=True) == directory.resolve():
                is_server = (entry / "comm").read_text().strip() in SERVER_NAMES
                found += [int(entry.name)] if is_server else []
    return found


def end_servers_in(directory: Path) -> None:
    """Wait until no server works in this directory any more, asking them to stop when they do not by themselves."""
    for farewell in FAREWELLS:
        if farewell is not None:
            _send(farewell, servers_in(directory))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while servers_in(directory) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        if not servers_in(directory):
            return
    raise LocalServersError(
        f"A server of an earlier run still works in {directory} and does not stop: process "
        f"{', '.join(map(str, servers_in(directory)))}. End it and start again."
    )


def _send(farewell: signal.Signals, process_ids: list[int]) -> None:
    for process_id in process_ids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process_id, farewell)


def remove_files_in(directory: Path) -> None:
    """Empty a folder of sockets and their locks."""
    for path in directory.iterdir():
        path.unlink()
