"""An answer that ends its connection, as the web server of the Procfile understands it."""

import socket
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpRequest
from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.http.wsgi import Response  # type: ignore[import-untyped]

from connector_site.lib.hanging_up import hang_up_after, hanging_up


@pytest.fixture
def response() -> Iterator[Response]:
    """Gunicorn's, to a caller who would keep the connection."""
    request = SimpleNamespace(method="POST", version=(1, 1), should_close=lambda: False)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Response(request, ours, Config())


def ended_by_us(environ: dict[str, Any]) -> None:
    request = HttpRequest()
    request.META = environ
    hang_up_after(request)


def application(*, hangs_up: bool) -> Callable[..., Iterable[bytes]]:
    def respond(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if hangs_up:
            ended_by_us(environ)
        start_response("401 Unauthorized", [("Content-Length", "0")])
        return [b""]

    return respond


@pytest.mark.parametrize("hangs_up", [True, False])
def test_the_connection_ends_when_the_answer_says_so(response: Response, *, hangs_up: bool) -> None:
    hanging_up(application(hangs_up=hangs_up))({}, response.start_response)

    assert response.should_close() is hangs_up
    assert ("Connection: close\r\n" in response.default_headers()) is hangs_up


def test_another_server_answers_as_ever() -> None:
    started: list[str] = []

    hanging_up(application(hangs_up=True))({}, lambda status, _headers: started.append(status))

    assert started == ["401 Unauthorized"]
