"""The stand-in runs for real on a loopback port, in a thread with its own event loop."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
import requests
from aiohttp import web

from sandbox.exact.server import make_server
from tests.sandbox.exact.driver import Callback, Connection, StandIn, listening_callback


@pytest.fixture(scope="session")
def _running() -> Iterator[StandIn]:
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(make_server({}), access_log=None, shutdown_timeout=0.1)

    async def start() -> int:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return int(runner.addresses[0][1])

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    port = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    with requests.Session() as session:
        yield StandIn(base_url=f"http://127.0.0.1:{port}", web=session)
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def stand_in(_running: StandIn) -> StandIn:
    """Empty: no apps, no companies, default settings; lists may be read without a filter, as in the recordings."""
    _running.control("POST", "reset")
    _running.settings(demands_filter=False)
    _running.web.cookies.clear()
    return _running


@pytest.fixture
def exact(stand_in: StandIn) -> Connection:
    """A connected company."""
    return stand_in.connect()


@pytest.fixture
def callback() -> Iterator[Callback]:
    with listening_callback() as listening:
        yield listening
