"""The UPS stand-in on loopback, emptied before each test, with an account in three countries."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import requests

from sandbox.ups.server import make_server
from tests.sandbox.core.background import served
from tests.sandbox.ups.bodies import Json

CLIENT, SECRET = "app-1", "secret-1"
ACCOUNTS = {"A1B2C3": "NL", "X9Y8Z7": "US", "G7H8J9": "GB"}
STRANGER = {"client_id": "app-2", "client_secret": "secret-2", "shipper_number": "S1S2S3", "country": "NL"}
TIMEOUT_SECONDS = 10


@dataclass(slots=True)
class Caller:
    """Calls as the app named in `client_id`; the token is fetched at the first need."""

    base: str
    session: requests.Session
    client_id: str = CLIENT
    secret: str = SECRET
    token: str = ""

    def fetch_token(self, **headers: str) -> requests.Response:
        return self.session.post(
            self.base + "/security/v1/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(self.client_id, self.secret),
            headers=headers,
            timeout=TIMEOUT_SECONDS,
        )

    def call(self, method: str, path: str, body: object = None, **headers: str) -> requests.Response:
        if not self.token:
            self.token = self.fetch_token().json()["access_token"]
        return self.session.request(
            method,
            self.base + path,
            json=body,
            headers={"Authorization": f"Bearer {self.token}", **headers},
            timeout=TIMEOUT_SECONDS,
        )

    def ship(self, body: object, *, version: str = "v2409") -> requests.Response:
        return self.call("POST", f"/api/shipments/{version}/ship", body)

    def shipped(self, body: object) -> Json:
        """The results of a shipment that must succeed."""
        answer = self.ship(body)
        assert answer.status_code == 200, answer.text
        results = answer.json()["ShipmentResponse"]["ShipmentResults"]
        assert isinstance(results, dict)
        return results

    def void(self, number: str, **query: str) -> requests.Response:
        prepared = requests.Request("DELETE", f"{self.base}/api/shipments/v2409/void/cancel/{number}", params=query)
        return self.call("DELETE", str(prepared.prepare().url)[len(self.base) :])

    def recover(self, version: str = "v1", /, **fields: object) -> requests.Response:
        return self.call("POST", f"/api/labels/{version}/recovery", {"LabelRecoveryRequest": {"Request": {}, **fields}})


@dataclass(slots=True)
class Ups:
    """The stand-in from outside: its control routes and callers."""

    base: str
    session: requests.Session = field(default_factory=requests.Session)

    def control(self, path: str, body: object) -> Json:
        answer = self.session.post(f"{self.base}/sandbox/{path}", json=body, timeout=TIMEOUT_SECONDS)
        assert answer.ok, answer.text
        parsed = answer.json()
        assert isinstance(parsed, dict)
        return parsed

    def read(self, path: str) -> Json:
        parsed = self.session.get(f"{self.base}/sandbox/{path}", timeout=TIMEOUT_SECONDS).json()
        assert isinstance(parsed, dict)
        return parsed

    def caller(self, client_id: str = CLIENT, secret: str = SECRET) -> Caller:
        return Caller(self.base, self.session, client_id, secret)

    def listed(self, path: str) -> list[Json]:
        """The one list in a control route's answer."""
        [found] = self.read(path).values()
        assert isinstance(found, list)
        return found

    def shipments(self, query: str = "") -> list[Json]:
        return self.listed("shipments" + query)


def code_of(answer: requests.Response) -> str:
    """The one error code of a refusal in the usual envelope."""
    [error] = answer.json()["response"]["errors"]
    return str(error["code"])


def alerts_of(answer: requests.Response) -> list[str]:
    """The codes of the alerts of a ship answer."""
    return [str(alert["Code"]) for alert in answer.json()["ShipmentResponse"]["Response"].get("Alert", [])]


@pytest.fixture(scope="session")
def ups_base() -> Iterator[str]:
    with served(make_server({})) as base:
        yield base


@pytest.fixture
def ups(ups_base: str) -> Iterator[Ups]:
    ups = Ups(ups_base)
    with ups.session:
        ups.control("reset", {})
        ups.control("clock", {"speed": 1})
        for number, country in ACCOUNTS.items():
            account = {"client_id": CLIENT, "client_secret": SECRET, "shipper_number": number, "country": country}
            ups.control("accounts", account)
        yield ups


@pytest.fixture
def caller(ups: Ups) -> Caller:
    return ups.caller()


@pytest.fixture
def stranger(ups: Ups) -> Caller:
    """Another app with another account."""
    ups.control("accounts", STRANGER)
    return ups.caller("app-2", "secret-2")
