"""Running again what stopped: from where that is safe, asked for by a person, and never from anywhere else."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import Event
from exact.models import Connection
from syncjobs import queue
from syncjobs.models import Attempt, Delivery, SyncJob
from syncjobs.replay import RECONSIDER_DAYS, NotAllowedNow, look_again, reconsider_skipped, run_again
from syncjobs.transitions import move_attempt
from tenants.context import tenant_context
from tests.factories import make_tenant
from tests.syncjobs.guarded import sending
from tests.syncjobs.rows import add, claim_one, make_connection, make_delivery

pytestmark = pytest.mark.django_db

AGAIN = {Delivery.State.HOLD: "read", Delivery.State.SKIPPED: "read", Delivery.State.DELIVERED: "proof"}
LATER = timedelta(hours=1)


def delivery_in(state: Delivery.State) -> Delivery:
    return make_delivery(make_connection(make_tenant()), state=state)


def ask_again(delivery: Delivery, *, tenant_id: uuid.UUID | None = None) -> None:
    run_again(
        actor="user:anna",
        tenant_id=tenant_id or delivery.tenant_id,
        delivery_code=delivery.code,
        at=timezone.now(),
    )


def jobs(delivery: Delivery) -> list[tuple[str, str]]:
    """Kinds and states of the jobs about a delivery."""
    with tenant_context(delivery.tenant_id):
        return list(SyncJob.objects.filter(subject=delivery.code).values_list("kind", "state"))


def events(delivery: Delivery) -> list[tuple[str, str]]:
    """What the trail tells of a delivery, and who did it."""
    with tenant_context(delivery.tenant_id):
        return list(Event.objects.for_subject(delivery.code).values_list("kind", "actor"))


def stored(delivery: Delivery) -> Delivery:
    with tenant_context(delivery.tenant_id):
        return Delivery.objects.get(pk=delivery.pk)


def skipped(*, code: str, age: timedelta = timedelta(0)) -> Delivery:
    """A delivery skipped for this reason."""
    delivery = make_delivery(make_connection(make_tenant()), state=Delivery.State.SKIPPED, age=age)
    with tenant_context(delivery.tenant_id):
        Delivery.objects.update(problems=[{"code": code, "text": "x"}])
    return delivery


@pytest.mark.parametrize(("state", "kind"), AGAIN.items())
def test_a_stopped_delivery_goes_on_and_the_trail_says_who_asked(state: Delivery.State, kind: str) -> None:
    delivery = delivery_in(state)

    ask_again(delivery)

    assert jobs(delivery) == [(kind, "due")]
    assert events(delivery) == [("asked", "user:anna")]
    assert (stored(delivery).state, stored(delivery).asked_again_at is not None) == (state, True)


def test_asking_twice_asks_for_one_read() -> None:
    delivery = delivery_in(Delivery.State.HOLD)

    ask_again(delivery)
    ask_again(delivery)

    assert jobs(delivery) == [("read", "due")]
    assert events(delivery) == [("asked", "user:anna")] * 2


def test_asking_while_it_is_read_reads_it_once_more() -> None:
    delivery = delivery_in(Delivery.State.HOLD)
    ask_again(delivery)
    job = claim_one()

    ask_again(delivery)
    with tenant_context(delivery.tenant_id):
        queue.finish(job)

    assert jobs(delivery) == [("read", "due")]


@pytest.mark.parametrize("state", sorted(set(Delivery.State) - set(AGAIN)))
def test_from_anywhere_else_nothing_is_run_again(state: Delivery.State) -> None:
    delivery = delivery_in(state)

    with pytest.raises(NotAllowedNow) as refused:
        ask_again(delivery)

    assert str(refused.value).endswith(".")
    assert (jobs(delivery), events(delivery), stored(delivery).asked_again_at) == ([], [], None)


@pytest.mark.parametrize("is_in_doubt", [False, True])
def test_a_hold_that_ups_may_have_shipped_is_not_run_again(is_in_doubt: bool) -> None:  # noqa: FBT001
    delivery = delivery_in(Delivery.State.HOLD)
    attempt = sending(delivery, lease_until=timezone.now())
    with tenant_context(delivery.tenant_id):
        if is_in_doubt:
            move_attempt(attempt, to=Attempt.State.IN_DOUBT)
        Delivery.objects.update(state=Delivery.State.HOLD)
    before = events(delivery)

    with pytest.raises(NotAllowedNow, match="not sent again until that is known"):
        ask_again(delivery)

    assert (jobs(delivery), events(delivery)) == ([], before)


def test_another_customer_runs_nothing_again() -> None:
    delivery = delivery_in(Delivery.State.HOLD)

    with pytest.raises(Delivery.DoesNotExist):
        ask_again(delivery, tenant_id=make_tenant("Another").id)

    assert (jobs(delivery), events(delivery)) == ([], [])


@pytest.mark.parametrize("code", ["method_not_mapped", "not_ups"])
def test_new_rules_look_again_at_what_the_rules_had_skipped(code: str) -> None:
    delivery = skipped(code=code)

    assert reconsider_skipped(delivery.tenant_id, timezone.now()) == 1

    assert jobs(delivery) == [("read", "due")]


@pytest.mark.parametrize(
    ("code", "age"),
    [
        ("has_tracking_number", timedelta(0)),
        ("no_shipping_method", timedelta(0)),
        ("method_not_mapped", timedelta(days=RECONSIDER_DAYS, seconds=1)),
    ],
)
def test_new_rules_leave_alone_what_they_have_nothing_to_do_with(code: str, age: timedelta) -> None:
    delivery = skipped(code=code, age=age)

    assert reconsider_skipped(delivery.tenant_id, timezone.now()) == 0

    assert jobs(delivery) == []


def test_new_rules_move_nothing_of_a_company_that_is_not_connected_any_more() -> None:
    delivery = skipped(code="method_not_mapped")
    with tenant_context(delivery.tenant_id):
        Connection.objects.update(disconnected_at=timezone.now(), grant=None)

    assert reconsider_skipped(delivery.tenant_id, timezone.now()) == 0

    assert jobs(delivery) == []


def test_new_rules_of_one_customer_move_nothing_of_another() -> None:
    delivery = skipped(code="method_not_mapped")

    assert reconsider_skipped(make_tenant("Another").id, timezone.now()) == 0

    assert jobs(delivery) == []


def test_after_a_repair_holds_and_what_waited_for_the_permission_are_done_now() -> None:
    tenant, at = make_tenant(), timezone.now()
    recheck = add(tenant, kind=SyncJob.Kind.RECHECK, due_at=at + LATER)
    permission = waiting_after(tenant.id, "ExactNeedsReconnect: Connect again.")
    busy = waiting_after(tenant.id, "ExactUnavailable: Exact is away.")
    elsewhere = add(make_tenant("Another"), kind=SyncJob.Kind.RECHECK, due_at=at + LATER)

    assert look_again(tenant.id, at) == 2

    with tenant_context(tenant.id):
        due_now = set(SyncJob.objects.filter(due_at=at).values_list("subject", flat=True))
    assert due_now == {recheck, permission}
    assert not {busy, elsewhere} & due_now


def waiting_after(tenant_id: uuid.UUID, error: str) -> uuid.UUID:
    """The subject of a read that was put back with this error."""
    subject = uuid.uuid4()
    with tenant_context(tenant_id):
        queue.add(tenant_id, SyncJob.Kind.READ, subject, due_at=timezone.now() + LATER, wake=False)
        SyncJob.objects.filter(subject=subject).update(last_error=error)
    return subject
