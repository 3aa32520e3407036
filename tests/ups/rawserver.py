"""A server that says exactly these bytes, or breaks off: for what no well-behaved server does."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_LINGER_NOT = struct.pack("ii", 1, 0)
_READ_BYTES = 65536
_HEADERS_END = b"\r\n\r\n"


@dataclass(slots=True)
class RawServer:
    """Answers each connection with the next scripted bytes; None resets the connection after reading the request."""

    script: list[bytes | None]
    requests: list[bytes] = field(default_factory=list)
    url: str = ""

    def serve(self, listener: socket.socket) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        self.requests.append(_read_request(connection))
        answer = self.script.pop(0) if self.script else None
        if answer is None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            return
        connection.sendall(answer)


@contextmanager
def raw_server(*script: bytes | None) -> Iterator[RawServer]:
    """Run a `RawServer` on a free port of this machine."""
    server = RawServer(script=list(script))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=server.serve, args=[listener], daemon=True)
        thread.start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=5)


def http_answer(
    status: int, body: bytes, *, content_type: str = "application/json", length: int | None = None
) -> bytes:
    """A plain answer; `length` may promise more than there is."""
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\n"
    promised = len(body) if length is None else length
    return f"{head}Content-Length: {promised}\r\nConnection: close\r\n\r\n".encode() + body


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while _HEADERS_END not in data:
        chunk = connection.recv(_READ_BYTES)
        if not chunk:
            return data
        data += chunk
    head, _, body = data.partition(_HEADERS_END)
    expected = _content_length(head)
    while len(body) < expected:
        body += connection.recv(_READ_BYTES)
    return head + _HEADERS_END + body


def _content_length(head: bytes) -> int:
    lines = (line.partition(b":") for line in head.lower().splitlines())
    return next((int(value) for name, _, value in lines if name == b"content-length"), 0)
