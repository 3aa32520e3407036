"""Pausing, closing, approving and new rules at the very moment at which a worker is about to buy a label."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Event as Signal
from typing import Any

import pytest
from django.db import connection as database
from django.db import connections
from django.utils import timezone

from exact.models import ShippingMethod
from syncjobs import queue, rereading
from syncjobs.models import Attempt, Delivery, Shipment, ShippingRule, SyncJob
from syncjobs.problems import Problem
from syncjobs.queue import Job
from syncjobs.setup import going_live, rule_book
from syncjobs.steps import permission
from syncjobs.steps import ship as shipping
from syncjobs.steps.context import Step
from syncjobs.steps.planning import Plan
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.journey.conftest import Journey, wait_for
from tests.journey.test_going_live import ACTOR, approve, codes, go_live, pause, set_up, switch
from ups.client import UpsClient

pytestmark = pytest.mark.slow
A, S, Mode = Attempt.State, Delivery.State, Tenant.ShippingMode
SAVER = "65"
END_SECONDS = 20


def elsewhere(act: Callable[[], object]) -> None:
    """Do it to its end, over a database connection of its own."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(alone, act).result(timeout=END_SECONDS)


def alone(act: Callable[[], object]) -> object:
    try:
        return act()
    finally:
        connections.close_all()


def before_it_is_sent(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """The worker has its plan and its token; this commits before its transaction begins."""
    original = shipping._send
    moments = iter([True])

    def late(attempt: Attempt, job: Job, step: Step, client: UpsClient) -> None:
        if next(moments, False):
            elsewhere(act)
        original(attempt, job, step, client)

    monkeypatch.setattr(shipping, "_send", late)


def map_to(journey: Journey, service_code: str) -> None:
    """Save the page with the shipping rules."""
    with tenant_context(journey.tenant.id):
        rule = ShippingRule.objects.select_related("account").get()
        method = ShippingMethod.objects.get(exact_id=rule.exact_method_id)
    choice = rule_book.Choice(
        method=method,
        account=rule.account,
        service_code=service_code,
        packaging_code=rule.packaging_code,
        length_cm=rule.length_cm,
        width_cm=rule.width_cm,
        height_cm=rule.height_cm,
        parcel_max_weight_kg=rule.parcel_max_weight_kg,
        label_format=rule.label_format,
        label_size=rule.label_size,
    )
    saved = rule_book.save(
        actor=ACTOR,
        tenant_id=journey.tenant.id,
        connection=journey.connection,
        chosen=[choice],
        dropped=[],
        at=timezone.now(),
    )
    assert saved.rules == 1


def resume(journey: Journey) -> int:
    return going_live.resume(actor=ACTOR, tenant_id=journey.tenant.id, at=timezone.now())


def service_bought(journey: Journey) -> str:
    """Of the one shipment."""
    with tenant_context(journey.tenant.id):
        return Shipment.objects.get().service_code


def backend() -> int:
    """The database's process that serves this thread."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def waits_for_a_lock(waiting: int) -> bool:
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = %s", [waiting])
        return bool(cursor.fetchone()[0])


@contextmanager
def holding(delivery: Delivery, *, then: Callable[[], object]) -> Iterator[None]:
    """Another transaction has the delivery. Once this thread waits for it, `then` is done and only then it lets go."""
    is_held, waiting = Signal(), backend()

    def hold() -> None:
        with tenant_context(delivery.tenant_id):
            Delivery.objects.select_for_update().get(pk=delivery.pk)
            is_held.set()
            assert wait_for(lambda: waits_for_a_lock(waiting)), "it did not wait"
            elsewhere(then)

    with ThreadPoolExecutor(max_workers=1) as pool:
        holder = pool.submit(alone, hold)
        assert is_held.wait(END_SECONDS)
        yield
        holder.result(timeout=END_SECONDS)


def test_what_was_held_back_goes_by_the_rules_of_the_moment_it_goes_on(journey: Journey) -> None:
    pause(journey)
    _, delivery = journey.ship()
    with tenant_context(journey.tenant.id):
        ShippingRule.objects.update(service_code=SAVER)

    assert resume(journey) == 1
    journey.work()

    assert [attempt.state for attempt in journey.attempts(delivery)] == [A.CANCELLED, A.CREATED]
    assert service_bought(journey) == SAVER


def test_a_rule_that_is_saved_before_the_request_leaves_decides(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenant_context(journey.tenant.id):
        ShippingMethod.objects.get_or_create(
            tenant=journey.tenant,
            connection=journey.connection,
            exact_id=journey.company.method("UPSSTD"),
            defaults={"exact_code": "UPSSTD", "read_at": timezone.now()},
        )
    before_it_is_sent(monkeypatch, lambda: map_to(journey, SAVER))

    journey.ship()

    assert service_bought(journey) == SAVER


def test_a_pause_that_commits_while_the_worker_waits_for_the_delivery_holds(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The statement that waits began before the pause: it must not see the company as it was then."""
    original = shipping._send

    def behind_another(attempt: Attempt, job: Job, step: Step, client: UpsClient) -> None:
        with holding(attempt.delivery, then=lambda: pause(journey)):
            original(attempt, job, step, client)

    monkeypatch.setattr(shipping, "_send", behind_another)

    _, delivery = journey.ship()

    assert journey.shipments_at_ups() == []
    assert [attempt.state for attempt in journey.attempts(delivery)] == [A.PLANNED]


def test_nothing_leaves_once_the_company_has_ended(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    def end() -> None:
        with tenant_context(journey.tenant.id):
            Tenant.objects.update(closed_at=timezone.now())

    before_it_is_sent(monkeypatch, end)

    _, delivery = journey.ship()

    assert journey.shipments_at_ups() == []
    assert [attempt.state for attempt in journey.attempts(delivery)] == [A.CANCELLED]
    with tenant_context(journey.tenant.id):
        assert not SyncJob.objects.filter(subject=delivery.code, state="due", kind="read").exists()


def test_an_approval_holds_for_what_was_seen_and_not_for_what_it_became(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Approved, planned otherwise while nobody was asked, and asked for again before it was sent."""
    switch(journey, Mode.APPROVAL)
    _, delivery = journey.ship()
    approve(journey, delivery)
    switch(journey, Mode.AUTOMATIC)
    with tenant_context(journey.tenant.id):
        ShippingRule.objects.update(service_code=SAVER)
    before_it_is_sent(monkeypatch, lambda: switch(journey, Mode.APPROVAL))

    journey.work()

    assert codes(journey.refreshed(delivery)) == ["approval"]
    assert journey.shipments_at_ups() == []


def test_an_approval_while_it_is_looked_at_again_is_not_lost(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    switch(journey, Mode.APPROVAL)
    _, delivery = journey.ship()
    original = permission.approval_needed
    moments = iter([True])

    def late(row: Delivery, made: Plan) -> Problem | None:
        asked = original(row, made)
        if next(moments, False):
            elsewhere(lambda: approve(journey, delivery))
        return asked

    monkeypatch.setattr(permission, "approval_needed", late)
    journey.make_due()
    journey.work()
    journey.make_due()
    journey.work()

    assert journey.refreshed(delivery).state == S.REPORTED
    assert len(journey.shipments_at_ups()) == 1


def test_approving_and_reading_take_their_locks_in_the_same_order(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notification has it read anew; while the worker ends its job, the person approves."""
    switch(journey, Mode.APPROVAL)
    _, delivery = journey.ship()
    original, moments, approved = queue.finish, iter([True]), []
    backends: list[int] = []

    def approving() -> going_live.Approved:
        backends.append(backend())
        return approve(journey, delivery)

    with ThreadPoolExecutor(max_workers=1) as pool:

        def slow(job: Job) -> None:
            original(job)
            if job.subject == delivery.code and next(moments, False):
                approved.append(pool.submit(alone, approving))
                assert wait_for(lambda: any(waits_for_a_lock(one) for one in backends)), "it did not wait"

        monkeypatch.setattr(queue, "finish", slow)
        with tenant_context(journey.tenant.id):
            queue.add(journey.tenant.id, SyncJob.Kind.READ, delivery.code, due_at=timezone.now())
        journey.work()
        assert approved[0].result(timeout=END_SECONDS) == going_live.Approved(count=1)
    journey.work()

    assert journey.refreshed(delivery).state == S.REPORTED
    with tenant_context(journey.tenant.id):
        assert not SyncJob.objects.filter(subject=delivery.code, last_error__contains="deadlock").exists()


def test_what_was_refused_once_does_not_wait_for_an_approval_that_nobody_gives(journey: Journey) -> None:
    set_up(journey)
    refusal = {"response": {"errors": [{"code": "120206", "message": "Missing or invalid ship to postal code"}]}}
    fault = {"path_regex": "/ship$", "action": "status", "status": 400, "times": 1, "body": refusal}
    journey.ups.control("POST", "faults", fault)
    _, delivery = journey.ship()
    switch(journey, Mode.APPROVAL)
    journey.make_due()
    journey.work()
    assert codes(journey.refreshed(delivery)) == ["approval"]

    go_live(journey, Mode.AUTOMATIC)
    journey.work()

    assert journey.refreshed(delivery).state == S.REPORTED


def test_what_waits_for_approval_is_looked_at_once_a_day_by_one_call(journey: Journey) -> None:
    switch(journey, Mode.APPROVAL)
    _, delivery = journey.ship()
    with tenant_context(journey.tenant.id):
        look = SyncJob.objects.get(subject=delivery.code, kind=SyncJob.Kind.RECHECK, state="due")
    assert look.due_at > timezone.now() + timedelta(hours=23)
    journey.company.exact.control("DELETE", "calls")

    journey.make_due()
    journey.work()

    assert [call["method"] for call in journey.exact_calls()] == ["GET"]
    assert codes(journey.refreshed(delivery)) == ["approval"]


def test_a_worker_that_dies_while_it_wakes_what_waited_forgets_nothing(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(journey)
    switch(journey, Mode.OFF)
    waiting = [journey.ship()[1] for _ in range(3)]
    original, asked = queue.add, iter(range(100))
    monkeypatch.setattr(rereading, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(rereading, "READ_A_MINUTE", 1)

    def dying(tenant_id: Any, kind: SyncJob.Kind, *given: Any, **more: Any) -> None:
        if kind == SyncJob.Kind.READ and next(asked) == 1:
            raise OSError
        original(tenant_id, kind, *given, **more)

    monkeypatch.setattr(queue, "add", dying)
    assert go_live(journey, since=timezone.now() - timedelta(days=1)) == 3
    journey.work()
    for _ in range(2):
        journey.make_due()
        journey.work()

    assert {journey.refreshed(each).state for each in waiting} == {S.REPORTED}
    assert len(journey.shipments_at_ups()) == 3


def test_reads_of_many_are_spread_and_those_of_an_ended_connection_left_out(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch(journey, Mode.OFF)
    waiting = [journey.ship()[1] for _ in range(2)]
    monkeypatch.setattr(rereading, "READ_A_MINUTE", 1)
    at = timezone.now()
    rows = going_live.held_up(journey.tenant.id, Mode.AUTOMATIC, None)

    assert rereading.ask(journey.tenant.id, rows, at=at) == 2

    with tenant_context(journey.tenant.id):
        jobs = SyncJob.objects.filter(subject__in=[each.code for each in waiting], kind="read", state="due")
        assert sorted(jobs.values_list("due_at", flat=True)) == [at, at + timedelta(minutes=1)]
        type(journey.connection).objects.update(disconnected_at=at, grant=None)
        assert not rows.exists()
