"""Ports of the demo: the usual ones, or the next free ones."""

import socket

import pytest

from connector_site.demo import addresses
from connector_site.demo.errors import DemoFailed


def test_a_busy_port_is_replaced_by_the_next_free_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server((addresses.HOST, 0)) as other_program:
        busy = other_program.getsockname()[1]
        monkeypatch.setattr(addresses, "USUAL_PORTS", {"web": busy, "exact": busy + 1, "ups": busy + 2})

        found = addresses.find_addresses()

    ports = [found.web_port, found.exact_port, found.ups_port]
    assert busy not in ports
    assert len(set(ports)) == 3
    assert f"Port {busy} is in use by another program; the site takes {found.web_port}." in capsys.readouterr().out
    assert found.site == f"http://127.0.0.1:{found.web_port}"


def test_no_free_port_at_all_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((addresses.HOST, 0)) as other_program:
        busy = other_program.getsockname()[1]
        monkeypatch.setattr(addresses, "USUAL_PORTS", {"web": busy, "exact": busy, "ups": busy})
        monkeypatch.setattr(addresses, "PORTS_TRIED", 1)

        with pytest.raises(DemoFailed, match=f"No free port between {busy} and {busy + 1} for the site"):
            addresses.find_addresses()
