"""A connection taken up again: what it keeps, and what a look at the company's own dates changes."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from audit.models import Event
from exact import connecting, cursors, ending, upkeep
from exact.changes import SyncEndpoint
from exact.models import Connection, SyncCursor
from exact.records import Division, SyncPage
from tenants.context import tenant_context
from tests.exact.scene import Scene, consent, division_of

pytestmark = pytest.mark.django_db
MOVED_AT = datetime(2026, 10, 3, tzinfo=UTC)


def again(scene: Scene) -> Connection:
    """Consent once more and connect the same company."""
    given = consent(scene.sandbox, scene.company)
    connected = connecting.connect_division(
        tenant_id=scene.tenant.id, grant_id=given.grant_id, division=division_of(given, scene.company)
    )
    assert not connected.is_first_time
    return connected.connection


def keep_cursor(scene: Scene) -> None:
    """Let reading have come this far."""
    endpoint = SyncEndpoint.GOODS_DELIVERIES
    cursor = cursors.cursor_of(scene.connection, scene.client(), endpoint, since=timezone.now())
    with tenant_context(scene.tenant.id):
        cursors.advance(scene.connection, cursor, SyncPage(highest=900, more=False), at=timezone.now())


def cursor_count(scene: Scene) -> int:
    with tenant_context(scene.tenant.id):
        return SyncCursor.objects.count()


def set_row(scene: Scene, **columns: object) -> Connection:
    with tenant_context(scene.tenant.id):
        Connection.objects.filter(pk=scene.connection.pk).update(**columns)
    return scene.row()


def look(scene: Scene, *, at: datetime, **dates: datetime | None) -> bool:
    """Look at the company as Exact shows it."""
    known = {"moved_at": None, "relinked_at": None} | dates
    seen = Division(
        code=scene.division,
        name="Voorbeeld",
        country="NL",
        lines=(),
        postcode="",
        city="",
        state="",
        phone="",
        email="",
        vat_number="",
        is_archived=False,
        is_blocked=False,
        **known,
    )
    with tenant_context(scene.tenant.id):
        return upkeep.note_company(scene.row(), seen, at=at)


def test_a_new_consent_for_a_live_connection_goes_on_where_it_was(scene: Scene) -> None:
    last_read_at = timezone.now() - timedelta(days=2)
    set_row(scene, last_read_at=last_read_at)
    keep_cursor(scene)

    row = again(scene)

    assert (row.connected_at, row.last_read_at) == (scene.connection.connected_at, last_read_at)
    assert cursor_count(scene) == 1


def test_a_disconnected_company_begins_anew_so_that_nothing_in_between_is_taken_in(scene: Scene) -> None:
    set_row(scene, last_read_at=timezone.now(), missed_hook_at=timezone.now())
    keep_cursor(scene)
    ending.disconnect(scene.row())

    row = again(scene)

    assert row.connected_at > scene.connection.connected_at
    assert (row.last_read_at, row.missed_hook_at, cursor_count(scene)) == (None, None, 0)


def test_a_company_moved_while_the_permission_was_lost_is_read_anew_from_the_last_look(scene: Scene) -> None:
    looked_at = timezone.now() - timedelta(days=3)
    set_row(scene, division_looked_at=looked_at, last_read_at=timezone.now())
    keep_cursor(scene)
    scene.sandbox.control("PATCH", f"companies/{scene.division}", {"DivisionMoveDate": "2026-10-03T00:00:00"})

    row = again(scene)

    assert (row.last_read_at, cursor_count(scene)) == (looked_at, 0)


def test_a_date_that_was_there_at_the_first_look_is_no_move(scene: Scene) -> None:
    set_row(scene, division_looked_at=None, moved_at=None)

    assert not look(scene, at=timezone.now(), moved_at=MOVED_AT)
    assert scene.row().moved_at == MOVED_AT
    assert not look(scene, at=timezone.now(), moved_at=MOVED_AT)


@pytest.mark.parametrize("name", ["moved_at", "relinked_at"])
def test_a_new_date_forgets_how_far_was_read_once(scene: Scene, name: str) -> None:
    keep_cursor(scene)
    at = timezone.now()

    assert look(scene, at=at, **{name: MOVED_AT})
    assert cursor_count(scene) == 0
    assert not look(scene, at=at, **{name: MOVED_AT})


def test_an_answer_without_dates_is_no_news(scene: Scene) -> None:
    keep_cursor(scene)
    set_row(scene, moved_at=MOVED_AT)

    assert not look(scene, at=timezone.now())

    assert (scene.row().moved_at, cursor_count(scene)) == (MOVED_AT, 1)


def test_the_user_that_is_replaced_stands_in_the_trail_by_her_id_alone(scene: Scene) -> None:
    before = scene.grant.exact_user_id
    other = scene.sandbox.found_company()
    scene.sandbox.control("POST", f"users/{other['user_id']}/divisions", {"division": scene.division})
    given = consent(scene.sandbox, scene.company | {"user_id": other["user_id"]})
    connecting.connect_division(
        tenant_id=scene.tenant.id, grant_id=given.grant_id, division=division_of(given, scene.company)
    )

    with tenant_context(scene.tenant.id):
        (event,) = Event.objects.filter(subject=scene.connection.code, kind=Event.Kind.CHANGED)
    assert event.details == {
        "what": "exact user",
        "before": str(before),
        "after": str(uuid.UUID(other["user_id"])),
    }
