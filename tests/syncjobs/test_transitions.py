"""Every pair of states, in our code and in the database, against tables written down here once more."""

import importlib
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from audit.models import Event
from audit.record import Happening, acting, happenings
from connector_site.lib.secrets import seal
from syncjobs.models import Attempt, Delivery
from syncjobs.problems import Problem
from syncjobs.transitions import ATTEMPT_MOVES, IllegalMove, LostRace, delivery_event, move, move_attempt
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories import make_tenant
from tests.syncjobs.rows import make_account, make_attempt, make_connection, make_delivery

pytestmark = pytest.mark.django_db

DELIVERY_TABLE = {
    "received": "ready labelled skipped hold cancelled review",
    "ready": "shipping received labelled skipped hold cancelled review",
    "shipping": "labelled ready received hold review",
    "labelled": "received reported hold cancelled review",
    "reported": "received in_transit delivered hold cancelled review",
    "in_transit": "received delivered review",
    "delivered": "received closed review",
    "closed": "received review",
    "skipped": "received ready labelled hold cancelled review",
    "hold": "received ready labelled skipped cancelled review",
    "review": "received labelled hold cancelled in_transit delivered",
    "cancelled": "received ready skipped hold review",
}
ATTEMPT_TABLE = {
    "planned": "sending cancelled",
    "sending": "created refused not_sent in_doubt abandoned",
    "in_doubt": "created absent voided_there review abandoned",
    "absent": "orphan created",
    "orphan": "voiding abandoned",
    "created": "voiding",
    "voiding": "voided void_refused abandoned",
    "review": "created absent voiding voided_there abandoned",
    "refused": "",
    "not_sent": "",
    "voided_there": "",
    "voided": "",
    "void_refused": "voiding created review",
    "cancelled": "",
    "abandoned": "",
}
WAY_TO = {
    "planned": "",
    "sending": "sending",
    "in_doubt": "sending in_doubt",
    "absent": "sending in_doubt absent",
    "orphan": "sending in_doubt absent orphan",
    "created": "sending created",
    "voiding": "sending created voiding",
    "review": "sending in_doubt review",
    "refused": "sending refused",
    "not_sent": "sending not_sent",
    "voided_there": "sending in_doubt voided_there",
    "voided": "sending created voiding voided",
    "void_refused": "sending created voiding void_refused",
    "cancelled": "cancelled",
    "abandoned": "sending in_doubt abandoned",
}
"""How an attempt gets to each state by moves that are allowed; so each state can be reached."""


def delivery_in(state: str) -> Delivery:
    return make_delivery(make_connection(make_tenant()), state=Delivery.State(state))


def attempt_in(state: str) -> Attempt:
    """An attempt that was brought there step by step through the database's own guard; its customer is closed."""
    tenant = make_tenant()
    with tenant_context(tenant.id):
        Tenant.objects.filter(pk=tenant.pk).update(closed_at=timezone.now())
    attempt = make_attempt(make_delivery(make_connection(tenant)), make_account(tenant.id))
    for step in WAY_TO[state].split():
        assert write_state(attempt, step)
    attempt.state = state
    return attempt


def write_state(attempt: Attempt, state: str) -> bool:
    """Write a state past our code; False when the database refuses."""
    rows = Attempt.objects.filter(pk=attempt.pk)
    try:
        with tenant_context(attempt.tenant_id):
            return rows.update(state=state, sent_at=timezone.now() if state != "cancelled" else None) == 1
    except IntegrityError:
        return False


def is_allowed(act: Callable[[], object]) -> bool:
    """Whether a move goes through; it is undone either way."""
    try:
        with transaction.atomic():
            act()
            transaction.set_rollback(True)
    except IllegalMove:
        return False
    return True


def moves_delivery(delivery: Delivery, to: str) -> bool:
    before = delivery.state

    def act() -> None:
        with tenant_context(delivery.tenant_id):
            move(delivery, to=Delivery.State(to), at=timezone.now())

    done = is_allowed(act)
    delivery.state = before
    return done


def moves_attempt(attempt: Attempt, to: str) -> bool:
    before = attempt.state

    def act() -> None:
        with tenant_context(attempt.tenant_id):
            move_attempt(attempt, to=Attempt.State(to), changes={"sent_at": timezone.now()})

    done = is_allowed(act)
    attempt.state = before
    return done


def database_moves(attempt: Attempt, to: str) -> bool:
    with transaction.atomic():
        done = write_state(attempt, to)
        transaction.set_rollback(True)
    return done


def events_of(tenant_id: uuid.UUID, subject: uuid.UUID) -> list[tuple[str, str, str]]:
    with tenant_context(tenant_id):
        return list(Event.objects.for_subject(subject).values_list("kind", "from_state", "to_state"))


def stored(row: Delivery | Attempt) -> dict[str, Any]:
    """Every column as the database has it."""
    with tenant_context(row.tenant_id):
        return dict(type(row).objects.filter(pk=row.pk).values().get())


@pytest.mark.parametrize("state", Delivery.State.values)
def test_a_delivery_moves_along_its_table_and_no_other_way(state: str) -> None:
    delivery = delivery_in(state)

    allowed = {to for to in Delivery.State.values if moves_delivery(delivery, to)}

    assert allowed == set(DELIVERY_TABLE[state].split())
    assert events_of(delivery.tenant_id, delivery.code) == []


@pytest.mark.parametrize("state", Attempt.State.values)
def test_an_attempt_moves_along_its_table_and_no_other_way(state: str) -> None:
    attempt = attempt_in(state)

    allowed = {to for to in Attempt.State.values if moves_attempt(attempt, to)}

    assert allowed == set(ATTEMPT_TABLE[state].split())


@pytest.mark.parametrize("state", Attempt.State.values)
def test_the_database_itself_lets_an_attempt_move_along_the_same_table_only(state: str) -> None:
    attempt = attempt_in(state)

    allowed = {to for to in Attempt.State.values if to != state and database_moves(attempt, to)}

    assert allowed == set(ATTEMPT_TABLE[state].split()) == set(ATTEMPT_MOVES[state])


@pytest.mark.parametrize("state", ["sending", "in_doubt", "review", "orphan", "voiding"])
def test_what_may_exist_at_ups_is_abandoned_with_a_closed_customer_alone(state: str) -> None:
    attempt = attempt_in(state)
    with tenant_context(attempt.tenant_id):
        Tenant.objects.filter(pk=attempt.tenant_id).update(closed_at=None)

    assert not database_moves(attempt, "abandoned")


def test_the_table_of_the_database_is_the_table_of_the_code() -> None:
    migration = importlib.import_module("syncjobs.migrations.0014_abandoned")

    ours = {f"{before}>{after}" for before, ends in ATTEMPT_MOVES.items() for after in ends}

    assert set(migration.MOVES.split()) == ours
    assert set(ATTEMPT_MOVES) == set(Attempt.State.values)


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": "T" + "0" * 26},
        {"request": seal({"ShipmentRequest": {"else": 1}}, owner="x", purpose="y")},
        {"request_hash": "1" * 64},
    ],
    ids=["reference", "request", "hash"],
)
@pytest.mark.parametrize("state", ["planned", "sending", "created"])
def test_the_request_of_an_attempt_is_frozen(state: str, changes: dict[str, Any]) -> None:
    attempt = attempt_in(state)
    before = stored(attempt)

    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic(), tenant_context(attempt.tenant_id):
        Attempt.objects.filter(pk=attempt.pk).update(**changes)

    assert stored(attempt) == before


def test_an_attempt_begins_as_planned() -> None:
    tenant = make_tenant()
    attempt = make_attempt(make_delivery(make_connection(tenant)), make_account(tenant.id))
    columns = {**stored(attempt), "state": "sending", "reference": "another", "attempt_no": 2, "code": uuid.uuid4()}
    del columns["id"]

    with pytest.raises(DatabaseError, match="begins as planned"), transaction.atomic(), tenant_context(tenant.id):
        Attempt.objects.create(**columns)

    with tenant_context(tenant.id):
        assert Attempt.objects.count() == 1


def test_only_one_attempt_of_a_shipment_may_be_alive() -> None:
    tenant = make_tenant()
    attempt = make_attempt(make_delivery(make_connection(tenant)), make_account(tenant.id))
    columns = {**stored(attempt), "reference": "another", "attempt_no": 2, "code": uuid.uuid4()}
    del columns["id"]

    with pytest.raises(DatabaseError, match="attempt_live_once"), transaction.atomic(), tenant_context(tenant.id):
        Attempt.objects.create(**columns)


def test_a_delivery_that_somebody_else_moved_is_left_alone() -> None:
    delivery = delivery_in("received")
    with tenant_context(delivery.tenant_id):
        Delivery.objects.filter(pk=delivery.pk).update(state="hold")
    before = stored(delivery)

    with pytest.raises(LostRace), tenant_context(delivery.tenant_id):
        move(delivery, to=Delivery.State.READY, at=timezone.now(), changes={"delivery_number": "1"})

    assert stored(delivery) == before
    assert events_of(delivery.tenant_id, delivery.code) == []
    assert (delivery.state, delivery.delivery_number) == ("received", "")


def test_an_attempt_that_somebody_else_moved_is_left_alone() -> None:
    attempt = attempt_in("planned")
    assert write_state(attempt, "cancelled")
    before = stored(attempt)

    with pytest.raises(LostRace), tenant_context(attempt.tenant_id):
        move_attempt(attempt, to=Attempt.State.SENDING, changes={"sent_at": timezone.now()})

    assert stored(attempt) == before
    assert attempt.sent_at is None


@pytest.mark.parametrize("state", Delivery.State.values)
def test_another_tenant_moves_nothing(state: str) -> None:
    delivery, other = delivery_in(state), make_tenant("Another")
    target = next(iter(DELIVERY_TABLE[state].split()), "review")

    with pytest.raises((LostRace, IllegalMove)), tenant_context(other.id):
        move(delivery, to=Delivery.State(target), at=timezone.now())

    assert stored(delivery)["state"] == state


def test_a_move_writes_its_columns_its_problems_and_one_event_with_names_of_problems_only() -> None:
    delivery, at = delivery_in("received"), timezone.now()
    problem = Problem(code="weight_missing", text="Item CHAIR of Jansen has no weight.", where="Exact")
    with acting("worker"), tenant_context(delivery.tenant_id):
        move(
            delivery,
            to=Delivery.State.HOLD,
            at=at,
            problems=[problem],
            changes={"delivery_number": "7"},
            events=[delivery_event(delivery, Event.Kind.WROTE)],
        )

    now = stored(delivery)
    with tenant_context(delivery.tenant_id):
        event = Event.objects.get(kind="moved")
    assert (now["state"], now["delivery_number"], now["changed_at"]) == ("hold", "7", at)
    assert [row["text"] for row in now["problems"]] == [problem.text]
    assert (delivery.state, delivery.delivery_number) == ("hold", "7")
    assert events_of(delivery.tenant_id, delivery.code) == [("wrote", "", ""), ("moved", "received", "hold")]
    assert (event.actor, event.correlation) == ("worker", delivery.correlation)
    assert event.details == {"problems": [{"code": "weight_missing"}]}


def test_a_move_forgets_the_problems_of_the_state_before() -> None:
    delivery = delivery_in("hold")
    with tenant_context(delivery.tenant_id):
        Delivery.objects.update(problems=[{"code": "x"}])
        move(delivery, to=Delivery.State.READY, at=timezone.now())

    assert stored(delivery)["problems"] == []


def test_a_move_whose_event_cannot_be_written_did_not_happen() -> None:
    delivery = delivery_in("received")
    unwritable = Happening(kind=Event.Kind.WROTE, subject_kind="x" * 50, subject=delivery.code)

    with pytest.raises(DatabaseError), transaction.atomic(), tenant_context(delivery.tenant_id):
        move(delivery, to=Delivery.State.HOLD, at=timezone.now(), events=[unwritable])

    assert stored(delivery)["state"] == "received"
    assert events_of(delivery.tenant_id, delivery.code) == []


def test_a_move_that_is_rolled_back_leaves_no_event() -> None:
    delivery = delivery_in("received")

    with transaction.atomic(), tenant_context(delivery.tenant_id):
        move(delivery, to=Delivery.State.HOLD, at=timezone.now())
        transaction.set_rollback(True)
    assert connection.in_atomic_block

    assert stored(delivery)["state"] == "received"
    assert events_of(delivery.tenant_id, delivery.code) == []


def test_the_event_of_an_attempt_names_its_reference_and_belongs_to_its_delivery() -> None:
    attempt = attempt_in("planned")
    with tenant_context(attempt.tenant_id):
        event = move_attempt(attempt, to=Attempt.State.CANCELLED)
        happenings(attempt.tenant_id, [event])

    assert events_of(attempt.tenant_id, attempt.delivery.code) == [("moved", "planned", "cancelled")]
    assert event.details == {"attempt": str(attempt.code), "reference": attempt.reference, "number": 1}
