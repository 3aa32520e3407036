"""The rest of `make crash`: the scripted matrix, and the figures of the engine under faults."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from bench.crash.report import Promise
from bench.ground import CHECKOUT, say

MATRIX = "tests/crash"
RANDOM_RUN = "tests/crash/test_random.py"
NAMED_SERVERS = frozenset({"DATABASE_URL", "REDIS_URL"})
TEST_KEYS = {
    "SECRET_KEY": "for tests only",
    "FERNET_KEYS": "for tests only, the older one",
    "CRASH_MATRIX": "full",
}
"""What the tests are run with; every pair of the matrix, not the small form of `make test`."""


def matrix(data_directory: Path) -> Promise:
    """`kill -9` at every boundary crossed with every answer of UPS, on servers of their own."""
    say("The crash matrix: every boundary, every answer")
    folder = (data_directory / "matrix").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    results = folder / "results.xml"
    results.unlink(missing_ok=True)
    tests = ["-m", "pytest", "-q", MATRIX, f"--ignore={RANDOM_RUN}", f"--junitxml={results}"]
    servers = ["-m", "connector_site.lib.local_servers", "run", "--data", str(folder / "data"), "--not-durable"]
    code = _python([*servers, "--", sys.executable, *tests])
    if not results.exists():
        return Promise(measure="Crash matrix", measured=f"could not be run (exit code {code})", is_kept=False)
    return read_results(results.read_text(), is_complete=code == 0)


def read_results(text: str, *, is_complete: bool) -> Promise:
    """What pytest wrote about the cases."""
    cases = list(ET.fromstring(text).iter("testcase"))  # noqa: S314  written by our own pytest a moment ago
    failed = tuple(str(case.get("name")) for case in cases if any(part.tag in {"failure", "error"} for part in case))
    return Promise(
        measure="Crash matrix",
        measured=f"{len(cases)} cases, {len(failed)} failed",
        is_kept=is_complete and bool(cases) and not failed,
        examples=failed,
    )


def figures(data_directory: Path) -> list[Promise]:
    """The engine and the limits under faults (`bench.faults`), each with what was asked of it."""
    say("The engine and the limits under faults")
    folder = (data_directory / "figures").resolve()
    results = folder / "result.json"
    results.unlink(missing_ok=True)
    code = _python(["-m", "bench.faults", "--data", str(folder / "data"), "--json", str(results)])
    if not results.exists():
        return [Promise(measure="Figures under faults", measured=f"not measured (exit code {code})", is_kept=False)]
    return [
        Promise(
            measure=str(figure["name"]),
            measured=f"{figure['measured']} (asked: {figure['asked']})",
            is_kept=bool(figure["is_met"]),
        )
        for figure in json.loads(results.read_text())["figures"]
    ]


def _python(arguments: Sequence[str]) -> int:
    environment = {name: value for name, value in os.environ.items() if name not in NAMED_SERVERS}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=CHECKOUT, env=TEST_KEYS | environment, stdin=subprocess.DEVNULL, check=False
    )
    return done.returncode
