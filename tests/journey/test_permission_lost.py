"""The permission for Exact ends while work is under way everywhere: it waits, tracking goes on, nothing is lost."""

import pytest
from django.utils import timezone

from exact.ending import disconnect
from exact.models import Connection, Grant
from syncjobs import queue, ticks
from syncjobs.models import Delivery, SyncJob
from syncjobs.replay import look_again
from tenants.context import tenant_context
from tests.journey.conftest import Journey, connect
from tests.journey.filing import TO_THE_DOOR, ended, go, trouble
from tests.journey.way import Way, way

__all__ = ["way"]

pytestmark = [pytest.mark.database, pytest.mark.slow]


NOT_NOW = {
    "operation": "ship",
    "action": "status",
    "status": 429,
    "times": 1,
    "body": {"response": {"errors": [{"code": "10429", "message": "Too Many Requests"}]}},
}


def revoke(journey: Journey) -> None:
    """The user takes the permission back."""
    journey.company.exact.control("POST", f"users/{journey.company.facts['user_id']}/revoke")


def reconnect(journey: Journey) -> None:
    """What the pages do when somebody has connected again."""
    connect(journey.tenant, journey.company)
    at = timezone.now()
    with tenant_context(journey.tenant.id):
        queue.add(journey.tenant.id, SyncJob.Kind.COMPARE, journey.connection.code, due_at=at)
    look_again(journey.tenant.id, at)
    journey.work()


def waiting_for_consent(journey: Journey) -> set[str]:
    """Kinds of the jobs that wait until somebody connects again."""
    with tenant_context(journey.tenant.id):
        rows = SyncJob.objects.filter(state="due", last_error__startswith="ExactNeedsReconnect")
        return set(rows.values_list("kind", flat=True))


def given_up(journey: Journey) -> int:
    with tenant_context(journey.tenant.id):
        return SyncJob.objects.filter(state="dead").count()


def connected_at(journey: Journey) -> object:
    with tenant_context(journey.tenant.id):
        return Connection.objects.values_list("connected_at", flat=True).get(pk=journey.connection.pk)


def test_reading_shipping_writing_and_filing_wait_and_all_of_it_goes_on_after_a_new_consent(way: Way) -> None:
    journey = way.journey
    under_way_entry, under_way = way.ship()
    trouble(way, method="PUT", action="status", status=503, times=1)
    written_late_entry, written_late = journey.ship()
    journey.ups.control("POST", "faults", NOT_NOW)
    shipped_late_entry, shipped_late = journey.ship()
    since = connected_at(journey)

    revoke(journey)
    read_late_entry, read_late = journey.ship()
    go(way, under_way, TO_THE_DOOR)
    journey.make_due()
    journey.work()

    assert ended(way, under_way) == (Delivery.State.DELIVERED, "")
    assert journey.refreshed(written_late).state == Delivery.State.LABELLED
    assert journey.refreshed(read_late).state == Delivery.State.RECEIVED
    assert waiting_for_consent(journey) >= {"read", "report", "proof"}
    assert given_up(journey) == 0

    journey.company.exact.control("POST", "settings", {"webhook_copies": 0})
    unheard_entry = journey.company.book()
    journey.company.exact.control("POST", "settings", {"webhook_copies": 1})
    reconnect(journey)
    journey.make_due()
    journey.work()

    for entry_id in (written_late_entry, shipped_late_entry, read_late_entry, unheard_entry):
        found = journey.delivery(entry_id)
        assert found is not None
        assert (found.state, found.problems) == (Delivery.State.REPORTED, [])
    assert ended(way, under_way) == (Delivery.State.CLOSED, "")
    assert journey.company.delivery(under_way_entry)["Document"]
    assert len(journey.shipments_at_ups()) == 5
    assert (given_up(journey), waiting_for_consent(journey)) == (0, set())
    assert connected_at(journey) == since
    assert journey.refreshed(shipped_late).state == Delivery.State.REPORTED


def test_while_the_permission_is_lost_exact_is_left_alone(way: Way) -> None:
    journey = way.journey
    revoke(journey)
    journey.ship()
    assert Grant.objects.get(pk=journey.connection.grant_id or 0).needs_reconnect_at is not None
    journey.company.exact.control("DELETE", "calls")

    ticks.plan_changes(at=timezone.now())
    journey.ship()
    journey.make_due()
    journey.work()

    assert journey.company.exact.calls() == []
    assert given_up(journey) == 0


def test_what_was_planned_before_its_company_was_disconnected_is_not_bought_until_it_is_connected_again(
    journey: Journey,
) -> None:
    journey.ups.control(
        "POST", "faults", {"path_regex": "/oauth/token$", "action": "status", "status": 503, "times": None}
    )
    entry_id, delivery = journey.ship()
    assert [attempt.state for attempt in journey.attempts(delivery)] == ["planned"]

    disconnect(journey.connection)
    journey.ups.control("DELETE", "faults")
    assert journey.check_ups_account()
    journey.make_due()
    journey.work()

    assert journey.shipments_at_ups() == []
    assert [attempt.state for attempt in journey.attempts(delivery)] == ["cancelled"]
    assert waiting_for_consent(journey) == {"read"}

    journey.let_a_minute_pass()
    reconnect(journey)
    journey.let_a_minute_pass()
    journey.work()

    (shipment,) = journey.shipments_at_ups()
    assert journey.company.delivery(entry_id)["TrackingNumber"] == shipment["number"]
