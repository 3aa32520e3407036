"""One renewal at a time, never too early, and nothing lost: against the stand-in's real token rules."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import NoReturn

import pytest
from django.db import InterfaceError, connection, connections
from django.utils import timezone

from audit.models import Event
from connector_site.lib.outside_calls import OutsideCall
from connector_site.lib.secrets import Secret, WrongOwner
from exact import credentials, emergency_slot, grants
from exact.errors import ExactNeedsReconnect, ExactRefreshUnderWay, ExactUnavailable
from exact.models import Grant
from exact.quick_store import quick_store
from exact.records import Me
from exact.token_calls import TokenPair
from tenants.context import tenant_context
from tests.exact.scene import Scene

TOKEN = "oauth2/token"


class Killed(BaseException):
    """Stands for a process that dies at this very line."""


def die(*_: object, **__: object) -> NoReturn:
    raise Killed


def token_calls(scene: Scene) -> list[int]:
    return [call["status"] for call in scene.sandbox.calls(TOKEN)]


def token_of(scene: Scene) -> Secret:
    return credentials.access_token(scene.grant_id)


def let_marker_pass(scene: Scene) -> None:
    Grant.objects.filter(pk=scene.grant_id).update(refresh_deadline_at=timezone.now() - timedelta(seconds=1))


def let_wait_pass(scene: Scene) -> None:
    Grant.objects.filter(pk=scene.grant_id).update(not_before_at=timezone.now() - timedelta(seconds=1))


def in_threads(count: int, act: Callable[[], object]) -> list[object]:
    """What `count` threads get that start together, each with a database connection of its own."""
    barrier = threading.Barrier(count)

    def run() -> object:
        barrier.wait()
        try:
            return act()
        except Exception as error:  # noqa: BLE001  what a thread met is what the test looks at
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(run) for _ in range(count)]]


def test_a_young_token_is_used_without_any_call(scene: Scene) -> None:
    first, second = token_of(scene), token_of(scene)

    assert first == second
    assert token_calls(scene) == []


@pytest.mark.parametrize(("age", "calls"), [(500, []), (574, []), (576, [200]), (601, [200]), (86_400, [200])])
def test_a_token_is_renewed_from_575_seconds_on(scene: Scene, age: int, calls: list[int]) -> None:
    before = token_of(scene)
    scene.age_tokens(age)

    after = token_of(scene)

    assert token_calls(scene) == calls
    assert (after != before) == bool(calls)
    assert scene.grant.generation == 1 + len(calls)


@pytest.mark.slow
def test_twenty_threads_that_find_an_old_token_renew_it_once(shared_scene: Scene) -> None:
    scene = shared_scene
    old = token_of(scene)
    scene.age_tokens(580)

    results = in_threads(20, lambda: token_of(scene))

    assert token_calls(scene) == [200]
    assert scene.grant.generation == 2
    new = {result for result in results if isinstance(result, Secret)}
    waiting = [result for result in results if isinstance(result, ExactRefreshUnderWay)]
    assert (len(new), old in new) == (1, False)
    assert len([result for result in results if isinstance(result, Secret)]) + len(waiting) == 20


@pytest.mark.slow
def test_fifty_renewals_in_a_row_by_racing_threads_spend_no_token_twice(shared_scene: Scene) -> None:
    scene = shared_scene
    for _ in range(50):
        scene.age_tokens(600)
        in_threads(4, lambda: token_of(scene))

    assert token_calls(scene) == [200] * 50
    assert scene.grant.needs_reconnect_at is None


def test_a_process_that_finds_a_renewal_under_way_comes_back_in_two_seconds(scene: Scene) -> None:
    scene.age_tokens(600)
    now = grants.database_now()
    Grant.objects.filter(pk=scene.grant_id).update(refresh_deadline_at=now + timedelta(seconds=25))

    with pytest.raises(ExactRefreshUnderWay) as waiting:
        token_of(scene)

    assert waiting.value.retry_at is not None
    assert timedelta(seconds=1) < waiting.value.retry_at - now < timedelta(seconds=4)
    assert token_calls(scene) == []


def test_killed_before_anything_was_sent_costs_only_the_marker(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.age_tokens(600)
    with monkeypatch.context() as patch:
        patch.setattr(credentials, "renew", die)
        with pytest.raises(Killed):
            token_of(scene)

    let_marker_pass(scene)
    token_of(scene)

    assert token_calls(scene) == [200]
    assert (scene.grant.generation, scene.grant.refresh_deadline_at, scene.grant.suspect_since_at) == (2, None, None)


def test_killed_between_the_slot_and_the_commit_is_recovered_from_the_slot(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.age_tokens(600)
    with monkeypatch.context() as patch:
        patch.setattr(grants, "store_pair", die)
        with pytest.raises(Killed):
            token_of(scene)

    let_marker_pass(scene)
    token = token_of(scene)

    assert token_calls(scene) == [200]
    assert scene.grant.generation == 2
    assert scene.client().shipping_methods() != []
    assert token == grants.pair_of(scene.grant).access
    assert list(quick_store().scan_iter("exact:slot:*")) == []


@pytest.mark.slow
def test_a_database_that_is_away_for_a_moment_costs_no_token(
    shared_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, tries, store_pair = shared_scene, list[int](), grants.store_pair

    def away_twice(grant: Grant, pair: TokenPair, *, received_at: datetime) -> bool:
        tries.append(1)
        if len(tries) < 3:
            raise InterfaceError("the connection is closed")
        return store_pair(grant, pair, received_at=received_at)

    scene.age_tokens(600)
    monkeypatch.setattr(grants, "store_pair", away_twice)

    token = token_of(scene)

    assert (len(tries), token_calls(scene), scene.grant.generation) == (3, [200], 2)
    assert token == grants.pair_of(scene.grant).access


def test_killed_before_the_slot_ends_the_chain_and_says_so_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.age_tokens(600)
    with monkeypatch.context() as patch:
        patch.setattr(emergency_slot, "put", die)
        with pytest.raises(Killed):
            token_of(scene)

    let_marker_pass(scene)
    for _ in range(3):
        with pytest.raises(ExactNeedsReconnect, match="Connect Exact Online again"):
            token_of(scene)

    assert token_calls(scene) == [200, 401]
    assert scene.grant.needs_reconnect_at is not None
    with tenant_context(scene.tenant.id):
        events = Event.objects.filter(subject=scene.connection.code, to_state="needs_reconnect")
        assert [event.kind for event in events] == [Event.Kind.DISCONNECTED]


def test_a_lost_answer_makes_the_chain_suspect_and_is_tried_three_times_in_ten_minutes(scene: Scene) -> None:
    scene.age_tokens(600)
    scene.sandbox.fault(action="reset_before", path_regex=TOKEN, times=3)
    waits: list[float] = []
    for _ in range(3):
        with pytest.raises(ExactUnavailable) as refusal:
            token_of(scene)
        assert refusal.value.retry_at is not None
        waits.append(round((refusal.value.retry_at - grants.database_now()).total_seconds()))
        with pytest.raises(ExactUnavailable):
            token_of(scene)
        let_wait_pass(scene)

    token_of(scene)

    assert waits == [5, 60, 600]
    assert len(token_calls(scene)) == 4
    assert (scene.grant.suspect_since_at, scene.grant.failures, scene.grant.generation) == (None, 0, 2)


def test_a_lost_answer_that_had_spent_the_token_ends_in_needs_reconnect(scene: Scene) -> None:
    scene.age_tokens(600)
    scene.sandbox.fault(action="reset_after", path_regex=TOKEN, times=1)
    with pytest.raises(ExactUnavailable):
        token_of(scene)
    let_wait_pass(scene)

    with pytest.raises(ExactNeedsReconnect):
        token_of(scene)

    assert scene.grant.reconnect_reason == "unauthorized_client"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_fault_of_exacts_is_waited_out_with_the_same_token(scene: Scene, status: int) -> None:
    scene.age_tokens(600)
    scene.sandbox.fault(action="status", status=status, path_regex=TOKEN, times=1)

    with pytest.raises(ExactUnavailable):
        token_of(scene)

    assert (scene.grant.needs_reconnect_at, scene.grant.failures) == (None, 1)
    let_wait_pass(scene)
    token_of(scene)
    assert token_calls(scene) == [status, 200]


def test_renewing_too_early_keeps_the_token_and_does_not_try_again(scene: Scene) -> None:
    held = token_of(scene)
    back = timezone.now() - timedelta(seconds=580)
    Grant.objects.filter(pk=scene.grant_id).update(received_at=back)
    credentials.forget_kept()

    tokens = [token_of(scene) for _ in range(3)]

    assert tokens == [held] * 3
    assert token_calls(scene) == [400]
    assert (scene.grant.needs_reconnect_at, scene.grant.reconnect_reason) == (None, grants.RENEWED_TOO_EARLY)


def test_a_wrong_registration_blames_nobody_but_us_and_waits(scene: Scene) -> None:
    scene.age_tokens(600)
    scene.sandbox.fault(action="status", status=400, path_regex=TOKEN, times=1, body={"error": "invalid_client"})

    with pytest.raises(ExactUnavailable, match="Our team") as refusal:
        token_of(scene)
    with pytest.raises(ExactUnavailable):
        token_of(scene)

    assert refusal.value.reason == "registration_refused"
    assert token_calls(scene) == [400]
    assert (scene.grant.needs_reconnect_at, scene.grant.reconnect_reason) == (None, grants.REGISTRATION_REFUSED)
    let_wait_pass(scene)
    token_of(scene)
    assert scene.grant.reconnect_reason == ""


def test_a_loser_never_ends_a_chain_that_somebody_else_renewed(scene: Scene) -> None:
    grant = scene.grant

    moved = grants.store_pair(
        grant, TokenPair(access=Secret("new"), refresh=Secret("newer")), received_at=grants.database_now()
    )
    late = grants.store_pair(
        grant, TokenPair(access=Secret("late"), refresh=Secret("later")), received_at=grants.database_now()
    )
    ended = grants.end(grant.pk, reason="old", only_if=lambda row: row.generation == grant.generation)

    assert (moved, late, ended) == (True, False, False)
    assert grants.pair_of(scene.grant).access.reveal() == "new"
    assert scene.grant.needs_reconnect_at is None


def test_a_permission_taken_back_is_noticed_by_the_call_and_ends_the_connection(scene: Scene) -> None:
    scene.sandbox.control("POST", f"users/{scene.company['user_id']}/revoke")
    seen: list[OutsideCall] = []

    with pytest.raises(ExactNeedsReconnect):
        scene.client(seen.append).shipping_methods()
    with pytest.raises(ExactNeedsReconnect):
        scene.client(seen.append).shipping_methods()

    assert [call.operation for call in seen] == ["shipping_methods", "probe_token"]
    assert scene.grant.reconnect_reason == "revoked"


def test_an_expired_token_that_looks_young_here_is_replaced_after_the_refusal(scene: Scene) -> None:
    token_of(scene)
    scene.sandbox.control("POST", "clock", {"advance_seconds": 601})
    Grant.objects.filter(pk=scene.grant_id).update(received_at=timezone.now() - timedelta(seconds=571))

    assert scene.client().shipping_methods() != []

    assert token_calls(scene) == [200]


def test_idle_grants_are_renewed_daily_and_busy_ones_left_alone(scene: Scene) -> None:
    at = timezone.now()

    young = credentials.refresh_idle(at)
    scene.age_tokens(24 * 3_600)
    old = credentials.refresh_idle(at)
    again = credentials.refresh_idle(at)

    assert (young, old, again) == (0, 1, 0)
    assert token_calls(scene) == [200]


def test_a_renewal_that_was_cut_off_is_finished_while_the_slot_still_holds(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.age_tokens(600)
    with monkeypatch.context() as patch:
        patch.setattr(grants, "store_pair", die)
        with pytest.raises(Killed):
            token_of(scene)
    let_marker_pass(scene)

    assert credentials.refresh_idle(timezone.now()) == 1

    assert token_calls(scene) == [200]
    assert scene.grant.generation == 2


def test_tokens_are_encrypted_and_bound_to_their_row(scene: Scene) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed_tokens FROM exact_grant WHERE id = %s", [scene.connection.grant_id])
        stored = bytes(cursor.fetchone()[0])
    other = Grant(code=scene.tenant.code, sealed_tokens=scene.grant.sealed_tokens)

    assert grants.pair_of(scene.grant).access.reveal().encode() not in stored
    with pytest.raises(WrongOwner):
        grants.pair_of(other)


def test_without_redis_a_renewal_still_works(scene: Scene, settings: object) -> None:
    scene.age_tokens(600)
    settings.REDIS_URL = "redis://127.0.0.1:9/0"  # type: ignore[attr-defined]

    token_of(scene)

    assert token_calls(scene) == [200]
    assert scene.grant.generation == 2


def test_new_tokens_take_back_that_a_chain_had_ended(scene: Scene) -> None:
    held = scene.grant
    assert grants.end(held.pk, reason="ended", only_if=lambda _: True)

    assert grants.store_pair(held, grants.pair_of(held), received_at=timezone.now())

    assert (scene.grant.needs_reconnect_at, scene.grant.reconnect_reason) == (None, "")


def test_idle_grants_stop_when_the_time_is_up(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.age_tokens(90_000)
    monkeypatch.setattr(credentials, "IDLE_SECONDS", -1)

    assert credentials.refresh_idle(timezone.now()) == 0
    assert token_calls(scene) == []


def test_a_damaged_idle_grant_does_not_stop_the_others(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.age_tokens(90_000)
    damaged = grants.adopt(
        site="nl",
        client_id="other",
        me=Me(user_id=uuid.uuid4(), name="", email="", current_division=1, customer_name="", language=""),
        pair=grants.pair_of(scene.grant),
        received_at=timezone.now() - timedelta(days=3),
    )
    Grant.objects.filter(pk=damaged.pk).update(sealed_tokens=scene.grant.sealed_tokens)

    assert credentials.refresh_idle(timezone.now()) == 1
    assert [record.levelname for record in caplog.records if record.name == "exact.credentials"] == ["ERROR"]
