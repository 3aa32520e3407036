"""When Exact or UPS no longer lets us in, nothing is lost: work waits, says why, and goes on after the repair."""

import pytest
from django.utils import timezone

from exact.models import Grant
from syncjobs.models import Delivery, SyncJob
from syncjobs.replay import look_again
from tenants.context import tenant_context
from tests.journey.conftest import Journey, connect

pytestmark = pytest.mark.slow


def test_a_revoked_consent_keeps_the_delivery_until_somebody_connects_again(journey: Journey) -> None:
    journey.company.exact.control("POST", f"users/{journey.company.facts['user_id']}/revoke")
    _entry_id, delivery = journey.ship()

    with tenant_context(journey.tenant.id):
        job = SyncJob.objects.get(subject=delivery.code, kind=SyncJob.Kind.READ)
    assert delivery.state == Delivery.State.RECEIVED
    assert (job.state, job.failures) == (SyncJob.State.DUE, 0)
    grant_id = journey.connection.grant_id
    assert grant_id is not None
    assert Grant.objects.get(pk=grant_id).needs_reconnect_at is not None
    assert journey.shipments_at_ups() == []

    connect(journey.tenant, journey.company)
    assert look_again(journey.tenant.id, timezone.now()) == 1
    journey.work()

    assert journey.refreshed(delivery).state == Delivery.State.REPORTED


def test_a_missing_right_in_exact_is_named_and_nothing_is_bought(journey: Journey) -> None:
    journey.company.exact.control(
        "POST",
        f"companies/{journey.company.division}/rights",
        {"missing": ["salesorder/GoodsDeliveries:GET"]},
    )

    _entry_id, delivery = journey.ship()

    assert delivery.state == Delivery.State.HOLD
    assert delivery.problems[0]["code"] == "exact_right"
    assert "right" in delivery.problems[0]["text"]
    assert journey.shipments_at_ups() == []


def test_refused_ups_credentials_hold_the_delivery_and_the_repair_lets_it_go_on(journey: Journey) -> None:
    journey.ups.control(
        "POST",
        "faults",
        {
            "operation": "oauth_token",
            "action": "status",
            "status": 401,
            "times": 1,
            "body": {"response": {"errors": [{"code": "10401", "message": "ClientId is Invalid"}]}},
        },
    )
    _entry_id, delivery = journey.ship()

    assert delivery.state == Delivery.State.HOLD
    assert delivery.problems[0]["where"] == "Settings, UPS account"
    assert journey.shipments_at_ups() == []

    assert journey.check_ups_account()
    assert look_again(journey.tenant.id, timezone.now()) == 1
    journey.work()

    assert journey.refreshed(delivery).state == Delivery.State.REPORTED
    assert len(journey.shipments_at_ups()) == 1


def test_exact_at_its_limit_makes_the_work_wait_and_loses_nothing(journey: Journey) -> None:
    journey.company.exact.control(
        "POST", "faults", {"path_regex": "GoodsDeliveries", "action": "status", "status": 429, "times": 1}
    )

    _entry_id, delivery = journey.ship()

    with tenant_context(journey.tenant.id):
        job = SyncJob.objects.get(subject=delivery.code, kind=SyncJob.Kind.READ)
    assert (delivery.state, job.state, job.failures) == (Delivery.State.RECEIVED, SyncJob.State.DUE, 0)
    assert 50 < (job.due_at - timezone.now()).total_seconds() < 130
    assert journey.shipments_at_ups() == []
