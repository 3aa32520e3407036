"""A process that forks a worker for each order: `python -m tests.crash.zygote`, orders and outcomes as JSON lines.

The product is loaded once and no connection is open, so a worker that has yet to live costs a fork. A worker may carry
a trap: at a named function it kills itself with SIGKILL. Nothing else of the product is touched; trouble of the outside
systems is theirs.
"""

import gc
import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any
from uuid import UUID

import django
from django.apps import apps
from django.conf import settings

LIFE_SECONDS = 30
"""A worker that has not ended by then hangs, and is ended."""
Wrapper = Callable[[Callable[..., Any]], Callable[..., Any]]


def main() -> None:
    """Load the product, say so, and serve orders until there are none."""
    django.setup()
    for module in (
        "syncjobs.engine",
        "syncjobs.ticks",
        "syncjobs.intake",
        "connector_site.celery",
        "kombu.transport.redis",
    ):
        importlib.import_module(module)
    for model in apps.get_models():
        str(model._base_manager.select_related().query)
    gc.collect()
    gc.freeze()
    _say({"ready": True})
    for line in sys.stdin:
        _say(_serve(json.loads(line)))


def _serve(order: dict[str, Any]) -> dict[str, Any]:
    """Fork, wait, and tell how the worker ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _live(order, writing)
    os.close(writing)
    with os.fdopen(reading) as told:
        text = told.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {"code": code, "told": json.loads(text) if text else None}


def _live(order: dict[str, Any], writing: int) -> None:
    """The worker's whole life; it never returns."""
    signal.alarm(LIFE_SECONDS)
    code = 1
    try:
        for name, value in order["settings"].items():
            setattr(settings, name, value)
        for name, value in order["constants"].items():
            owner, attribute = _place(name)
            setattr(owner, attribute, type(getattr(owner, attribute))(**value))
        for trap in order["traps"]:
            _Trap(trap)
        told = _TASKS[order["task"]](order)
        os.write(writing, json.dumps(told).encode())
        code = 0
    finally:
        if code:
            sys.excepthook(*sys.exc_info())
            sys.stderr.flush()
        os._exit(code)


def _work(order: dict[str, Any]) -> int:
    """What one beat of the clock and the workers make of it."""
    from syncjobs import engine, ticks  # noqa: PLC0415  after the settings are loaded
    from syncjobs.models import SyncJob  # noqa: PLC0415  as above

    ticks.turn_due()
    return engine.work(list(SyncJob.Queue))


def _accept(order: dict[str, Any]) -> int:
    """What the site does with a notification of Exact's; the status it answers with."""
    from syncjobs.intake import accept_exact  # noqa: PLC0415  after the settings are loaded

    return accept_exact(hook_code=UUID(order["hook"]), body=order["body"].encode())


_TASKS: dict[str, Callable[[dict[str, Any]], int]] = {"work": _work, "accept": _accept}


class _Trap:
    """Kills this process before or after the n-th call of a function, within or since another one if one is named."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._when, self._nth = order["when"], order["nth"]
        self._depth = 0 if order["within"] else 1
        self._is_since = not order["since"]
        self._seen = 0
        if order["within"]:
            _wrap(order["within"], self._within)
        if order["since"]:
            _wrap(order["since"], self._since)
        _wrap(order["at"], self._spring)

    def _within(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def entered(*args: Any, **kwargs: Any) -> Any:
            self._depth += 1
            try:
                return function(*args, **kwargs)
            finally:
                self._depth -= 1

        return entered

    def _since(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def ended(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            finally:
                self._is_since = True

        return ended

    def _spring(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def sprung(*args: Any, **kwargs: Any) -> Any:
            is_now = self._is_now()
            if is_now and self._when == "before":
                _die()
            try:
                return function(*args, **kwargs)
            finally:
                if is_now:
                    _die()

        return sprung

    def _is_now(self) -> bool:
        if not self._depth or not self._is_since:
            return False
        self._seen += 1
        return bool(self._seen == self._nth)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _wrap(name: str, wrapper: Wrapper) -> None:
    owner, attribute = _place(name)
    setattr(owner, attribute, wrapper(getattr(owner, attribute)))


def _place(name: str) -> tuple[Any, str]:
    """The module or class that holds what a dotted name names."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:-1]:
            found = getattr(found, part)
        getattr(found, parts[-1])
        return found, parts[-1]
    raise LookupError(name)


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
