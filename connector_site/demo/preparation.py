"""What is made before the processes start: the tables, and the static files that every run of this checkout shares."""

import fcntl
import hashlib
import sys
from pathlib import Path

from connector_site.demo.configuration import Configuration
from connector_site.demo.errors import DemoFailed
from connector_site.lib.local_servers.processes import Child, start

CHECKOUT = Path(__file__).resolve().parents[2]
COLLECTED = CHECKOUT / ".local" / "static"  # STATIC_ROOT of the settings


def start_migrations(configuration: Configuration) -> Child:
    """As the owner of the tables. The checks that are skipped are made by each of the other processes."""
    return _manage(configuration, "Migrations", "migrate", "--database", "owner", "--no-input", "--skip-checks")


def collect_static_files(configuration: Configuration) -> None:
    """Compress and name the static files, once; again only when they or the installed packages changed.

    A second run waits for the first: collecting empties the folder before it fills it.
    """
    COLLECTED.parent.mkdir(exist_ok=True)
    with COLLECTED.with_name("static-files.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp, stamp_path = current_stamp(), COLLECTED.with_name("static-files.stamp")
        if COLLECTED.exists() and stamp_path.exists() and stamp_path.read_text() == stamp:
            return
        print("Compressing the static files; only when they have changed", flush=True)
        wait_for_end(_manage(configuration, "Static files", "collectstatic", "--no-input", "--clear"))
        stamp_path.write_text(stamp)


def current_stamp() -> str:
    """Changes with any static file of ours and with the installed packages."""
    digest = hashlib.sha256((CHECKOUT / "requirements.txt").read_bytes())
    for path in sorted((CHECKOUT / "static").rglob("*")):
        digest.update(f"{path} {path.stat().st_mtime_ns}".encode())
    return digest.hexdigest()


def _manage(configuration: Configuration, name: str, *arguments: str) -> Child:
    return start(
        name,
        [sys.executable, "manage.py", *arguments],
        log_path=configuration.log(arguments[0]),
        environment=configuration.environment,
    )


def wait_for_end(task: Child) -> None:
    """Until a task has done its work; raises with the end of its log when it could not."""
    if task.process.wait() != 0:
        raise DemoFailed(f"{task.name} failed. The end of {task.log_path}:\n{task.last_log_lines()}")
