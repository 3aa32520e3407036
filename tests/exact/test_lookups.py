"""How records are looked up: never by key, for each 404 is one of the ten errors an hour that Exact allows."""

import re
import uuid
from collections.abc import Callable

import pytest
import responses

from connector_site.lib.secrets import Secret
from exact.client import ExactClient
from tests.exact.wire import ROOT, make_client

KEY = uuid.uuid4()
EMPTY: dict[str, dict[str, list[object]]] = {"d": {"results": []}}
LOOKUPS: dict[str, Callable[[ExactClient], object]] = {
    "goods_deliveries": lambda client: client.goods_deliveries([KEY]),
    "entries_of_lines": lambda client: client.entries_of_lines([KEY]),
    "items": lambda client: client.items([KEY]),
    "addresses": lambda client: client.addresses([KEY]),
    "accounts": lambda client: client.accounts([KEY]),
    "contacts": lambda client: client.contacts([KEY]),
    "sales_orders": lambda client: client.sales_orders([20240015]),
    "addresses_of_warehouses": lambda client: client.addresses_of_warehouses([KEY]),
    "latest_goods_deliveries": lambda client: client.latest_goods_deliveries(10),
    "documents": lambda client: client.documents([KEY]),
    "documents_by_subject": lambda client: client.documents_by_subject("Proof", account_id=KEY),
    "attachments_of": lambda client: client.attachments_of(KEY),
}


@pytest.mark.parametrize("name", LOOKUPS)
@responses.activate
def test_what_does_not_exist_is_an_empty_list_and_no_refusal(name: str) -> None:
    responses.get(re.compile(re.escape(ROOT)), json=EMPTY)

    found = LOOKUPS[name](make_client(Secret("a token")))

    sent = [str(call.request.url) for call in responses.calls]
    assert not found
    assert sent
    assert all("$filter=" in url and "(guid" not in url.partition("?")[0] for url in sent)
