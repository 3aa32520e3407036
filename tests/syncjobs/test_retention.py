"""What was kept long enough goes at night: that alone, piece by piece, and told in the audit trail."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from audit.chain import tenants_with_events
from audit.models import Event
from syncjobs import engine, pieces, queue, ticks
from syncjobs.models import Attempt, Delivery, Label, Parcel, PartyAddress, Receipt, SyncJob
from syncjobs.personal import erasure, retention
from syncjobs.steps.context import Step
from syncjobs.transitions import move_attempt
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories import make_cast
from tests.pages import doubts, scene
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return scene.make_desk(make_cast().tenant)


def retain(desk: Desk, *, at: datetime) -> list[tuple[str, int]]:
    """Run the night's job; what it told."""
    with tenant_context(desk.tenant.id):
        queue.add(desk.tenant.id, SyncJob.Kind.RETAIN, desk.tenant.code, due_at=at - timedelta(seconds=1), wake=False)
    (job,) = queue.claim([SyncJob.Queue.UPKEEP])
    engine.run(job, Step(at=at))
    with tenant_context(desk.tenant.id):
        assert SyncJob.objects.get(pk=job.id).state == SyncJob.State.DONE
        told = Event.objects.filter(details__what="kept long enough").order_by("sequence")
        return [(event.details["kind"], event.details["rows"]) for event in told]


def age(desk: Desk, delivery: Delivery, *, days: int, state: Delivery.State = Delivery.State.CLOSED) -> None:
    """Let a delivery have been closed, and its label made, so long ago."""
    moment = timezone.now() - timedelta(days=days)
    with tenant_context(desk.tenant.id):
        Delivery.objects.filter(pk=delivery.pk).update(state=state, changed_at=moment)
        Label.objects.filter(parcel__shipment__delivery=delivery).update(created_at=moment)


def left(desk: Desk) -> tuple[int, int, int]:
    """Labels, addresses and requests that are still there."""
    with tenant_context(desk.tenant.id):
        return (
            Label.objects.filter(content__isnull=False).count(),
            PartyAddress.objects.filter(sealed__isnull=False).count(),
            Attempt.objects.filter(request__isnull=False).count(),
        )


def found(desk: Desk, asked: str) -> int:
    """How many deliveries a search for a receiver shows."""
    with tenant_context(desk.tenant.id):
        return len(erasure.find(desk.tenant.id, asked))


def test_labels_go_before_addresses_and_what_is_young_or_on_its_way_stays(desk: Desk) -> None:
    for days, state in ((200, Delivery.State.CLOSED), (100, Delivery.State.CLOSED), (10, Delivery.State.CLOSED)):
        age(desk, scene.make_shipped(desk), days=days, state=state)
    age(desk, scene.make_shipped(desk), days=200, state=Delivery.State.IN_TRANSIT)

    told = retain(desk, at=timezone.now())

    assert left(desk) == (1, 3, 3)
    assert told == [("labels", 3), ("addresses", 2)]
    assert retain(desk, at=timezone.now()) == told, "a second night finds nothing"


def test_a_company_may_keep_less_within_the_limits_and_no_less(desk: Desk) -> None:
    age(desk, scene.make_shipped(desk), days=40)
    with tenant_context(desk.tenant.id):
        Parcel.objects.update(void_refusal="Hanna Lindner has signed for it.")
    usual = {limit.field: limit.usual for limit in retention.LIMITS}
    with tenant_context(desk.tenant.id):
        tenant = Tenant.objects.get(pk=desk.tenant.pk)
        changed = retention.change_periods(tenant, usual | {"label_days": 7, "party_days": 30})
        with pytest.raises(ValueError, match="audit_months"):
            retention.change_periods(tenant, usual | {"audit_months": 11})

    retain(desk, at=timezone.now())

    assert changed == ["label_days", "party_days"]
    assert left(desk) == (0, 0, 0)
    with tenant_context(desk.tenant.id):
        assert not Parcel.objects.exclude(void_refusal="").exists(), "UPS's words may quote who signed"


def test_more_than_one_piece_is_gone_on_with_and_what_ups_told_stays_until_it_is_taken_in(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "AT_ONCE", 2)
    long_ago = timezone.now() - timedelta(days=31)
    with tenant_context(desk.tenant.id):
        Receipt.objects.bulk_create(
            Receipt(
                tenant=desk.tenant,
                source="exact" if number < 5 else "ups",
                topic="T",
                action="U",
                fingerprint=str(number),
                received_at=long_ago,
            )
            for number in range(6)
        )

    told = retain(desk, at=timezone.now())

    assert told == [("messages", 2), ("messages", 2), ("messages", 1)]
    with tenant_context(desk.tenant.id):
        assert [row.source for row in Receipt.objects.all()] == ["ups"]


def test_what_ups_told_and_nobody_took_in_stays_twice_as_long_and_no_longer(desk: Desk) -> None:
    with tenant_context(desk.tenant.id):
        Receipt.objects.bulk_create(
            Receipt(
                tenant=desk.tenant,
                source="ups",
                topic="T",
                action="U",
                fingerprint=str(days),
                received_at=timezone.now() - timedelta(days=days),
            )
            for days in (59, 61)
        )

    retain(desk, at=timezone.now())

    with tenant_context(desk.tenant.id):
        assert [row.fingerprint for row in Receipt.objects.all()] == ["59"]


def test_a_request_that_was_settled_after_its_address_went_goes_too(desk: Desk) -> None:
    delivery = doubts.make_review(desk)
    attempt = doubts.attempt_of(delivery)
    age(desk, delivery, days=200)
    told = retain(desk, at=timezone.now())
    assert told == [("addresses", 1)]
    assert left(desk) == (0, 0, 1), "UPS is still asked what became of it"
    attempt.delivery = delivery
    with tenant_context(desk.tenant.id):
        move_attempt(attempt, to=Attempt.State.VOIDED_THERE)

    assert retain(desk, at=timezone.now()) == [*told, ("requests", 1)]

    assert left(desk) == (0, 0, 0)


def test_receivers_are_found_while_the_key_of_the_service_is_changed_and_after_it(
    desk: Desk, settings: Settings
) -> None:
    scene.make_shipped(desk)
    older = settings.SECRET_KEY
    settings.SECRET_KEY = "another key of fifty characters, for this test alone"
    assert found(desk, "Lindner") == 0

    settings.SECRET_KEY_FALLBACKS = [older]
    assert found(desk, "Lindner") == 1
    retain(desk, at=timezone.now())
    settings.SECRET_KEY_FALLBACKS = []

    assert found(desk, "Lindner") == 1


def test_addresses_of_an_older_version_can_be_found_after_a_night(desk: Desk) -> None:
    scene.make_shipped(desk)
    with tenant_context(desk.tenant.id):
        before = PartyAddress.objects.values_list("finders", flat=True).get()
        PartyAddress.objects.update(finders=None)

    retain(desk, at=timezone.now())

    with tenant_context(desk.tenant.id):
        assert sorted(PartyAddress.objects.values_list("finders", flat=True).get() or []) == sorted(before or [])


def test_each_night_asks_for_it_at_every_customer_once(desk: Desk) -> None:
    scene.make_delivery(desk)
    at = timezone.now()

    ticks.plan_retention(at=at)
    ticks.plan_retention(at=at)

    for tenant_id in tenants_with_events():
        with tenant_context(tenant_id):
            assert SyncJob.objects.filter(kind=SyncJob.Kind.RETAIN).count() == 1
