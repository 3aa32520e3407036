"""The processes of the demo, those of the Procfile in a small size, and the two stand-ins."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import requests
from redis import Redis

from connector_site.demo.addresses import HOST
from connector_site.demo.configuration import Configuration
from connector_site.demo.errors import DemoFailed
from connector_site.lib.local_servers.processes import Child, start, wait_until

CHECKOUT = Path(__file__).resolve().parents[2]
STATIC_FILES = CHECKOUT / ".local" / "static"  # STATIC_ROOT of the settings
CELERY = (sys.executable, "-m", "celery", "--app", "connector_site.celery:app")
START_TIMEOUT_SECONDS = 60
ANSWER_TIMEOUT_SECONDS = 2
WORKER_PROCESSES = 2
WORKER_STOP_SECONDS = 20


def start_migrations(configuration: Configuration) -> Child:
    """As the owner of the tables. The checks that are skipped are made by each of the other processes."""
    return _manage(configuration, "Migrations", "migrate", "--database", "owner", "--no-input", "--skip-checks")


def collect_static_files(configuration: Configuration) -> None:
    """Compress and name the static files, once; again only when they or the installed packages changed."""
    stamp, stamp_path = _static_files_stamp(), STATIC_FILES.with_name("static-files.stamp")
    if STATIC_FILES.exists() and stamp_path.exists() and stamp_path.read_text() == stamp:
        return
    print("Compressing the static files; only when they have changed", flush=True)
    task = _manage(configuration, "Static files", "collectstatic", "--no-input", "--clear")
    wait_for_end(task)
    stamp_path.write_text(stamp)


def _manage(configuration: Configuration, name: str, *arguments: str) -> Child:
    return start(
        name,
        [sys.executable, "manage.py", *arguments],
        log_path=_log(configuration, arguments[0]),
        environment=configuration.environment,
    )


def wait_for_end(task: Child) -> None:
    """Until a task has done its work; raises with the end of its log when it could not."""
    if task.process.wait() != 0:
        raise DemoFailed(f"{task.name} failed. The end of {task.log_path}:\n{task.last_log_lines()}")


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


def start_web(configuration: Configuration) -> Child:
    gunicorn = [sys.executable, "-m", "gunicorn", "connector_site.wsgi:application", "--worker-class", "gthread"]
    bind = f"{HOST}:{configuration.addresses.web_port}"
    return _part(configuration, "web", [*gunicorn, "--threads", "8", "--bind", bind])


def start_worker(configuration: Configuration) -> Child:
    options = ["--queues", "ship,sync,track,upkeep", "--without-gossip", "--without-mingle"]
    return _part(configuration, "worker", [*CELERY, "worker", *options, "--concurrency", str(WORKER_PROCESSES)])


def start_beat(configuration: Configuration) -> Child:
    scheduler = "django_celery_beat.schedulers:DatabaseScheduler"
    return _part(configuration, "beat", [*CELERY, "beat", "--scheduler", scheduler, "--pidfile", ""])


def _part(configuration: Configuration, name: str, command: list[str]) -> Child:
    return start(
        f"The {name} process",
        command,
        log_path=_log(configuration, name),
        environment=configuration.environment,
        stop_timeout_seconds=WORKER_STOP_SECONDS,
    )


def wait_for_stand_ins(configuration: Configuration, children: list[Child]) -> None:
    for child, address in zip(children, (configuration.addresses.exact, configuration.addresses.ups), strict=True):
        wait_until(child, _answering(f"{address}/sandbox/health"), timeout_seconds=START_TIMEOUT_SECONDS)


def wait_for_web_and_worker(configuration: Configuration, children: list[Child]) -> None:
    web, worker = children
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
