"""Two runs of one checkout at once: the folder of the static files belongs to both."""

import fcntl
import threading
from pathlib import Path

import pytest

from connector_site.demo import preparation
from connector_site.demo.addresses import Addresses
from connector_site.demo.configuration import Configuration
from connector_site.lib.local_servers import ServerUrls

PATIENCE_SECONDS = 10


def test_a_second_run_waits_until_the_first_has_collected_and_does_not_empty_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "static"
    monkeypatch.setattr(preparation, "COLLECTED", folder)
    configuration = Configuration(
        addresses=Addresses(web_port=1, exact_port=2, ups_port=3),
        servers=ServerUrls(
            database_url="", redis_url="", database_is_ours=True, broker_is_ours=True, logs_directory=tmp_path
        ),
        environment={},
        logs_directory=tmp_path,
        mailbox=tmp_path / "mails",
    )
    second = threading.Thread(target=preparation.collect_static_files, args=[configuration])

    with folder.with_name("static-files.lock").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        second.start()
        second.join(0.3)
        waited = second.is_alive()
        folder.mkdir()
        folder.with_name("static-files.stamp").write_text(preparation.current_stamp())
    second.join(PATIENCE_SECONDS)

    assert waited
    assert not second.is_alive()
    assert list(tmp_path.glob("*.log")) == []
    assert folder.is_dir()
