"""Whom UPS is to tell of by itself, and noticing that it does not."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from syncjobs.models import Delivery, Receipt, Shipment, SyncJob
from tenants.context import tenant_context
from tests.factories import make_tenant
from tests.pages.scene import make_desk
from tests.pages.travels import parcels_of
from tests.syncjobs.hearings import AT, alert_of, hear, shipped, subscribe
from tests.syncjobs.tellings import NOON, PUSH, hours, record, scan, without_gmt
from ups.events import ParcelEvent
from ups.models import Account, AlertSubscription, QuantumViewFeed

pytestmark = pytest.mark.django_db
SINCE = NOON - hours(10)
MISSED = (scan("picked up", NOON - hours(3)), scan("departed", NOON - hours(2)))
"""Two scans that UPS told nobody of who did not ask."""


@pytest.fixture
def delivery() -> Delivery:
    return shipped()


def account_of(delivery: Delivery) -> Account:
    with tenant_context(delivery.tenant_id):
        return Shipment.objects.get(delivery=delivery).attempt.account


def subscriptions(delivery: Delivery) -> list[tuple[str, str]]:
    with tenant_context(delivery.tenant_id):
        return list(AlertSubscription.objects.order_by("pk").values_list("tracking_number", "state"))


def alert_jobs(delivery: Delivery) -> int:
    """Whether UPS is to be asked to tell of the account's parcels."""
    with tenant_context(delivery.tenant_id):
        return SyncJob.objects.filter(kind="alert", subject=account_of(delivery).code, state="due").count()


def set_account(delivery: Delivery, **columns: Any) -> None:
    with tenant_context(delivery.tenant_id):
        Account.objects.update(**columns)


def test_a_parcel_that_never_was_subscribed_is_at_its_next_news() -> None:
    delivery = shipped(parcels=2)

    hear(delivery, scan("departed"))

    assert subscriptions(delivery) == [(parcel.tracking_number, "wanted") for parcel in parcels_of(delivery)]
    assert alert_jobs(delivery) == 1


@pytest.mark.parametrize(("version", "what"), [("off", "departed"), ("v1", "delivered")])
def test_neither_a_switched_off_alert_nor_a_finished_parcel_is_subscribed(
    delivery: Delivery, version: str, what: str
) -> None:
    set_account(delivery, alert_version=version)

    hear(delivery, scan(what))

    assert (subscriptions(delivery), alert_jobs(delivery)) == ([], 0)


def test_nothing_is_asked_when_no_subscription_is_missing(delivery: Delivery) -> None:
    subscribe(delivery)

    with CaptureQueriesContext(connection) as captured:
        hear(delivery, scan("departed"))

    asked = [query["sql"] for query in captured.captured_queries if 'FROM "ups_account"' in query["sql"]]
    assert (asked, alert_jobs(delivery)) == ([], 0)


def test_a_parcel_that_is_followed_no_more_is_renewed_no_more(delivery: Delivery) -> None:
    number = subscribe(delivery)
    at = NOON + timedelta(days=60)

    parcel = hear(delivery, at=at, looked=True)

    assert (parcel.look_at, parcel.attention) == (None, "stopped")
    assert (alert_of(delivery, number).state, alert_of(delivery, number).due_at) == ("ended", None)


def silent_since(delivery: Delivery) -> datetime | None:
    return account_of(delivery).alert_silent_at


def told_of_account(delivery: Delivery) -> list[str]:
    with tenant_context(delivery.tenant_id):
        events = Event.objects.filter(subject=account_of(delivery).code, subject_kind="ups_account", kind="changed")
        return [event.details["what"] for event in events.order_by("pk") if "alerts" in event.details["what"]]


def read_feed(delivery: Delivery, *, poll_at: datetime) -> QuantumViewFeed:
    account = account_of(delivery)
    with tenant_context(delivery.tenant_id):
        return QuantumViewFeed.objects.create(
            tenant_id=delivery.tenant_id, account=account, name="Everything", poll_at=poll_at
        )


def test_scans_that_nobody_pushed_are_noticed_and_pushes_are_relied_on_no_more() -> None:
    delivery = shipped(parcels=2)
    subscribe(delivery, since=SINCE)
    subscribe(delivery, of=1, since=SINCE)
    feed = read_feed(delivery, poll_at=AT + hours(1))

    hear(delivery, *MISSED)
    parcel = hear(delivery, scan("arrived", NOON - hours(1)), at=AT)

    assert silent_since(delivery) == AT
    assert told_of_account(delivery) == ["alerts silent"]
    assert parcel.look_at == NOON + hours(5)
    with tenant_context(delivery.tenant_id):
        assert QuantumViewFeed.objects.get(pk=feed.pk).poll_at == AT


def test_the_other_deliveries_of_the_account_are_asked_about_sooner_then() -> None:
    desk = make_desk(make_tenant())
    delivery, other = shipped(desk=desk), shipped(desk=desk)
    subscribe(delivery, since=SINCE)
    subscribe(other, since=SINCE)
    before = hear(other, scan("departed", NOON - hours(2))).look_at

    hear(delivery, *MISSED)

    assert before == NOON + hours(23)
    assert parcels_of(other)[0].look_at == AT + hours(6)


@pytest.mark.parametrize(
    "news",
    [
        [scan("picked up", NOON - hours(3))],
        [scan("picked up", NOON - hours(3)), scan("departed", NOON - hours(2), source=PUSH)],
        [scan("picked up", NOON - hours(3)), scan("departed", AT - timedelta(minutes=14))],
        [scan("picked up", SINCE + timedelta(minutes=4)), scan("departed", NOON - hours(2))],
        [scan("label", NOON - hours(3)), scan("departed", NOON - hours(2))],
        [scan("picked up", NOON - hours(3)), without_gmt(scan("departed", NOON - hours(2)))],
        [record("picked up", NOON - hours(3)), record("departed", NOON - hours(2))],
    ],
    ids=["one scan", "one pushed", "too fresh", "before it began", "a label", "no zone", "records of Quantum View"],
)
def test_less_than_two_missing_pushes_is_no_silence(delivery: Delivery, news: list[ParcelEvent]) -> None:
    subscribe(delivery, since=SINCE)

    hear(delivery, *news)

    assert (silent_since(delivery), told_of_account(delivery)) == (None, [])


@pytest.mark.parametrize("columns", [{"state": "ended"}, {"state": "refused"}, {"problem": "Not confirmed."}])
def test_a_parcel_that_ups_is_not_to_tell_of_is_not_missed(delivery: Delivery, columns: dict[str, str]) -> None:
    subscribe(delivery, since=SINCE)
    with tenant_context(delivery.tenant_id):
        AlertSubscription.objects.update(**columns)

    hear(delivery, *MISSED)

    assert silent_since(delivery) is None


@pytest.mark.parametrize(("minutes", "is_silent"), [(-5, True), (5, False)])
def test_pushes_that_got_lost_before_others_came_are_no_silence(
    delivery: Delivery, minutes: float, *, is_silent: bool
) -> None:
    subscribe(delivery, since=SINCE)
    receive(delivery, MISSED[0].happened_at, minutes=minutes)

    hear(delivery, *MISSED)

    assert (silent_since(delivery) is not None) == is_silent


def receive(delivery: Delivery, at: datetime | None, *, minutes: float) -> None:
    """A push came so many minutes after that moment."""
    assert at is not None
    with tenant_context(delivery.tenant_id):
        Receipt.objects.create(
            tenant_id=delivery.tenant_id,
            source="ups",
            subject=delivery.code,
            fingerprint=uuid.uuid4().hex,
            received_at=at + timedelta(minutes=minutes),
        )


def test_the_next_push_ends_the_silence_and_only_that() -> None:
    delivery = shipped(parcels=2)
    subscribe(delivery, since=SINCE)
    hear(delivery, *MISSED)

    hear(delivery, record("arrived", NOON - hours(1)), at=AT + hours(1))
    still = silent_since(delivery)
    subscribe(delivery, of=1, since=SINCE)
    parcel = hear(delivery, scan("departed", NOON, source=PUSH), of=1, at=AT + hours(1))

    assert still == AT
    assert silent_since(delivery) is None
    assert told_of_account(delivery) == ["alerts silent", "alerts heard"]
    assert hear(delivery, scan("arrived", AT, source=PUSH), of=1, at=AT + hours(1)).look_at == AT + hours(24)
    assert parcel.milestone == "in_transit"


def test_a_push_costs_nothing_more_while_there_is_no_silence(delivery: Delivery) -> None:
    subscribe(delivery, since=SINCE)

    with CaptureQueriesContext(connection) as captured:
        hear(delivery, scan("departed", source=PUSH))

    assert [query["sql"] for query in captured.captured_queries if 'UPDATE "ups_account"' in query["sql"]] == []
