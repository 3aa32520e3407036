"""The two stand-ins as processes of their own, reached over HTTP only, and a customer's company in them."""

import contextlib
import html
import os
import re
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 20
Found = TypeVar("Found")


def _session() -> requests.Session:
    """One that does not look through the environment for proxies at each of the many thousand calls."""
    session = requests.Session()
    session.trust_env = False
    return session


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """One running stand-in."""

    address: str
    session: requests.Session = field(default_factory=_session)

    def control(self, method: str, path: str, body: object = None) -> Any:
        """A call of the control API; fails loudly."""
        answer = self.session.request(method, f"{self.address}/sandbox/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def calls(self, operation: str = "") -> list[dict[str, Any]]:
        """The outside calls that were logged, oldest first."""
        query = f"?operation={operation}&limit=1000" if operation else "?limit=1000"
        found: list[dict[str, Any]] = self.control("GET", f"calls{query}")["calls"]
        return found


def free_port() -> int:
    """A port that was free a moment ago."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(name: str) -> Iterator[StandIn]:
    """Start a stand-in and stop it at the end."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "sandbox", name, "--port", str(port)]
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("EXACT_", "UPS_", "PUBLIC_"))}
    with subprocess.Popen(  # noqa: S603  our own command line with fixed arguments
        command, cwd=ROOT, env=bare, stdout=subprocess.DEVNULL
    ) as process:
        try:
            _wait_until_up(address, process)
            yield StandIn(address=address)
        finally:
            process.terminate()


def _wait_until_up(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the stand-in at {address} ended"
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(f"{address}/sandbox/health", timeout=2).ok:
                return
        time.sleep(0.05)
    raise AssertionError(f"nothing answered at {address}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A company in the Exact stand-in, with the control calls a test needs."""

    exact: StandIn
    facts: dict[str, Any]

    @property
    def division(self) -> int:
        """Its number."""
        return int(self.facts["division"])

    def method(self, code: str) -> uuid.UUID:
        """The id of a shipping method."""
        return uuid.UUID(next(row["id"] for row in self.facts["shipping_methods"] if row["code"] == code))

    def account_in(self, country: str) -> dict[str, Any]:
        """A customer of this country."""
        found: dict[str, Any] = next(row for row in self.facts["accounts"] if row["country"].strip() == country)
        return found

    def item_with_weight(self) -> dict[str, Any]:
        """An item that has a weight."""
        found: dict[str, Any] = next(row for row in self.facts["items"] if row["net_weight"])
        return found

    def item_without_weight(self) -> dict[str, Any]:
        """The item that has none."""
        found: dict[str, Any] = next(row for row in self.facts["items"] if not row["net_weight"])
        return found

    def book(self, **wishes: Any) -> str:
        """Book one delivery and return its entry id."""
        body = {
            "account_id": self.account_in("NL")["id"],
            "shipping_method_id": str(self.method("UPSSTD")),
            "lines": [{"item_id": self.item_with_weight()["id"], "quantity": 2}],
            **wishes,
        }
        booked = self.exact.control("POST", f"companies/{self.division}/deliveries", body)
        return str(booked["deliveries"][0]["EntryID"])

    def delivery(self, entry_id: str) -> dict[str, Any]:
        """The delivery as it stands in Exact."""
        found: dict[str, Any] = self.exact.control("GET", f"companies/{self.division}/deliveries/{entry_id}")
        return found

    def record(self, resource: str, key: str) -> dict[str, Any]:
        """Every property of a record."""
        found: dict[str, Any] = self.exact.control("GET", f"companies/{self.division}/records/{resource}/{key}")
        return found

    def make(self, resource: str, **properties: Any) -> str:
        """Make a record as a person would; returns its id."""
        made = self.exact.control("POST", f"companies/{self.division}/records/{resource}", properties)
        return str(made["ID"])

    def change(self, resource: str, key: str, **properties: Any) -> None:
        """Change a record as a person in Exact's own screens would."""
        self.exact.control("PATCH", f"companies/{self.division}/records/{resource}/{key}", properties)


def consent(authorize_url: str, company: Company, *, allow: bool = True) -> dict[str, str]:
    """Walk Exact's consent page as a person would; returns what the redirect carries."""
    user_id = str(company.facts["user_id"])
    form = [
        ("user_id", user_id),
        ("division", str(company.division)),
        ("decision", "allow" if allow else "refuse"),
    ]
    page = requests.get(authorize_url, params={"signed_in": user_id}, timeout=10)
    page.raise_for_status()
    action = re.findall(r'<form method="post" action="([^"]+)"', page.text)
    assert action, page.text
    target = urljoin(authorize_url, html.unescape(action[0]))
    answer = requests.post(target, data=form, timeout=10, allow_redirects=False)
    assert answer.is_redirect, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def poll(find: Callable[[], Found], *, seconds: float, pause_seconds: float = 0.02) -> Found:
    """Ask again and again until something is found or the time is over; then the last answer."""
    deadline = time.monotonic() + seconds
    while True:
        found = find()
        if found or time.monotonic() > deadline:
            return found
        time.sleep(pause_seconds)
