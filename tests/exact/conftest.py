"""The Exact stand-in as a process of its own, reached over HTTP only."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import requests
from django.conf import settings as django_settings
from pytest_django import Settings

from exact import credentials
from exact.quick_store import quick_store
from tests.exact.scene import Sandbox, Scene, connected

STOP_SECONDS = 10
ENOUGH_SECONDS = 6
PUBLIC_URL = "http://127.0.0.1:9"
"""Nobody listens there: the stand-in's calls to us fail quietly."""


@pytest.fixture(scope="session")
def _sandbox_process() -> Iterator[Sandbox]:
    command = [sys.executable, "-m", "sandbox", "exact", "--port", str(_free_port())]
    environment = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:  # noqa: S603  our own
        assert process.stdout is not None
        line = process.stdout.readline()
        with requests.Session() as web:
            web.trust_env = False
            yield Sandbox(base_url=line.strip().rsplit(" ", 1)[-1], web=web)
        process.terminate()
        process.wait(STOP_SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture
def sandbox(_sandbox_process: Sandbox, settings: Settings) -> Sandbox:
    """An empty stand-in with our app registered."""
    settings.PUBLIC_URL = PUBLIC_URL
    settings.EXACT_BASE_URLS = {**django_settings.EXACT_BASE_URLS, "nl": f"{_sandbox_process.base_url}/nl"}
    app = django_settings.EXACT_APPS["nl"]
    _sandbox_process.control("POST", "reset")
    _sandbox_process.web.cookies.clear()
    _sandbox_process.control("POST", "apps", {"site": "nl", "redirect_uris": [f"{PUBLIC_URL}/exact/callback"], **app})
    return _sandbox_process


@pytest.fixture
def scene(sandbox: Sandbox, db: None) -> Scene:
    """A connected company, in a test that rolls back."""
    del db
    return connected(sandbox)


@pytest.fixture
def shared_scene(sandbox: Sandbox, transactional_db: None) -> Scene:
    """A connected company that other threads can see."""
    del transactional_db
    return connected(sandbox)


@pytest.fixture
def steady_minute() -> None:
    """Calls are counted by the clock minute: begin with enough of one left."""
    left = 60 - time.time() % 60
    if left < ENOUGH_SECONDS:
        time.sleep(left + 0.1)


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """No token or call count of an earlier test."""
    credentials.forget_kept()
    for name in quick_store().scan_iter("exact:*"):
        quick_store().delete(name)
    yield
    credentials.forget_kept()
