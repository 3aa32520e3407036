"""Start what the environment does not name, hand out the addresses, stop it again."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from connector_site.lib.local_servers import broker, postgresql
from connector_site.lib.local_servers.account import ServerAccount, server_account
from connector_site.lib.local_servers.binaries import find_broker, find_postgresql
from connector_site.lib.local_servers.errors import DirectoryBusyError, LocalServersError
from connector_site.lib.local_servers.leftovers import remove_files_in
from connector_site.lib.local_servers.processes import stop

DATABASE_NAME = "ml_connector"
# unix(7): sun_path holds 108 bytes including the closing zero on Linux, 104 elsewhere.
LONGEST_SOCKET_PATH_BYTES = 103
LONGEST_SOCKET_NAME = f".s.PGSQL.{postgresql.PORT}.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUrls:
    """Where the servers are, and which of them were started here."""

    database_url: str
    redis_url: str
    database_is_ours: bool
    broker_is_ours: bool
    logs_directory: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """Folders of one run. `area` is the data directory, or its stand-in where the server account may enter."""

    area: Path
    sockets: Path
    logs: Path


@contextlib.contextmanager
def running(
    data_directory: Path, *, durable: bool = True, fresh: bool = False, environment: Mapping[str, str] | None = None
) -> Iterator[ServerUrls]:
    """PostgreSQL and a broker for the length of the block.

    A server named by DATABASE_URL or REDIS_URL in `environment` (default: the process environment) is used as it is.
    `durable=False` trades safety against a machine crash for speed; `fresh` empties what was started here.
    """
    known = os.environ if environment is None else environment
    database_url, redis_url = known.get("DATABASE_URL", ""), known.get("REDIS_URL", "")
    with contextlib.ExitStack() as stack:
        data_directory = data_directory.absolute()
        data_directory.mkdir(parents=True, exist_ok=True)
        stack.enter_context(_lock(data_directory))
        account = server_account()
        if not (database_url and redis_url):
            places = _make_places(data_directory, account)
            stack.callback(_remove_sockets, places, data_directory)
        if not database_url:
            database_url = _start_postgresql(stack, places, account, durable=durable, fresh=fresh)
        if not redis_url:
            redis_url = _start_broker(stack, places, account, durable=durable, fresh=fresh)
        yield ServerUrls(
            database_url=database_url,
            redis_url=redis_url,
            database_is_ours=not known.get("DATABASE_URL"),
            broker_is_ours=not known.get("REDIS_URL"),
            logs_directory=data_directory / "logs",
        )


@contextlib.contextmanager
def _lock(data_directory: Path) -> Iterator[None]:
    """Hold the data directory. The kernel lets go when we end, however we end, so this lock is never stale."""
    with (data_directory / "supervisor.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise DirectoryBusyError(
                f"{data_directory} is in use by another run (process {lock.read().strip() or 'unknown'}). "
                "Wait for it or stop it, or give this run a data directory of its own."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
        lock.truncate(0)


def _make_places(data_directory: Path, account: ServerAccount) -> _Places:
    area = data_directory
    if not account.can_enter(area):
        # Only root gets here: a checkout under a private folder, such as /root, is closed to the server's account.
        name = hashlib.sha256(os.fspath(data_directory).encode()).hexdigest()[:12]
        area = _private_folder_of_root(Path(tempfile.gettempdir()) / f"ml-connector-{name}")
    _forget_short_sockets(data_directory)
    sockets = area / "sockets"
    if len(os.fsencode(sockets / LONGEST_SOCKET_NAME)) > LONGEST_SOCKET_PATH_BYTES:
        sockets = Path(tempfile.mkdtemp(prefix="ml-connector-", dir="/tmp"))
        (data_directory / "short-sockets").write_text(os.fspath(sockets))
    account.own(sockets)
    remove_files_in(sockets)
    return _Places(area=area, sockets=sockets, logs=data_directory / "logs")


def _private_folder_of_root(folder: Path) -> Path:
    """A folder in a place where everybody may write: it must be a real folder of ours, not one laid there for us."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o755)
    if folder.is_symlink() or not folder.is_dir() or folder.stat().st_uid != os.geteuid():
        raise LocalServersError(f"{folder} exists and belongs to somebody else. Remove it and start again.")
    return folder


def _forget_short_sockets(data_directory: Path) -> None:
    """Remove the temporary socket folder of this or an earlier run."""
    note = data_directory / "short-sockets"
    if note.exists():
        shutil.rmtree(note.read_text().strip(), ignore_errors=True)
        note.unlink()


def _remove_sockets(places: _Places, data_directory: Path) -> None:
    remove_files_in(places.sockets)
    _forget_short_sockets(data_directory)


def _start_postgresql(
    stack: contextlib.ExitStack, places: _Places, account: ServerAccount, *, durable: bool, fresh: bool
) -> str:
    cluster = postgresql.Cluster(
        binaries=find_postgresql(account=account, copy_to=places.area / "binaries"),
        account=account,
        data_directory=places.area / "postgresql",
        socket_directory=places.sockets,
        log_path=places.logs / "postgresql.log",
    )
    postgresql.prepare(cluster)
    stack.callback(stop, postgresql.start_cluster(cluster, durable=durable))
    postgresql.make_database(cluster, DATABASE_NAME, fresh=fresh)
    return cluster.url(DATABASE_NAME)


def _start_broker(
    stack: contextlib.ExitStack, places: _Places, account: ServerAccount, *, durable: bool, fresh: bool
) -> str:
    server = broker.Broker(
        server=find_broker(account=account, copy_to=places.area / "binaries"),
        account=account,
        data_directory=places.area / "valkey",
        socket_path=places.sockets / "valkey.sock",
        log_path=places.logs / "valkey.log",
    )
    broker.prepare(server, fresh=fresh)
    stack.callback(stop, broker.start_broker(server, durable=durable))
    return server.url
