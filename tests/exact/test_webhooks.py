"""Proving and reading what Exact posts to us."""

import hashlib
import hmac
import json
from typing import Any
from uuid import UUID

import pytest

from connector_site.lib.secrets import Secret
from exact.webhooks import MAX_BODY_BYTES, Action, BadSignature, NotANotification, verify
from tests.exact import samples

SECRET = Secret("6Zr4tQm1-demo-webhook-secret")
DELIVERY = (
    '{"Topic":"GoodsDeliveries","ClientId":"11111111-2222-3333-4444-555555555555","Division":123456,"Action":"Create",'
    '"Key":"0f0e0d0c-0b0a-0908-0706-050403020100","ExactOnlineEndpoint":"https://start.exactonline.nl/api/v1/123456/'
    'salesorder/GoodsDeliveries(guid\'0f0e0d0c-0b0a-0908-0706-050403020100\')","EventCreatedOn":"2026-05-04T09:15:27.387"}'
)
DELIVERY_HASH = "D04FE99F1FB31E4B45A8146501EBEC1C74832C024C617A68785DAA3F78428D48"
ITEM = (
    '{"Topic":"Items","ClientId":"11111111-2222-3333-4444-555555555555","Division":123456,"Action":"Update",'
    '"Key":"0f0e0d0c-0b0a-0908-0706-050403020100"}'
)
ITEM_HASH = "ECD915A5229B92365803183F25938C30E163FCC484F51046BFA21CE69A9A334B"


def body(content: str, signature: str) -> bytes:
    return f'{{"Content":{content},"HashCode":"{signature}"}}'.encode()


def signed(content: str, secret: Secret = SECRET) -> bytes:
    digest = hmac.new(secret.reveal().encode(), content.encode(), hashlib.sha256).hexdigest().upper()
    return body(content, digest)


def test_the_published_vector_of_a_delivery_is_accepted() -> None:
    read = verify(body(DELIVERY, DELIVERY_HASH), SECRET)

    assert (read.topic, read.division, read.action) == ("GoodsDeliveries", 123456, Action.CREATE)
    assert read.key == UUID("0f0e0d0c-0b0a-0908-0706-050403020100")
    assert (read.resource, read.is_about_line) == ("salesorder/GoodsDeliveries", False)
    assert read.client_id == "11111111-2222-3333-4444-555555555555"
    assert read.fingerprint == hashlib.sha256(DELIVERY.encode()).hexdigest()


def test_the_published_vector_of_five_fields_is_accepted() -> None:
    read = verify(body(ITEM, ITEM_HASH), SECRET)

    assert (read.topic, read.action, read.resource, read.created_text) == ("Items", Action.UPDATE, "", "")


def test_a_notification_with_empty_fields_is_still_a_hint() -> None:
    content = ITEM.replace('"Action":"Update"', '"Action":null,"ExactOnlineEndpoint":null,"EventCreatedOn":null')

    read = verify(signed(content), SECRET)

    assert (read.topic, read.action, read.resource, read.created_text) == ("Items", Action.UNKNOWN, "", "")


def test_a_signature_in_lower_case_is_the_same_signature() -> None:
    assert verify(body(ITEM, ITEM_HASH.lower()), SECRET).topic == "Items"


@pytest.mark.parametrize(
    "forged",
    [
        body(ITEM, DELIVERY_HASH),
        body(ITEM.replace("Update", "Delete"), ITEM_HASH),
        body(ITEM.replace('":', '": '), ITEM_HASH),
        signed(ITEM, Secret("another secret")),
        body(ITEM, "0" * 64),
    ],
)
def test_anything_not_signed_with_our_secret_is_refused(forged: bytes) -> None:
    with pytest.raises(BadSignature):
        verify(forged, SECRET)


@pytest.mark.parametrize(
    "other",
    [
        b"",
        b"{}",
        b"not json",
        b'{"Content":{}}',
        b'{"Content":{},"HashCode":"abc"}',
        b'{"HashCode":"","Content":{}}',
        b"\xff" * 40,
        signed("{not json}"),
        signed('{"Topic":"Items"}'),
        signed("[" * 20_000),
        signed("null"),
    ],
)
def test_what_is_no_notification_is_named_so(other: bytes) -> None:
    with pytest.raises(NotANotification):
        verify(other, SECRET)


def test_a_body_over_64_kilobytes_is_not_even_hashed() -> None:
    big = signed(ITEM.replace("Items", "I" * MAX_BODY_BYTES))

    with pytest.raises(NotANotification):
        verify(big, SECRET)


def test_the_seam_is_the_last_one_so_content_cannot_smuggle_one_in() -> None:
    content = ITEM.replace("Items", 'It\\",\\"HashCode\\":\\"ems')

    assert verify(signed(content), SECRET).topic == 'It","HashCode":"ems'


def test_a_line_notification_says_that_its_key_may_be_a_lines() -> None:
    content = DELIVERY.replace("salesorder/GoodsDeliveries(", "salesorder/GoodsDeliveryLines(")

    assert verify(signed(content), SECRET).is_about_line is True


def test_an_action_we_do_not_know_is_kept_as_unknown() -> None:
    assert verify(signed(ITEM.replace("Update", "Merge")), SECRET).action is Action.UNKNOWN


@samples.NEEDS_SAMPLES
@pytest.mark.parametrize("payload", samples.payloads("webhook"))
def test_recorded_notifications_get_the_verdict_that_is_expected(payload: dict[str, Any]) -> None:
    expect = payload["expect"]
    raw = samples.body_of(payload)
    try:
        verdict = verify(raw, Secret(expect.get("secret", "any")))
    except (BadSignature, NotANotification):
        assert expect.get("accepted") is not True
        return

    assert expect.get("accepted") is not False
    assert verdict.topic == json.loads(raw)["Content"]["Topic"]
