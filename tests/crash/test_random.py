"""`make crash` in small: our workers, killed at random, keep every promise; workers spoilt on purpose are found out."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
DATA = CHECKOUT / ".local" / "test-crash"
NAMED_SERVERS = frozenset({"DATABASE_URL", "REDIS_URL"})


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_random_kills_break_no_promise_and_a_spoilt_worker_is_found_out(tmp_path: Path) -> None:
    result = tmp_path / "result.json"

    run = subprocess.run(
        [sys.executable, "-m", "bench.crash", "--self-test", "--data", DATA, "--json", result],
        cwd=CHECKOUT,
        env={name: value for name, value in os.environ.items() if name not in NAMED_SERVERS},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    ours, hasty, naive = (each["outcome"] for each in json.loads(result.read_text())["runs"])
    assert same_run(ours) == same_run(hasty) == same_run(naive)
    assert (ours["kills"], ours["deliveries"], ours["unsettled"]) == (5, 19, {})
    assert [faults_of(each) > 0 for each in (ours, hasty, naive)] == [True, True, True]
    assert ours["findings"]["twins_ever"] == []
    assert hasty["findings"]["twins_ever"] != []
    assert naive["findings"]["twins_ever"] != []


def same_run(outcome: dict[str, Any]) -> dict[str, Any]:
    """What must be alike for two runs to be the same one: all but the mistake, and how long is waited at the end."""
    own = {"naive", "quiet_minutes", "settle_seconds", "ends_at_twins"}
    size = {name: value for name, value in outcome["size"].items() if name not in own}
    return size | {name: outcome[name] for name in ("deliveries", "kills", "acts")}


def faults_of(outcome: dict[str, Any]) -> int:
    """How many ship calls the storm hit."""
    return sum(outcome["faults"].get("ship", {}).values())
