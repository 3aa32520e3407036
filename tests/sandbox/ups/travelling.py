"""Shipping, sending off and being told, as tests do."""

import queue
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

import requests
from aiohttp import web

from tests.sandbox.core.background import served
from tests.sandbox.ups.bodies import Json, changed, dutch, package
from tests.sandbox.ups.conftest import Caller, Ups

HEADERS = {"transId": "c0ffee00c0ffee00c0ffee00c0ffee00", "transactionSrc": "connector"}
HOUR = 3600
DAY = 24 * HOUR
SECONDS_TO_ARRIVE = 10
STRANGE_NUMBER = "1ZA1B2C36899999990"


def shipped_parcels(caller: Caller, *, parcels: int = 1, body: Json | None = None) -> list[str]:
    """The numbers of a new shipment."""
    order = changed(body or dutch(), {"Shipment.Package": [package("1")] * parcels})
    return [str(each["TrackingNumber"]) for each in cast("list[Json]", caller.shipped(order)["PackageResults"])]


def send_off(ups: Ups, number: str, script: str = "normal", **how: object) -> Json:
    return ups.control(f"parcels/{number}/travel", {"script": script, **how})


def advance(ups: Ups, caller: Caller, *, hours: float) -> None:
    """Jump ahead; tokens end on the way."""
    ups.control("clock", {"advance_seconds": hours * HOUR})
    caller.token = ""


def track(caller: Caller, number: str, *, kind: str = "details", query: str = "") -> requests.Response:
    return caller.call("GET", f"/api/track/v1/{kind}/{number}{query}", **HEADERS)


def subscribe(
    caller: Caller, body: object, *, version: str = "v1", kind: str = "standard", **headers: str
) -> requests.Response:
    path = f"/api/track/{version}/subscription/{kind}/package"
    return caller.call("POST", path, body, **(HEADERS | headers))


@dataclass(slots=True)
class Told:
    """A request that reached the customer."""

    headers: dict[str, str]
    body: Json


@dataclass(slots=True)
class Customer:
    """A webhook endpoint and a token endpoint on loopback."""

    pushes: queue.Queue[Told] = field(default_factory=queue.Queue)
    logins: list[tuple[str, str]] = field(default_factory=list)
    refused_tokens: set[str] = field(default_factory=set)
    answer: int = 200
    expires_in: str = "3600"
    base: str = ""

    @property
    def url(self) -> str:
        return self.base + "/hooks/ups/7c1f0c8e"

    @property
    def token_url(self) -> str:
        return self.base + "/oauth/token"

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes([web.post("/hooks/ups/7c1f0c8e", self._take), web.post("/oauth/token", self._token)])
        return app

    def next(self) -> Told:
        return self.pushes.get(timeout=SECONDS_TO_ARRIVE)

    def next_codes(self, count: int) -> list[str]:
        """The codes of the next pushes."""
        return [str(cast("Json", self.next().body["activityStatus"])["code"]) for _ in range(count)]

    def destination(self, credential: str = "secret-of-the-hook") -> Json:
        return {"url": self.url, "credentialType": "Bearer", "credential": credential}

    def order(self, *numbers: str, credential: str = "secret-of-the-hook") -> Json:
        """A v1 subscription."""
        return {
            "locale": "en_US",
            "countryCode": "NL",
            "trackingNumberList": list(numbers),
            "destination": self.destination(credential),
        }

    async def _take(self, request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token in self.refused_tokens:
            return web.Response(status=401)
        self.pushes.put(Told(headers=dict(request.headers), body=await request.json()))
        return web.Response(status=self.answer)

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        if header := request.headers.get("Authorization"):
            client_id, _, secret = b64decode(header.removeprefix("Basic ")).decode().partition(":")
            self.logins.append((client_id, secret))
        else:
            self.logins.append((str(form["client_id"]), str(form["client_secret"])))
        assert form["grant_type"] == "client_credentials"
        return web.json_response({"access_token": f"token-{len(self.logins)}", "expires_in": self.expires_in})


@contextmanager
def running_customer() -> Iterator[Customer]:
    customer = Customer()
    with served(customer.app()) as base:
        customer.base = base
        yield customer
