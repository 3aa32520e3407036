"""Who runs the servers. PostgreSQL refuses root, so root lends it an existing account without privileges."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from connector_site.lib.local_servers.errors import LocalServersError

# initdb wants an entry in the account database, so a bare number will not do (dependencies.md 4).
CANDIDATES = ("postgres", "nobody")


class PopenIdentity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAccount:
    name: str
    user_id: int
    group_id: int

    def popen_arguments(self) -> PopenIdentity:
        if os.geteuid() == self.user_id:
            return {}
        return {"user": self.user_id, "group": self.group_id, "extra_groups": []}

    def can_run(self, command: Sequence[str | Path]) -> bool:
        """True when this account, and not only we, can run the command: folders above it may be private."""
        try:
            finished = subprocess.run(
                [os.fspath(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                check=False,
                **self.popen_arguments(),
            )
        except OSError:
            return False
        return finished.returncode == 0

    def can_enter(self, directory: Path) -> bool:
        return self.can_run(["/bin/sh", "-c", 'cd "$1"', "sh", directory])

    def own(self, directory: Path) -> None:
        """Make the directory if needed, readable for this account alone."""
        directory.mkdir(mode=0o700, exist_ok=True)
        directory.chmod(0o700)
        if os.geteuid() != self.user_id:
            os.chown(directory, self.user_id, self.group_id)


def server_account() -> ServerAccount:
    """Ourselves; for root the first account of `CANDIDATES` that exists."""
    if os.geteuid() != 0:
        return ServerAccount(name=str(os.geteuid()), user_id=os.geteuid(), group_id=os.getegid())
    known = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_name in CANDIDATES}
    for name in CANDIDATES:
        if name in known:
            return ServerAccount(name=name, user_id=known[name].pw_uid, group_id=known[name].pw_gid)
    raise LocalServersError(
        "PostgreSQL does not run as root, and this machine has neither the account `postgres` nor `nobody`. "
        "Run the command as an ordinary user, or set DATABASE_URL to a PostgreSQL server that is already running."
    )
