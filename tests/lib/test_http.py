"""What a failed call proves: not one byte left, or nobody knows. The difference between a second try and a twin."""

import itertools
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from connector_site.lib import http
from connector_site.lib.http import AnswerLost, NeverSent, Reply, Timeouts, new_session, send
from tests.lib.rawserver import Behaviour, answer, hang_after, reset_after, say, serving, serving_handshake

QUICK = Timeouts(connect_seconds=0.3, read_seconds=0.3, total_seconds=0.6)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with closing(new_session()) as made:
        yield made


def post(session: requests.Session, url: str, *, timeouts: Timeouts = QUICK) -> Reply:
    return send(session, "POST", url, headers={"X-Ours": "1"}, body=b"{}", timeouts=timeouts)


def free_port() -> int:
    """Nobody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def test_a_whole_answer_is_a_reply_whatever_its_status(session: requests.Session) -> None:
    with serving(say(answer(503, b"busy", headers="Retry-After: 7\r\n"))) as server:
        reply = post(session, server.url)

    assert (reply.status, reply.body, reply.headers["retry-after"]) == (503, b"busy", "7")
    assert reply.duration_ms >= 0
    assert len(server.requests) == 1
    assert server.requests[0].startswith(b"POST /path HTTP/1.1\r\n")
    assert b"X-Ours: 1" in server.requests[0]


def test_a_refused_connection_proves_that_nothing_was_sent(session: requests.Session) -> None:
    with pytest.raises(NeverSent):
        post(session, f"http://127.0.0.1:{free_port()}/")


def test_a_name_that_nobody_knows_proves_that_nothing_was_sent(
    session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(NeverSent):
        post(session, "http://nowhere.invalid/")


def test_a_connection_that_is_not_made_in_time_proves_that_nothing_was_sent(session: requests.Session) -> None:
    """The queue of this listener is full, so that further connections are neither taken nor refused."""
    with socket.socket() as listener, closing_all([socket.socket() for _ in range(4)]) as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fill(listener, waiting)
        with pytest.raises(NeverSent):
            post(session, f"http://127.0.0.1:{listener.getsockname()[1]}/")


class closing_all:  # noqa: N801  used like contextlib.closing
    """Close every one of these at the end."""

    def __init__(self, sockets: list[socket.socket]) -> None:
        self.sockets = sockets

    def __enter__(self) -> list[socket.socket]:
        return self.sockets

    def __exit__(self, *_: object) -> None:
        for one in self.sockets:
            one.close()


def fill(listener: socket.socket, waiting: list[socket.socket]) -> None:
    """Begin as many connections as the listener's queue holds, and some more."""
    for one in waiting:
        one.setblocking(False)
        one.connect_ex(listener.getsockname())


@pytest.mark.parametrize(
    "behave",
    [say(b"this is no TLS\r\n\r\n"), say(b"HTTP/1.1 400 Bad Request\r\n\r\n")],
    ids=["other words", "plain HTTP"],
)
def test_a_handshake_that_fails_proves_that_nothing_was_sent(session: requests.Session, behave: Behaviour) -> None:
    with serving_handshake(behave) as server, pytest.raises(NeverSent):
        post(session, f"https://127.0.0.1:{server.port}/")


def own_certificate(folder: Path) -> ssl.SSLContext:
    """A certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    encoded = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / "certificate.pem"
    path.write_bytes(certificate.public_bytes(Encoding.PEM) + encoded)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_a_certificate_that_nobody_vouches_for_proves_that_nothing_was_sent(
    session: requests.Session, tmp_path: Path
) -> None:
    context = own_certificate(tmp_path)
    received: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as encrypted:
            received.append(encrypted.recv(100))

    with serving(behave, read=lambda _: b"") as server, pytest.raises(NeverSent):
        post(session, f"https://127.0.0.1:{server.port}/")

    assert received == []


@pytest.mark.parametrize(
    "behave",
    [
        reset_after(),
        say(),
        reset_after(HEAD),
        hang_after(),
        hang_after(HEAD + b"Content-Length: 10\r\n\r\n12345"),
        say(HEAD + b"Content-Length: 10\r\n\r\n12345"),
        reset_after(HEAD + b"Content-Length: 10\r\n\r\n12345"),
        say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"),
        say(b"\x00\x01\x02 no protocol at all\r\n\r\n"),
    ],
    ids=[
        "reset",
        "closed without a word",
        "reset in the headers",
        "silence",
        "silence in the body",
        "half a body",
        "reset in the body",
        "chunks without an end",
        "noise",
    ],
)
def test_without_a_whole_answer_nobody_knows(session: requests.Session, behave: Behaviour) -> None:
    with serving(behave) as server, pytest.raises(AnswerLost):
        post(session, server.url)

    assert len(server.requests) == 1


def test_an_answer_that_drips_is_given_up_at_the_deadline_of_the_whole_call(session: requests.Session) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in itertools.count():
            connection.sendall(b"1\r\nx\r\n")
            time.sleep(0.05)

    began = time.monotonic()
    with serving(drip) as server, pytest.raises(AnswerLost, match="too slow"):
        post(session, server.url)

    assert time.monotonic() - began < 3


def test_an_answer_that_is_too_large_is_not_read_to_its_end(
    session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 100_000)

    with serving(say(answer(200, b"x" * 5_000_000))) as server, pytest.raises(AnswerLost, match="too large"):
        post(session, server.url)


def test_the_cap_is_twenty_megabytes() -> None:
    assert http.MAX_ANSWER_BYTES == 20 * 1024 * 1024


@pytest.mark.parametrize("location", ["{elsewhere}", "http://[", "//", ""])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(session: requests.Session, status: int, location: str) -> None:
    with serving(say(answer(200))) as elsewhere:
        target = location.format(elsewhere=elsewhere.url)
        with serving(say(answer(status, b"moved", headers=f"Location: {target}\r\n"))) as server:
            reply = post(session, server.url)

    assert (reply.status, reply.body) == (status, b"moved")
    assert (len(server.requests), elsewhere.requests) == (1, [])


def test_cookies_are_not_kept_for_the_next_customer(session: requests.Session) -> None:
    with serving(say(answer(200, headers="Set-Cookie: who=first; Path=/\r\n"))) as server:
        post(session, server.url)
        post(session, server.url)

    assert [b"Cookie" in request for request in server.requests] == [False, False]


def test_a_proxy_of_the_environment_is_not_used(session: requests.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(say(answer(200, b"proxy"))) as proxy, serving(say(answer(200, b"itself"))) as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "")
        reply = post(session, server.url)

    assert (reply.body, proxy.requests) == (b"itself", [])
