"""The wall as it is put around a new table and taken down again; all in a transaction of the owner's, undone."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.db import connections, migrations

from connector_site.lib.row_security import APP_ROLE, DISPATCH_ROLE, STAFF_ROLE, as_dispatch, create_roles, wall

pytestmark = pytest.mark.database

OURS, THEIRS = uuid.uuid4(), uuid.uuid4()
WALLS = [wall("lib_box"), wall("lib_thing", references={"box_id": "lib_box"})]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A connection of the owner's with two new tables."""

    owner: psycopg.Connection[Any]

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement; its rows, if it has any."""
        cursor = self.owner.execute(statement.encode(), values or None)
        return cursor.fetchall() if cursor.description else []

    def refuses(self, statement: str, *values: object) -> str:
        """The words of the refusal."""
        with pytest.raises(psycopg.Error) as refused, self.owner.transaction():
            self.run(statement, *values)
        return str(refused.value)

    def work_as(self, role: str, tenant: uuid.UUID | str) -> None:
        """From here on as this role, for this tenant."""
        self.run(f"SET LOCAL ROLE {role}")
        self.run("SELECT set_config('app.tenant', %s, true)", str(tenant))

    def wall_in(self) -> None:
        for operation in WALLS:
            self.apply(operation.sql)

    def take_down(self) -> None:
        for operation in reversed(WALLS):
            self.apply(operation.reverse_sql)

    def apply(self, statements: Any) -> None:
        for statement in statements:
            self.run(statement)

    def fill(self) -> None:
        """A box with a thing for each of the two tenants."""
        for number, tenant in enumerate((OURS, THEIRS), start=1):
            self.run("INSERT INTO lib_box VALUES (%s, %s)", number, tenant)
            self.run("INSERT INTO lib_thing VALUES (%s, %s, %s)", number, tenant, number)


@pytest.fixture
def ground(django_db_setup: None) -> Iterator[Ground]:
    with psycopg.connect(**connections["owner"].get_connection_params()) as owner:
        made = Ground(owner=owner)
        made.run("CREATE TABLE lib_box (id integer PRIMARY KEY, tenant_id uuid NOT NULL)")
        made.run("CREATE TABLE lib_thing (id integer PRIMARY KEY, tenant_id uuid NOT NULL, box_id integer)")
        yield made
        owner.rollback()


def test_behind_the_wall_a_tenant_sees_and_changes_its_own_rows_only(ground: Ground) -> None:
    ground.fill()
    ground.wall_in()
    ground.work_as(APP_ROLE, OURS)

    assert ground.run("SELECT id FROM lib_thing") == [(1,)]
    assert ground.run("UPDATE lib_thing SET box_id = box_id RETURNING id") == [(1,)]
    assert ground.run("DELETE FROM lib_thing RETURNING id") == [(1,)]
    assert "row-level security" in ground.refuses("INSERT INTO lib_thing VALUES (3, %s, 1)", THEIRS)
    assert "row-level security" in ground.refuses("UPDATE lib_box SET tenant_id = %s", THEIRS)


@pytest.mark.parametrize("tenant", ["", str(uuid.uuid4())], ids=["none", "unknown"])
def test_without_its_tenant_nothing_is_there_and_that_is_no_error(ground: Ground, tenant: str) -> None:
    """After the first `SET LOCAL` of a session the setting is an empty text, not NULL (`reliability.md` 5)."""
    ground.fill()
    ground.wall_in()
    ground.work_as(APP_ROLE, tenant)

    assert ground.run("SELECT id FROM lib_thing") == []


def test_a_foreign_key_cannot_reach_through_the_wall(ground: Ground) -> None:
    ground.fill()
    ground.wall_in()
    ground.run("SET CONSTRAINTS ALL IMMEDIATE")
    ground.work_as(APP_ROLE, OURS)

    assert "lib_thing_box_id_same_tenant" in ground.refuses("UPDATE lib_thing SET box_id = 2")


def test_staff_sees_everything_and_changes_nothing(ground: Ground) -> None:
    ground.fill()
    ground.wall_in()
    ground.work_as(STAFF_ROLE, "")

    assert ground.run("SELECT id FROM lib_thing ORDER BY id") == [(1,), (2,)]
    assert "permission denied" in ground.refuses("UPDATE lib_thing SET box_id = 1")
    assert "permission denied" in ground.refuses("DELETE FROM lib_thing")


def test_even_the_owner_stands_before_the_wall(ground: Ground) -> None:
    ground.wall_in()

    assert ground.run("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = 'lib_thing'") == [
        (True, True)
    ]


def traces(ground: Ground) -> list[tuple[Any, ...]]:
    """What a wall adds to a table."""
    return ground.run(
        "SELECT policyname FROM pg_policies WHERE tablename LIKE 'lib!_%%' ESCAPE '!' UNION ALL SELECT conname"
        " FROM pg_constraint WHERE conrelid IN ('lib_box'::regclass, 'lib_thing'::regclass) AND contype IN ('u', 'f')"
        " UNION ALL SELECT relname FROM pg_class WHERE relname IN ('lib_box', 'lib_thing') AND (relrowsecurity"
        " OR relforcerowsecurity) AND %s",
        True,
    )


def test_a_wall_that_is_taken_down_leaves_no_trace_and_can_be_put_up_again(ground: Ground) -> None:
    assert traces(ground) == []
    ground.wall_in()
    assert len(traces(ground)) == 9

    ground.take_down()
    assert traces(ground) == []

    ground.wall_in()
    assert len(traces(ground)) == 9


def test_the_dispatch_role_may_make_functions_only_while_they_are_made(ground: Ground) -> None:
    function = "CREATE FUNCTION lib_hello() RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$"
    before, make, after = as_dispatch(
        f"{function}; ALTER FUNCTION lib_hello() OWNER TO {DISPATCH_ROLE}", "DROP FUNCTION lib_hello()"
    )

    ground.run(str(before.sql))
    ground.run(str(make.sql))
    ground.run(str(after.sql))

    assert ground.run("SELECT has_schema_privilege(%s, 'public', 'CREATE')", DISPATCH_ROLE) == [(False,)]
    assert ground.run("SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE proname = %s", "lib_hello") == [
        (DISPATCH_ROLE,)
    ]
    assert make.reverse_sql == "DROP FUNCTION lib_hello()"


def test_the_roles_can_be_made_again_where_they_are(ground: Ground) -> None:
    """Roles belong to the whole server: a second database on it finds them there."""
    operation = create_roles()

    ground.run(str(operation.sql))

    assert operation.reverse_sql == migrations.RunSQL.noop
    assert ground.run(
        "SELECT count(*) FROM pg_roles WHERE rolname = ANY(%s) AND NOT rolcanlogin AND NOT rolsuper"
        " AND NOT rolbypassrls",
        [APP_ROLE, DISPATCH_ROLE, STAFF_ROLE],
    ) == [(3,)]
