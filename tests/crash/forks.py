"""Workers that can be killed at a named place, seen from the test."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit, urlunsplit

from django.db import connection

ROOT = Path(__file__).resolve().parent.parent.parent
KILLED = -signal.SIGKILL


@dataclass(frozen=True, slots=True, kw_only=True)
class Trap:
    """Where a worker dies: before or after the n-th call of the function `at`, by its dotted name where it is used.

    `within` counts calls inside another function only, `since` only those after another one has ended. "After" holds
    whether the function returned or raised.
    """

    at: str
    when: str = "after"
    nth: int = 1
    within: str = ""
    since: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a worker ended, and what its task returned."""

    was_killed: bool
    told: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Zygote:
    """The running process that forks workers (`tests.crash.zygote`)."""

    orders: IO[str]
    outcomes: IO[str]

    def run(
        self,
        task: str,
        *,
        trap: Trap | None = None,
        settings: Mapping[str, Any],
        constants: Mapping[str, Mapping[str, float]] | None = None,
        **more: str,
    ) -> Outcome:
        """Let one worker live; fails where it broke instead of ending or being killed."""
        order = {
            "task": task,
            "traps": [asdict(trap)] if trap else [],
            "settings": settings,
            "constants": constants or {},
            **more,
        }
        self.orders.write(json.dumps(order) + "\n")
        self.orders.flush()
        outcome = json.loads(self.outcomes.readline())
        assert outcome["code"] in (0, KILLED), f"a worker ended with {outcome['code']}; see its traceback above"
        return Outcome(was_killed=outcome["code"] == KILLED, told=outcome["told"])


@contextlib.contextmanager
def zygote() -> Iterator[Zygote]:
    """Start the process on the test's own database, and stop it."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    database = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    environment = {**os.environ, "DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "connector_site.settings"}
    command = [sys.executable, "-m", "tests.crash.zygote"]
    with subprocess.Popen(  # noqa: S603  our own
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert json.loads(process.stdout.readline()) == {"ready": True}
        yield Zygote(orders=process.stdin, outcomes=process.stdout)
        process.stdin.close()
        process.wait(timeout=10)
