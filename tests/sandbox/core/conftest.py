"""A tiny stand-in with one operation that counts how often it took effect."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import requests
from aiohttp import web

from sandbox.core.answers import json_answer
from sandbox.core.app import make_app
from sandbox.core.calllog import CallLog
from sandbox.core.clock import Clock
from sandbox.core.faults import FaultScript
from sandbox.core.watch import TENANT_HINT
from tests.sandbox.core.background import served


@dataclass(slots=True)
class Counter:
    """The stand-in from outside, with a look at its effects."""

    base: str = ""
    session: requests.Session = field(default_factory=requests.Session)
    effects: list[str] = field(default_factory=list)

    async def count(self, request: web.Request) -> web.Response:
        self.effects.append(await request.text())
        request[TENANT_HINT] = "client-1"
        return json_answer({"effects": len(self.effects), "rows": [{"GraphicImage": "A" * 2000}]})

    def call(self) -> requests.Response:
        """The one operation."""
        return self.session.post(self.base + "/count", json={"refresh_token": "secret-refresh-token"}, timeout=5)

    def order(self, **fault: object) -> requests.Response:
        """A fault for the one operation."""
        return self.session.post(self.base + "/sandbox/faults", json={"operation": "count", **fault}, timeout=5)

    def get(self, path: str) -> dict[str, object]:
        """A control route's answer."""
        answer = self.session.get(self.base + path, timeout=5).json()
        assert isinstance(answer, dict)
        return answer

    def calls(self) -> list[dict[str, object]]:
        """The call log."""
        calls = self.get("/sandbox/calls")["calls"]
        assert isinstance(calls, list)
        return calls


async def moved(request: web.Request) -> web.Response:
    del request
    raise web.HTTPFound("/elsewhere")


@pytest.fixture
def counter() -> Iterator[Counter]:
    counter = Counter()
    app = make_app("Counter", Clock(), CallLog(), FaultScript())
    app.router.add_post("/count", counter.count, name="count")
    app.router.add_get("/moved", moved, name="moved")
    with served(app) as base, counter.session:
        counter.base = base
        yield counter
