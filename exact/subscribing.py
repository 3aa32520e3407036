"""Keeping our webhook subscription right: remove what points elsewhere, post what is missing (`exact.md` 11.1)."""

from uuid import UUID

from django.conf import settings
from django.db import connection as database
from django.utils import timezone

from connector_site.lib.wording import said
from exact.client import GOODS_DELIVERIES_TOPIC, ExactClient
from exact.errors import ExactGone, ExactRejected
from exact.models import Connection, WebhookSubscription
from exact.records import Subscription
from tenants.context import tenant_context

HOOK_PATH = "/hooks/exact/"


def callback_url(connection: Connection) -> str:
    """Where Exact reports this company's changes; the opaque part only routes."""
    return f"{settings.PUBLIC_URL}{HOOK_PATH}{connection.hook_code}"


def ensure_subscribed(connection: Connection, client: ExactClient) -> Subscription:
    """Subscribe to goods deliveries unless that is so already; running it again costs one call.

    A subscription that was confirmed before notifications were missed is made anew, once: Exact may list one that it no
    longer serves (`exact.md` 11.5).
    """
    listed = client.subscriptions()
    if _has_failed(connection):
        for ours in [one for one in listed if one.callback_url == callback_url(connection)]:
            _remove(client, ours)
        listed = [one for one in listed if one.callback_url != callback_url(connection)]
    for foreign in _foreign(connection, listed):
        _remove(client, foreign)
    ours = _ours(connection, listed) or _subscribe(connection, client)
    _remember(connection, ours)
    return ours


def end_subscriptions(connection: Connection, client: ExactClient) -> None:
    """Remove this connection's subscriptions at Exact, before the tokens are forgotten (`exact.md` 11.5).

    Those of another customer's connection to the same company stay: it may have been made since this one ended.
    """
    for subscription in client.subscriptions():
        if subscription.callback_url.endswith(f"{HOOK_PATH}{connection.hook_code}"):
            _remove(client, subscription)
    with tenant_context(connection.tenant_id):
        WebhookSubscription.objects.filter(connection=connection).delete()


def note_first_call(hook_code: UUID) -> None:
    """Note that Exact called the address of a new subscription: one statement, which changes one row once.

    The call is empty and unsigned, so anybody may send it (`exact.md` 11.2); it is a sign of life and no proof.
    """
    with database.cursor() as cursor:
        cursor.execute("SELECT exact_hook_validated(%s)", [hook_code])


def _subscribe(connection: Connection, client: ExactClient) -> Subscription:
    """Post; a refusal may mean that it is there already, or that this site does not know `IsInstant`."""
    url = callback_url(connection)
    refusal: ExactRejected | None = None
    _expect_first_call(connection)
    for instant in (True, False):
        try:
            client.subscribe(GOODS_DELIVERIES_TOPIC, url, instant=instant)
        except ExactRejected as error:
            if error.reason == "callback_refused":
                raise
            refusal = error
        found = _ours(connection, client.subscriptions())
        if found is not None:
            return found
    raise refusal or ExactRejected(
        said("Exact Online took our subscription to goods deliveries but does not list it. Try again in a minute."),
        operation="subscribe",
        reason="subscription_missing",
    )


def _expect_first_call(connection: Connection) -> None:
    """Exact calls a new subscription's address once, and only then notifies (`exact.md` 11.2)."""
    with tenant_context(connection.tenant_id):
        Connection.objects.filter(pk=connection.pk).update(hook_validated_at=None)


def _has_failed(connection: Connection) -> bool:
    if connection.missed_hook_at is None:
        return False
    with tenant_context(connection.tenant_id):
        before = WebhookSubscription.objects.filter(connection=connection, confirmed_at__lte=connection.missed_hook_at)
        return before.exists()


def _ours(connection: Connection, listed: list[Subscription]) -> Subscription | None:
    url = callback_url(connection)
    return next((one for one in listed if one.topic == GOODS_DELIVERIES_TOPIC and one.callback_url == url), None)


def _foreign(connection: Connection, listed: list[Subscription]) -> list[Subscription]:
    """Subscriptions of our app to our topic that point elsewhere: an app sees no others' (`exact.md` 11.1)."""
    url = callback_url(connection)
    return [one for one in listed if one.topic == GOODS_DELIVERIES_TOPIC and one.callback_url != url]


def _remove(client: ExactClient, subscription: Subscription) -> None:
    try:
        client.unsubscribe(subscription.id)
    except ExactGone:
        return


def _remember(connection: Connection, subscription: Subscription) -> None:
    with tenant_context(connection.tenant_id):
        WebhookSubscription.objects.update_or_create(
            tenant_id=connection.tenant_id,
            connection=connection,
            topic=subscription.topic,
            defaults={
                "exact_id": subscription.id,
                "callback_url": subscription.callback_url,
                "confirmed_at": timezone.now(),
            },
        )
