"""What we ask for and send, checked against the published lists of each resource."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import pytest
import requests
import responses

from connector_site.lib.secrets import Secret
from exact.changes import SyncEndpoint
from exact.client import ExactClient
from exact.records import GoodsDeliveryChanges, GoodsDeliveryLineChanges, NewDocument
from exact.rights import NEEDS
from tests.exact import samples
from tests.exact.wire import BASE, make_client

pytestmark = samples.NEEDS_SPECS
ID = uuid4()
DOCUMENTED_FUNCTIONS = {"users/UserHasRights"}
"""Functions that the lists leave out; `exact.md` 4 describes them."""


@dataclass
class Recorder:
    """Keeps every request and answers each with an empty list, or with the key of what was made."""

    sent: list[requests.PreparedRequest] = field(default_factory=list)

    def __call__(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        self.sent.append(request)
        if "UserHasRights" in str(request.url):
            return 200, {}, '{"d":{"UserHasRights":true}}'
        if "current/Me" in str(request.url):
            return 200, {}, json.dumps({"d": {"results": [{"UserID": str(ID), "CurrentDivision": 1}]}})
        if request.method == "POST":
            return 201, {}, json.dumps({"d": {"ID": str(ID)}})
        return (200, {}, '{"d":{"results":[]}}') if request.method == "GET" else (204, {}, "")


def look(what: tuple[str, str], client: ExactClient) -> None:
    """Look whether a part of Exact is open."""
    client.look_at(*what)


CALLS: dict[str, Callable[[ExactClient], object]] = {
    "goods_deliveries": lambda client: client.goods_deliveries([ID]),
    "entries_of_lines": lambda client: client.entries_of_lines([ID]),
    "items": lambda client: client.items([ID]),
    "addresses": lambda client: client.addresses([ID]),
    "accounts": lambda client: client.accounts([ID]),
    "contacts": lambda client: client.contacts([ID]),
    "sales_orders": lambda client: client.sales_orders([7]),
    "warehouses": lambda client: client.warehouses(),
    "addresses_of_warehouses": lambda client: client.addresses_of_warehouses([ID]),
    "latest_goods_deliveries": lambda client: client.latest_goods_deliveries(10),
    **{f"look_at {need.what}": partial(look, need.read) for need in NEEDS if need.read},
    "shipping_methods": lambda client: client.shipping_methods(),
    "document_types": lambda client: client.document_types(),
    "documents": lambda client: client.documents([ID]),
    "documents_by_subject": lambda client: client.documents_by_subject("Proof of delivery", account_id=ID),
    "attachments_of": lambda client: client.attachments_of(ID),
    "create_document": lambda client: client.create_document(
        NewDocument(subject="s", type=55, account_id=ID, sales_order_number=7, document_date=date(2026, 5, 6))
    ),
    "create_attachment": lambda client: client.create_attachment(ID, "pod.pdf", b"%PDF"),
    "me": lambda client: client.me(),
    "divisions": lambda client: client.divisions(),
    "user_has_rights": lambda client: client.user_has_rights("salesorder/GoodsDeliveries", "PUT"),
    "subscriptions": lambda client: client.subscriptions(),
    "subscribe": lambda client: client.subscribe("GoodsDeliveries", "https://x.example/h", instant=True),
    "unsubscribe": lambda client: client.unsubscribe(ID),
    "put_goods_delivery": lambda client: client.put_goods_delivery(
        ID, GoodsDeliveryChanges(tracking_number="1Z", remarks="r", document=ID)
    ),
    "put_goods_delivery_line": lambda client: client.put_goods_delivery_line(
        ID, GoodsDeliveryLineChanges(tracking_number="1Z", notes="n")
    ),
    **{f"sync {one.name}": partial(ExactClient.sync, endpoint=one, after=1) for one in SyncEndpoint},
}


WRITES = ["put_goods_delivery", "put_goods_delivery_line", "subscribe", "create_document", "create_attachment"]


def made_by(call: Callable[[ExactClient], object]) -> list[requests.PreparedRequest]:
    """The requests that a call makes."""
    recorder = Recorder()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        for method in ("GET", "POST", "PUT", "DELETE"):
            wire.add_callback(method, re.compile(BASE), callback=recorder)
        call(make_client(Secret("token")))
    return recorder.sent


def resource_of(request: requests.PreparedRequest) -> str:
    path = urlsplit(str(request.url)).path.split("/api/v1/")[1].split("(")[0]
    return path if path.startswith("current/") else path.partition("/")[2]


def query_of(request: requests.PreparedRequest) -> dict[str, str]:
    pairs = [part.partition("=") for part in urlsplit(str(request.url)).query.split("&") if part]
    return {name: unquote(value) for name, _, value in pairs}


@pytest.mark.parametrize("name", CALLS)
def test_every_name_we_select_is_published_and_not_obsolete(name: str) -> None:
    published = samples.resources()

    for request in made_by(CALLS[name]):
        properties = published.get(resource_of(request), {}).get("properties", {})
        selected = [one for one in query_of(request).get("$select", "").split(",") if one]
        unknown = [one for one in selected if one not in properties]
        obsolete = [one for one in selected if "absent" in str(properties.get(one, {}).get("note", ""))]
        assert (unknown, obsolete) == ([], [])


@pytest.mark.parametrize("name", CALLS)
def test_every_verb_is_offered_and_lists_are_never_read_without_select(name: str) -> None:
    published = samples.resources()

    for request in made_by(CALLS[name]):
        resource = resource_of(request)
        if resource in DOCUMENTED_FUNCTIONS:
            continue
        assert request.method in published[resource]["methods"]
        assert request.method != "GET" or "$select" in query_of(request)


@pytest.mark.parametrize("name", WRITES)
def test_every_property_we_write_may_be_written(name: str) -> None:
    (request,) = made_by(CALLS[name])
    properties: dict[str, Any] = samples.resources()[resource_of(request)]["properties"]
    content = json.loads(request.body or b"{}")

    refused = [one for one in content if not properties[one]["post" if request.method == "POST" else "put"]]
    mandatory = [one for one, about in properties.items() if about["mandatory"] and request.method == "POST"]

    assert refused == []
    assert set(mandatory) <= set(content)


@pytest.mark.parametrize("endpoint", list(SyncEndpoint))
def test_sync_filters_by_timestamp_alone(endpoint: SyncEndpoint) -> None:
    (request,) = made_by(lambda client: client.sync(endpoint, 42))

    expected = "Timestamp gt 42L and EntityType eq 16" if endpoint is SyncEndpoint.DELETED else "Timestamp gt 42L"

    assert query_of(request)["$filter"] == expected


def test_records_are_looked_up_by_filter_and_never_by_address() -> None:
    reads = [request for call in CALLS.values() for request in made_by(call) if request.method == "GET"]

    assert [str(request.url) for request in reads if "(guid" in urlsplit(str(request.url)).path] == []


def test_every_call_carries_the_token_and_asks_for_json() -> None:
    for request in made_by(CALLS["put_goods_delivery"]) + made_by(CALLS["items"]):
        assert request.headers["Authorization"] == "Bearer token"
        assert request.headers["Accept"] == "application/json"
