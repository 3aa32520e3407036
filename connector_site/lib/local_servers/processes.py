"""Start a child that cannot outlive us, and stop it in an orderly way."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connector_site.lib.local_servers.account import ServerAccount
from connector_site.lib.local_servers.errors import LocalServersError

POLL_SECONDS = 0.02
# linux/prctl.h: the signal this process gets when the thread that made it ends.
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One started process and how it wants to be told to stop."""

    name: str
    process: subprocess.Popen[bytes]
    log_path: Path
    stop_signal: signal.Signals
    stop_timeout_seconds: float

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def last_log_lines(self, count: int = 15) -> str:
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-count:])


def dying_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """What the child runs between fork and exec. Linux only; elsewhere a killed parent leaves its children."""
    if not sys.platform.startswith("linux"):
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent_id = os.getpid()

    def before_exec() -> None:
        prctl(PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent_id:  # the parent ended before the signal was asked for
            os._exit(1)

    return before_exec


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    log_path: Path,
    account: ServerAccount | None = None,
    environment: Mapping[str, str] | None = None,
    working_directory: Path | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    stop_timeout_seconds: float = 15,
) -> Child:
    """Start `command` in a session of its own, so that Ctrl-C at the terminal reaches it only through us.

    Call it from a thread that lives as long as the child may: the kernel counts the thread's end as the parent's end.
    """
    log_path.parent.mkdir(parents=True, exist_ok=True)
    identity = account.popen_arguments() if account else {}
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [os.fspath(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=working_directory,
            env=None if environment is None else dict(environment),
            start_new_session=True,
            preexec_fn=dying_with_parent(stop_signal),  # noqa: PLW1509 - started before any thread exists
            **identity,
        )
    return Child(
        name=name,
        process=process,
        log_path=log_path,
        stop_signal=stop_signal,
        stop_timeout_seconds=stop_timeout_seconds,
    )


def wait_until(child: Child, is_ready: Callable[[], bool], *, timeout_seconds: float) -> None:
    """Return when the child is ready; raise with the end of its log when it ends first or takes too long."""
    deadline = time.monotonic() + timeout_seconds
    while not is_ready():
        if not child.is_running:
            raise LocalServersError(
                f"{child.name} ended while starting (exit code {child.process.returncode}). The end of its log, "
                f"{child.log_path}:\n{child.last_log_lines()}"
            )
        if time.monotonic() > deadline:
            raise LocalServersError(
                f"{child.name} was not ready within {timeout_seconds:g} seconds. The end of its log, "
                f"{child.log_path}:\n{child.last_log_lines()}"
            )
        time.sleep(POLL_SECONDS)


def stop(child: Child) -> None:
    """Ask, wait, and only then kill the whole session of the child."""
    stop_all([child])


def stop_all(children: Sequence[Child]) -> None:
    """Ask all of them at once, then wait for each, whatever happens to one of them."""
    for child in children:
        if child.is_running:
            child.process.send_signal(child.stop_signal)
    with contextlib.ExitStack() as stack:
        for child in children:
            stack.callback(_wait_and_clear_away, child)


def _wait_and_clear_away(child: Child) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.process.wait(child.stop_timeout_seconds)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, signal.SIGKILL)  # itself when it did not listen, and children it left behind
    child.process.wait()
