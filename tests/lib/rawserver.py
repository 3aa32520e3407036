"""A server that behaves as no good one does: on each connection it runs what the test wrote down."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Behaviour = Callable[[socket.socket], None]
_READ_BYTES = 65536
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)
_STOP_SECONDS = 5


@dataclass(slots=True, kw_only=True)
class Server:
    """Where it listens, what it was sent, and the switch that ends every waiting behaviour."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Its plain address."""
        return f"http://127.0.0.1:{self.port}/path"

    def serve(self, listener: socket.socket, behave: Behaviour, read: Callable[[socket.socket], bytes]) -> None:
        """Take connections until the listener is closed."""
        while not self.over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                self.requests.append(read(connection))
                behave(connection)


def _read_head(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(_READ_BYTES)
        if not chunk:
            return data
        data += chunk
    return data


@contextmanager
def serving(behave: Behaviour, *, read: Callable[[socket.socket], bytes] = _read_head) -> Iterator[Server]:
    """Run it on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(port=listener.getsockname()[1])
        thread = threading.Thread(target=server.serve, args=[listener, behave, read], daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(_STOP_SECONDS)


def say(*parts: bytes) -> Behaviour:
    """Send these bytes and close in good order."""

    def behave(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)

    return behave


def reset_after(*parts: bytes) -> Behaviour:
    """Send these bytes, then break the connection off."""

    def behave(connection: socket.socket) -> None:
        say(*parts)(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)

    return behave


def hang_after(*parts: bytes) -> Behaviour:
    """Send these bytes and say nothing more until the other side goes away."""

    def behave(connection: socket.socket) -> None:
        say(*parts)(connection)
        connection.recv(1)

    return behave


def answer(status: int, body: bytes = b"", *, headers: str = "") -> bytes:
    """A plain answer."""
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"
    return head.encode() + body


@contextmanager
def serving_handshake(behave: Behaviour) -> Iterator[Server]:
    """The same, for a caller that begins with TLS: what it says first has no end of headers to wait for."""
    with serving(behave, read=_read_some) as server:
        yield server


def _read_some(connection: socket.socket) -> bytes:
    return connection.recv(_READ_BYTES)
