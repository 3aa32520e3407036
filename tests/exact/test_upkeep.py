"""Sync keeps held master data fresh; grants without traffic stay alive."""

import uuid
from decimal import Decimal

from exact import cursors, upkeep
from exact.changes import FIRST_TIMESTAMP
from exact.master import MasterData
from exact.models import MasterRecord, SyncCursor
from exact.tasks import refresh_idle_grants
from tenants.context import tenant_context
from tests.exact.scene import Scene


def hold_item(scene: Scene) -> uuid.UUID:
    """An item that is kept."""
    key = uuid.UUID(scene.company["items"][0]["id"])
    MasterData(scene.connection, scene.client()).items([key])
    scene.sandbox.forget_calls()
    return key


def change(scene: Scene, key: uuid.UUID, **properties: object) -> None:
    scene.sandbox.control("PATCH", f"companies/{scene.division}/records/logistics/Items/{key}", properties)


def test_a_change_in_exact_reaches_the_held_row_and_no_other_row_appears(scene: Scene) -> None:
    key = hold_item(scene)
    upkeep.sync_master(scene.connection, scene.client())
    change(scene, key, NetWeight=4.125)
    scene.sandbox.forget_calls()

    changed = upkeep.sync_master(scene.connection, scene.client())

    assert changed == 1
    assert len(scene.calls()) == len(upkeep.MASTER_ENDPOINTS)
    with tenant_context(scene.tenant.id):
        assert MasterRecord.objects.exclude(key=scene.connection.code).count() == 1
    held = MasterData(scene.connection, scene.client()).items([key])[key]
    assert held.net_weight == Decimal("4.125")


def test_the_cursor_moves_on_and_a_quiet_run_changes_nothing(scene: Scene) -> None:
    hold_item(scene)
    upkeep.sync_master(scene.connection, scene.client())
    with tenant_context(scene.tenant.id):
        before = dict(SyncCursor.objects.values_list("endpoint", "timestamp"))

    assert upkeep.sync_master(scene.connection, scene.client()) == 0

    with tenant_context(scene.tenant.id):
        assert dict(SyncCursor.objects.values_list("endpoint", "timestamp")) == before
    assert set(before) == {endpoint.value for endpoint in upkeep.MASTER_ENDPOINTS}


def test_a_site_without_a_timestamp_for_an_endpoint_is_read_from_the_beginning(scene: Scene) -> None:
    scene.sandbox.fault(action="status", status=400, path_regex="SyncTimestamp", times=None, body={"error": {}})

    upkeep.sync_master(scene.connection, scene.client())

    asked = [call["query"] for call in scene.sandbox.calls("sync/Logistics/Items")]
    assert [f"Timestamp gt {FIRST_TIMESTAMP}L" in query for query in asked] == [True]


def test_forgetting_cursors_reads_from_near_now_again(scene: Scene) -> None:
    upkeep.sync_master(scene.connection, scene.client())
    scene.sandbox.forget_calls()

    with tenant_context(scene.tenant.id):
        cursors.forget(scene.connection)
    upkeep.sync_master(scene.connection, scene.client())

    assert len(scene.sandbox.calls("SyncTimestamp")) == len(upkeep.MASTER_ENDPOINTS)


def test_live_connections_are_listed_across_tenants(scene: Scene) -> None:
    assert upkeep.live_connections() == [(scene.tenant.id, scene.connection.pk)]


def test_the_task_renews_idle_grants_and_takes_words_it_does_not_know(scene: Scene) -> None:
    scene.age_tokens(24 * 3_600)

    assert refresh_idle_grants.run(from_a_newer_beat=True) == 1
    assert refresh_idle_grants.run() == 0
