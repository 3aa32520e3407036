"""Taking in what UPS pushed: one receipt that cannot be read holds no other, and none is lost for its sake."""

import pytest
from django.utils import timezone

from syncjobs import engine
from syncjobs.models import Parcel, Receipt, SyncJob, TrackingEvent
from syncjobs.steps import events as step
from syncjobs.steps.events import FAILURES_ALONE, NOT_TAKEN_IN
from syncjobs.tracking import milestones
from tenants.context import tenant_context
from tests.syncjobs.pushdoor import PushDoor, make_push_door

pytestmark = pytest.mark.django_db
TIMES = ("081500", "091500", "101500")


@pytest.fixture
def door() -> PushDoor:
    """Three pushes wait to be taken in."""
    found = make_push_door()
    for time in TIMES:
        found.push(gmtActivityTime=time, localActivityTime="")
    return found


def spoil(receipt: Receipt) -> None:
    """What was stored is no push any more."""
    with tenant_context(receipt.tenant_id):
        Receipt.objects.filter(pk=receipt.pk).update(sealed_body=b"{}")


def work(door: PushDoor, *, times: int) -> None:
    """Let the worker come by so often, each time when the job is due."""
    for _ in range(times):
        with tenant_context(door.account.tenant_id):
            SyncJob.objects.filter(kind="events", state="due").update(due_at=timezone.now())
        engine.work([SyncJob.Queue.TRACK])


def taken_in(door: PushDoor) -> list[tuple[bool, str]]:
    """Each receipt, oldest first: whether it was taken in, and why not."""
    return [(receipt.applied_at is not None, receipt.dead_letter) for receipt in door.receipts()]


def job_of(door: PushDoor) -> SyncJob:
    with tenant_context(door.account.tenant_id):
        return SyncJob.objects.filter(kind="events").latest("pk")


@pytest.mark.parametrize("place", range(3))
def test_a_receipt_that_cannot_be_read_is_left_out_and_those_around_it_are_taken_in(door: PushDoor, place: int) -> None:
    spoil(door.receipts()[place])

    work(door, times=10)

    expected = [(True, ""), (True, ""), (True, "")]
    expected[place] = (False, NOT_TAKEN_IN)
    assert taken_in(door) == expected
    with tenant_context(door.account.tenant_id):
        assert TrackingEvent.objects.count() == 2
        assert Parcel.objects.get(tracking_number=door.number).milestone == "out_for_delivery"
    assert (job_of(door).state, job_of(door).failures) == ("done", 0)


def test_a_flood_of_one_parcel_is_taken_in_and_makes_no_more_rows(
    door: PushDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(milestones, "EVENTS_AT_MOST", 1)
    monkeypatch.setattr(milestones, "MOVES_AT_MOST", 2)

    work(door, times=1)

    assert taken_in(door) == [(True, "")] * 3
    with tenant_context(door.account.tenant_id):
        assert TrackingEvent.objects.count() == 2


def test_what_comes_before_the_fault_is_taken_in_as_soon_as_the_job_has_failed_twice(door: PushDoor) -> None:
    spoil(door.receipts()[1])

    work(door, times=2)
    before = taken_in(door)
    work(door, times=1)

    assert before == [(False, "")] * 3
    assert taken_in(door) == [(True, ""), (False, ""), (False, "")]


def test_no_receipt_is_left_out_before_it_has_failed_time_and_again(door: PushDoor) -> None:
    spoil(door.receipts()[0])

    work(door, times=FAILURES_ALONE)

    assert taken_in(door) == [(False, "")] * 3
    assert job_of(door).failures == FAILURES_ALONE


def test_no_receipt_is_blamed_for_a_fault_of_our_own(door: PushDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("our own fault")

    with monkeypatch.context() as fault:
        fault.setattr(step, "take_in", fails)
        work(door, times=FAILURES_ALONE + 2)
        during = taken_in(door)
    work(door, times=4)

    assert during == [(False, "")] * 3
    assert taken_in(door) == [(True, "")] * 3
