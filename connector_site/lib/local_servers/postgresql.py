"""One PostgreSQL cluster: make it, start it in the foreground as our child, make the database."""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from connector_site.lib.local_servers.account import ServerAccount
from connector_site.lib.local_servers.binaries import PostgresqlBinaries
from connector_site.lib.local_servers.errors import LocalServersError
from connector_site.lib.local_servers.leftovers import end_servers_in
from connector_site.lib.local_servers.processes import Child, start, wait_until

OWNER = "postgres"
# The number only names the socket file: the server listens on no network address.
PORT = 5432
START_TIMEOUT_SECONDS = 60
# Line of postmaster.pid that says "ready" once connections are taken (LOCK_FILE_LINE_PM_STATUS in miscadmin.h).
STATUS_LINE = 8
ALWAYS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",  # our statements are short: compiling them costs more than it saves
}
# For data nobody will miss: a killed server forgets its last moments, and after a crash of the machine all may be lost.
NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
# For psql, which fills in `name` and quotes it: CREATE DATABASE has no IF NOT EXISTS.
DROP_DATABASE = 'DROP DATABASE IF EXISTS :"name" WITH (FORCE);\n'
MAKE_DATABASE = """
SELECT format('CREATE DATABASE %I', :'name') WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name')
\\gexec
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    binaries: PostgresqlBinaries
    account: ServerAccount
    data_directory: Path
    socket_directory: Path
    log_path: Path

    def url(self, database: str) -> str:
        return f"postgresql://{OWNER}@/{database}?host={quote(os.fspath(self.socket_directory), safe='')}"


def prepare(cluster: Cluster) -> None:
    """Leave a stopped, whole cluster of the right version in the data directory."""
    end_servers_in(cluster.data_directory)
    version_path = cluster.data_directory / "PG_VERSION"
    if not version_path.exists():
        _initialise(cluster)
    found, ours = version_path.read_text().strip(), str(cluster.binaries.major_version)
    if found != ours:
        raise LocalServersError(
            f"{cluster.data_directory} was made by PostgreSQL {found}, and the server found here is version {ours}, "
            "which cannot read it. If nothing in it matters, remove that folder and start again; it is made anew."
        )
    # No server works here (checked above), so a lock file is stale even when its number belongs to somebody else now.
    (cluster.data_directory / "postmaster.pid").unlink(missing_ok=True)


def _initialise(cluster: Cluster) -> None:
    """Make the cluster beside its place and move it there whole: initdb writes PG_VERSION long before its end."""
    unfinished = cluster.data_directory.with_name(f"{cluster.data_directory.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    cluster.account.own(unfinished)
    options = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions", "--no-sync"]
    finished = subprocess.run(
        [cluster.binaries.initdb, "--pgdata", unfinished, "--username", OWNER, *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        cwd=unfinished,
        **cluster.account.popen_arguments(),
    )
    if finished.returncode != 0:
        raise LocalServersError(f"PostgreSQL could not make its data directory {unfinished}:\n{finished.stderr}")
    shutil.rmtree(cluster.data_directory, ignore_errors=True)
    unfinished.rename(cluster.data_directory)


def start_cluster(cluster: Cluster, *, durable: bool) -> Child:
    """Start the server and return when it takes connections. Stops by fast shutdown, also when we are killed."""
    settings = ALWAYS | {"unix_socket_directories": os.fspath(cluster.socket_directory)}
    settings |= {} if durable else NOT_DURABLE
    arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    child = start(
        "PostgreSQL",
        [cluster.binaries.server, "-D", cluster.data_directory, *arguments],
        log_path=cluster.log_path,
        account=cluster.account,
        working_directory=cluster.data_directory,
        stop_signal=signal.SIGINT,
        stop_timeout_seconds=30,
    )
    wait_until(child, lambda: _takes_connections(cluster, child), timeout_seconds=START_TIMEOUT_SECONDS)
    return child


def _takes_connections(cluster: Cluster, child: Child) -> bool:
    try:
        lines = (cluster.data_directory / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    is_written = len(lines) >= STATUS_LINE and lines[0] == str(child.process.pid)
    return is_written and lines[STATUS_LINE - 1].strip() == "ready"


def make_database(cluster: Cluster, name: str, *, fresh: bool) -> None:
    """Make the database when it is missing; with `fresh`, drop it first."""
    script = MAKE_DATABASE if not fresh else DROP_DATABASE + MAKE_DATABASE
    options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--set=name={name}"]
    server = [f"--host={cluster.socket_directory}", f"--port={PORT}", f"--username={OWNER}", "--dbname=postgres"]
    finished = subprocess.run(
        [cluster.binaries.psql, *options, *server],
        input=script,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath},
        cwd=cluster.socket_directory,
        **cluster.account.popen_arguments(),
    )
    if finished.returncode != 0:
        raise LocalServersError(f"The database {name} could not be made:\n{finished.stderr}")
