"""A pair kept aside is found before an old token is sent or a chain is ended."""

import pytest
from django.utils import timezone

from connector_site.lib.secrets import Secret
from exact import emergency_slot, grants
from exact.errors import ExactUnavailable
from exact.token_calls import TokenPair
from tests.exact.scene import Scene
from tests.exact.test_credentials import TOKEN, let_marker_pass, token_calls, token_of


def test_an_unreadable_slot_holds_the_old_token_back(scene: Scene, settings: object) -> None:
    scene.age_tokens(700)
    let_marker_pass(scene)
    settings.REDIS_URL = "redis://127.0.0.1:9/0"  # type: ignore[attr-defined]

    with pytest.raises(ExactUnavailable, match="tried again"):
        token_of(scene)

    assert token_calls(scene) == []
    assert (scene.grant.refresh_deadline_at, scene.grant.needs_reconnect_at) == (None, None)


def test_a_pair_kept_aside_is_taken_before_a_chain_is_ended(scene: Scene) -> None:
    scene.age_tokens(700)
    kept = TokenPair(access=Secret("spare-access"), refresh=Secret("spare-refresh"))
    grant = scene.grant
    emergency_slot.put(grant.code, generation=grant.generation, pair=kept, received_at=timezone.now())
    refusal = {"error": "invalid_grant", "error_description": None}
    scene.sandbox.fault(action="status", status=400, path_regex=TOKEN, times=1, body=refusal)

    assert token_of(scene) == kept.access
    assert (scene.grant.needs_reconnect_at, grants.pair_of(scene.grant)) == (None, kept)
