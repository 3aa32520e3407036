"""A client against a scripted server, and what it told its observer and its token source."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from connector_site.lib.http import new_session
from connector_site.lib.outside_calls import OutsideCall
from tests.ups.makers import TokensInHand, error_body, make_body
from tests.ups.rawserver import RawServer, http_answer, raw_server
from ups.client import UpsClient
from ups.errors import UpsError
from ups.shipping import ShipmentAnswer

T = TypeVar("T")
HTML = b"<html><body>Bad Gateway</body></html>"
NOT_FOUND = http_answer(400, error_body("9801031"))


class Bench:
    """A client against one scripted server, with what it told its observer and its token source."""

    def __init__(self, server: RawServer) -> None:
        self.calls: list[OutsideCall] = []
        self.tokens = TokensInHand()
        self.client = UpsClient(
            new_session(), self.tokens, base_url=server.url, shipper_number="A1B2C3", observe=self.calls.append
        )


def ship(*script: bytes | None) -> tuple[ShipmentAnswer | UpsError, RawServer, Bench]:
    """The outcome of one ship call, whichever it is, the server and the bench."""
    with raw_server(*script) as server:
        bench = Bench(server)
        try:
            return bench.client.ship(make_body()), server, bench
        except UpsError as error:
            return error, server, bench


def ask(question: Callable[[UpsClient], T], *script: bytes | None) -> tuple[T, RawServer, Bench]:
    with raw_server(*script) as server:
        bench = Bench(server)
        return question(bench.client), server, bench


def sent_json(request: bytes) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(request.partition(b"\r\n\r\n")[2])
    return sent


def header(request: bytes, name: str) -> str:
    lines = request.partition(b"\r\n\r\n")[0].decode().splitlines()[1:]
    found = [line.partition(": ")[2] for line in lines if line.lower().startswith(name.lower() + ":")]
    assert len(found) == 1, f"{name} is there {len(found)} times"
    return found[0]
