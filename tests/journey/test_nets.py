"""The net under the webhooks: what no notification told of is found, once, and nothing is bought a second time."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from audit.models import Event
from audit.record import Happening
from exact import cursors
from exact.cursors import Cursor
from exact.models import Connection, SyncCursor, WebhookSubscription
from exact.payloads import SERVER_ZONE
from exact.quick_store import quick_store
from syncjobs import engine, queue
from syncjobs.models import Delivery, SyncJob
from syncjobs.steps import changes
from syncjobs.steps.context import Step
from tenants.context import tenant_context
from tests.journey.conftest import Journey, wait_for

pytestmark = pytest.mark.slow
DELIVERIES = "salesorder/GoodsDeliveries"
SYNC = ["sync/SalesOrder/GoodsDeliveries", "sync/SalesOrder/GoodsDeliveryLines", "sync/Deleted"]


@pytest.fixture
def deaf(journey: Journey) -> Iterator[Journey]:
    """A journey whose notifications are all lost; the company has been read once, and calls count from here on."""
    journey.company.exact.control("POST", "settings", {"webhook_copies": 0})
    read_changes(journey)
    journey.company.exact.control("DELETE", "calls")
    yield journey
    journey.company.exact.control("POST", "settings", {"webhook_copies": 1})


def ask(journey: Journey, kind: SyncJob.Kind) -> None:
    """Ask for a job about the connection."""
    with tenant_context(journey.tenant.id):
        queue.add(journey.tenant.id, kind, journey.connection.code, due_at=timezone.now(), wake=False)


def read_changes(journey: Journey) -> None:
    """Let the net be drawn in, and do what follows from it."""
    ask(journey, SyncJob.Kind.CHANGES)
    journey.work()


def connection_of(journey: Journey) -> Connection:
    """The row as it is now."""
    with tenant_context(journey.tenant.id):
        return Connection.objects.get(pk=journey.connection.pk)


def set_connection(journey: Journey, **columns: object) -> None:
    with tenant_context(journey.tenant.id):
        Connection.objects.filter(pk=journey.connection.pk).update(**columns)


def book_earlier(journey: Journey, *, minutes: float, **wishes: object) -> str:
    """Book a delivery that Exact says was booked so long ago."""
    entry_id = journey.company.book(**wishes)
    wall = (timezone.now() - timedelta(minutes=minutes)).astimezone(SERVER_ZONE)
    journey.company.change(DELIVERIES, entry_id, Created=wall.strftime("%Y-%m-%dT%H:%M:%S"))
    return entry_id


def age(journey: Journey) -> None:
    """Let the deliveries be older than a read right after the booking can be blind."""
    with tenant_context(journey.tenant.id):
        Delivery.objects.update(created_at=timezone.now() - timedelta(minutes=1))


def state_of(journey: Journey, entry_id: str) -> str | None:
    found = journey.delivery(entry_id)
    return found.state if found else None


def paths(journey: Journey, method: str = "GET") -> list[str]:
    """What was asked of Exact, without the division."""
    return [call["path"].partition(f"/{journey.company.division}/")[2] for call in journey.exact_calls(method)]


def budget(journey: Journey) -> Counter[str]:
    """Calls of this UTC day by class, as the limiter counts them."""
    key = f"exact:calls:*:{journey.company.division}:d:{int(time.time()) // 86_400}"
    (name,) = quick_store().scan_iter(key)
    return Counter({str(kind): int(count) for kind, count in quick_store().hgetall(name).items()})


def jobs(journey: Journey, kind: SyncJob.Kind) -> int:
    with tenant_context(journey.tenant.id):
        return SyncJob.objects.filter(kind=kind).count()


def test_a_delivery_whose_notification_was_lost_is_found_and_shipped_once(deaf: Journey) -> None:
    entry_id = deaf.company.book()

    read_changes(deaf)
    read_changes(deaf)

    assert state_of(deaf, entry_id) == Delivery.State.REPORTED
    assert len(deaf.shipments_at_ups()) == 1
    assert deaf.company.delivery(entry_id)["TrackingNumber"].startswith("1Z")
    delivery = deaf.delivery(entry_id)
    assert delivery is not None
    with tenant_context(deaf.tenant.id):
        told = Event.objects.filter(subject=delivery.code, kind=Event.Kind.RECEIVED)
        assert [(event.actor, event.details["action"]) for event in told] == [("worker", "Found")]


def test_a_quiet_look_costs_three_calls_and_so_does_one_that_sees_the_echo_of_our_own_write(deaf: Journey) -> None:
    deaf.company.book()
    read_changes(deaf)
    reads = jobs(deaf, SyncJob.Kind.READ)
    deaf.company.exact.control("DELETE", "calls")

    read_changes(deaf)
    read_changes(deaf)

    assert paths(deaf) == SYNC * 2
    assert (paths(deaf, "PUT"), jobs(deaf, SyncJob.Kind.READ)) == ([], reads)


def test_what_was_booked_before_the_connection_was_made_is_never_taken_in(deaf: Journey) -> None:
    entry_id = book_earlier(deaf, minutes=5)

    read_changes(deaf)

    assert deaf.delivery(entry_id) is None
    assert deaf.shipments_at_ups() == []


def test_a_lost_change_reaches_a_delivery_that_waits_for_it(deaf: Journey) -> None:
    entry_id = deaf.company.book(shipping_method_id=None)
    read_changes(deaf)
    assert state_of(deaf, entry_id) == Delivery.State.SKIPPED

    deaf.company.change(DELIVERIES, entry_id, ShippingMethod=str(deaf.company.method("UPSSTD")))
    read_changes(deaf)

    assert state_of(deaf, entry_id) == Delivery.State.REPORTED


def test_a_lost_change_of_a_line_reaches_its_delivery(deaf: Journey) -> None:
    item = deaf.company.item_with_weight()["id"]
    entry_id = deaf.company.book(lines=[{"item_id": item, "quantity": -1}])
    read_changes(deaf)
    assert state_of(deaf, entry_id) == Delivery.State.SKIPPED
    line = deaf.company.delivery(entry_id)["GoodsDeliveryLines"][0]["ID"]

    deaf.company.change("salesorder/GoodsDeliveryLines", line, QuantityDelivered=3)
    read_changes(deaf)

    assert state_of(deaf, entry_id) == Delivery.State.REPORTED


def test_a_number_that_somebody_replaced_unheard_is_noticed_and_left_alone(deaf: Journey) -> None:
    entry_id = deaf.company.book()
    read_changes(deaf)
    deaf.company.change(DELIVERIES, entry_id, TrackingNumber="3SABCD123")

    read_changes(deaf)

    delivery = deaf.delivery(entry_id)
    assert delivery is not None
    with tenant_context(deaf.tenant.id):
        noted = Event.objects.filter(subject=delivery.code, kind=Event.Kind.CHANGED)
        assert "tracking number in Exact" in [event.details.get("what") for event in noted]
    assert deaf.company.delivery(entry_id)["TrackingNumber"] == "3SABCD123"


def test_a_lost_deletion_cancels_once(deaf: Journey) -> None:
    entry_id = deaf.company.book(shipping_method_id=None)
    read_changes(deaf)
    deaf.company.exact.control("DELETE", f"companies/{deaf.company.division}/records/{DELIVERIES}/{entry_id}")

    read_changes(deaf)
    with tenant_context(deaf.tenant.id):
        SyncCursor.objects.filter(endpoint="sync/Deleted").update(timestamp=1)
    read_changes(deaf)

    assert state_of(deaf, entry_id) == Delivery.State.CANCELLED
    assert jobs(deaf, SyncJob.Kind.GONE) == 1


def test_missed_notifications_renew_the_subscription_and_the_next_one_ends_the_silence(deaf: Journey) -> None:
    set_connection(deaf, connected_at=timezone.now() - timedelta(hours=1))
    with tenant_context(deaf.tenant.id):
        before = WebhookSubscription.objects.get().exact_id
    entry_id = book_earlier(deaf, minutes=3)

    read_changes(deaf)
    missed_at = connection_of(deaf).missed_hook_at
    with tenant_context(deaf.tenant.id):
        after = WebhookSubscription.objects.get().exact_id
    assert state_of(deaf, entry_id) == Delivery.State.REPORTED
    assert missed_at is not None
    assert after != before

    deaf.company.exact.control("POST", "settings", {"webhook_copies": 1})
    assert wait_for(lambda: _is_validated(deaf))
    deaf.notified(deaf.company.book())

    assert connection_of(deaf).missed_hook_at is None


def _is_validated(journey: Journey) -> bool:
    rows = journey.company.exact.control("GET", "subscriptions")["subscriptions"]
    return [row["is_validated"] for row in rows if row["division"] == journey.company.division] == [True]


def test_a_notification_that_is_only_late_is_no_silence(deaf: Journey) -> None:
    deaf.company.book()

    read_changes(deaf)

    assert connection_of(deaf).missed_hook_at is None


def test_once_a_day_what_surfaced_below_the_cursor_is_found(deaf: Journey) -> None:
    entry_id = deaf.company.book()
    with tenant_context(deaf.tenant.id):
        SyncCursor.objects.filter(endpoint__startswith="sync/SalesOrder").update(timestamp=2_000_000_000)
    read_changes(deaf)
    assert deaf.delivery(entry_id) is None

    set_connection(deaf, division_looked_at=timezone.now() - timedelta(days=1))
    read_changes(deaf)

    assert state_of(deaf, entry_id) == Delivery.State.REPORTED
    assert jobs(deaf, SyncJob.Kind.COMPARE) == 0


def test_after_a_move_of_the_company_everything_open_is_compared_and_nothing_is_bought_again(deaf: Journey) -> None:
    shipped = deaf.company.book()
    read_changes(deaf)
    deaf.company.exact.control(
        "PATCH", f"companies/{deaf.company.division}", {"DivisionMoveDate": "2026-10-03T00:00:00"}
    )
    unheard = deaf.company.book()
    read_changes(deaf)
    assert deaf.delivery(unheard) is None
    set_connection(deaf, division_looked_at=timezone.now() - timedelta(days=1))
    deaf.let_a_minute_pass()

    read_changes(deaf)

    assert (state_of(deaf, shipped), state_of(deaf, unheard)) == (Delivery.State.REPORTED, Delivery.State.REPORTED)
    assert len(deaf.shipments_at_ups()) == 2
    assert jobs(deaf, SyncJob.Kind.COMPARE) == 1
    assert connection_of(deaf).moved_at is not None


def test_a_comparison_reads_all_that_is_open_in_one_call_and_buys_nothing(deaf: Journey) -> None:
    entries = [deaf.company.book() for _ in range(6)]
    read_changes(deaf)
    age(deaf)
    deaf.company.exact.control("DELETE", f"companies/{deaf.company.division}/records/{DELIVERIES}/{entries[0]}")
    deaf.company.exact.control("DELETE", "calls")

    ask(deaf, SyncJob.Kind.COMPARE)
    deaf.work()

    assert paths(deaf).count(DELIVERIES) == 1
    assert paths(deaf, "PUT") == []
    assert len(deaf.shipments_at_ups()) == 6
    assert [state_of(deaf, entry) for entry in entries] == [Delivery.State.REVIEW] + [Delivery.State.REPORTED] * 5
    ask(deaf, SyncJob.Kind.COMPARE)
    deaf.work()
    assert len(deaf.shipments_at_ups()) == 6


@pytest.mark.parametrize("path", ["Divisions", "SyncTimestamp"])
def test_what_a_company_does_not_tell_of_itself_keeps_nothing_from_being_found(deaf: Journey, path: str) -> None:
    fault = {"path_regex": path, "action": "status", "status": 403, "times": None}
    deaf.company.exact.control("POST", "faults", fault)
    set_connection(deaf, division_looked_at=None)
    entry_id = deaf.company.book()

    read_changes(deaf)

    assert state_of(deaf, entry_id) == Delivery.State.REPORTED


class Killed(BaseException):
    """What a killed worker process comes to: nothing after it is done."""


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_reading_that_was_killed_is_done_again_and_takes_nothing_in_twice(
    deaf: Journey, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    entries = [deaf.company.book() for _ in range(5)]
    monkeypatch.setattr(changes, "ROWS_AT_ONCE", 2)
    keep, calls = changes._keep, iter(range(10))

    def dying(*given: Any) -> list[Happening]:
        if next(calls) == kept:
            raise Killed
        return keep(*given)

    with monkeypatch.context() as patch:
        patch.setattr(changes, "_keep", dying)
        with pytest.raises(Killed):
            read_changes(deaf)
    assert sum(deaf.delivery(entry) is not None for entry in entries) == 2 * kept
    with tenant_context(deaf.tenant.id):
        SyncJob.objects.filter(state="running").update(lease_until=timezone.now(), due_at=timezone.now())

    deaf.work()

    assert [state_of(deaf, entry) for entry in entries] == [Delivery.State.REPORTED] * 5
    assert len(deaf.shipments_at_ups()) == 5
    with tenant_context(deaf.tenant.id):
        assert Event.objects.filter(kind=Event.Kind.RECEIVED).count() == 5


def test_a_thousand_and_one_changes_cost_two_calls_for_headers_and_two_for_lines(deaf: Journey) -> None:
    item = deaf.company.item_with_weight()["id"]
    order = {"count": 1_001, "lines": [{"item_id": item, "quantity": 1}]}
    deaf.company.exact.control("POST", f"companies/{deaf.company.division}/deliveries", order)
    ask(deaf, SyncJob.Kind.CHANGES)

    engine.work([SyncJob.Queue.SYNC])

    assert Counter(paths(deaf)) == {SYNC[0]: 2, SYNC[1]: 2, SYNC[2]: 1}
    with tenant_context(deaf.tenant.id):
        assert Delivery.objects.count() == 1_001
        assert SyncJob.objects.filter(kind=SyncJob.Kind.READ, state="due").count() == 1_001


def test_a_reading_whose_time_is_up_goes_on_where_it_was(deaf: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    entry_id = deaf.company.book()
    with monkeypatch.context() as patch:
        patch.setattr(changes, "READS_FOR_SECONDS", -1)
        ask(deaf, SyncJob.Kind.CHANGES)
        (job,) = queue.claim([SyncJob.Queue.SYNC])
        engine.run(job, Step(at=timezone.now()))
    assert deaf.delivery(entry_id) is None

    deaf.work()

    assert state_of(deaf, entry_id) == Delivery.State.REPORTED


def test_two_readings_at_once_keep_what_is_true(deaf: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    entry_id = deaf.company.book()
    advance = cursors.advance

    def overtaken(*given: Any, **named: Any) -> Cursor | None:
        with tenant_context(deaf.tenant.id):
            SyncCursor.objects.filter(endpoint=SYNC[0]).update(timestamp=F("timestamp") + 1)
        monkeypatch.setattr(cursors, "advance", advance)
        return advance(*given, **named)

    monkeypatch.setattr(cursors, "advance", overtaken)
    read_changes(deaf)
    assert deaf.delivery(entry_id) is None
    deaf.make_due()
    deaf.work()

    assert state_of(deaf, entry_id) == Delivery.State.REPORTED
    assert len(deaf.shipments_at_ups()) == 1


def test_in_silence_the_calls_are_of_shippings_share(deaf: Journey) -> None:
    before = budget(deaf)
    read_changes(deaf)
    spoken = budget(deaf)
    set_connection(deaf, missed_hook_at=timezone.now())
    read_changes(deaf)
    silent = budget(deaf)

    assert (spoken - before, silent - spoken) == (Counter({"compare": 3}), Counter({"ship": 3}))
