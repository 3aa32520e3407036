"""The workers: started, killed without warning, and started again."""

import os
import random
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

import psutil

from bench.crash.size import Size
from bench.ground import CHECKOUT, Ground
from connector_site.demo.processes import CELERY
from connector_site.lib.local_servers.processes import Child, start, stop_all, wait_until

CHILDREN = 2
"""Of each worker: what a child was doing when it was killed, another one of the same worker takes over."""
READY_SECONDS = 180
QUEUES = "ship,sync,track,upkeep"
_OPTIONS = ("--queues", QUEUES, "--without-gossip", "--without-mingle", "--concurrency", str(CHILDREN))


@dataclass(slots=True)
class Fleet:
    """Workers that come back at once when they are killed. Use it from the main thread alone."""

    ground: Ground
    size: Size
    kills: int = 0
    _workers: list[Child] = field(default_factory=list)

    def start(self) -> None:
        """All of them, and wait until they can work."""
        self._workers = [self._started(number) for number in range(self.size.workers)]
        for worker in self._workers:
            wait_until(
                worker, lambda: len(self.children()) == len(self._workers) * CHILDREN, timeout_seconds=READY_SECONDS
            )

    def keep_up(self) -> None:
        """Start again what is not there."""
        for number, worker in enumerate(self._workers):
            if not worker.is_running:
                self._workers[number] = self._started(number)

    def kill_worker(self, choice: int) -> bool:
        """`kill -9` of a whole worker with its children, as when a machine loses power."""
        worker = self._workers[choice % len(self._workers)]
        if not (worker.is_running and _children_of(worker)):
            return False
        os.killpg(worker.process.pid, signal.SIGKILL)
        worker.process.wait()
        self.kills += 1
        return True

    def kill_child(self, choice: int, *, among: Sequence[psutil.Process] | None = None) -> bool:
        """`kill -9` of one child; its worker starts another one."""
        children = self.children() if among is None else among
        if not children:
            return False
        try:
            children[choice % len(children)].kill()
        except psutil.NoSuchProcess:
            return False
        self.kills += 1
        return True

    def children(self) -> list[psutil.Process]:
        """Every child that could be at work."""
        return [child for worker in self._workers for child in _children_of(worker)]

    def callers(self, port: int) -> list[psutil.Process]:
        """Children with an open connection to this port of the machine: those in the middle of a call."""
        return [child for child in self.children() if _talks_to(child, port)]

    def stop(self) -> None:
        """At once: what they had in hand is left to its lease."""
        for worker in self._workers:
            if worker.is_running:
                os.killpg(worker.process.pid, signal.SIGKILL)
        stop_all(self._workers)

    def _started(self, number: int) -> Child:
        spoilt = _spoiling(self.size)
        command = [sys.executable, "-m", "bench.crash.spoilt_worker", *spoilt, "--"] if spoilt else [*CELERY]
        return start(
            f"Worker {number}",
            [*command, "worker", *_OPTIONS, "--hostname", f"crash{number}-{random.getrandbits(32):08x}@local"],
            log_path=self.ground.configuration.logs_directory / f"worker-{number}.log",
            working_directory=CHECKOUT,
            environment=self.ground.configuration.environment,
        )


def end_workers(ground: Ground) -> None:
    """End the worker that the ground came with: it would do the work that killed ones leave behind."""
    for part in ground.product:
        if part.name == "worker":
            os.killpg(part.process_id, signal.SIGKILL)


def _spoiling(size: Size) -> list[str]:
    quiet = [] if size.quiet_minutes is None else ["--quiet-minutes", str(size.quiet_minutes)]
    return [*(["--naive"] if size.naive else []), *quiet]


def _children_of(worker: Child) -> list[psutil.Process]:
    try:
        return psutil.Process(worker.process.pid).children()
    except psutil.NoSuchProcess:
        return []


def _talks_to(process: psutil.Process, port: int) -> bool:
    try:
        links = process.net_connections(kind="tcp")
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
    open_links = [link for link in links if link.status == psutil.CONN_ESTABLISHED]
    return any(link.raddr.port == port for link in open_links)
