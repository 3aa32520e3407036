"""Taking in news of a delivery: where its parcels stand afterwards, what follows from it, and that nothing is lost."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from audit.models import Event
from audit.record import acting
from syncjobs.models import Delivery, Parcel, Shipment, SyncJob, TrackingEvent
from syncjobs.tracking.progress import CLOCKS_DIFFER, COALESCE_SECONDS, FROM_THE_FUTURE, conclude, lock, take_in
from tenants.context import tenant_context
from tests.pages.travels import parcels_of
from tests.syncjobs.hearings import AT, alert_of, fresh, hear, jobs, shipped, subscribe
from tests.syncjobs.tellings import NOON, PUSH, hours, record, scan
from tests.syncjobs.threads import at_once

pytestmark = pytest.mark.django_db
S, Kind = Delivery.State, SyncJob.Kind


@pytest.fixture
def delivery() -> Delivery:
    return shipped()


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


def test_a_flood_of_differing_claims_costs_a_look_every_ten_minutes(delivery: Delivery) -> None:
    """Each push names another moment; the pauses between looks go on as if it were one claim."""
    hear(delivery, scan("out", NOON - hours(1)), scan("delivered", source=PUSH))
    hear(delivery, looked=True)

    soon = [claim_again(delivery, minutes) for minutes in range(1, 10)]
    later = claim_again(delivery, 10)

    assert soon == [AT + timedelta(minutes=1)] * 9
    assert later == AT, "due since the last look"


def test_a_new_claim_waits_no_longer_than_a_quarter_of_an_hour(delivery: Delivery) -> None:
    hear(delivery, scan("delivered", source=PUSH))
    looks = [hear(delivery, at=AT + hours(number), looked=True).look_at for number in range(6)]

    assert looks[-1] == AT + hours(5) + hours(3)
    assert claim_again(delivery, 5 * 60 + 1) == AT + hours(5) + timedelta(minutes=15)


def claim_again(delivery: Delivery, minutes: int) -> datetime | None:
    """So many minutes later another moment of delivery is told of; when UPS is asked then."""
    at = AT + timedelta(minutes=minutes)
    return hear(delivery, scan("delivered", at, source=PUSH), at=at).look_at


def test_the_day_that_ups_answers_is_expected_until_it_announces_another_or_the_parcel_is_there(
    delivery: Delivery,
) -> None:
    first, second, third = (NOON.date() + timedelta(days=number) for number in (1, 2, 3))
    hear(delivery, scan("picked up", NOON - hours(3), scheduled_date=first))

    days = [
        hear(delivery, looked=True, expected_on=second),
        hear(delivery, scan("departed", NOON - hours(2))),
        hear(delivery, looked=True),
        hear(delivery, scan("arrived", NOON - hours(1), source=PUSH, scheduled_date=third)),
        hear(delivery, scan("delivered"), looked=True, expected_on=second),
    ]

    assert [parcel.scheduled_date for parcel in days] == [second, second, second, third, third]


def test_a_look_that_found_nothing_is_a_look_all_the_same(delivery: Delivery) -> None:
    """Not found means no data yet, until the label is two days old (`ups.md` 8)."""
    early = hear(delivery, at=AT, looked=True)
    late = hear(delivery, at=NOON + hours(47), looked=True)

    assert (early.looked_at, early.look_at, early.attention) == (AT, AT + hours(6), "")
    assert (late.milestone, late.attention) == ("label_created", "no_data")
    assert [kind for kind, _, _ in trail(delivery)] == ["changed"]


@pytest.mark.parametrize(("ahead", "is_known"), [(CLOCKS_DIFFER, True), (FROM_THE_FUTURE, False)])
def test_an_event_from_the_future_moves_nothing_until_its_day(
    delivery: Delivery, ahead: timedelta, *, is_known: bool
) -> None:
    """A moment that UPS gave with its zone is no guess: only clocks that are a little fast are believed."""
    day = AT + ahead + timedelta(seconds=1)
    said = scan("delivered", day, zone_known=is_known)

    early = hear(delivery, scan("departed", NOON - hours(1)), replace(said, scheduled_date=day.date()))
    shown_early = milestones_shown(delivery)
    there = hear(delivery, said, at=day)

    assert (early.milestone, early.last_event_at, early.scheduled_date) == ("in_transit", NOON - hours(1), None)
    assert (there.milestone, there.milestone_at) == ("delivered", day)
    assert (shown_early, milestones_shown(delivery)) == (["in_transit", ""], ["in_transit", "delivered"])


@pytest.mark.parametrize(("ahead", "is_known"), [(CLOCKS_DIFFER, True), (FROM_THE_FUTURE, False)])
def test_an_event_by_a_clock_that_may_be_right_counts(delivery: Delivery, ahead: timedelta, *, is_known: bool) -> None:
    assert hear(delivery, scan("delivered", AT + ahead, zone_known=is_known)).milestone == "delivered"


def milestones_shown(delivery: Delivery) -> list[str]:
    with tenant_context(delivery.tenant_id):
        return list(TrackingEvent.objects.order_by("happened_at").values_list("milestone", flat=True))


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
