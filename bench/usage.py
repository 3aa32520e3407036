"""What each part of the running system takes: processor time and memory, of whole process trees."""

import contextlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

BYTES_PER_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the system: the process at the root of its tree."""

    name: str
    process_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Memory of several parts together; `is_proportional` when shared pages are counted once."""

    megabytes: dict[str, float]
    is_proportional: bool

    @property
    def total_megabytes(self) -> float:
        """All parts together."""
        return sum(self.megabytes.values())


def cpu_seconds(parts: Iterable[Part]) -> dict[str, float]:
    """Processor time of each part so far, user and system, children that ended included."""
    return {part.name: sum(_cpu_seconds(process) for process in _tree(part)) for part in parts}


def cpu_ms_each(before: dict[str, float], after: dict[str, float], count: int) -> dict[str, float]:
    """Milliseconds of processor time between two moments for each of `count` things done."""
    return {name: (after[name] - before[name]) * 1000 / count for name in after}


def memory(parts: Iterable[Part]) -> Memory:
    """Proportional set size where the kernel tells it, else resident set size."""
    found = {part.name: [_megabytes(process) for process in _tree(part)] for part in parts}
    return Memory(
        megabytes={name: sum(amount for amount, _ in rows) for name, rows in found.items()},
        is_proportional=all(is_proportional for rows in found.values() for _, is_proportional in rows),
    )


@contextmanager
def suspended(parts: Iterable[Part]) -> Iterator[None]:
    """These parts stand still for the length of the block."""
    processes = [process for part in parts for process in _tree(part)]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


def _tree(part: Part) -> Iterator[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(part.process_id)
        yield root
        yield from root.children(recursive=True)


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _megabytes(process: psutil.Process) -> tuple[float, bool]:
    try:
        return process.memory_full_info().pss / BYTES_PER_MEGABYTE, True
    except (psutil.AccessDenied, AttributeError):
        return process.memory_info().rss / BYTES_PER_MEGABYTE, False
    except psutil.NoSuchProcess:
        return 0.0, True
