"""Our webhook subscription, kept right whatever stands there already."""

import pytest
from django.utils import timezone

from exact.client import ExactClient
from exact.errors import ExactRejected
from exact.models import WebhookSubscription
from exact.subscribing import callback_url, end_subscriptions, ensure_subscribed
from tenants.context import tenant_context
from tests.exact.scene import Scene

FOREIGN = "http://127.0.0.1:9/hooks/exact/of-an-older-address"
RESOURCE = "webhooks/WebhookSubscriptions"


def listed(scene: Scene) -> list[str]:
    return [row["callback_url"] for row in scene.sandbox.control("GET", "subscriptions")["subscriptions"]]


def without_ours(scene: Scene) -> ExactClient:
    """A client of a company whose subscription was removed."""
    client = scene.client()
    end_subscriptions(scene.connection, client)
    scene.sandbox.forget_calls()
    return client


def methods(scene: Scene) -> list[str]:
    return [call["method"] for call in scene.sandbox.calls(RESOURCE)]


def test_running_it_again_costs_one_call_and_changes_nothing(scene: Scene) -> None:
    ensure_subscribed(scene.connection, scene.client())

    assert methods(scene) == ["GET"]
    assert listed(scene) == [callback_url(scene.connection)]


def test_an_older_address_of_ours_is_removed_before_the_new_one_is_posted(scene: Scene) -> None:
    client = without_ours(scene)
    client.subscribe("GoodsDeliveries", FOREIGN, instant=True)
    scene.sandbox.forget_calls()

    ensure_subscribed(scene.connection, client)

    assert methods(scene) == ["GET", "DELETE", "POST", "GET"]
    assert listed(scene) == [callback_url(scene.connection)]


def test_a_site_that_does_not_know_instant_delivery_is_asked_once_without(scene: Scene) -> None:
    client = without_ours(scene)
    scene.sandbox.fault(action="status", status=400, path_regex=RESOURCE, method="POST", times=1, body={"error": {}})

    ensure_subscribed(scene.connection, client)

    posts = [call for call in scene.sandbox.calls(RESOURCE) if call["method"] == "POST"]
    assert ["IsInstant" in str(call["request_body"]) for call in posts] == [True, False]
    assert listed(scene) == [callback_url(scene.connection)]


def test_a_refusal_because_it_is_there_already_is_a_success(scene: Scene) -> None:
    client = without_ours(scene)
    scene.sandbox.fault(
        action="status", status=400, path_regex=RESOURCE, method="POST", times=1, after=True, body={"error": {}}
    )

    subscription = ensure_subscribed(scene.connection, client)

    assert subscription.callback_url == callback_url(scene.connection)
    assert methods(scene) == ["GET", "POST", "GET"]


def test_an_address_that_exact_cannot_reach_is_ours_to_mend_and_not_tried_again(scene: Scene) -> None:
    client = without_ours(scene)
    scene.sandbox.settings(webhook_validation="during")

    with pytest.raises(ExactRejected, match="Our team") as refusal:
        ensure_subscribed(scene.connection, client)

    assert refusal.value.reason == "callback_refused"
    assert methods(scene) == ["GET", "POST"]
    with tenant_context(scene.tenant.id):
        assert WebhookSubscription.objects.count() == 0


def test_a_subscription_that_misses_what_happens_is_made_anew_once(scene: Scene) -> None:
    scene.connection.missed_hook_at = timezone.now()
    before = scene.sandbox.control("GET", "subscriptions")["subscriptions"]

    ensure_subscribed(scene.connection, scene.client())
    ensure_subscribed(scene.connection, scene.client())

    assert methods(scene) == ["GET", "DELETE", "POST", "GET", "GET"]
    assert listed(scene) == [callback_url(scene.connection)]
    assert len(before) == 1
