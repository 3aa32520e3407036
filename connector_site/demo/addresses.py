"""Where everything listens: the usual port, or the next free one."""

import socket
from dataclasses import dataclass

from connector_site.demo.errors import DemoFailed

HOST = "127.0.0.1"
USUAL_PORTS = {"web": 8700, "exact": 8701, "ups": 8702}
NAMES = {"web": "the site", "exact": "the Exact sandbox", "ups": "the UPS sandbox"}
PORTS_TRIED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    web_port: int
    exact_port: int
    ups_port: int

    @property
    def site(self) -> str:
        return f"http://{HOST}:{self.web_port}"

    @property
    def exact(self) -> str:
        return f"http://{HOST}:{self.exact_port}"

    @property
    def ups(self) -> str:
        return f"http://{HOST}:{self.ups_port}"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do: a port just left is free
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def find_addresses() -> Addresses:
    """The usual ports where they are free. Says which ones were not."""
    taken: dict[str, int] = {}
    for name, usual in USUAL_PORTS.items():
        candidates = range(usual, usual + PORTS_TRIED)
        port = next((each for each in candidates if each not in taken.values() and _is_free(each)), None)
        if port is None:
            raise DemoFailed(f"No free port between {usual} and {usual + PORTS_TRIED} for {NAMES[name]}.")
        if port != usual and usual not in taken.values():
            print(f"Port {usual} is in use by another program; {NAMES[name]} takes {port}.", flush=True)
        taken[name] = port
    return Addresses(web_port=taken["web"], exact_port=taken["exact"], ups_port=taken["ups"])
