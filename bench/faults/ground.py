"""What the measurements share: the running system, servers to kill, processes that know the product's models."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import psycopg
from redis import Redis, RedisError

from bench.errors import BenchFailed
from bench.ground import CHECKOUT, Ground, prepared
from bench.shape import FULL
from connector_site.lib.local_servers.account import server_account
from connector_site.lib.local_servers.processes import Child, dying_with_parent, start, stop

BROKER = "broker"
BROKER_SETTINGS = ("port", "unixsocket", "unixsocketperm", "dir", "appendonly", "save")
POLL_SECONDS = 0.1
START_SECONDS = 60


@contextmanager
def system(data_directory: Path, *, tenants: int, lifts_limits: bool = True) -> Iterator[Ground]:
    """Servers, stand-ins, web, worker, beat and connected customers, with nothing to do."""
    with prepared(data_directory, replace(FULL, tenants=tenants), lifts_limits=lifts_limits) as ground:
        yield ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A database or broker server that was started here, and how to start it once more as it was."""

    name: str
    process: psutil.Process
    command: list[str]
    working_directory: Path

    def kill(self) -> None:
        """`kill -9`, its children first told to stand still so that none of them can do a last thing."""
        children = self.process.children(recursive=True)
        for each in (self.process, *children):
            each.suspend()
        for each in (self.process, *children):
            each.kill()
        psutil.wait_procs([self.process, *children], timeout=START_SECONDS)

    def start_again(self, log_path: Path) -> Child:
        """The same command under the same account."""
        return start(
            self.name,
            self.command,
            log_path=log_path,
            account=server_account(),
            working_directory=self.working_directory,
            stop_signal=signal.SIGINT,
            stop_timeout_seconds=START_SECONDS,
        )


def server_of(ground: Ground, name: str) -> Server:
    """`PostgreSQL` or `broker`; only those that were started here can be killed."""
    found = next((part for part in ground.parts if part.name == name), None)
    if found is None:
        raise BenchFailed(f"{name} was not started here, so it cannot be killed: unset DATABASE_URL and REDIS_URL.")
    process = psutil.Process(found.process_id)
    command = _broker_command(ground, process) if name == BROKER else process.cmdline()
    return Server(name=name, process=process, command=command, working_directory=Path(process.cwd()))


def broker_of(ground: Ground) -> Redis:
    """A connection of our own to the broker."""
    return Redis.from_url(ground.configuration.servers.redis_url.replace("redis+socket://", "unix://"))


def _broker_command(ground: Ground, process: psutil.Process) -> list[str]:
    """The broker shows another name than it was started with; what it was told then, it still knows."""
    link = broker_of(ground)
    told = {name: str(link.config_get(name)[name]) for name in BROKER_SETTINGS}
    return [process.exe(), *(part for name, value in told.items() for part in (f"--{name}", value))]


@contextmanager
def replaceable(ground: Ground, name: str) -> Iterator[Callable[[], None]]:
    """A function that kills the server and starts it anew, as often as it is called; the last one is stopped."""
    current = server_of(ground, name)
    with ExitStack() as stack:

        def kill_and_start() -> None:
            nonlocal current
            current.kill()
            child = current.start_again(ground.configuration.logs_directory / f"{name}-again.log")
            stack.callback(stop, child)
            if not wait_for(lambda: _answers(ground, name), seconds=START_SECONDS):
                raise BenchFailed(f"{name} did not come back:\n{child.last_log_lines()}")
            current = replace(current, process=psutil.Process(child.process.pid))

        yield kill_and_start


def _answers(ground: Ground, name: str) -> bool:
    try:
        if name == BROKER:
            return bool(broker_of(ground).ping())
        psycopg.connect(ground.configuration.servers.database_url).close()
    except (RedisError, psycopg.OperationalError):
        return False
    return True


def inside(ground: Ground, module: str, order: dict[str, Any], *, seconds: float) -> Any:
    """Run the `main()` of a module that needs the product's models; it reads and writes JSON."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.inside", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(ground.configuration.logs_directory / f"{module}.log").open("wb"),
        text=True,
        cwd=CHECKOUT,
        env=ground.configuration.environment,
        preexec_fn=dying_with_parent(signal.SIGTERM),  # noqa: PLW1509  no threads here
        start_new_session=True,
    )
    try:
        told, _ = process.communicate(json.dumps(order), timeout=seconds)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    if process.returncode != 0:
        log = (ground.configuration.logs_directory / f"{module}.log").read_text(errors="replace")
        raise BenchFailed(f"{module} failed:\n{log[-3000:]}")
    return json.loads(told)


def wait_for(is_so: Callable[[], bool], *, seconds: float) -> bool:
    """Whether it became so in time."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
