"""`python -m bench.load ORDER RESULT`: send notifications over kept connections and measure the answers.

A process of its own, written close to the socket, so that measuring takes little from what is measured. Times count
from the moment a request was due, not from the moment it could be sent (no coordinated omission).
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.figures import open_loop

OK = 200
LOST = 0
NOT_SENT = -1
"""In the place of a status: the connection ended without an answer; the time was over before its turn came."""
LENGTH_HEADER = b"content-length:"
MAX_CONNECTIONS = 64
GRACE_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOrder:
    """What to send: at a fixed rate, or over so many connections as fast as answers come."""

    host: str
    port: int
    paths: list[str]
    bodies: list[str]
    credentials: list[str] = field(default_factory=list)
    """The header `credential` of each request; none when the list is empty."""
    rate_per_second: float = 0
    connections: int = 0
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """For each request in the order given: milliseconds until the answer, and its status."""

    seconds: float
    milliseconds: list[float]
    statuses: list[int]

    @property
    def sent_milliseconds(self) -> list[float]:
        """Of the requests that were sent."""
        pairs = zip(self.milliseconds, self.statuses, strict=True)
        return [each for each, status in pairs if status != NOT_SENT]

    @property
    def accepted(self) -> list[int]:
        """The numbers of the requests that were answered 200."""
        return [number for number, status in enumerate(self.statuses) if status == OK]


class _Line:
    """One kept connection."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def post(self, request: bytes) -> int:
        """The status of the answer. A kept connection that the server closed meanwhile is opened once more."""
        was_kept = self._writer is not None
        try:
            return await self._post(request)
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            if not was_kept:
                return LOST
        try:
            return await self._post(request)
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return LOST

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def _post(self, request: bytes) -> int:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next((int(line[len(LENGTH_HEADER) :]) for line in lines if line.startswith(LENGTH_HEADER)), 0)
        if b"transfer-encoding: chunked" in lines:
            await _read_chunks(self._reader)
        elif length:
            await self._reader.readexactly(length)
        if b"connection: close" in lines:
            self.close()
        return int(head.split(b" ", 2)[1])


async def _read_chunks(reader: asyncio.StreamReader) -> None:
    """A body that comes in pieces, each behind its length; the last one is empty."""
    while length := int(await reader.readuntil(b"\r\n"), 16):
        await reader.readexactly(length + len(b"\r\n"))
    await reader.readuntil(b"\r\n")


def requests_of(order: LoadOrder) -> list[bytes]:
    """The bytes of every request."""
    credentials = order.credentials or [""] * len(order.paths)
    return [
        (
            f"POST {path} HTTP/1.1\r\nHost: {order.host}:{order.port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body.encode())}\r\n{_proof(credential)}\r\n{body}"
        ).encode()
        for path, body, credential in zip(order.paths, order.bodies, credentials, strict=True)
    ]


def _proof(credential: str) -> str:
    return f"credential: {credential}\r\n" if credential else ""


async def send_at_rate(order: LoadOrder) -> LoadResult:
    """Each request at its moment, on a free connection or a new one."""
    requests = requests_of(order)
    due_after = open_loop(order.rate_per_second, order.seconds)[: len(requests)]
    free = [_Line(order.host, order.port) for _ in range(MAX_CONNECTIONS)]
    room = asyncio.Semaphore(MAX_CONNECTIONS)
    milliseconds, statuses = [0.0] * len(due_after), [LOST] * len(due_after)
    started_at = time.perf_counter() + GRACE_SECONDS

    async def send(number: int) -> None:
        async with room:
            line = free.pop()
            try:
                statuses[number] = await line.post(requests[number])
            finally:
                free.append(line)
        milliseconds[number] = (time.perf_counter() - started_at - due_after[number]) * 1000

    async with asyncio.TaskGroup() as sending:
        for number, after in enumerate(due_after):
            await asyncio.sleep(max(0.0, started_at + after - time.perf_counter()))
            sending.create_task(send(number))
    elapsed = time.perf_counter() - started_at
    _close(free)
    return LoadResult(seconds=elapsed, milliseconds=milliseconds, statuses=statuses)


async def send_in_turn(order: LoadOrder) -> LoadResult:
    """The next request as soon as a connection has its answer, until the time is over or nothing is left."""
    requests = requests_of(order)
    waiting = iter(enumerate(requests))
    lines = [_Line(order.host, order.port) for _ in range(order.connections)]
    milliseconds, statuses = [0.0] * len(requests), [NOT_SENT] * len(requests)
    started_at = time.perf_counter()

    async def keep_sending(line: _Line) -> None:
        for number, request in waiting:
            sent_at = time.perf_counter()
            if sent_at - started_at > order.seconds:
                return
            statuses[number] = await line.post(request)
            milliseconds[number] = (time.perf_counter() - sent_at) * 1000

    await asyncio.gather(*(keep_sending(line) for line in lines))
    elapsed = time.perf_counter() - started_at
    _close(lines)
    return LoadResult(seconds=elapsed, milliseconds=milliseconds, statuses=statuses)


def _close(lines: Sequence[_Line]) -> None:
    for line in lines:
        line.close()


def main() -> int:
    """Read the order, send, write the result."""
    order = LoadOrder(**json.loads(Path(sys.argv[1]).read_text()))
    sending = send_at_rate(order) if order.rate_per_second else send_in_turn(order)
    with suppress(KeyboardInterrupt):
        Path(sys.argv[2]).write_text(json.dumps(asdict(asyncio.run(sending))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
