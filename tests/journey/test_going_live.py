"""What is shipped when: before going live, since when, after approval, and not while paused."""

import threading
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from django.db import connection as database
from django.utils import timezone

from audit.models import Event
from exact.models import Connection
from syncjobs import engine, queue
from syncjobs.models import Attempt, Delivery, ShipFrom, ShippingRule, SyncJob
from syncjobs.problems import Problem
from syncjobs.queue import Job
from syncjobs.replay import run_again
from syncjobs.setup import going_live
from syncjobs.steps import permission
from syncjobs.steps import ship as shipping
from syncjobs.steps.choices import Choices
from syncjobs.steps.context import Step
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.onboarding import StepKey
from tests.journey.conftest import Journey
from ups.client import UpsClient

pytestmark = pytest.mark.slow
Mode = Tenant.ShippingMode
S = Delivery.State
ACTOR = "user:somebody"


def switch(journey: Journey, mode: Mode, *, ships_from_at: datetime | None = None) -> None:
    """As it stands in the row."""
    with tenant_context(journey.tenant.id):
        Tenant.objects.filter(pk=journey.tenant.pk).update(shipping_mode=mode, ships_from_at=ships_from_at)


def set_up(journey: Journey) -> None:
    """All that going live demands, as the pages leave it; Exact was connected a month ago."""
    with tenant_context(journey.tenant.id):
        Connection.objects.update(connected_at=timezone.now() - timedelta(days=30))
        ShipFrom.objects.create(
            tenant=journey.tenant,
            connection=journey.connection,
            company_name="Voorbeeld Groothandel BV",
            attention_name="Expeditie",
            address_line_1="Kade 12",
            postal_code="3011AA",
            city="Rotterdam",
            country="NL",
            phone="+31 20 123 4567",
            checked_at=timezone.now(),
        )
    assert journey.check_ups_account()


def go_live(journey: Journey, mode: Mode = Mode.AUTOMATIC, *, since: datetime | None = None) -> int:
    """Through the one function behind the page."""
    at = timezone.now()
    return going_live.go_live(actor=ACTOR, tenant_id=journey.tenant.id, mode=mode, ships_from_at=since or at, at=at)


def codes(delivery: Delivery) -> list[str]:
    """Why it waits or was left alone."""
    return [problem["code"] for problem in delivery.problems]


def approve(journey: Journey, *deliveries: Delivery, content: str = "") -> going_live.Approved:
    """Each as it is shown now, unless `content` was seen."""
    chosen = {each.code: content or going_live.content_to_approve(journey.refreshed(each)) for each in deliveries}
    return going_live.approve(actor=ACTOR, tenant_id=journey.tenant.id, chosen=chosen, at=timezone.now())


def test_nothing_is_planned_before_going_live(journey: Journey) -> None:
    switch(journey, Mode.OFF)

    _, delivery = journey.ship()

    assert (delivery.state, codes(delivery)) == (S.SKIPPED, ["not_live"])
    assert journey.attempts(delivery) == []
    assert journey.shipments_at_ups() == []


def test_asking_for_one_delivery_ships_nothing_before_going_live(journey: Journey) -> None:
    switch(journey, Mode.OFF)
    _, delivery = journey.ship()

    run_again(actor=ACTOR, tenant_id=journey.tenant.id, delivery_code=delivery.code, at=timezone.now())
    journey.work()

    assert codes(journey.refreshed(delivery)) == ["not_live"]
    assert journey.shipments_at_ups() == []


def test_going_live_ships_what_was_booked_since_the_start_and_only_that(journey: Journey) -> None:
    """The start is a moment of our clock: Exact's may be ahead, as the one here is, by as much as tests moved it."""
    set_up(journey)
    switch(journey, Mode.OFF)
    _, early = journey.ship()
    _, late = journey.ship()
    with tenant_context(journey.tenant.id):
        Delivery.objects.filter(pk=early.pk).update(created_at=timezone.now() - timedelta(hours=1))

    again = go_live(journey, since=timezone.now() - timedelta(minutes=30))
    journey.work()

    assert again == 1
    assert codes(journey.refreshed(early)) == ["booked_before_start"]
    assert journey.refreshed(late).state == S.REPORTED
    assert len(journey.shipments_at_ups()) == 1


def test_a_person_may_have_an_earlier_one_shipped(journey: Journey) -> None:
    switch(journey, Mode.AUTOMATIC, ships_from_at=timezone.now() + timedelta(hours=1))
    _, delivery = journey.ship()
    assert codes(delivery) == ["booked_before_start"]

    run_again(actor=ACTOR, tenant_id=journey.tenant.id, delivery_code=delivery.code, at=timezone.now())
    journey.work()

    assert journey.refreshed(delivery).state == S.REPORTED


def test_going_live_is_refused_while_a_step_is_open_and_changes_nothing(journey: Journey) -> None:
    switch(journey, Mode.OFF)
    _, delivery = journey.ship()
    with tenant_context(journey.tenant.id):
        events = Event.objects.count()

    with pytest.raises(going_live.NotReady) as refused:
        go_live(journey)

    assert StepKey.SHIP_FROM in refused.value.missing
    with tenant_context(journey.tenant.id):
        assert Tenant.objects.get(pk=journey.tenant.pk).shipping_mode == Mode.OFF
        assert Event.objects.count() == events
        assert not SyncJob.objects.filter(subject=delivery.code, state="due").exists()


def test_a_start_that_changes_while_a_delivery_is_decided_upon_loses_nothing(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker has read "not live"; the switch commits before the worker leaves the delivery alone."""
    set_up(journey)
    switch(journey, Mode.OFF)
    original = permission.must_still_hold
    moments = iter([True])

    def late(delivery: Delivery, problems: Iterable[Problem], choices: Choices) -> None:
        if next(moments, False):
            elsewhere = threading.Thread(target=_switch_elsewhere, args=(journey,))
            elsewhere.start()
            elsewhere.join()
        original(delivery, problems, choices)

    monkeypatch.setattr(permission, "must_still_hold", late)
    _, delivery = journey.ship()
    journey.make_due()
    journey.work()

    assert journey.refreshed(delivery).state == S.REPORTED
    assert len(journey.shipments_at_ups()) == 1


def _switch_elsewhere(journey: Journey) -> None:
    try:
        go_live(journey, since=timezone.now() - timedelta(hours=1))
    finally:
        database.close()


def test_a_delivery_waits_for_approval_and_says_what_it_would_be(journey: Journey) -> None:
    switch(journey, Mode.APPROVAL)

    _, delivery = journey.ship()

    assert (delivery.state, codes(delivery)) == (S.HOLD, ["approval"])
    assert "UPS Standard to NL, number of parcels: 1" in delivery.problems[0]["text"]
    assert journey.attempts(delivery) == []
    assert journey.shipments_at_ups() == []


def test_an_approved_delivery_is_shipped_once(journey: Journey) -> None:
    switch(journey, Mode.APPROVAL)
    _, delivery = journey.ship()
    _, other = journey.ship()

    approved = approve(journey, delivery)
    journey.work()

    assert approved == going_live.Approved(count=1)
    assert journey.refreshed(delivery).state == S.REPORTED
    assert journey.refreshed(other).state == S.HOLD
    assert len(journey.shipments_at_ups()) == 1


def test_what_changed_after_the_page_was_opened_is_not_approved(journey: Journey) -> None:
    switch(journey, Mode.APPROVAL)
    _, delivery = journey.ship()

    approved = approve(journey, delivery, content="0" * 64)
    journey.work()

    assert approved == going_live.Approved(overtaken=1)
    assert journey.refreshed(delivery).state == S.HOLD
    assert journey.shipments_at_ups() == []


def test_what_turns_out_otherwise_after_approval_waits_again(journey: Journey) -> None:
    switch(journey, Mode.APPROVAL)
    _, delivery = journey.ship()
    approve(journey, delivery)
    with tenant_context(journey.tenant.id):
        ShippingRule.objects.update(service_code="65")

    journey.work()

    again = journey.refreshed(delivery)
    assert (again.state, codes(again), again.approved_at) == (S.HOLD, ["approval"], None)
    assert "UPS Express Saver" in again.problems[0]["text"]
    assert journey.shipments_at_ups() == []


def test_what_waits_for_approval_is_shipped_when_none_is_asked_for_any_more(journey: Journey) -> None:
    set_up(journey)
    switch(journey, Mode.APPROVAL)
    _, delivery = journey.ship()

    go_live(journey, Mode.AUTOMATIC, since=timezone.now() - timedelta(days=1))
    journey.work()

    assert journey.refreshed(delivery).state == S.REPORTED


def test_what_was_planned_before_approval_was_asked_for_waits_for_it(journey: Journey) -> None:
    pause(journey)
    _, delivery = journey.ship()
    switch(journey, Mode.APPROVAL)

    going_live.resume(actor=ACTOR, tenant_id=journey.tenant.id, at=timezone.now())
    journey.work()

    again = journey.refreshed(delivery)
    assert (again.state, codes(again)) == (S.HOLD, ["approval"])
    assert journey.shipments_at_ups() == []


def test_pausing_loses_nothing_and_ships_each_once(journey: Journey) -> None:
    pause(journey)
    shipped = [journey.ship()[1] for _ in range(3)]
    assert {journey.refreshed(each).state for each in shipped} == {S.READY}
    assert journey.shipments_at_ups() == []
    assert late_jobs(journey) == 0

    count = going_live.resume(actor=ACTOR, tenant_id=journey.tenant.id, at=timezone.now())
    journey.work()

    assert count == 3
    assert {journey.refreshed(each).state for each in shipped} == {S.REPORTED}
    assert len(journey.shipments_at_ups()) == 3


def test_a_pause_that_commits_before_the_request_leaves_stops_it(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker has its token and its plan; another connection commits the pause before the worker's transaction."""
    original = shipping._send

    def after_the_pause(attempt: Attempt, job: Job, step: Step, client: UpsClient) -> None:
        elsewhere = threading.Thread(target=_pause_elsewhere, args=(journey,))
        elsewhere.start()
        elsewhere.join()
        original(attempt, job, step, client)

    monkeypatch.setattr(shipping, "_send", after_the_pause)

    _, delivery = journey.ship()

    assert journey.shipments_at_ups() == []
    (attempt,) = journey.attempts(delivery)
    assert (journey.refreshed(delivery).state, attempt.state) == (S.READY, Attempt.State.PLANNED)


def test_two_workers_that_go_on_after_a_pause_ship_once(journey: Journey) -> None:
    pause(journey)
    _, delivery = journey.ship()
    going_live.resume(actor=ACTOR, tenant_id=journey.tenant.id, at=timezone.now())

    workers = [threading.Thread(target=_work_elsewhere) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    journey.work()

    assert journey.refreshed(delivery).state == S.REPORTED
    assert len(journey.shipments_at_ups()) == 1


def test_the_number_of_a_label_that_was_made_is_written_while_paused(journey: Journey) -> None:
    _, delivery = journey.ship()
    with tenant_context(journey.tenant.id):
        Delivery.objects.filter(pk=delivery.pk).update(state=S.LABELLED)
        queue.add(journey.tenant.id, SyncJob.Kind.REPORT, delivery.code, due_at=timezone.now())
    pause(journey)

    journey.work()

    assert journey.refreshed(delivery).state == S.REPORTED


def pause(journey: Journey) -> None:
    """As the button does."""
    assert going_live.pause(actor=ACTOR, tenant_id=journey.tenant.id, at=timezone.now())


def late_jobs(journey: Journey) -> int:
    """Jobs that an alarm would call late by and by."""
    with tenant_context(journey.tenant.id):
        return SyncJob.objects.filter(state="due", due_at__lte=timezone.now()).count()


def _pause_elsewhere(journey: Journey) -> None:
    try:
        pause(journey)
    finally:
        database.close()


def _work_elsewhere() -> None:
    try:
        engine.work(list(SyncJob.Queue))
    finally:
        database.close()


def test_an_approval_of_another_company_is_none(journey: Journey) -> None:
    switch(journey, Mode.APPROVAL)
    _, delivery = journey.ship()
    content = going_live.content_to_approve(delivery)

    approved = going_live.approve(
        actor=ACTOR, tenant_id=uuid.uuid4(), chosen={delivery.code: content}, at=timezone.now()
    )

    assert approved.count == 0
    assert journey.refreshed(delivery).approved_at is None
