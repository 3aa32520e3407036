"""The process around a stand-in."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def start(port: int) -> subprocess.Popen[str]:
    program = f"import sys; from sandbox.ups.server import main; sys.exit(main(host='127.0.0.1', port={port}))"
    return subprocess.Popen(  # noqa: S603 - our own program with a number in it
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_process_says_where_it_listens_and_ends_cleanly(ending: signal.Signals) -> None:
    with start(0) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(ending)
        _, errors = process.communicate(timeout=10)

    assert line.startswith("UPS stand-in listens on http://127.0.0.1:")
    assert (process.returncode, errors) == (0, "")


def test_busy_port_is_one_plain_line_and_exit_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with start(port) as process:
            output, errors = process.communicate(timeout=10)

    assert (process.returncode, output) == (2, "")
    assert errors == (
        f"UPS stand-in cannot listen on 127.0.0.1:{port}: the port is in use. Choose another with --port.\n"
    )
