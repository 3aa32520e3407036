"""The processes of the demo, as the Procfile starts them in production, and the two stand-ins."""

import contextlib
import hashlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

import requests
from redis import Redis

from connector_site.demo.addresses import HOST
from connector_site.demo.configuration import Configuration
from connector_site.demo.errors import DemoFailed
from connector_site.lib.local_servers.processes import Child, start, stop_all, wait_until

CHECKOUT = Path(__file__).resolve().parents[2]
START_TIMEOUT_SECONDS = 60
ANSWER_TIMEOUT_SECONDS = 2
WORKER_PROCESSES = 2
WORKER_STOP_SECONDS = 20


def prepare(configuration: Configuration) -> None:
    """Migrations and, when they changed, static files, at the same time; raises when one of them fails."""
    migrate = ["migrate", "--database", "owner", "--no-input"]
    started_at = time.monotonic()
    tasks = [_manage(configuration, "Migrations", *migrate)]
    stamp, stamp_path = _static_files_stamp(), CHECKOUT / ".local" / "static-files.stamp"
    if not stamp_path.exists() or stamp_path.read_text() != stamp:
        tasks.append(_manage(configuration, "Static files", "collectstatic", "--no-input", "--clear"))
    with contextlib.ExitStack() as stack:
        stack.callback(stop_all, tasks)
        for task in tasks:
            _wait_for_end(task, started_at)
    stamp_path.write_text(stamp)


def _manage(configuration: Configuration, name: str, *arguments: str) -> Child:
    return start(
        name,
        [sys.executable, "manage.py", *arguments],
        log_path=_log(configuration, arguments[0]),
        environment=configuration.environment,
    )


def _wait_for_end(task: Child, started_at: float) -> None:
    if task.process.wait() != 0:
        raise DemoFailed(f"{task.name} failed. The end of {task.log_path}:\n{task.last_log_lines()}")
    print(f"  {task.name.lower()} ready ({time.monotonic() - started_at:.1f} s)", flush=True)


def _static_files_stamp() -> str:
    """Changes with any static file of ours and with the installed packages."""
    digest = hashlib.sha256((CHECKOUT / "requirements.txt").read_bytes())
    for path in sorted((CHECKOUT / "static").rglob("*")):
        digest.update(f"{path} {path.stat().st_mtime_ns}".encode())
    return digest.hexdigest()


def start_stand_ins(configuration: Configuration) -> list[Child]:
    ports = {"exact": configuration.addresses.exact_port, "ups": configuration.addresses.ups_port}
    return [
        start(
            f"The {name} sandbox",
            [sys.executable, "-m", "sandbox", name, "--port", str(port)],
            log_path=_log(configuration, f"sandbox-{name}"),
            environment=configuration.environment,
        )
        for name, port in ports.items()
    ]


def start_product(configuration: Configuration) -> list[Child]:
    """Web, worker and beat."""
    celery = [sys.executable, "-m", "celery", "--app", "connector_site.celery:app"]
    gunicorn = [sys.executable, "-m", "gunicorn", "connector_site.wsgi:application", "--worker-class", "gthread"]
    commands = {
        "web": [*gunicorn, "--threads", "8", "--bind", f"{HOST}:{configuration.addresses.web_port}"],
        "worker": [
            *(*celery, "worker", "--queues", "ship,sync,track,upkeep", "--loglevel", "info"),
            *("--without-gossip", "--without-mingle", "--concurrency", str(WORKER_PROCESSES)),
        ],
        "beat": [
            *(*celery, "beat", "--scheduler", "django_celery_beat.schedulers:DatabaseScheduler"),
            *("--loglevel", "info", "--pidfile", ""),
        ],
    }
    return [
        start(
            f"The {name} process",
            command,
            log_path=_log(configuration, name),
            environment=configuration.environment,
            stop_timeout_seconds=WORKER_STOP_SECONDS,
        )
        for name, command in commands.items()
    ]


def wait_for_stand_ins(configuration: Configuration, children: list[Child]) -> None:
    for child, address in zip(children, (configuration.addresses.exact, configuration.addresses.ups), strict=True):
        wait_until(child, _answering(f"{address}/sandbox/health"), timeout_seconds=START_TIMEOUT_SECONDS)


def wait_for_product(configuration: Configuration, children: list[Child]) -> None:
    web, worker, _beat = children
    wait_until(web, _answering(f"{configuration.addresses.site}/health/live"), timeout_seconds=START_TIMEOUT_SECONDS)
    broker = Redis.from_url(configuration.servers.redis_url.replace("redis+socket://", "unix://"))
    wait_until(worker, lambda: _someone_waits_for_work(broker), timeout_seconds=START_TIMEOUT_SECONDS)


def _log(configuration: Configuration, name: str) -> Path:
    """A log of this run alone."""
    path = configuration.logs_directory / f"{name}.log"
    path.unlink(missing_ok=True)
    return path


def _answering(url: str) -> Callable[[], bool]:
    def answers() -> bool:
        try:
            return requests.get(url, timeout=ANSWER_TIMEOUT_SECONDS).ok
        except requests.RequestException:
            return False

    return answers


def _someone_waits_for_work(broker: Redis) -> bool:
    """A Celery worker that is ready sits in a blocking read of its queues."""
    return any(client["cmd"] == "brpop" for client in broker.client_list())
