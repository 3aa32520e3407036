"""Real processes race for one chain of tokens: one renews, none spends a token twice."""

import hashlib
import os
import subprocess
import sys
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from exact import grants
from tests.exact.scene import Scene

PROCESSES = 3
WAIT_SECONDS = 30

pytestmark = pytest.mark.slow


def environment() -> dict[str, str]:
    """As ours, on the test database."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    database = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    return {**os.environ, "DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "connector_site.settings"}


def race(scene: Scene) -> list[str]:
    """What so many processes get that ask at the same moment."""
    command = [sys.executable, "-m", "tests.exact.token_racer", str(scene.grant_id), f"{scene.sandbox.base_url}/nl"]
    running = [
        subprocess.Popen(  # noqa: S603  our own
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
        )
        for _ in range(PROCESSES)
    ]
    said = [process.stdout.readline() for process in running if process.stdout]
    assert said == ["ready\n"] * PROCESSES
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate(timeout=WAIT_SECONDS)[0] for process in running]


def test_processes_that_find_an_old_token_renew_it_once(shared_scene: Scene) -> None:
    shared_scene.age_tokens(600)

    results = race(shared_scene)

    token = grants.pair_of(shared_scene.grant).access
    digest = hashlib.sha256(token.reveal().encode()).hexdigest()
    assert [call["status"] for call in shared_scene.sandbox.calls("oauth2/token")] == [200]
    assert digest in results
    assert set(results) <= {digest, "refresh_under_way"}
    assert shared_scene.grant.generation == 2
