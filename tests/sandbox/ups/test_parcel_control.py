"""The control routes about travelling parcels: what they show, and what they refuse."""

from typing import cast

import pytest

from tests.sandbox.ups.bodies import Json
from tests.sandbox.ups.conftest import TIMEOUT_SECONDS, Caller, Ups
from tests.sandbox.ups.travelling import STRANGE_NUMBER, advance, send_off, shipped_parcels

WEBHOOK: Json = {
    "client_id": "app-1",
    "url": "https://shop.example.com/hooks/ups/7c1f",
    "token_url": "https://shop.example.com/oauth/token",
    "webhook_client_id": "hook-client",
    "webhook_client_secret": "hook-secret-value",
}


def refused(ups: Ups, path: str, body: Json) -> int:
    return ups.session.post(f"{ups.base}/sandbox/{path}", json=body, timeout=TIMEOUT_SECONDS).status_code


def test_scripts_are_listed_with_their_truth(ups: Ups) -> None:
    scripts = {str(script["name"]): script for script in ups.listed("scripts")}

    assert len(scripts) >= 17
    assert scripts["access_point"]["final_milestone"] == "delivered"
    assert scripts["lost"]["final_reason"] == "lost_or_destroyed"


def test_parcel_shows_what_happened_so_far_and_what_is_to_come(ups: Ups, caller: Caller) -> None:
    [number] = shipped_parcels(caller)
    send_off(ups, number)
    advance(ups, caller, hours=3)

    parcel = ups.read(f"parcels/{number}")

    assert [each["code"] for each in cast("list[Json]", parcel["activities"])] == ["MP", "PU", "OR"]
    assert parcel["activities_to_come"] == 7
    assert cast("Json", parcel["script"])["final_milestone"] == "delivered"


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"script": "by_rocket"},
        {"script": "normal", "pushes": "some"},
        {"script": "normal", "hours_per_second": -1},
        {"script": "normal", "hours_per_second": "fast"},
        {"script": "normal", "start_in_seconds": True},
    ],
)
def test_wrong_travel_order_is_refused_and_starts_nothing(ups: Ups, caller: Caller, order: Json) -> None:
    [number] = shipped_parcels(caller)

    assert refused(ups, f"parcels/{number}/travel", order) == 400
    assert ups.read(f"parcels/{number}")["script"] is None


def test_unknown_parcel_cannot_be_sent_off_hidden_or_shown(ups: Ups) -> None:
    shown = ups.session.get(f"{ups.base}/sandbox/parcels/{STRANGE_NUMBER}", timeout=TIMEOUT_SECONDS)

    assert refused(ups, f"parcels/{STRANGE_NUMBER}/travel", {"script": "normal"}) == 404
    assert refused(ups, f"parcels/{STRANGE_NUMBER}/tracking", {"hidden": True}) == 404
    assert shown.status_code == 404


def test_unknown_script_cannot_become_the_default(ups: Ups) -> None:
    assert refused(ups, "settings", {"travel_script": "by_rocket"}) == 400
    assert ups.read("settings")["travel_script"] == ""


def test_portal_data_are_kept_per_app_and_shown_without_the_secret(ups: Ups) -> None:
    ups.control("webhook-credentials", WEBHOOK)
    ups.control("webhook-credentials", WEBHOOK | {"webhook_client_id": "hook-client-2"})

    [shown] = ups.listed("webhook-credentials")

    assert shown["webhook_client_id"] == "hook-client-2"
    assert "hook-secret-value" not in str(shown)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"client_id": "nobody"}, 404),
        ({"url": "http://shop.example.com/hooks"}, 400),
        ({"token_url": ""}, 400),
        ({"webhook_client_secret": ""}, 400),
    ],
)
def test_incomplete_portal_data_are_refused(ups: Ups, changes: Json, status: int) -> None:
    assert refused(ups, "webhook-credentials", WEBHOOK | changes) == status
    assert ups.listed("webhook-credentials") == []


def test_reset_forgets_travels_subscriptions_and_pushes(ups: Ups, caller: Caller) -> None:
    [number] = shipped_parcels(caller)
    send_off(ups, number)
    ups.control("webhook-credentials", WEBHOOK)

    ups.control("reset", {})

    gone = ups.session.get(f"{ups.base}/sandbox/parcels/{number}", timeout=TIMEOUT_SECONDS)
    assert gone.status_code == 404
    assert [ups.listed(path) for path in ("subscriptions", "pushes", "webhook-credentials")] == [[], [], []]
