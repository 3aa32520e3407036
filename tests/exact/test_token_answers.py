"""Each answer of the token endpoint and what is done about it (`reliability.md` 2.1, second table), over the wire."""

import socket
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from connector_site.lib.http import Timeouts
from connector_site.lib.secrets import Secret
from exact import credentials, grants, token_calls
from exact.errors import ExactNeedsReconnect, ExactUnavailable
from exact.models import Grant
from exact.token_calls import TokenPair, TokenResult, TokenVerdict
from tests.exact.scene import Scene

pytestmark = pytest.mark.django_db
TOKEN = "oauth2/token"
OLD_TOKEN = {"error": "unauthorized_client", "error_description": "Old refresh token used."}
EXPIRED = {
    "error": "invalid_request",
    "error_description": "The refresh token expired at 10/11/2022 9:18:20 PM and it is now 10/28/2022 4:15:50 PM.",
}
CHAIN_ERROR = {
    "error": "invalid_grant",
    "error_description": "Token is not allowed, because of invalid or empty chainId",
}


def answer(scene: Scene, status: int, body: dict[str, Any]) -> None:
    """Let the next renewal be answered so."""
    scene.age_tokens(600)
    scene.sandbox.fault(action="status", status=status, path_regex=TOKEN, times=1, body=body)


def let_wait_pass(scene: Scene) -> None:
    Grant.objects.filter(pk=scene.grant_id).update(not_before_at=timezone.now() - timedelta(seconds=1))


def nobody_listens() -> str:
    """An address that refuses connections."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_a_renewal_that_never_connected_leaves_the_token_as_good_as_it_was(scene: Scene, settings: Settings) -> None:
    scene.age_tokens(600)
    held = grants.pair_of(scene.grant)
    there = settings.EXACT_BASE_URLS
    settings.EXACT_BASE_URLS = {**there, "nl": nobody_listens()}
    waits = []
    for _ in range(4):
        with pytest.raises(ExactUnavailable) as refusal:
            credentials.access_token(scene.grant_id)
        assert refusal.value.retry_at is not None
        waits.append(round((refusal.value.retry_at - grants.database_now()).total_seconds()))
        let_wait_pass(scene)

    assert waits == [2, 15, 60, 60]
    assert (scene.grant.suspect_since_at, scene.grant.needs_reconnect_at) == (None, None)
    assert grants.pair_of(scene.grant) == held

    settings.EXACT_BASE_URLS = there
    assert credentials.access_token(scene.grant_id) != held.access
    assert [call["status"] for call in scene.sandbox.calls(TOKEN)] == [200]


def test_an_answer_that_does_not_come_in_time_makes_the_chain_suspect(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_calls, "TIMEOUTS", Timeouts(connect_seconds=1, read_seconds=0.2, total_seconds=0.5))
    scene.age_tokens(600)
    scene.sandbox.fault(action="stall_before", path_regex=TOKEN, times=1, seconds=1)

    with pytest.raises(ExactUnavailable):
        credentials.access_token(scene.grant_id)

    assert scene.grant.suspect_since_at is not None
    assert (scene.grant.needs_reconnect_at, scene.grant.failures) == (None, 1)


@pytest.mark.parametrize(
    ("status", "body"), [(401, OLD_TOKEN), (400, EXPIRED), (400, CHAIN_ERROR)], ids=["old", "expired", "chain"]
)
def test_a_chain_that_exact_calls_ended_asks_for_a_person_after_one_call(
    scene: Scene, status: int, body: dict[str, Any]
) -> None:
    answer(scene, status, body)

    for _ in range(3):
        with pytest.raises(ExactNeedsReconnect):
            credentials.access_token(scene.grant_id)

    assert [call["status"] for call in scene.sandbox.calls(TOKEN)] == [status]
    assert scene.grant.needs_reconnect_at is not None
    assert scene.grant.reconnect_reason == body["error"]


@pytest.mark.parametrize("error", ["unauthorized_client", "invalid_grant"])
def test_who_is_told_that_the_chain_ended_uses_the_tokens_that_somebody_else_has_got_meanwhile(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    scene.age_tokens(600)

    def overtaken(*_: object, **__: object) -> TokenResult:
        newer = TokenPair(access=Secret("newer"), refresh=Secret("newest"))
        assert grants.store_pair(scene.grant, newer, received_at=grants.database_now())
        return TokenResult(verdict=TokenVerdict.ENDED, status=401, error=error)

    monkeypatch.setattr(credentials, "renew", overtaken)

    token = credentials.access_token(scene.grant_id)

    assert token == Secret("newer")
    assert scene.grant.needs_reconnect_at is None


@pytest.mark.parametrize("status", [400, 401, 429, 503])
def test_a_refresh_token_in_a_refusal_is_kept_whatever_was_said(scene: Scene, status: int) -> None:
    held = grants.pair_of(scene.grant)
    answer(scene, status, OLD_TOKEN | {"refresh_token": "given-all-the-same"})

    with pytest.raises(ExactUnavailable):
        credentials.access_token(scene.grant_id)

    kept = grants.pair_of(scene.grant)
    assert (kept.refresh, kept.access) == (Secret("given-all-the-same"), held.access)
    assert (scene.grant.generation, scene.grant.needs_reconnect_at) == (2, None)


def test_called_too_early_it_waits_out_a_tokens_whole_life_and_tells_our_team(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    Grant.objects.filter(pk=scene.grant_id).update(received_at=timezone.now() - timedelta(seconds=580))
    credentials.forget_kept()

    credentials.access_token(scene.grant_id)

    wait = scene.grant.not_before_at
    assert wait is not None
    assert round((wait - grants.database_now()).total_seconds()) == 575
    assert [record.levelname for record in caplog.records if record.name == "exact.credentials"] == ["ERROR"]
