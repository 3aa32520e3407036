"""The UPS stand-in as a process of its own, and an account of a tenant that knows it."""

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from pytest_django import Settings

from connector_site.lib.http import new_session
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.ups.makers import SHIPPER_NUMBER, make_details
from ups.accounts import AccountDetails, save_account
from ups.models import Account

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsSandbox:
    """The stand-in over HTTP."""

    url: str
    session: requests.Session

    def get(self, path: str, **params: str) -> dict[str, Any]:
        """What a control route answers."""
        answer = self.session.get(f"{self.url}/sandbox/{path}", params=params, timeout=5)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def post(self, path: str, **content: object) -> dict[str, Any]:
        """Arrange something."""
        answer = self.session.post(f"{self.url}/sandbox/{path}", json=content, timeout=5)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def calls(self, operation: str = "") -> list[dict[str, Any]]:
        """The calls it has got, oldest first."""
        params = {"operation": operation} if operation else {}
        found: list[dict[str, Any]] = self.get("calls", **params)["calls"]
        return found

    def add_account(self, details: AccountDetails, **changes: object) -> None:
        """Make UPS know this app and shipper number."""
        known = {
            "client_id": details.client_id,
            "client_secret": details.client_secret,
            "shipper_number": details.shipper_number,
            "country": details.shipper.country,
        }
        self.post("accounts", **{**known, **changes})


@pytest.fixture(scope="session")
def ups_process() -> Iterator[UpsSandbox]:
    """One process for all tests; it picks a free port itself and says which."""
    command = [sys.executable, "-m", "sandbox", "ups", "--port", str(_free_port())]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_")}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  fixed
        try:
            sandbox = UpsSandbox(url=f"http://127.0.0.1:{command[-1]}", session=new_session())
            _wait_for(sandbox, process)
            yield sandbox
        finally:
            process.terminate()


@pytest.fixture
def ups_sandbox(ups_process: UpsSandbox, settings: Settings) -> UpsSandbox:
    """The stand-in, empty, and the product told where it is."""
    ups_process.post("reset")
    settings.UPS_BASE_URLS = {"test": ups_process.url, "production": ups_process.url}
    return ups_process


@pytest.fixture
def tenant(db: None) -> Tenant:
    """A tenant without people: nobody signs in here."""
    return found()


@pytest.fixture
def account(tenant: Tenant, ups_sandbox: UpsSandbox) -> Account:
    """A tenant's account that UPS knows."""
    details = make_details(client_id=f"app-{uuid.uuid4().hex[:8]}", shipper_number=SHIPPER_NUMBER)
    ups_sandbox.add_account(details)
    return save_account(tenant.id, details)


def found(name: str = "Voorbeeld Groothandel BV") -> Tenant:
    """A tenant's bare row."""
    made = Tenant(id=uuid.uuid4(), name=name)
    with tenant_context(made.id):
        made.save(force_insert=True)
    return made


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _wait_for(sandbox: UpsSandbox, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the UPS stand-in ended by itself"
        try:
            sandbox.get("health")
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the UPS stand-in did not start")
