"""Have a Chromium for the browser tests: the one installed, or Debian's when we may install it. Never fails a run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
LOG = Path(".local/logs/browser.log")
LEFT_OUT = (
    "No Chromium was found: the browser tests will be left out (marked `browser`; listed at the end of the run). "
    "To have them run: `apt-get install chromium`."
)


def installed_browser() -> str | None:
    return next((path for path in map(shutil.which, NAMES) if path), None)


def install() -> bool:
    """Debian's own package, with one line per long step."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    steps = (
        ("Reading the list of packages", ["apt-get", "update"]),
        (
            "Installing Chromium for the browser tests, about a minute",
            ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"],
        ),
    )
    with LOG.open("wb") as log:
        for line, command in steps:
            print(line, flush=True)
            ended = subprocess.run(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
            )
            if ended.returncode != 0:
                print(f"`{' '.join(command)}` failed, see {LOG}", flush=True)
                return False
    return True


def main() -> int:
    if installed_browser():
        return 0
    may_install = os.geteuid() == 0 and shutil.which("apt-get")
    if not (may_install and install()):
        print(LEFT_OUT, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
