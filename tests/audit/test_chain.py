"""The audit trail is append-only and its chain tells of every change behind our back."""

import uuid

import psycopg
import pytest

from audit.chain import verify, verify_all
from audit.models import AppendOnly, Event
from audit.record import Happening, acting, happenings
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories import make_tenant
from tests.owner import as_owner


def record_three(tenant: Tenant) -> None:
    """Three events of one story."""
    story = uuid.uuid4()
    with acting("worker"), tenant_context(tenant.id):
        happenings(
            tenant.id,
            [
                Happening(kind=Event.Kind.CHANGED, subject_kind="delivery", subject=story, details={"step": number})
                for number in range(3)
            ],
        )


@pytest.mark.django_db
def test_events_are_numbered_and_chained_per_tenant() -> None:
    one, other = make_tenant(), make_tenant()
    record_three(one)
    record_three(other)

    with tenant_context(one.id):
        events = list(Event.objects.order_by("sequence"))
        verdict = verify(one.id)

    assert [event.sequence for event in events] == [1, 2, 3]
    assert [event.details["step"] for event in events] == [0, 1, 2]
    assert [event.previous_hash for event in events] == ["", events[0].hash, events[1].hash]
    assert {event.actor for event in events} == {"worker"}
    assert (verdict.events, verdict.broken_at) == (3, None)


@pytest.mark.django_db
def test_events_can_be_neither_changed_nor_removed_in_python() -> None:
    tenant = make_tenant()
    record_three(tenant)

    with tenant_context(tenant.id):
        event = Event.objects.first()
        assert event is not None
        for attempt in (event.save, event.delete, Event.objects.all().delete, Event.objects.all().update):
            with pytest.raises(AppendOnly):
                attempt()
        assert Event.objects.count() == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement", ["UPDATE audit_event SET actor = 'x'", "DELETE FROM audit_event", "TRUNCATE audit_event"]
)
def test_even_the_owner_is_refused(statement: str) -> None:
    tenant = make_tenant()
    record_three(tenant)

    with pytest.raises(psycopg.Error, match="append-only"):
        as_owner(statement)

    with tenant_context(tenant.id):
        assert Event.objects.count() == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("UPDATE audit_event SET actor = 'nobody' WHERE sequence = 2", 2),
        ("DELETE FROM audit_event WHERE sequence = 2", 2),
        ("DELETE FROM audit_event WHERE sequence = 3", 3),
    ],
)
def test_a_change_behind_the_triggers_is_found(statement: str, broken_at: int) -> None:
    tenant = make_tenant()
    record_three(tenant)
    as_owner(
        "ALTER TABLE audit_event DISABLE TRIGGER audit_append_only",
        statement,
        "ALTER TABLE audit_event ENABLE TRIGGER audit_append_only",
    )

    with tenant_context(tenant.id):
        assert verify(tenant.id).broken_at == broken_at
    assert [(found, verdict.broken_at) for found, verdict in verify_all()] == [(tenant.id, broken_at)]


@pytest.mark.django_db
def test_whole_chains_are_no_cause_for_alarm() -> None:
    tenant = make_tenant()
    record_three(tenant)

    assert [(found, verdict.broken_at) for found, verdict in verify_all()] == [(tenant.id, None)]
