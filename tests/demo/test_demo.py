"""`make demo ONCE=1`, whole: every process started, a customer connected, a delivery shipped, told of, closed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from connector_site.demo.stages import SHIPPING, TRAVEL

CHECKOUT = Path(__file__).resolve().parents[2]
DATA = CHECKOUT / ".local" / "test-demo"
STAGE = re.compile(r"^ +([0-9.]+) s  (.+?)(?: \(told by (.+)\))?$", re.MULTILINE)
NAMED_SERVERS = frozenset({"DATABASE_URL", "REDIS_URL"})


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_one_delivery_goes_all_the_way_and_nothing_stays_behind() -> None:
    before = {process.pid for process in psutil.process_iter()}

    demo = subprocess.run(
        [sys.executable, "-m", "connector_site.demo", "--data", DATA, "--once"],
        cwd=CHECKOUT,
        env={name: value for name, value in os.environ.items() if name not in NAMED_SERVERS},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (demo.returncode, demo.stderr) == (0, "")
    reached = STAGE.findall(demo.stdout)
    assert tuple(name for _, name, _ in reached[: len(SHIPPING)]) == SHIPPING
    assert sorted(name for _, name, _ in reached[len(SHIPPING) :]) == sorted(TRAVEL)
    assert reached[-1][1] == "closed"
    sources = {name: told_by for _, name, told_by in reached}
    assert "a push" in sources["parcel 1 delivered"]
    assert "a push" not in sources["parcel 2 delivered"]
    number = re.search(r"^Exact shows tracking number (1Z[0-9A-Z]{16})$", demo.stdout, re.MULTILINE)
    assert number
    assert re.search(
        rf"^Exact shows in the remarks: \[UPS\] Delivered .* {number[1]} .*/track/", demo.stdout, re.MULTILINE
    )
    assert re.search(
        rf"^  with the file \S*{number[1]}-[0-9]{{8}}-[0-9]{{4}}\.pdf, [1-9][0-9]* kB$", demo.stdout, re.MULTILINE
    )
    assert re.search(
        r"^The receiver's page: http://127\.0\.0\.1:[0-9]+/track/[0-9a-f-]{36}$", demo.stdout, re.MULTILINE
    )
    assert started_since(before) == []


def started_since(before: set[int]) -> list[str]:
    """Processes of the demo's folder that are still there."""
    found = []
    for process in psutil.process_iter(["pid", "environ", "cmdline"]):
        environment = process.info["environ"] or {}
        is_ours = str(DATA) in environment.get("DATABASE_URL", "").replace("%2F", "/")
        is_ours = is_ours or str(DATA) in " ".join(process.info["cmdline"] or [])
        found += [str(process.info["cmdline"])] if is_ours and process.info["pid"] not in before else []
    return found
