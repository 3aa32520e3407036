"""Runs a stand-in until it is told to stop."""

import asyncio
import errno
import signal
import sys

from aiohttp import web

from sandbox.core.app import TITLE

EXIT_BUSY_PORT = 2
SHUTDOWN_SECONDS = 1.0


def run(app: web.Application, host: str, port: int) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code of the process."""
    return asyncio.run(serve(app, host, port))


async def serve(app: web.Application, host: str, port: int) -> int:
    """Like `run`, inside a running loop."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        return await _listen(runner, host=host, port=port, title=app[TITLE])
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, *, host: str, port: int, title: str) -> int:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as err:
        reason = "the port is in use" if err.errno == errno.EADDRINUSE else err.strerror
        sys.stderr.write(f"{title} cannot listen on {host}:{port}: {reason}. Choose another with --port.\n")
        return EXIT_BUSY_PORT
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stopped.set)
    sys.stdout.write(f"{title} listens on http://{host}:{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await stopped.wait()
    return 0
