"""The audit trail is append-only and its chain tells of every change behind our back."""

import time
import uuid

import psycopg
import pytest
from django.utils import timezone

from audit import chain, checking
from audit.chain import verify
from audit.models import AppendOnly, ChainCheck, Event
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
    assert checked(tenant).broken_at == broken_at


@pytest.mark.django_db
@pytest.mark.parametrize("portion", [1, 2, 3, 4])
def test_a_whole_chain_is_found_whole_however_it_is_divided(portion: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "PORTION", portion)
    tenant = make_tenant()
    record_three(tenant)

    check = checked(tenant)

    assert (check.events, check.head_sequence, check.broken_at) == (3, 3, None)


@pytest.mark.django_db
def test_a_check_that_was_cut_off_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "PORTION", 1)
    tenant = make_tenant()
    record_three(tenant)
    with tenant_context(tenant.id):
        check = checking.begin(tenant.id, at=timezone.now())

    first = checking.go_on(check, ends=0)
    kept = (check.events, check.head_sequence)
    record_three(tenant)
    last = checking.go_on(check, ends=time.monotonic() + 60)

    assert (first, kept) == (False, (1, 1))
    assert (last, check.events, check.head_sequence, check.broken_at) == (True, 6, 6, None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sequence", [1, 2, 3])
def test_every_portion_is_joined_to_the_one_before(sequence: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever computes an event's own hash anew is betrayed by the next one, in whichever portion that is."""
    monkeypatch.setattr(chain, "PORTION", 1)
    tenant = make_tenant()
    record_three(tenant)
    as_owner(
        "SET CONSTRAINTS ALL IMMEDIATE",
        "ALTER TABLE audit_event DISABLE TRIGGER audit_append_only",
        f"UPDATE audit_event SET actor = 'nobody' WHERE sequence = {sequence}",  # noqa: S608
        f"UPDATE audit_event e SET hash = audit_event_hash(e, previous_hash) WHERE sequence = {sequence}",  # noqa: S608
        "ALTER TABLE audit_event ENABLE TRIGGER audit_append_only",
    )

    assert checked(tenant).broken_at == sequence + 1


def checked(tenant: Tenant) -> ChainCheck:
    with tenant_context(tenant.id):
        check = checking.begin(tenant.id, at=timezone.now())
    assert checking.go_on(check, ends=time.monotonic() + 60)
    return check
