"""The embedded servers, started for real: PostgreSQL and Valkey from the installed wheels."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from connector_site.lib.local_servers import LocalServersError, ServerUrls, binaries, running
from connector_site.lib.local_servers.errors import DirectoryBusyError
from connector_site.lib.local_servers.leftovers import servers_in

pytestmark = pytest.mark.slow

NOTHING_NAMED: dict[str, str] = {}
DEADLINE_SECONDS = 15


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """Where the server's account may look in; each run of pytest makes the folders of all its runs private again."""
    with tempfile.TemporaryDirectory(prefix="ml-connector-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def data_directory(open_folder: Path) -> Path:
    """One data directory for the file: making a cluster takes longer than starting one."""
    return open_folder / "data"


@contextlib.contextmanager
def started(directory: Path, *, fresh: bool = False) -> Iterator[ServerUrls]:
    with running(directory, durable=False, fresh=fresh, environment=NOTHING_NAMED) as urls:
        yield urls


def query(urls: ServerUrls, statement: str) -> object:
    with psycopg.connect(urls.database_url) as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return row[0]


def change(urls: ServerUrls, statement: str) -> None:
    with psycopg.connect(urls.database_url) as connection:
        connection.execute(statement.encode())


def broker(urls: ServerUrls) -> Redis:
    return Redis.from_url(urls.redis_url.replace("redis+socket://", "unix://"))


def run_command(directory: Path, *command: str) -> subprocess.Popen[str]:
    arguments = ["-m", "connector_site.lib.local_servers", "run", "--data", str(directory), "--not-durable", "--"]
    known = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    return subprocess.Popen(
        [sys.executable, *arguments, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=known,
        start_new_session=True,
    )


def wait_for(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def servers_of(directory: Path) -> list[int]:
    return servers_in(directory / "postgresql") + servers_in(directory / "valkey")


def test_both_servers_answer_inside_the_block_and_are_gone_after_it(data_directory: Path) -> None:
    with started(data_directory) as urls:
        assert query(urls, "SELECT current_database()") == "ml_connector"
        assert broker(urls).ping() is True
        assert len(servers_of(data_directory)) >= 2

    assert servers_of(data_directory) == []
    assert list((data_directory / "sockets").iterdir()) == []


def test_servers_named_in_the_environment_are_used_and_nothing_is_started(tmp_path: Path) -> None:
    named = {"DATABASE_URL": "postgresql://app@db.example/other", "REDIS_URL": "redis://broker.example/1"}

    with running(tmp_path / "data", environment=named) as urls:
        assert urls.environment == named
        assert (urls.database_is_ours, urls.broker_is_ours) == (False, False)

    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["supervisor.lock"]


def test_data_is_kept_from_run_to_run_and_emptied_on_request(data_directory: Path) -> None:
    count = "SELECT count(*) FROM pg_tables WHERE tablename = 'kept'"
    with started(data_directory, fresh=True) as urls:
        change(urls, "CREATE TABLE kept ()")

    with started(data_directory) as urls:
        kept = query(urls, count)
    with started(data_directory, fresh=True) as urls:
        after_fresh_start = query(urls, count)

    assert (kept, after_fresh_start) == (1, 0)


def test_a_second_run_on_the_same_folder_is_explained(data_directory: Path) -> None:
    with started(data_directory) as urls:
        with pytest.raises(DirectoryBusyError, match=f"in use by another run .process {os.getpid()}."):
            running(data_directory, environment=NOTHING_NAMED).__enter__()

        assert query(urls, "SELECT 1") == 1


def test_nothing_survives_a_killed_run_and_the_next_one_starts(data_directory: Path) -> None:
    run = run_command(data_directory, "sleep", "600")
    wait_for((data_directory / "sockets" / "valkey.sock").exists)
    wait_for(lambda: _children_named("sleep", run.pid))
    (sleeper,) = _children_named("sleep", run.pid)

    run.kill()
    run.communicate()

    wait_for(lambda: not servers_of(data_directory) and not Path(f"/proc/{sleeper}").exists())
    with started(data_directory) as urls:
        assert query(urls, "SELECT 1") == 1
        assert broker(urls).ping() is True


def _children_named(name: str, parent: int) -> list[int]:
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(child) for child in listed if Path(f"/proc/{child}/comm").read_text().strip() == name]


def test_a_start_right_after_a_kill_waits_for_the_old_servers(data_directory: Path) -> None:
    run = run_command(data_directory, "sleep", "600")
    wait_for((data_directory / "sockets" / "valkey.sock").exists)

    run.kill()
    run.communicate()
    with started(data_directory) as urls:
        assert query(urls, "SELECT 1") == 1


def test_a_killed_durable_database_keeps_what_was_committed(data_directory: Path) -> None:
    with running(data_directory, environment=NOTHING_NAMED) as urls:
        change(urls, "CREATE TABLE survives AS SELECT 41 + 1 AS answer")
        postmaster = int((data_directory / "postgresql" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(postmaster, signal.SIGKILL)
        wait_for(lambda: not servers_in(data_directory / "postgresql"))

    with running(data_directory, environment=NOTHING_NAMED) as urls:
        assert query(urls, "SELECT answer FROM survives") == 42


def test_lock_files_that_name_a_living_stranger_do_not_stop_a_start(data_directory: Path) -> None:
    with started(data_directory):
        pass
    stale = f"{os.getpid()}\n{data_directory / 'postgresql'}\n1\n5432\n\n\n\nready\n"
    for path in ("postgresql/postmaster.pid", "sockets/.s.PGSQL.5432.lock", "sockets/.s.PGSQL.5432"):
        (data_directory / path).write_text(stale)
    (data_directory / "sockets" / "valkey.sock").touch()

    with started(data_directory) as urls:
        assert query(urls, "SELECT 1") == 1
        assert broker(urls).ping() is True


def test_data_of_another_major_version_is_refused_and_left_alone(data_directory: Path) -> None:
    with started(data_directory):
        pass
    version_path = data_directory / "postgresql" / "PG_VERSION"
    ours = version_path.read_text()
    version_path.write_text("9\n")

    with pytest.raises(LocalServersError, match="was made by PostgreSQL 9"):
        running(data_directory, environment=NOTHING_NAMED).__enter__()

    assert version_path.read_text() == "9\n"
    version_path.write_text(ours)


def test_a_half_made_cluster_is_made_anew(open_folder: Path) -> None:
    unfinished = open_folder / "half-made" / "postgresql.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")

    with started(open_folder / "half-made") as urls:
        assert query(urls, "SELECT 1") == 1

    assert not unfinished.exists()
    assert servers_of(open_folder / "half-made") == []


def test_a_long_path_gets_a_short_place_for_its_sockets(data_directory: Path) -> None:
    long_directory = data_directory.parent / ("long-name-" * 10)
    shutil.rmtree(long_directory, ignore_errors=True)

    with started(long_directory) as urls:
        assert query(urls, "SELECT 1") == 1
        sockets = Path((long_directory / "short-sockets").read_text())
        assert sockets.stat().st_mode & 0o777 == 0o700

    assert not sockets.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the servers to another account")
def test_root_under_a_private_folder_starts_the_servers_elsewhere(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)

    with started(private / "data") as urls:
        assert query(urls, "SELECT current_user") == "postgres"
        elsewhere = Path(urls.redis_url.removeprefix("redis+socket://")).parents[1]
        assert not elsewhere.is_relative_to(private)
        assert private.stat().st_mode & 0o777 == 0o700

    shutil.rmtree(elsewhere)


def test_the_command_gets_the_addresses_and_its_exit_code_is_passed_on(data_directory: Path) -> None:
    script = "import os, sys; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL']); sys.exit(7)"

    run = run_command(data_directory, sys.executable, "-c", script)
    output, _ = run.communicate(timeout=DEADLINE_SECONDS)

    assert run.returncode == 7
    sockets = data_directory / "sockets"
    quoted = str(sockets).replace("/", "%2F")
    assert output == (f"postgresql://postgres@/ml_connector?host={quoted} redis+socket://{sockets}/valkey.sock\n")


def test_a_request_to_end_stops_the_command_and_both_servers(data_directory: Path) -> None:
    run = run_command(data_directory, "sleep", "600")
    wait_for(lambda: _children_named("sleep", run.pid))
    (sleeper,) = _children_named("sleep", run.pid)

    run.terminate()
    run.communicate(timeout=DEADLINE_SECONDS)

    assert run.returncode == 128 + signal.SIGTERM
    assert servers_of(data_directory) == []
    assert not Path(f"/proc/{sleeper}").exists()


def test_a_busy_folder_ends_the_command_line_with_one_plain_message(data_directory: Path) -> None:
    with started(data_directory):
        run = run_command(data_directory, "true")
        _, complaint = run.communicate(timeout=DEADLINE_SECONDS)

    assert run.returncode == 2
    assert complaint.count("\n") == 1
    assert "is in use by another run" in complaint


def test_missing_servers_are_named_with_the_way_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_package_directory", lambda _package: None)
    monkeypatch.setattr(binaries, "DEBIAN_POSTGRESQL", tmp_path)

    with pytest.raises(LocalServersError, match="apt-get install postgresql`, or set DATABASE_URL"):
        running(tmp_path / "data", environment=NOTHING_NAMED).__enter__()


@pytest.mark.skipif(not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")), reason="no PostgreSQL of Debian here")
def test_without_the_wheel_the_newest_postgresql_of_debian_is_taken(
    data_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "_package_directory", lambda _package: None)
    monkeypatch.setattr(binaries, "DEBIAN_BROKERS", (Path("/bin/true"),))
    directory = data_directory.parent / "debian"
    named = {"REDIS_URL": "redis://broker.example/1"}

    with running(directory, durable=False, environment=named) as urls:
        version = query(urls, "SHOW server_version_num")

    newest = max(int(path.name) for path in Path("/usr/lib/postgresql").iterdir())
    assert int(str(version)) // 10_000 == newest
