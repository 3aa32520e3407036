"""Taking in news of a delivery: where its parcels stand afterwards, what follows from it, and that nothing is lost."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from audit.models import Event
from audit.record import acting
from syncjobs.models import Delivery, Parcel, Shipment, SyncJob, TrackingEvent
from syncjobs.progress import COALESCE_SECONDS, FROM_THE_FUTURE, conclude, lock, take_in
from tenants.context import tenant_context
from tests.factories import make_tenant
from tests.pages.scene import make_desk, make_shipped
from tests.pages.travels import parcels_of
from tests.syncjobs.tellings import NOON, PUSH, hours, record, scan
from tests.syncjobs.threads import at_once
from ups import subscribing
from ups.events import ParcelEvent
from ups.models import AlertSubscription

pytestmark = pytest.mark.django_db
S, Kind = Delivery.State, SyncJob.Kind
AT = NOON + hours(1)


@pytest.fixture
def delivery() -> Delivery:
    return shipped()


def shipped(parcels: int = 1) -> Delivery:
    """A delivery with its number in Exact and its label made at noon, two hours before the news of these tests."""
    delivery = make_shipped(make_desk(make_tenant()), parcels=parcels, created_at=NOON - hours(1))
    with tenant_context(delivery.tenant_id):
        Shipment.objects.filter(delivery=delivery).update(created_at=NOON - hours(1))
    return delivery


def hear(
    delivery: Delivery,
    *news: ParcelEvent,
    of: int = 0,
    at: datetime = AT,
    looked: bool = False,
    expected_on: date | None = None,
) -> Parcel:
    """Take in news of the delivery's parcel in this place; how the parcel stands afterwards."""
    number = parcels_of(delivery)[of].tracking_number
    mine = [replace(event, tracking_number=number) for event in news]
    with acting("worker"), tenant_context(delivery.tenant_id):
        locked = lock(delivery.tenant_id, delivery.code)
        progress = take_in(locked, mine, at=at, looked={number: expected_on} if looked else {})
        conclude(locked, progress, at=at)
    return parcels_of(delivery)[of]


def fresh(delivery: Delivery) -> Delivery:
    with tenant_context(delivery.tenant_id):
        return Delivery.objects.get(pk=delivery.pk)


def jobs(delivery: Delivery) -> dict[str, Any]:
    """What is to be done about it now, and when."""
    with tenant_context(delivery.tenant_id):
        rows = SyncJob.objects.filter(subject=delivery.code, state=SyncJob.State.DUE)
        return dict(rows.exclude(kind__in=[Kind.READ, Kind.SHIP, Kind.REPORT]).values_list("kind", "due_at"))


def trail(delivery: Delivery) -> list[tuple[str, str, str]]:
    """What the trail says since the number stood in Exact: kind, and from where to where."""
    with tenant_context(delivery.tenant_id):
        events = list(Event.objects.for_subject(delivery.code))
    reported = max(place for place, event in enumerate(events) if event.to_state == S.REPORTED)
    return [
        (event.kind, event.details.get("from", event.from_state), event.details.get("to", event.to_state))
        for event in events[reported + 1 :]
    ]


def test_a_parcel_shows_where_it_stands_since_when_and_what_comes_next(delivery: Delivery) -> None:
    day = NOON.date()

    parcel = hear(delivery, scan("departed", NOON - hours(1)), scan("customs", scheduled_date=day))

    assert (parcel.milestone, parcel.reason, parcel.milestone_at) == ("exception", "customs_sender", NOON)
    assert (parcel.last_event_at, parcel.scheduled_date, parcel.attention) == (NOON, day, "")
    assert (parcel.claim_at, parcel.confirmed_at, parcel.looked_at) == (None, None, None)
    assert parcel.look_at == NOON + hours(6)


def test_the_delivery_follows_its_least_advanced_parcel() -> None:
    delivery = shipped(parcels=2)

    hear(delivery, scan("out"))
    first = fresh(delivery)
    hear(delivery, scan("delay"), of=1)
    second = fresh(delivery)

    assert (first.state, first.milestone) == (S.IN_TRANSIT, "label_created")
    assert (second.state, second.milestone) == (S.IN_TRANSIT, "exception")


def test_a_burst_of_news_asks_for_one_write_to_exact(delivery: Delivery) -> None:
    hear(delivery, scan("picked up", NOON - hours(2)))
    hear(delivery, scan("departed", NOON - hours(1)), at=AT + timedelta(seconds=1))
    hear(delivery, scan("out"), at=AT + timedelta(seconds=1))

    assert jobs(delivery) == {Kind.STATUS: AT + timedelta(seconds=COALESCE_SECONDS)}


def test_news_that_exact_is_not_told_of_asks_for_nothing(delivery: Delivery) -> None:
    hear(delivery, scan("label"))

    assert jobs(delivery) == {}


def test_a_claimed_delivery_is_looked_into_at_once_and_closes_nothing(delivery: Delivery) -> None:
    parcel = hear(delivery, scan("out", NOON - hours(1)), scan("delivered", source=PUSH))

    assert (parcel.milestone, parcel.claim_at, parcel.confirmed_at) == ("out_for_delivery", NOON, None)
    assert fresh(delivery).state == S.IN_TRANSIT
    assert jobs(delivery)[Kind.CONFIRM] == AT
    assert Kind.PROOF not in jobs(delivery)


def test_a_delivery_that_the_tracking_api_confirms_is_proven(delivery: Delivery) -> None:
    hear(delivery, scan("delivered", source=PUSH))

    parcel = hear(delivery, scan("delivered"), at=AT + hours(1), looked=True)

    ended = fresh(delivery)
    assert (parcel.milestone, parcel.milestone_at, parcel.confirmed_at) == ("delivered", NOON, AT + hours(1))
    assert (parcel.claim_at, parcel.looked_at, parcel.looks_in_vain) == (None, AT + hours(1), 0)
    assert (ended.state, ended.milestone) == (S.DELIVERED, "delivered")
    assert jobs(delivery)[Kind.PROOF] == AT + hours(1)
    assert Kind.STATUS not in jobs(delivery)


def test_the_first_of_two_delivered_parcels_ends_nothing() -> None:
    delivery = shipped(parcels=2)

    hear(delivery, scan("delivered"))
    halfway = fresh(delivery).state
    hear(delivery, scan("delivered"), of=1)

    assert (halfway, fresh(delivery).state) == (S.IN_TRANSIT, S.DELIVERED)


def test_parcels_of_a_shipment_that_was_voided_are_followed_no_more(delivery: Delivery) -> None:
    with tenant_context(delivery.tenant_id):
        Shipment.objects.filter(delivery=delivery).update(voided_at=NOON)

    parcel = hear(delivery, scan("delivered"))

    assert (parcel.milestone, fresh(delivery).state) == ("label_created", S.REPORTED)


def test_news_of_a_number_that_is_not_in_the_delivery_changes_nothing(delivery: Delivery) -> None:
    with acting("worker"), tenant_context(delivery.tenant_id):
        locked = lock(delivery.tenant_id, delivery.code)
        conclude(locked, take_in(locked, [scan("delivered", tracking_number="1ZFOREIGN")], at=AT), at=AT)

    with tenant_context(delivery.tenant_id):
        assert not TrackingEvent.objects.exists()
    assert (fresh(delivery).state, jobs(delivery)) == (S.REPORTED, {})


def test_every_change_of_a_parcel_and_every_move_stand_in_the_trail_in_order(delivery: Delivery) -> None:
    hear(delivery, scan("departed", NOON - hours(1)))
    hear(delivery, scan("delivered"))

    assert trail(delivery) == [
        ("changed", "label_created", "in_transit"),
        ("moved", "reported", "in_transit"),
        ("changed", "in_transit", "delivered"),
        ("moved", "in_transit", "delivered"),
    ]


def test_news_that_was_known_leaves_no_trace_in_the_trail(delivery: Delivery) -> None:
    hear(delivery, scan("departed"))
    before = trail(delivery)

    hear(delivery, scan("departed"), scan("departed", source=PUSH), at=AT + hours(1))

    assert trail(delivery) == before
    with tenant_context(delivery.tenant_id):
        assert [row.sources for row in TrackingEvent.objects.all()] == [["push", "track"]]


@pytest.mark.parametrize("step", [1, -1])
def test_a_lost_parcel_is_a_persons_matter_until_ups_finds_it(delivery: Delivery, step: int) -> None:
    hear(delivery, scan("lost"))
    lost = fresh(delivery)
    hear(delivery, *[scan("departed", NOON + hours(2)), scan("lost")][::step], at=AT + hours(3))

    assert (lost.state, [row["code"] for row in lost.problems]) == (S.REVIEW, ["lost"])
    assert (fresh(delivery).state, fresh(delivery).problems) == (S.IN_TRANSIT, [])


def test_a_corrected_delivery_is_open_again_and_asked_about_until_it_is_delivered(delivery: Delivery) -> None:
    hear(delivery, scan("delivered"))

    taken_back = hear(delivery, scan("delay", NOON + hours(3)), at=AT + hours(3))
    review = fresh(delivery)
    put_right = hear(delivery, scan("delivered", NOON + hours(9)), at=AT + hours(9))

    assert (taken_back.milestone, taken_back.confirmed_at) == ("exception", None)
    assert taken_back.look_at is not None
    assert (review.state, [row["code"] for row in review.problems]) == (S.REVIEW, ["corrected"])
    assert (put_right.confirmed_at, fresh(delivery).state) == (AT + hours(9), S.DELIVERED)


def test_looks_in_vain_are_counted_while_an_end_is_claimed_and_anew_for_a_new_claim(delivery: Delivery) -> None:
    claim = scan("delivered", source=PUSH)
    hear(delivery, claim)

    looks = [
        hear(delivery, looked=True).looks_in_vain,
        hear(delivery, at=AT + hours(1), looked=True).looks_in_vain,
        hear(delivery, claim, at=AT + hours(1)).looks_in_vain,
        hear(delivery, scan("delivered", NOON + hours(2), source=PUSH), at=AT + hours(2)).looks_in_vain,
    ]

    assert looks == [1, 2, 2, 0]
    assert jobs(delivery)[Kind.CONFIRM] <= AT + hours(2)


def test_a_look_that_found_nothing_is_a_look_all_the_same(delivery: Delivery) -> None:
    """Not found means no data yet, until the label is two days old (`ups.md` 8)."""
    early = hear(delivery, at=AT, looked=True)
    late = hear(delivery, at=NOON + hours(47), looked=True)

    assert (early.looked_at, early.look_at, early.attention) == (AT, AT + hours(6), "")
    assert (late.milestone, late.attention) == ("label_created", "no_data")
    assert [kind for kind, _, _ in trail(delivery)] == ["changed"]


def test_an_event_from_the_future_moves_nothing_until_its_day(delivery: Delivery) -> None:
    day = AT + FROM_THE_FUTURE + timedelta(seconds=1)

    early = hear(delivery, scan("departed", NOON - hours(1)), scan("delivered", day, scheduled_date=day.date()))
    shown_early = milestones_shown(delivery)
    there = hear(delivery, scan("delivered", day), at=day)

    assert (early.milestone, early.last_event_at, early.scheduled_date) == ("in_transit", NOON - hours(1), None)
    assert (there.milestone, there.milestone_at) == ("delivered", day)
    assert (shown_early, milestones_shown(delivery)) == (["in_transit", ""], ["in_transit", "delivered"])


def milestones_shown(delivery: Delivery) -> list[str]:
    with tenant_context(delivery.tenant_id):
        return list(TrackingEvent.objects.order_by("happened_at").values_list("milestone", flat=True))


def subscribe(delivery: Delivery) -> str:
    """A Track Alert stands behind the delivery's parcel."""
    number = parcels_of(delivery)[0].tracking_number
    with tenant_context(delivery.tenant_id):
        account_id = Shipment.objects.get(delivery=delivery).attempt.account_id
        subscribing.want(delivery.tenant_id, account_id, [number], at=NOON)
        rows = AlertSubscription.objects.filter(tracking_number=number)
        rows.update(state="active", expires_at=NOON + timedelta(days=14), due_at=NOON + timedelta(days=12))
    return number


def alert_of(delivery: Delivery, number: str) -> AlertSubscription:
    with tenant_context(delivery.tenant_id):
        return AlertSubscription.objects.get(tracking_number=number)


def test_a_parcel_that_ups_tells_of_by_itself_is_asked_about_less_often(delivery: Delivery) -> None:
    subscribe(delivery)

    assert hear(delivery, scan("departed")).look_at == NOON + hours(24)


def test_an_alert_that_has_run_out_stands_behind_nothing(delivery: Delivery) -> None:
    subscribe(delivery)
    at = NOON + timedelta(days=14)

    assert hear(delivery, scan("departed", at - hours(1)), at=at).look_at == at + hours(5)


def test_a_finished_parcel_needs_no_alert_and_one_that_is_under_way_again_does(delivery: Delivery) -> None:
    number = subscribe(delivery)

    hear(delivery, scan("delivered"))
    ended = alert_of(delivery, number)
    hear(delivery, scan("delay", NOON + hours(3)), at=AT + hours(3))
    again = alert_of(delivery, number)

    assert (ended.state, ended.due_at) == ("ended", None)
    assert again.state != "ended"
    assert again.due_at is not None


def test_a_claim_alone_ends_no_alert(delivery: Delivery) -> None:
    number = subscribe(delivery)

    hear(delivery, record("delivered"))

    assert alert_of(delivery, number).state == "active"


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_news_of_one_delivery_take_turns_and_lose_nothing() -> None:
    delivery = shipped(parcels=2)

    at_once(*[telling(delivery, of=of, what=what) for of in (0, 1) for what in ("out", "delivered")])

    ended = fresh(delivery)
    with tenant_context(delivery.tenant_id):
        told = list(TrackingEvent.objects.order_by("parcel_id", "happened_at").values_list("milestone", flat=True))
    assert told == ["out_for_delivery", "delivered"] * 2
    assert [parcel.milestone for parcel in parcels_of(delivery)] == ["delivered", "delivered"]
    assert (ended.state, ended.milestone) == (S.DELIVERED, "delivered")


def telling(delivery: Delivery, *, of: int, what: str) -> Callable[[], Parcel]:
    moment = NOON if what == "delivered" else NOON - hours(2)
    return lambda: hear(delivery, scan(what, moment), of=of)


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_the_same_news_write_it_once() -> None:
    delivery = shipped()

    at_once(*[telling(delivery, of=0, what="delivered")] * 3)

    with tenant_context(delivery.tenant_id):
        assert TrackingEvent.objects.count() == 1
        assert SyncJob.objects.filter(kind=Kind.PROOF).count() == 1
    assert [kind for kind, _, _ in trail(delivery)] == ["changed", "moved"]
