"""Where reading goes on: kept with the results, begun near a moment, never set by somebody who was overtaken."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from exact import cursors
from exact.changes import FIRST_TIMESTAMP, SyncEndpoint
from exact.cursors import Cursor
from exact.models import SyncCursor
from exact.records import SyncPage
from tenants.context import tenant_context
from tests.exact.scene import Scene

pytestmark = pytest.mark.django_db
HEADERS = SyncEndpoint.GOODS_DELIVERIES


def cursor_of(scene: Scene, endpoint: SyncEndpoint = HEADERS, *, since: datetime | None = None) -> Cursor:
    return cursors.cursor_of(scene.connection, scene.client(), endpoint, since=since or scene.connection.connected_at)


def advance(scene: Scene, cursor: Cursor, highest: int, *, at: datetime | None = None) -> Cursor | None:
    page = SyncPage(highest=highest, more=False)
    with tenant_context(scene.tenant.id):
        return cursors.advance(scene.connection, cursor, page, at=at or timezone.now())


def kept(scene: Scene) -> dict[str, int]:
    with tenant_context(scene.tenant.id):
        return dict(SyncCursor.objects.values_list("endpoint", "timestamp"))


def test_a_first_reading_begins_an_hour_before_the_moment_it_is_wanted_from(scene: Scene) -> None:
    scene.book()
    page = scene.client().sync(HEADERS, FIRST_TIMESTAMP)
    scene.sandbox.forget_calls()

    began = cursor_of(scene)

    assert began == Cursor(endpoint=HEADERS, timestamp=page.rows[0].timestamp - 1)
    assert len(scene.sandbox.calls("SyncTimestamp")) == 1


def test_where_nothing_changed_lately_a_wider_window_is_asked_for_before_all_is_read(scene: Scene) -> None:
    scene.book()
    page = scene.client().sync(HEADERS, FIRST_TIMESTAMP)
    scene.sandbox.forget_calls()

    recent = cursor_of(scene, since=timezone.now() + timedelta(days=20))
    old = cursor_of(scene, since=datetime(2090, 1, 1, tzinfo=UTC))

    assert (recent.timestamp, old.timestamp) == (page.rows[0].timestamp - 1, FIRST_TIMESTAMP)
    assert len(scene.sandbox.calls("SyncTimestamp")) == 4


def test_deletions_are_read_from_their_beginning_without_asking_where_that_is(scene: Scene) -> None:
    assert cursor_of(scene, SyncEndpoint.DELETED).timestamp == FIRST_TIMESTAMP
    assert scene.calls() == []


def test_a_cursor_goes_on_where_it_was_kept(scene: Scene) -> None:
    began = cursor_of(scene)

    moved = advance(scene, began, 900)

    assert moved is not None
    assert cursor_of(scene) == moved
    assert advance(scene, moved, 950) is not None
    assert kept(scene) == {HEADERS.value: 950}


def test_a_reading_that_was_overtaken_keeps_nothing(scene: Scene) -> None:
    moved = advance(scene, cursor_of(scene), 900)
    assert moved is not None
    assert advance(scene, moved, 950) is not None

    late = advance(scene, moved, 910)

    assert late is None
    assert kept(scene) == {HEADERS.value: 950}


def test_a_reading_by_versions_that_were_forgotten_does_not_bring_them_back(scene: Scene) -> None:
    moved = advance(scene, cursor_of(scene), 900)
    assert moved is not None
    with tenant_context(scene.tenant.id):
        cursors.forget(scene.connection)

    late = advance(scene, moved, 950)

    assert late is None
    assert kept(scene) == {}


def test_rewinding_never_leaps_ahead(scene: Scene) -> None:
    advance(scene, cursor_of(scene), 900)
    advance(scene, cursor_of(scene, SyncEndpoint.DELETED), 500)

    with tenant_context(scene.tenant.id):
        cursors.rewind(scene.connection, (HEADERS, SyncEndpoint.DELETED), to=700)

    assert kept(scene) == {HEADERS.value: 700, SyncEndpoint.DELETED.value: 500}


@pytest.mark.parametrize(("days", "behind"), [(59, False), (61, True)])
def test_deletions_older_than_exact_keeps_them_may_have_been_missed(scene: Scene, days: int, behind: bool) -> None:  # noqa: FBT001  the case
    at = timezone.now()
    advance(scene, cursor_of(scene, SyncEndpoint.DELETED), 500, at=at - timedelta(days=days))

    with tenant_context(scene.tenant.id):
        assert cursors.is_behind_deletions(scene.connection, at=at) is behind
