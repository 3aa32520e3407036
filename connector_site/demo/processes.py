"""The processes of the demo, those of the Procfile in a small size, and the two stand-ins."""

import sys
from collections.abc import Callable

import requests
from redis import Redis

from connector_site.demo.addresses import HOST
from connector_site.demo.configuration import Configuration
from connector_site.lib.local_servers.processes import Child, start, wait_until

CELERY = (sys.executable, "-m", "celery", "--app", "connector_site.celery:app")
START_TIMEOUT_SECONDS = 60
ANSWER_TIMEOUT_SECONDS = 2
WORKER_PROCESSES = 2
WORKER_STOP_SECONDS = 20


def start_stand_ins(configuration: Configuration) -> list[Child]:
    ports = {"exact": configuration.addresses.exact_port, "ups": configuration.addresses.ups_port}
    return [
        start(
            f"The {name} sandbox",
            [sys.executable, "-m", "sandbox", name, "--port", str(port)],
            log_path=configuration.log(f"sandbox-{name}"),
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
        log_path=configuration.log(name),
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
