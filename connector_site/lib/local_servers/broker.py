"""One Valkey (or Redis) server on a unix socket, as our child."""

import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from connector_site.lib.local_servers.account import ServerAccount
from connector_site.lib.local_servers.leftovers import end_servers_in
from connector_site.lib.local_servers.processes import Child, start, wait_until

START_TIMEOUT_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    server: Path
    account: ServerAccount
    data_directory: Path
    socket_path: Path
    log_path: Path

    @property
    def url(self) -> str:
        """As Celery writes a socket address."""
        return f"redis+socket://{self.socket_path}"


def prepare(broker: Broker, *, fresh: bool) -> None:
    end_servers_in(broker.data_directory)
    if fresh:
        shutil.rmtree(broker.data_directory, ignore_errors=True)
    broker.account.own(broker.data_directory)


def start_broker(broker: Broker, *, durable: bool) -> Child:
    """Start the server and return when it answers. It writes its log to standard output."""
    settings = {
        "port": "0",
        "unixsocket": os.fspath(broker.socket_path),
        "unixsocketperm": "700",
        "dir": os.fspath(broker.data_directory),
        "appendonly": "yes" if durable else "no",
        "save": "",
        "daemonize": "no",
    }
    child = start(
        "The broker",
        [broker.server, *(part for name, value in settings.items() for part in (f"--{name}", value))],
        log_path=broker.log_path,
        account=broker.account,
        working_directory=broker.data_directory,
    )
    wait_until(child, lambda: _answers(broker.socket_path), timeout_seconds=START_TIMEOUT_SECONDS)
    return child


def _answers(socket_path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(os.fspath(socket_path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
