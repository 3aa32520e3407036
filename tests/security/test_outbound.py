"""We call the hosts of the table and nobody else, whatever comes in; and a flood of forgeries keeps no true one out."""

import ast
from dataclasses import replace

import pytest

from exact.webhooks import verify
from syncjobs.views import hooks
from tests.contracts.test_webhooks import Door, DoorMaker, exact_door, ups_door
from tests.exact.test_webhooks import SECRET, signed
from tests.test_architecture import PRODUCT_FILES, imports, module_name

FLOOD = 60
WIRE = ("requests", "http.client", "urllib.request", "urllib3", "httpx", "aiohttp", "socket")
CALLERS = {
    "connector_site.lib.http",
    "exact.transport", "exact.credentials", "exact.token_calls",
    "ups.access", "ups.asking", "ups.client", "ups.credentials", "ups.tracking_client", "ups.transport",
}  # fmt: skip
"""Who may hold a session; `connector_site.lib.http` alone sends: no redirect, no proxy, no cookie, 20 MB at most."""
LOCAL_ONLY = ("connector_site.demo", "connector_site.lib.local_servers")
"""The demo and the servers of a developer's machine; they are not part of the running service."""
HOSTILE = (
    '{{"Topic":"GoodsDeliveries","ClientId":"11111111-2222-3333-4444-555555555555","Division":123456,"Action":"Create",'
    '"Key":"0f0e0d0c-0b0a-0908-0706-050403020100","ExactOnlineEndpoint":"{address}","EventCreatedOn":null}}'
)


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://evil.example/api/v1/123456/salesorder/GoodsDeliveries",
        "http://127.0.0.1:6379/api/v1/123456/x/y",
        "https://start.exactonline.nl@evil.example/api/v1/123456/salesorder/GoodsDeliveries(guid'0')",
        "//evil.example/api/v1/1/a/b",
        "file:///etc/passwd",
    ],
)
def test_no_address_of_a_notification_survives_its_reading(address: str) -> None:
    read = verify(signed(HOSTILE.format(address=address)), SECRET)

    assert not [word for word in ("169.254", "evil", "127.0", "passwd", "://") if word in repr(read)]


def test_only_the_two_clients_can_call_anybody() -> None:
    found = {
        module_name(path)
        for path in PRODUCT_FILES
        for name in imports(path)
        if name.startswith(tuple(f"{wire}." for wire in WIRE)) or name in WIRE
    }

    assert {name for name in found if not name.startswith(LOCAL_ONLY)} == CALLERS


def test_no_address_of_an_outside_host_stands_in_the_code() -> None:
    """They come from the settings' table; what is shown to people (links to portals) is not called."""
    senders = [path for path in PRODUCT_FILES if module_name(path) in CALLERS]
    texts = [
        node.value
        for path in senders
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]

    assert [text for text in texts if text.startswith(("http://", "https://")) and text not in PREFIXES] == []


PREFIXES = {"http://", "https://"}
"""Where an adapter is mounted."""


@pytest.mark.django_db
@pytest.mark.parametrize("make_door", [exact_door, ups_door], ids=["exact", "ups"])
def test_a_flood_of_forgeries_stores_nothing_and_keeps_no_true_message_out(
    make_door: DoorMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "REFUSED_RULE", replace(hooks.REFUSED_RULE, name="flood-in-test"))
    door: Door = make_door()

    forged = {door.post(door.forged) for _ in range(FLOOD)}

    assert forged <= {401, 429}
    assert door.repeats() == []
    assert door.post(door.proven) == 200
    assert (door.repeats(), door.jobs()) == ([0], 1)
