"""Many processes at once, forked from one that has everything loaded, each with connections of its own."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from django.db import connections

JOIN_SECONDS = 30


class Crowd:
    """Processes that answer each order with the result of one function."""

    def __init__(self, count: int, answer: Callable[[Any], Any]) -> None:
        connections.close_all()
        context = multiprocessing.get_context("fork")
        self._lines: list[Connection] = []
        self._processes = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, answer), daemon=True)
            process.start()
            theirs.close()
            self._lines.append(ours)
            self._processes.append(process)

    def ask(self, order: Any) -> list[Any]:
        """Give all of them the order at the same moment and gather what they answer."""
        for line in self._lines:
            line.send(order)
        return [line.recv() for line in self._lines]

    def end(self) -> None:
        """Let them go."""
        for line in self._lines:
            line.send(None)
        for process in self._processes:
            process.join(JOIN_SECONDS)


def _serve(line: Connection, answer: Callable[[Any], Any]) -> None:
    while (order := line.recv()) is not None:
        line.send(answer(order))
