"""Make `.venv` and keep it as the requirement files say; quick when nothing is to be done.

Run as a file by the system's Python, before anything is there: `python3 connector_site/lib/local_environment.py`.
"""

import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
ENVIRONMENT = CHECKOUT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
STAMP = ENVIRONMENT / "installed-requirements.json"
LOG = CHECKOUT / ".local" / "logs" / "environment.log"
# Complete by itself: it repeats what requirements.txt pins for production.
REQUIREMENTS = CHECKOUT / "requirements-dev.txt"
SECONDS_BETWEEN_LINES = 2.0
# Run inside the environment: every file of every installed package is still there.
CHECK_FILES = """
import sys
from importlib.metadata import distributions
missing = [
    f"{found.metadata['Name']}: {path}"
    for found in distributions() for path in found.files or []
    if path.suffix != ".pyc" and not path.locate().exists()
]
sys.exit("\\n".join(missing[:5]) or None)
"""


class EnvironmentProblem(Exception):
    """The environment cannot be made; the message says what to do."""


def wanted_stamp() -> dict[str, str]:
    """What an environment must have been made from to be used again: the folder counts, scripts name it."""
    return {
        "requirements": hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest(),
        "python": ".".join(map(str, sys.version_info[:2])),
        "folder": str(ENVIRONMENT),
    }


def runs(arguments: Sequence[str]) -> bool:
    """True when the environment's own Python exists and ends well with these arguments."""
    try:
        return subprocess.run([PYTHON, *arguments], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def is_current() -> bool:
    try:
        return bool(json.loads(STAMP.read_text()) == wanted_stamp()) and runs(["-c", CHECK_FILES])
    except (OSError, ValueError):
        return False


def make_environment() -> None:
    print("Making the environment in .venv", flush=True)
    try:
        venv.EnvBuilder(clear=True, with_pip=True, symlinks=True).create(ENVIRONMENT)
    except (subprocess.CalledProcessError, ImportError) as error:
        version = ".".join(map(str, sys.version_info[:2]))
        raise EnvironmentProblem(
            f"Python {version} cannot make virtual environments here: its modules venv and ensurepip are not "
            f"complete. On Debian and Ubuntu: `apt-get install python3-venv` (or python{version}-venv). Then try again."
        ) from error


def install_requirements() -> bool:
    """Install with pip, which follows the user's own pip configuration, and show that it goes on."""
    total = len(re.findall(r"^[a-z0-9]", REQUIREMENTS.read_text(), flags=re.MULTILINE))
    print(f"Installing {total} packages, a minute or two the first time", flush=True)
    options = ["--require-hashes", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    command = [str(PYTHON), "-m", "pip", "install", *options, "--requirement", str(REQUIREMENTS)]
    LOG.parent.mkdir(parents=True, exist_ok=True)
    seen, shown_at = 0, time.monotonic()
    with (
        LOG.open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip,
    ):
        for line in pip.stdout or ():
            log.write(line)
            seen += line.startswith("Collecting ")
            is_last_step = line.startswith("Installing collected packages")
            if is_last_step or (line.startswith("Collecting ") and time.monotonic() - shown_at > SECONDS_BETWEEN_LINES):
                print("  unpacking" if is_last_step else f"  fetched {seen} of {total}", flush=True)
                shown_at = time.monotonic()
    return pip.returncode == 0 and runs(["-c", CHECK_FILES])


def bring_up_to_date() -> None:
    """Install over what is there; when that does not give a whole environment, make it anew once."""
    started_at = time.monotonic()
    STAMP.unlink(missing_ok=True)
    can_be_kept = runs(["-c", f"import pip, sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"])
    if not can_be_kept:
        make_environment()
    installed = install_requirements()
    if not installed and can_be_kept:
        print("The environment was damaged; making it anew", flush=True)
        make_environment()
        installed = install_requirements()
    if not installed:
        end = "\n".join(LOG.read_text().splitlines()[-20:])
        raise EnvironmentProblem(f"The packages could not be installed. The end of {LOG}:\n{end}")
    STAMP.write_text(json.dumps(wanted_stamp()))
    print(f"The environment is ready ({time.monotonic() - started_at:.0f} s)", flush=True)


def main() -> int:
    lock_path = CHECKOUT / ".local" / "environment.lock"
    lock_path.parent.mkdir(exist_ok=True)
    with lock_path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another run that is making the environment", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            if not is_current():
                bring_up_to_date()
        except EnvironmentProblem as problem:
            print(problem, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
