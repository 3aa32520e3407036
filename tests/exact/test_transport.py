"""What each answer of Exact means, over a faked wire; each refusal proves that nothing else was sent."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import responses

from connector_site.lib.outside_calls import OutsideCall
from connector_site.lib.secrets import Secret
from exact.client import ExactClient
from exact.errors import (
    ExactBudgetSpent,
    ExactError,
    ExactGone,
    ExactNeedsReconnect,
    ExactOutcomeUnknown,
    ExactRejected,
    ExactRightMissing,
    ExactScopeMissing,
    ExactUnavailable,
    ExactUnexpectedReply,
)
from exact.records import GoodsDeliveryChanges
from tests.exact import samples
from tests.exact.wire import BASE, ROOT, HandTokens, OpenGate, make_client

TOKEN = Secret("token-one")
ENTRY = uuid.UUID("0f0e0d0c-0b0a-0908-0706-050403020100")
ITEMS = f"{ROOT}/logistics/Items"
DELIVERY = f"{ROOT}/salesorder/GoodsDeliveries(guid'{ENTRY}')"
SUBSCRIPTIONS = f"{ROOT}/webhooks/WebhookSubscriptions"


def read_items(client: ExactClient) -> object:
    return client.items([ENTRY])


def write_remarks(client: ExactClient) -> object:
    client.put_goods_delivery(ENTRY, GoodsDeliveryChanges(remarks="text that must not be shown"))
    return None


def subscribe(client: ExactClient) -> object:
    return client.subscribe("GoodsDeliveries", "https://x.example/h", instant=True)


READ, WRITE, POST = ("GET", ITEMS, read_items), ("PUT", DELIVERY, write_remarks), ("POST", SUBSCRIPTIONS, subscribe)
Call = tuple[str, str, Callable[[ExactClient], object]]


def said(text: str) -> dict[str, Any]:
    return {"error": {"code": "", "message": {"lang": "en", "value": text}}}


SCOPE_TEXT = "Forbidden - Application Scope Violated. Cannot read 'organization.administration' scope."
CALLBACK_TEXT = "Invalid: Post to callback URL endpoint returns 500 An error occurred while sending the request."


@pytest.mark.parametrize(
    ("call", "status", "body", "kind", "reason"),
    [
        (READ, 400, said("Bad filter"), ExactRejected, "rejected"),
        (READ, 400, said("Please add a $select or a $top=1"), ExactUnexpectedReply, "select_demanded"),
        (READ, 403, said(SCOPE_TEXT), ExactScopeMissing, "scope:organization.administration"),
        (READ, 403, said("Forbidden"), ExactRightMissing, "right_missing"),
        (READ, 403, "", ExactRightMissing, "right_missing"),
        (READ, 404, said("Resource not found"), ExactRightMissing, "not_offered"),
        (READ, 405, "", ExactRejected, "rejected"),
        (READ, 500, said("A problem has occurred."), ExactUnavailable, "unavailable"),
        (READ, 503, "<html><body>Maintenance</body></html>", ExactUnavailable, "unavailable"),
        (READ, 302, "", ExactUnexpectedReply, "redirected"),
        (WRITE, 400, said("Too long"), ExactRejected, "rejected"),
        (WRITE, 404, said("Not found"), ExactGone, "gone"),
        (POST, 404, said("Resource not found"), ExactRightMissing, "not_offered"),
        (WRITE, 500, said("A problem has occurred."), ExactOutcomeUnknown, "server_fault"),
        (WRITE, 503, "<html></html>", ExactOutcomeUnknown, "server_fault"),
        (WRITE, 200, "<html>hello</html>", ExactOutcomeUnknown, "html"),
        (POST, 500, said(CALLBACK_TEXT), ExactRejected, "callback_refused"),
        (POST, 500, said("A problem has occurred."), ExactOutcomeUnknown, "server_fault"),
    ],
)
@responses.activate
def test_a_refusal_becomes_the_error_that_says_what_to_do(
    call: Call, status: int, body: dict[str, Any] | str, kind: type[ExactError], reason: str
) -> None:
    method, url, act = call
    answer: dict[str, Any] = {"json": body} if isinstance(body, dict) else {"body": body}
    responses.add(method, url, status=status, **answer)
    seen: list[OutsideCall] = []

    with pytest.raises(ExactError) as refusal:
        act(make_client(TOKEN, observe=seen.append))

    assert (type(refusal.value), refusal.value.reason, refusal.value.status) == (kind, reason, status)
    assert "must not be shown" not in refusal.value.message
    assert len(responses.calls) == 1
    assert [(one.method, one.status) for one in seen] == [(method, status)]


@samples.NEEDS_SAMPLES
@pytest.mark.parametrize("payload", samples.payloads("error"))
@responses.activate
def test_every_recorded_refusal_is_told_apart_on_reading_and_writing(payload: dict[str, Any]) -> None:
    for method, url, act in (READ, WRITE, POST):
        responses.add(method, url, status=payload["status"], body=samples.body_of(payload))
        with pytest.raises(ExactError):
            act(make_client(TOKEN))
    assert len(responses.calls) == 3


@pytest.mark.parametrize(
    ("failure", "reading", "writing"),
    [
        (requests.ConnectTimeout(), ExactUnavailable, ExactUnavailable),
        (requests.ReadTimeout(), ExactUnavailable, ExactOutcomeUnknown),
        (requests.ConnectionError("Connection aborted."), ExactUnavailable, ExactOutcomeUnknown),
    ],
)
@responses.activate
def test_silence_is_no_refusal(failure: Exception, reading: type[ExactError], writing: type[ExactError]) -> None:
    seen: list[OutsideCall] = []
    responses.add("GET", ITEMS, body=failure)
    responses.add("PUT", DELIVERY, body=failure)

    with pytest.raises(ExactError) as on_reading:
        read_items(make_client(TOKEN, observe=seen.append))
    with pytest.raises(ExactError) as on_writing:
        write_remarks(make_client(TOKEN, observe=seen.append))

    assert (type(on_reading.value), type(on_writing.value)) == (reading, writing)
    assert [one.status for one in seen] == [None, None]
    assert len(responses.calls) == 2


@responses.activate
def test_a_429_says_when_to_come_back() -> None:
    headers = {
        "X-RateLimit-Minutely-Limit": "60",
        "X-RateLimit-Minutely-Remaining": "0",
        "X-RateLimit-Minutely-Reset": "1715558520000",
    }
    responses.add("GET", ITEMS, status=429, headers=headers)

    with pytest.raises(ExactBudgetSpent) as refusal:
        read_items(make_client(TOKEN))

    assert refusal.value.retry_at == datetime(2024, 5, 13, 0, 2, 2, tzinfo=UTC)
    assert len(responses.calls) == 1


@responses.activate
def test_a_token_that_ended_is_replaced_once_and_the_call_repeated() -> None:
    responses.add("GET", ITEMS, status=401)
    responses.add("GET", ITEMS, json={"d": []})
    tokens = HandTokens(current=TOKEN, next_one=Secret("token-two"))

    assert read_items(make_client(TOKEN, tokens=tokens)) == []

    used = [call.request.headers["Authorization"] for call in responses.calls]
    assert used == ["Bearer token-one", "Bearer token-two"]
    assert tokens.condemned == []


@responses.activate
def test_a_second_401_is_the_end_of_it() -> None:
    responses.add("GET", ITEMS, status=401)
    tokens = HandTokens(current=TOKEN, next_one=Secret("token-two"))

    with pytest.raises(ExactRightMissing):
        read_items(make_client(TOKEN, tokens=tokens))

    assert len(responses.calls) == 2


@responses.activate
def test_a_fresh_token_refused_everywhere_means_the_permission_was_taken_back() -> None:
    responses.add("GET", ITEMS, status=401)
    responses.add("GET", f"{BASE}/api/v1/current/Me", status=401)
    tokens = HandTokens(current=TOKEN)

    with pytest.raises(ExactNeedsReconnect):
        read_items(make_client(TOKEN, tokens=tokens))

    assert tokens.condemned == [TOKEN]
    assert len(responses.calls) == 2


@responses.activate
def test_a_fresh_token_refused_here_only_is_a_missing_right() -> None:
    responses.add("GET", ITEMS, status=401)
    responses.add("GET", f"{BASE}/api/v1/current/Me", json={"d": []})
    tokens = HandTokens(current=TOKEN)

    with pytest.raises(ExactRightMissing):
        read_items(make_client(TOKEN, tokens=tokens))

    assert tokens.condemned == []
    assert len(responses.calls) == 2


@pytest.mark.parametrize(
    "following",
    [
        "https://evil.example/api/v1/123456/logistics/Items?$skiptoken=1",
        "http://start.exactonline.nl/api/v1/123456/logistics/Items",
        f"{BASE}/api/v1/999999/logistics/Items",
        f"{BASE}/api/v1/123456/../999999/logistics/Items",
        f"{BASE}/api/v1/123456/%2e%2E/999999/logistics/Items",
        f"{BASE}/api/v1/123456/%252e%252e/999999/logistics/Items",
        f"{BASE}:8443/api/v1/123456/logistics/Items",
        "https://start.exactonline.nl@evil.example/api/v1/123456/logistics/Items",
        "/api/v1/123456/logistics/Items",
    ],
)
@responses.activate
def test_a_list_that_goes_on_elsewhere_is_not_followed(following: str) -> None:
    responses.add("GET", ITEMS, json={"d": {"results": [], "__next": following}})

    with pytest.raises(ExactUnexpectedReply, match="foreign address"):
        read_items(make_client(TOKEN))

    assert len(responses.calls) == 1


@responses.activate
def test_a_list_is_followed_to_its_end() -> None:
    one, other = ({"ID": str(uuid.uuid4())} for _ in range(2))
    following = f"{ITEMS}?$skiptoken=guid'{ENTRY}'"
    responses.add("GET", ITEMS, json={"d": {"results": [one], "__next": following}})
    responses.add("GET", ITEMS, json={"d": {"results": [other]}})

    assert [str(item.id) for item in make_client(TOKEN).items([ENTRY])] == [one["ID"], other["ID"]]
    assert str(responses.calls[1].request.url).endswith("$skiptoken=guid'0f0e0d0c-0b0a-0908-0706-050403020100'")


@responses.activate
def test_a_list_without_end_is_given_up() -> None:
    responses.add("GET", ITEMS, json={"d": {"results": [], "__next": ITEMS}})

    with pytest.raises(ExactUnexpectedReply, match="did not end"):
        read_items(make_client(TOKEN))


@pytest.mark.parametrize("body", ["<html></html>", '{"d":{"results":[{"ID":"no guid"}]}}', "{}"])
@responses.activate
def test_a_success_we_cannot_read_is_ours_to_mend(body: str) -> None:
    responses.add("GET", ITEMS, body=body)

    with pytest.raises(ExactUnexpectedReply):
        read_items(make_client(TOKEN))

    assert len(responses.calls) == 1


@responses.activate
def test_a_call_without_budget_is_not_made_and_not_reported() -> None:
    class ClosedGate(OpenGate):
        def enter(self, endpoint: str) -> None:
            raise ExactBudgetSpent("none left", operation=endpoint)

    seen: list[OutsideCall] = []

    with pytest.raises(ExactBudgetSpent):
        read_items(make_client(TOKEN, gate=ClosedGate(), observe=seen.append))

    assert (len(responses.calls), seen) == (0, [])


@responses.activate
def test_what_is_observed_holds_no_body_token_or_key() -> None:
    seen: list[OutsideCall] = []
    responses.add("PUT", DELIVERY, status=204)

    write_remarks(make_client(TOKEN, observe=seen.append))

    (call,) = seen
    assert (call.operation, call.route) == (
        "put_goods_delivery",
        "/api/v1/{division}/salesorder/GoodsDeliveries(key)",
    )
    assert len(call.request_hash) == 64
    text = str(call.details())
    assert [word for word in ("token-one", str(ENTRY), "must not be shown") if word in text] == []


@responses.activate
def test_cookies_of_one_call_are_not_sent_with_the_next() -> None:
    responses.add("GET", ITEMS, json={"d": []}, headers={"Set-Cookie": "session=of-one-tenant; Path=/"})
    client = make_client(TOKEN)

    read_items(client)
    read_items(client)

    assert "Cookie" not in responses.calls[1].request.headers


@responses.activate
def test_deferred_lines_are_fetched_apart() -> None:
    told: list[bool] = []
    row = {"EntryID": str(ENTRY), "GoodsDeliveryLines": {"__deferred": {"uri": "https://x"}}}
    line = {"ID": str(ENTRY), "EntryID": str(ENTRY), "QuantityDelivered": 1}
    responses.add("GET", f"{ROOT}/salesorder/GoodsDeliveries", json={"d": [row]})
    responses.add("GET", f"{ROOT}/salesorder/GoodsDeliveryLines", json={"d": [line, line]})
    client = make_client(TOKEN)
    client._on_expand_refused = lambda: told.append(True)

    (delivery,) = client.goods_deliveries([ENTRY])

    assert (len(delivery.lines), told, len(responses.calls)) == (1, [True], 3)


@responses.activate
def test_a_long_delivery_of_which_only_a_page_is_expanded_is_read_whole_and_expands_next_time() -> None:
    told: list[bool] = []
    line = {"ID": str(ENTRY), "EntryID": str(ENTRY), "QuantityDelivered": 1}
    other = line | {"ID": str(uuid.uuid4())}
    row = {"EntryID": str(ENTRY), "GoodsDeliveryLines": {"results": [line], "__next": f"{ROOT}/x"}}
    responses.add("GET", f"{ROOT}/salesorder/GoodsDeliveries", json={"d": [row]})
    responses.add("GET", f"{ROOT}/salesorder/GoodsDeliveryLines", json={"d": [line, other]})
    client = make_client(TOKEN)
    client._on_expand_refused = lambda: told.append(True)

    (delivery,) = client.goods_deliveries([ENTRY])

    assert (len(delivery.lines), told, len(responses.calls)) == (2, [], 3)


@responses.activate
def test_a_400_that_has_nothing_to_do_with_lines_is_not_held_against_expanding() -> None:
    told: list[bool] = []
    responses.add("GET", f"{ROOT}/salesorder/GoodsDeliveries", status=400)
    client = make_client(TOKEN)
    client._on_expand_refused = lambda: told.append(True)

    with pytest.raises(ExactRejected):
        client.goods_deliveries([ENTRY])

    assert (told, len(responses.calls)) == ([], 2)


@responses.activate
def test_the_reason_exact_gives_to_machines_is_kept_with_the_call() -> None:
    seen: list[OutsideCall] = []
    responses.add("GET", ITEMS, status=400, headers={"Reason": "BadFilter: of somebody@example.com"})

    with pytest.raises(ExactRejected):
        read_items(make_client(TOKEN, observe=seen.append))

    assert [call.error_code for call in seen] == ["BadFilter"]
