"""Old events go, only the oldest and none younger than a year; the chain is checked from there on."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from audit.chain import prune, verify
from audit.models import Event
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.audit.test_chain import record_three
from tests.factories import make_tenant
from tests.owner import as_owner

pytestmark = pytest.mark.django_db(transaction=True)

AGE = """
DO $$
DECLARE e audit_event; before text := '';
BEGIN
    FOR e IN SELECT * FROM audit_event WHERE tenant_id = '{tenant}' ORDER BY sequence LOOP
        IF e.sequence <= {through} THEN e.recorded_at := clock_timestamp() - interval '{months} months'; END IF;
        e.previous_hash := before;
        e.hash := audit_event_hash(e, before);
        before := e.hash;
        UPDATE audit_event SET recorded_at = e.recorded_at, previous_hash = e.previous_hash, hash = e.hash
         WHERE id = e.id;
    END LOOP;
    UPDATE audit_chainhead SET hash = before WHERE tenant_id = '{tenant}';
END $$
"""


def make_old(tenant: Tenant, *, through: int, months: int) -> None:
    """Let the first events of a chain be as old as that, as if they had been recorded then."""
    as_owner(
        "ALTER TABLE audit_event DISABLE TRIGGER audit_append_only",
        AGE.format(tenant=tenant.id, through=through, months=months),
        "ALTER TABLE audit_event ENABLE TRIGGER audit_append_only",
    )


def seen(tenant: Tenant) -> list[int]:
    with tenant_context(tenant.id):
        return list(Event.objects.order_by("sequence").values_list("sequence", flat=True))


def pruned(tenant: Tenant, *, months: int = 24, at_once: int = 100) -> int:
    with tenant_context(tenant.id):
        return prune(before=timezone.now() - timedelta(days=30 * months), at_once=at_once)


def test_the_oldest_go_in_pieces_and_the_chain_is_still_whole_and_still_finds_an_edit() -> None:
    tenant, other = make_tenant(), make_tenant()
    for one in (tenant, other):
        record_three(one)
        record_three(one)
        make_old(one, through=4, months=30)

    counts = [pruned(tenant, at_once=3), pruned(tenant), pruned(tenant)]

    assert counts == [3, 1, 0]
    assert (seen(tenant), seen(other)) == ([5, 6, 7, 8], [1, 2, 3, 4, 5, 6])
    with tenant_context(tenant.id):
        assert verify(tenant.id).broken_at is None
        anchors = Event.objects.filter(subject_kind="audit").order_by("sequence").values_list("details", flat=True)
        assert [(told["events"], told["through"]) for told in anchors] == [(3, 3), (1, 4)]
    as_owner(
        "ALTER TABLE audit_event DISABLE TRIGGER audit_append_only",
        f"UPDATE audit_event SET actor = 'nobody' WHERE sequence = 6 AND tenant_id = '{tenant.id}'",  # noqa: S608
        "ALTER TABLE audit_event ENABLE TRIGGER audit_append_only",
    )
    with tenant_context(tenant.id):
        assert verify(tenant.id).broken_at == 6


def test_events_that_were_cut_off_at_the_beginning_without_being_told_are_missed() -> None:
    tenant = make_tenant()
    record_three(tenant)
    as_owner(
        "ALTER TABLE audit_event DISABLE TRIGGER audit_append_only",
        "DELETE FROM audit_event WHERE sequence = 1",
        "ALTER TABLE audit_event ENABLE TRIGGER audit_append_only",
    )

    with tenant_context(tenant.id):
        assert verify(tenant.id).broken_at is not None


def test_none_younger_than_a_year_goes_whatever_is_asked() -> None:
    tenant = make_tenant()
    record_three(tenant)
    make_old(tenant, through=2, months=11)

    assert pruned(tenant, months=0) == 0
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_event")
    assert seen(tenant) == [1, 2, 3]


def test_a_young_event_keeps_the_old_ones_behind_it() -> None:
    """The clock was set back once: what follows a young event stays with it, so the chain has one beginning."""
    tenant = make_tenant()
    record_three(tenant)
    make_old(tenant, through=3, months=30)
    as_owner(
        "ALTER TABLE audit_event DISABLE TRIGGER audit_append_only",
        "UPDATE audit_event SET recorded_at = clock_timestamp() WHERE sequence = 2",
        "ALTER TABLE audit_event ENABLE TRIGGER audit_append_only",
    )

    assert pruned(tenant) == 1
    assert seen(tenant) == [2, 3, 4]
