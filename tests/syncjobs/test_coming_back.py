"""Nothing that follows a delivery waits for ever, and nothing that is due in a moment waits for the clock."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, transaction
from django.utils import timezone

from exact.errors import ExactBudgetSpent
from syncjobs import engine, queue, tasks, ticks
from syncjobs.models import Delivery, Receipt, SyncJob
from tenants.context import tenant_context
from tests.factories import make_tenant
from tests.syncjobs.guarded import ask, failing, run, started, story, waiting
from tests.syncjobs.pushdoor import PushDoor, make_push_door
from tests.syncjobs.rows import make_connection, make_delivery, row_of

pytestmark = pytest.mark.django_db(transaction=True)
Kind = SyncJob.Kind


@pytest.fixture
def delivery() -> Delivery:
    return make_delivery(make_connection(make_tenant()), state=Delivery.State.IN_TRANSIT)


@pytest.fixture
def door() -> PushDoor:
    return make_push_door()


@pytest.mark.parametrize("kind", sorted(engine.COMES_BACK))
def test_what_follows_a_delivery_comes_back_an_hour_after_it_was_given_up(delivery: Delivery, kind: Kind) -> None:
    job = started(ask(delivery, kind), times=3)

    run(job)

    assert row_of(job)["state"] == "dead"
    (due_at,) = waiting(delivery, kind)
    assert timedelta(minutes=59) < due_at - timezone.now() <= timedelta(hours=1)


def test_a_budget_that_is_used_up_leaves_no_failure_in_the_trail(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many jobs wait for the same minute: a line for each, each minute, would bury what matters."""
    spent = ExactBudgetSpent("Wait.", operation="put", retry_at=timezone.now() + timedelta(minutes=1))
    monkeypatch.setitem(engine.STEPS, Kind.STATUS, failing(spent))

    run(ask(delivery, Kind.STATUS))

    assert [kind for kind, _ in story(delivery)] == ["called"]
    assert len(waiting(delivery, Kind.STATUS)) == 1


def test_a_database_that_goes_away_in_the_middle_loses_its_own_job_only(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("the server closed the connection")

    monkeypatch.setitem(engine.STEPS, Kind.STATUS, failing(ValueError("anything")))
    monkeypatch.setattr(queue, "put_back", away)
    job = ask(delivery, Kind.STATUS)

    run(job)

    assert row_of(job)["state"] == "running"


def test_a_push_whose_job_was_lost_is_taken_in_all_the_same(door: PushDoor) -> None:
    assert door.push() == 200
    lose_jobs(door)
    age_receipts(door, minutes=3)

    ticks.turn_due()
    engine.work([SyncJob.Queue.TRACK])

    assert [receipt.applied_at is not None for receipt in door.receipts()] == [True]


def test_a_push_that_came_just_now_is_left_to_its_own_job(door: PushDoor) -> None:
    assert door.push() == 200
    lose_jobs(door)

    assert "events" not in ticks.turn_due()


def lose_jobs(door: PushDoor) -> None:
    """As if they had been given up."""
    with tenant_context(door.account.tenant_id):
        SyncJob.objects.update(state=SyncJob.State.DEAD)


def age_receipts(door: PushDoor, *, minutes: int) -> None:
    with tenant_context(door.account.tenant_id):
        Receipt.objects.update(received_at=timezone.now() - timedelta(minutes=minutes))


class Timers:
    """What would be woken, and when."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.set: list[tuple[float, str]] = []
        self.nudged: list[str] = []
        monkeypatch.setattr(threading, "Timer", self._timer)
        monkeypatch.setattr(queue, "_soon", {})
        monkeypatch.setattr(queue, "nudge", lambda name: self.nudged.append(str(name)))

    def _timer(self, delay: float, call: Any, args: list[Any]) -> threading.Thread:
        self.set.append((delay, str(args[0])))
        return threading.Thread(target=call, args=args)


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> Timers:
    return Timers(monkeypatch)


def test_work_due_in_two_seconds_wakes_a_worker_in_two_seconds(delivery: Delivery, timers: Timers) -> None:
    wish(delivery, timezone.now() + timedelta(seconds=2))

    tasks.work(queue_name="ship")

    ((delay, name),) = timers.set
    assert (1.5 < delay < 2.2, name) == (True, "track")


@pytest.mark.parametrize(("seconds", "nudged"), [(0, ["track"]), (600, ["track"])])
def test_other_work_wakes_a_worker_when_it_is_asked_for(
    delivery: Delivery, timers: Timers, seconds: int, nudged: list[str]
) -> None:
    wish(delivery, timezone.now() + timedelta(seconds=seconds))

    tasks.work(queue_name="upkeep")

    assert (timers.set, timers.nudged) == ([], nudged)


def test_a_wish_that_was_taken_back_wakes_nobody(delivery: Delivery, timers: Timers) -> None:
    with tenant_context(delivery.tenant_id):
        wish(delivery, timezone.now() + timedelta(seconds=2))
        transaction.set_rollback(True)

    tasks.work(queue_name="ship")

    assert timers.set == []


def wish(delivery: Delivery, due_at: datetime) -> None:
    with tenant_context(delivery.tenant_id):
        queue.add(delivery.tenant_id, Kind.STATUS, delivery.code, due_at=due_at)
