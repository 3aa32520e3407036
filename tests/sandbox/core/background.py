"""Serves an application on a free loopback port, on a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web

START_SECONDS = 10


@dataclass(slots=True)
class _Serving:
    app: web.Application
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    listening: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        self.listening.set()
        await self.stopped.wait()
        await runner.cleanup()


@contextmanager
def served(app: web.Application) -> Iterator[str]:
    """The address of the running application."""
    serving = _Serving(app)
    thread = threading.Thread(target=serving.run, daemon=True)
    thread.start()
    assert serving.listening.wait(START_SECONDS)
    try:
        yield f"http://127.0.0.1:{serving.port}"
    finally:
        serving.loop.call_soon_threadsafe(serving.stopped.set)
        thread.join(START_SECONDS)
