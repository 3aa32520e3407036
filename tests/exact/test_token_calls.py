"""What the token endpoint's answers mean."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connector_site.lib.secrets import Secret
from exact.errors import ExactUnavailable
from exact.token_calls import TokenVerdict, authorize_address, classify, registration
from tests.exact import samples


@samples.NEEDS_SAMPLES
@pytest.mark.parametrize("payload", samples.payloads("token_error"))
def test_recorded_refusals_end_the_chain_or_leave_it(payload: dict[str, Any]) -> None:
    result = classify(payload["status"], payload.get("headers", {}), samples.body_of(payload))

    expected = TokenVerdict.ENDED if payload["expect"]["reconnect"] else TokenVerdict.TOO_EARLY
    assert (result.verdict, result.pair) == (expected, None)


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (500, "", TokenVerdict.UNKNOWN),
        (503, "<html></html>", TokenVerdict.UNKNOWN),
        (429, "", TokenVerdict.UNKNOWN),
        (200, "<html></html>", TokenVerdict.UNKNOWN),
        (200, '{"access_token":"a"}', TokenVerdict.UNKNOWN),
        (400, '{"error":"invalid_client"}', TokenVerdict.REFUSED),
        (401, '{"error":"unauthorized_client","error_description":"Wrong secret."}', TokenVerdict.REFUSED),
        (401, "", TokenVerdict.UNKNOWN),
        (403, "<html></html>", TokenVerdict.UNKNOWN),
        (302, "", TokenVerdict.UNKNOWN),
    ],
)
def test_other_answers_never_end_the_chain(status: int, body: str, verdict: TokenVerdict) -> None:
    assert classify(status, {}, body.encode()).verdict is verdict


def test_an_ended_chain_is_seen_without_a_description() -> None:
    result = classify(400, {}, b'{"error":"invalid_grant","error_description":null}')

    assert (result.verdict, result.error) == (TokenVerdict.ENDED, "invalid_grant")


@pytest.mark.parametrize("access", ["null", '""'])
def test_a_refresh_token_beside_an_empty_access_token_is_kept(access: str) -> None:
    body = f'{{"access_token":{access},"refresh_token":"next"}}'.encode()

    result = classify(200, {}, body, held_access=Secret("held"))

    assert result.pair is not None
    assert (result.pair.access.reveal(), result.pair.refresh.reveal()) == ("held", "next")


@pytest.mark.parametrize("expires_in", ["600", 600, "", None, "600.5"])
def test_a_pair_is_read_whatever_its_life_looks_like(expires_in: object) -> None:
    body = json.dumps({"access_token": "a", "token_type": "bearer", "expires_in": expires_in, "refresh_token": "r"})

    result = classify(200, {}, body.encode())

    assert result.verdict is TokenVerdict.RENEWED
    assert result.pair is not None
    assert (result.pair.access.reveal(), result.pair.refresh.reveal()) == ("a", "r")


def test_a_refusal_that_carries_a_refresh_token_keeps_it_with_the_access_token_held() -> None:
    body = b'{"error":"access_denied","error_description":"access_token not expired","refresh_token":"next"}'

    result = classify(400, {}, body, held_access=Secret("held"))

    assert result.verdict is TokenVerdict.TOO_EARLY
    assert result.pair is not None
    assert (result.pair.access.reveal(), result.pair.refresh.reveal()) == ("held", "next")


def test_no_token_stands_in_what_is_printed() -> None:
    result = classify(200, {}, b'{"access_token":"very-secret","refresh_token":"more-secret"}')

    assert "secret" not in f"{result!r}{result}".replace("Secret", "")


def test_the_authorize_address_carries_state_and_redirect_once_encoded() -> None:
    address = authorize_address(
        registration("nl"), state="a b&c", redirect_uri="https://x.example/exact/callback", force_login=True
    )

    query = parse_qs(urlsplit(address).query)
    assert urlsplit(address).path.endswith("/api/oauth2/auth")
    assert query == {
        "response_type": ["code"],
        "client_id": ["11111111-2222-3333-4444-555555555555"],
        "redirect_uri": ["https://x.example/exact/callback"],
        "state": ["a b&c"],
        "force_login": ["1"],
    }


def test_a_site_without_registration_is_refused_in_plain_words() -> None:
    with pytest.raises(ExactUnavailable, match="not set up here"):
        registration("us")
