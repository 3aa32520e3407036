"""The guard around every step: what is recorded, who sees it, and what becomes of the job. The steps are made here."""

import logging
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.models import Event
from audit.record import Happening, happenings
from exact.errors import ExactRejected, ExactRightMissing, ExactUnavailable
from syncjobs import engine, queue, retry
from syncjobs.models import Attempt, Delivery, SyncJob, SystemAlarm
from syncjobs.queue import Job
from syncjobs.steps.context import Step
from syncjobs.transitions import IllegalMove, LostRace, move
from tenants.context import tenant_context
from tests.factories import make_tenant
from tests.syncjobs.guarded import (
    Act,
    Clock,
    Steps,
    ask,
    call,
    ending,
    failing,
    run,
    sending,
    started,
    stored,
    story,
    waiting,
)
from tests.syncjobs.rows import (
    ALL_QUEUES,
    add,
    claim,
    claim_one,
    let_lease_run_out,
    make_connection,
    make_delivery,
    row_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    """Put a step of the test's own in the place of a real one."""

    def replace(kind: SyncJob.Kind, act: Act) -> None:
        monkeypatch.setitem(engine.STEPS, kind, act)

    return replace


@pytest.fixture
def delivery() -> Delivery:
    return make_delivery(make_connection(make_tenant()))


def test_three_starts_without_an_end_are_enough_for_a_person_to_look(delivery: Delivery, steps: Steps) -> None:
    begun: list[int] = []
    steps(SyncJob.Kind.READ, lambda job, step: begun.append(job.starts))

    job = ask(delivery)
    for _ in range(4):
        run(job)
        job = started(job, 1) if row_of(job)["state"] == "running" else job

    assert begun == [1, 2, 3]
    assert row_of(job)["state"] == "dead"
    assert stored(delivery).state == Delivery.State.HOLD
    assert [problem["code"] for problem in stored(delivery).problems] == ["poison"]
    assert story(delivery) == [("failed", "poison"), ("moved", "")]
    assert len(waiting(delivery, SyncJob.Kind.RECHECK)) == 1


def test_an_attempt_found_half_way_by_the_fourth_start_is_in_doubt_and_no_hold(delivery: Delivery) -> None:
    attempt = sending(delivery, lease_until=timezone.now() - timedelta(seconds=1))
    job = started(ask(delivery, SyncJob.Kind.SHIP), 3)

    run(job)

    with tenant_context(delivery.tenant_id):
        assert Attempt.objects.get(pk=attempt.pk).state == Attempt.State.IN_DOUBT
    assert stored(delivery).state == Delivery.State.SHIPPING
    assert row_of(job)["state"] == "done"


def test_an_attempt_that_another_worker_may_still_be_sending_is_waited_for(delivery: Delivery) -> None:
    lease_until = timezone.now() + timedelta(seconds=60)
    attempt = sending(delivery, lease_until=lease_until)
    job = started(ask(delivery, SyncJob.Kind.SHIP), 3)

    run(job)

    with tenant_context(delivery.tenant_id):
        assert Attempt.objects.get(pk=attempt.pk).state == Attempt.State.SENDING
    assert (row_of(job)["state"], row_of(job)["due_at"], row_of(job)["failures"]) == ("due", lease_until, 0)


def test_calls_made_before_a_rollback_are_in_the_trail_once(delivery: Delivery, steps: Steps) -> None:
    steps(SyncJob.Kind.READ, failing(ExactUnavailable("Exact is away.", operation="read")))

    step = run(ask(delivery))

    assert stored(delivery).delivery_number == ""
    assert story(delivery) == [("called", "goods_deliveries"), ("failed", "ExactUnavailable")]
    assert step.made == []


@pytest.mark.parametrize("lost", [LostRace("delivery moved"), queue.LostClaim("job taken")])
def test_calls_of_a_job_that_was_overtaken_are_in_the_trail(delivery: Delivery, steps: Steps, lost: Exception) -> None:
    steps(SyncJob.Kind.READ, failing(lost))
    job = ask(delivery)

    run(job)

    assert story(delivery) == [("called", "goods_deliveries"), ("failed", type(lost).__name__)]
    assert (row_of(job)["state"], row_of(job)["failures"]) == ("due", 0)
    assert row_of(job)["due_at"] > timezone.now()


def test_calls_of_a_worker_whose_claim_is_lost_are_in_the_trail_and_the_job_is_left_alone(
    delivery: Delivery, steps: Steps
) -> None:
    job = ask(delivery)

    def act(job: Job, step: Step) -> None:
        step.observe(call())
        let_lease_run_out(job)
        claim_one()
        ending(job, step)

    steps(SyncJob.Kind.READ, act)
    run(job)

    assert story(delivery) == [("called", "goods_deliveries")]
    assert (row_of(job)["state"], row_of(job)["starts"]) == ("running", 2)


def test_an_error_nobody_foresaw_is_logged_recorded_and_tried_again_without_its_words(
    delivery: Delivery, steps: Steps, caplog: pytest.LogCaptureFixture
) -> None:
    steps(SyncJob.Kind.READ, failing(ValueError("token abc of Jansen")))
    job = ask(delivery)

    with caplog.at_level(logging.ERROR):
        run(job)

    ended = row_of(job)
    assert (ended["state"], ended["failures"], ended["last_error"]) == ("due", 1, "ValueError")
    assert ended["due_at"] > timezone.now()
    assert [(record.levelname, record.exc_info is not None) for record in caplog.records] == [("ERROR", True)]
    assert story(delivery) == [("called", "goods_deliveries"), ("failed", "ValueError")]
    assert stored(delivery).state == Delivery.State.RECEIVED


def test_a_move_that_no_table_allows_is_our_mistake_and_logged_as_one(
    delivery: Delivery, steps: Steps, caplog: pytest.LogCaptureFixture
) -> None:
    steps(SyncJob.Kind.READ, failing(IllegalMove("delivery closed -> ready")))

    run(ask(delivery))

    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert story(delivery)[-1] == ("failed", "IllegalMove")


def test_what_fails_eight_times_becomes_a_hold_and_our_team_is_told(delivery: Delivery, steps: Steps) -> None:
    steps(SyncJob.Kind.READ, failing(ValueError("x")))
    job = ask(delivery)
    with tenant_context(delivery.tenant_id):
        SyncJob.objects.filter(pk=job.id).update(failures=7)
    let_lease_run_out(job)

    run(claim_one())

    assert row_of(job)["state"] == "dead"
    assert stored(delivery).state == Delivery.State.HOLD
    assert [problem["code"] for problem in stored(delivery).problems] == ["gave_up"]
    told = SystemAlarm.objects.get()
    assert (told.kind, told.subject) == ("job_given_up", f"read {delivery.tenant_id}")
    assert told.details == {"job": str(delivery.code), "why": "gave_up"}


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (SyncJob.Kind.READ, Delivery.State.RECEIVED),
        (SyncJob.Kind.READ, Delivery.State.READY),
        (SyncJob.Kind.READ, Delivery.State.SKIPPED),
        (SyncJob.Kind.READ, Delivery.State.CANCELLED),
        (SyncJob.Kind.SHIP, Delivery.State.READY),
        (SyncJob.Kind.REPORT, Delivery.State.LABELLED),
    ],
)
def test_a_refusal_holds_the_delivery_that_this_job_had_to_move_on(
    steps: Steps, kind: SyncJob.Kind, state: Delivery.State
) -> None:
    delivery = make_delivery(make_connection(make_tenant()), state=state)
    steps(kind, failing(ExactRejected("Exact refused.", operation="put")))

    run(ask(delivery, kind))

    assert stored(delivery).state == Delivery.State.HOLD
    assert [problem["code"] for problem in stored(delivery).problems] == ["exact_refused"]


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (SyncJob.Kind.READ, Delivery.State.SHIPPING),
        (SyncJob.Kind.READ, Delivery.State.LABELLED),
        (SyncJob.Kind.READ, Delivery.State.REPORTED),
        (SyncJob.Kind.READ, Delivery.State.IN_TRANSIT),
        (SyncJob.Kind.READ, Delivery.State.DELIVERED),
        (SyncJob.Kind.READ, Delivery.State.CLOSED),
        (SyncJob.Kind.READ, Delivery.State.REVIEW),
        (SyncJob.Kind.GONE, Delivery.State.REPORTED),
        (SyncJob.Kind.SHIP, Delivery.State.SHIPPING),
        (SyncJob.Kind.REPORT, Delivery.State.REPORTED),
        (SyncJob.Kind.RECHECK, Delivery.State.READY),
    ],
)
def test_a_refused_look_moves_nothing_that_another_job_is_to_move_on(
    steps: Steps, kind: SyncJob.Kind, state: Delivery.State
) -> None:
    delivery = make_delivery(make_connection(make_tenant()), state=state)
    steps(kind, failing(ExactRightMissing("No right.", operation="get")))
    job = ask(delivery, kind)

    run(job)

    assert (stored(delivery).state, stored(delivery).problems) == (state, [])
    assert (row_of(job)["state"], row_of(job)["last_error"]) == ("dead", "No right.")
    assert story(delivery) == [("called", "goods_deliveries"), ("failed", "exact_right")]
    assert waiting(delivery, SyncJob.Kind.RECHECK) == []


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (SyncJob.Kind.STATUS, Delivery.State.IN_TRANSIT),
        (SyncJob.Kind.PROOF, Delivery.State.DELIVERED),
    ],
)
def test_what_exact_does_not_let_us_write_of_the_way_is_said_and_stops_no_delivery(
    steps: Steps, kind: SyncJob.Kind, state: Delivery.State
) -> None:
    delivery = make_delivery(make_connection(make_tenant()), state=state)
    steps(kind, failing(ExactRightMissing("The user lacks a right.", operation="put")))
    job = ask(delivery, kind)

    run(job)

    after = stored(delivery)
    assert (after.state, after.problems, after.proof_problem) == (state, [], "The user lacks a right.")
    assert row_of(job)["state"] == "dead"
    assert story(delivery)[-1] == ("failed", "exact_right")


def test_a_hold_whose_recheck_fails_stays_a_hold_and_is_looked_at_again(steps: Steps) -> None:
    delivery = make_delivery(make_connection(make_tenant()), state=Delivery.State.HOLD)
    steps(SyncJob.Kind.RECHECK, failing(ExactRightMissing("No right.", operation="get")))
    began = timezone.now()

    run(ask(delivery, SyncJob.Kind.RECHECK))

    assert stored(delivery).state == Delivery.State.HOLD
    assert [problem["code"] for problem in stored(delivery).problems] == ["exact_right"]
    (due_at,) = waiting(delivery, SyncJob.Kind.RECHECK)
    assert due_at >= began + retry.MISSING_RIGHT_PAUSE


def test_a_failed_look_at_a_connection_is_told_with_the_connection(steps: Steps) -> None:
    exact = make_connection(make_tenant())

    def act(job: Job, step: Step) -> None:
        step.observe(call())
        raise ExactUnavailable("Exact is away.", operation="read")

    steps(SyncJob.Kind.METHODS, act)
    add(exact.tenant, kind=SyncJob.Kind.METHODS, subject=exact.code)
    job = claim_one()

    run(job)

    assert (row_of(job)["state"], row_of(job)["failures"]) == ("due", 1)
    with tenant_context(exact.tenant_id):
        assert list(Event.objects.for_subject(exact.code).values_list("kind", "subject_kind")) == [
            ("called", "exact_connection")
        ]


def test_time_that_is_up_hands_back_what_was_not_begun(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = make_connection(make_tenant())
    deliveries = [make_delivery(exact) for _ in range(5)]
    for found in deliveries:
        add(exact.tenant, subject=found.code)
    clock = Clock()
    monkeypatch.setattr("syncjobs.engine.time.monotonic", clock.now)

    def slow(job: Job, step: Step) -> None:
        with tenant_context(job.tenant_id):
            step.following.extend(queue.claim_siblings(job, connection_id=exact.pk, limit=25))
        ending(job, step)
        clock.seconds += engine.BUDGET_SECONDS

    steps(SyncJob.Kind.READ, slow)

    assert engine.work(ALL_QUEUES) == 1

    with tenant_context(exact.tenant_id):
        rows = list(SyncJob.objects.order_by("state").values_list("state", "starts"))
    assert rows == [("done", 1), ("due", 0), ("due", 0), ("due", 0), ("due", 0)]
    assert len(claim(at_once=10)) == queue.CLAIM_PER_TENANT


def test_the_last_job_of_a_task_ends_before_the_hard_limit_and_its_lease(settings: Any) -> None:
    longest_call_seconds = 60

    assert engine.BUDGET_SECONDS + longest_call_seconds < settings.CELERY_TASK_TIME_LIMIT < queue.LEASE_SECONDS


def test_a_next_step_is_done_at_once_and_before_other_work(steps: Steps) -> None:
    exact = make_connection(make_tenant())
    order: list[tuple[str, uuid.UUID]] = []
    one, two = (add(exact.tenant, subject=make_delivery(exact).code) for _ in range(2))

    def read(job: Job, step: Step) -> None:
        order.append(("read", job.subject))
        with tenant_context(job.tenant_id):
            queue.finish(job)
            step.follow(queue.add_claimed(job.tenant_id, SyncJob.Kind.SHIP, job.subject, at=step.at, correlation=None))

    def ship(job: Job, step: Step) -> None:
        order.append(("ship", job.subject))
        ending(job, step)

    steps(SyncJob.Kind.READ, read)
    steps(SyncJob.Kind.SHIP, ship)

    assert engine.work(ALL_QUEUES) == 4
    assert {kind for kind, _ in order[::2]} == {"read"}
    assert [subject for _, subject in order[::2]] == [subject for _, subject in order[1::2]]
    assert {subject for _, subject in order} == {one, two}


def test_what_happens_in_a_job_is_said_to_be_done_by_the_worker(delivery: Delivery, steps: Steps) -> None:
    def act(job: Job, step: Step) -> None:
        with tenant_context(job.tenant_id):
            move(stored(delivery), to=Delivery.State.SKIPPED, at=step.at)
            queue.finish(job)

    steps(SyncJob.Kind.READ, act)
    run(ask(delivery))

    with tenant_context(delivery.tenant_id):
        assert list(Event.objects.values_list("actor", "to_state")) == [("worker", "skipped")]
        happenings(delivery.tenant_id, [Happening(kind=Event.Kind.WROTE, subject_kind="x", subject=delivery.code)])
        assert Event.objects.get(kind="wrote").actor == "system"
