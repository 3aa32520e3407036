"""Drives the stand-in over HTTP as an app, a browser and a founder would."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic, sleep
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import requests

REDIRECT_URI = "http://127.0.0.1:8700/exact/callback"
TIMEOUT_SECONDS = 10


@dataclass
class StandIn:
    """The running process seen from outside."""

    base_url: str
    web: requests.Session

    def control(self, method: str, path: str, body: object = None) -> Any:
        answer = self.web.request(method, f"{self.base_url}/sandbox/{path}", json=body, timeout=TIMEOUT_SECONDS)
        assert answer.ok, answer.text
        return answer.json()

    def advance(self, seconds: float) -> None:
        self.control("POST", "clock", {"advance_seconds": seconds})

    def settings(self, **changes: object) -> None:
        self.control("POST", "settings", changes)

    def register(self, site: str = "nl", **more: object) -> "RegisteredApp":
        order: dict[str, object] = {
            "site": site,
            "client_id": str(uuid4()),
            "client_secret": "secret-of-the-app",
            "webhook_secret": "secret-of-the-webhooks",
            "redirect_uris": [REDIRECT_URI],
        }
        self.control("POST", "apps", order | more)
        return RegisteredApp(stand_in=self, site=site, client_id=str((order | more)["client_id"]))

    def found(self, site: str = "nl", **more: object) -> dict[str, Any]:
        return cast("dict[str, Any]", self.control("POST", "companies", {"site": site} | more))

    def connect(self, site: str = "nl", **app: object) -> "Connection":
        """App, company, consent and tokens in one go."""
        registered = self.register(site, **app)
        company = self.found(site)
        return registered.connect(company)

    def book(self, division: int, **order: object) -> dict[str, Any]:
        booked = self.control("POST", f"companies/{division}/deliveries", order)
        return cast("dict[str, Any]", booked["deliveries"][0])


@dataclass
class RegisteredApp:
    """A client registration."""

    stand_in: StandIn
    site: str
    client_id: str

    @property
    def oauth_url(self) -> str:
        return f"{self.stand_in.base_url}/{self.site}/api/oauth2"

    def authorize_query(self, **more: str) -> dict[str, str]:
        return {
            "client_id": self.client_id,
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "state": "state-1",
        } | more

    def authorize(self, company: Mapping[str, Any], *divisions: int) -> str:
        """The code that comes back when the user presses Allow."""
        answer = self.stand_in.web.post(
            f"{self.oauth_url}/auth",
            params=self.authorize_query(),
            data={
                "user_id": company["user_id"],
                "decision": "allow",
                "division": divisions or [company["division"]],
            },
            allow_redirects=False,
            timeout=TIMEOUT_SECONDS,
        )
        assert answer.status_code == 302, answer.text
        return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]

    def token(self, **form: str) -> requests.Response:
        known = {"client_id": self.client_id, "client_secret": "secret-of-the-app"}
        return self.stand_in.web.post(f"{self.oauth_url}/token", data=known | form, timeout=TIMEOUT_SECONDS)

    def exchange(self, code: str) -> requests.Response:
        return self.token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT_URI)

    def refresh(self, refresh_token: str) -> requests.Response:
        return self.token(grant_type="refresh_token", refresh_token=refresh_token)

    def connect(self, company: dict[str, Any], *divisions: int) -> "Connection":
        tokens = self.exchange(self.authorize(company, *divisions)).json()
        return Connection(app=self, company=company, tokens=tokens)


@dataclass
class Connection:
    """Tokens for one company, and the calls they allow."""

    app: RegisteredApp
    company: dict[str, Any]
    tokens: dict[str, str]

    @property
    def division(self) -> int:
        return int(self.company["division"])

    @property
    def root(self) -> str:
        return f"{self.app.stand_in.base_url}/{self.app.site}/api/v1/"

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """A call below the division; `current/Me` has none."""
        below = path if path.startswith("current/") else f"{self.division}/{path}"
        sent = {"Authorization": f"Bearer {self.tokens['access_token']}", "Accept": "application/json"}
        return self.app.stand_in.web.request(
            method,
            self.root + below,
            params=query,
            json=body,
            headers=sent | dict(headers or {}),
            timeout=TIMEOUT_SECONDS,
        )

    def get(self, path: str, **query: str | int) -> requests.Response:
        """Options without their dollar sign: `select`, `filter`, `top`."""
        return self.call("GET", path, {f"${name}": str(value) for name, value in query.items()})

    def rows(self, path: str, **query: str | int) -> list[dict[str, Any]]:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        data = answer.json()["d"]
        return cast("list[dict[str, Any]]", data if isinstance(data, list) else data["results"])

    def post(self, path: str, body: object) -> requests.Response:
        return self.call("POST", path, body=body)

    def put(self, path: str, key: str, body: object) -> requests.Response:
        return self.call("PUT", f"{path}(guid'{key}')", body=body)

    def delete(self, path: str, key: str) -> requests.Response:
        return self.call("DELETE", f"{path}(guid'{key}')")

    def book(self, **order: object) -> dict[str, Any]:
        return self.app.stand_in.book(self.division, **order)

    def subscribe(self, callback_url: str, topic: str = "GoodsDeliveries", **more: object) -> requests.Response:
        return self.post("webhooks/WebhookSubscriptions", {"Topic": topic, "CallbackURL": callback_url} | more)


@dataclass
class Callback:
    """A web address that takes notifications. `statuses` are given in turn, the last one for ever."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    statuses: list[int] = field(default_factory=lambda: [200])

    def wait_for(self, count: int, *, seconds: float = 5.0) -> list[bytes]:
        wait_until(lambda: len(self.bodies) >= count, seconds=seconds)
        return list(self.bodies)


def wait_until(is_true: Callable[[], bool], *, seconds: float = 5.0) -> None:
    deadline = monotonic() + seconds
    while not is_true():
        assert monotonic() < deadline, "it did not happen in time"
        sleep(0.005)


@contextmanager
def listening_callback() -> Iterator[Callback]:
    callback = Callback()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            status = callback.statuses[0]
            if len(callback.statuses) > 1:
                callback.statuses.pop(0)
            callback.bodies.append(body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        callback.url = f"http://127.0.0.1:{server.server_port}/hooks/exact"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield callback
        server.shutdown()
        thread.join()
