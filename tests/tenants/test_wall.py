"""The database keeps tenants apart by itself, whatever the code asks for."""

import uuid

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.models import Model

from audit.models import Event
from audit.record import Happening, happenings
from connector_site.lib.row_security import APP_ROLE
from tenants.access import tenants_of
from tenants.context import tenant_context
from tenants.models import Membership, Role, Tenant
from tests.factories import make_member, make_tenant, make_user

pytestmark = pytest.mark.django_db

OPEN_TO_ALL = {"tenants.User", "exact.Grant", "tenants.Tenant"}
"""Users and grants belong to no tenant; the tenant's own table has a policy of its own."""


def tables_with_a_tenant() -> list[type[Model]]:
    """Every table of our apps that must stand behind the wall."""
    ours = {"tenants", "audit", "exact", "ups", "syncjobs"}
    return [
        model for model in apps.get_models() if model._meta.app_label in ours and model._meta.label not in OPEN_TO_ALL
    ]


def test_the_application_works_as_a_role_that_owns_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, (SELECT count(*) FROM pg_tables WHERE tableowner = current_user)")
        assert cursor.fetchone() == (APP_ROLE, 0)
        cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False)


def test_every_table_is_walled_with_composite_keys_and_tenant_first_uniques() -> None:
    missing: list[str] = []
    with connection.cursor() as cursor:
        for model in tables_with_a_tenant():
            table = model._meta.db_table
            cursor.execute("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", [table])
            if cursor.fetchone() != (True, True):
                missing.append(f"{table}: row security")
            cursor.execute(
                "SELECT count(*) FROM pg_policies WHERE tablename = %s AND policyname = 'tenant_wall'"
                " AND qual IS NOT NULL AND with_check IS NOT NULL",
                [table],
            )
            if cursor.fetchone() != (1,):
                missing.append(f"{table}: policy with check")

    assert missing == []
    assert len(tables_with_a_tenant()) > 15


def test_foreign_keys_between_tenant_tables_carry_the_tenant() -> None:
    walled = {model._meta.db_table for model in tables_with_a_tenant()}
    missing: list[str] = []
    with connection.cursor() as cursor:
        for model in tables_with_a_tenant():
            for field in model._meta.concrete_fields:
                target = field.related_model._meta.db_table if field.is_relation and field.related_model else None
                if target not in walled:
                    continue
                cursor.execute(
                    "SELECT count(*) FROM pg_constraint WHERE conrelid = %s::regclass AND conname = %s",
                    [model._meta.db_table, f"{model._meta.db_table}_{field.column}_same_tenant"],
                )
                if cursor.fetchone() != (1,):
                    missing.append(f"{model._meta.db_table}.{field.column}")

    assert missing == []


def test_uniques_do_not_tell_one_tenant_of_another() -> None:
    named_exceptions = {
        # One Exact company belongs to one customer: that it is taken must be told (`exact/models.py`).
        "exact_connection_live_once",
    }
    loose = [
        constraint.name
        for model in tables_with_a_tenant()
        for constraint in model._meta.constraints
        if hasattr(constraint, "fields") and constraint.fields and constraint.fields[0] != "tenant"
    ]

    assert set(loose) - named_exceptions == set()


def test_without_a_tenant_nothing_is_seen() -> None:
    make_tenant()

    assert (Tenant.objects.count(), Membership.objects.count()) == (0, 0)


def test_a_tenant_sees_its_own_rows_only() -> None:
    ours, theirs = make_tenant("Ours"), make_tenant("Theirs")

    with tenant_context(ours.id):
        seen = list(Tenant.objects.values_list("name", flat=True))
        changed = Membership.objects.filter(tenant=theirs).update(role=Role.VIEWER)

    assert (seen, changed) == (["Ours"], 0)


def test_a_row_for_another_tenant_is_refused() -> None:
    ours, theirs, person = make_tenant("Ours"), make_tenant("Theirs"), make_user()

    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic(), tenant_context(ours.id):
        Membership.objects.create(tenant=theirs, user=person, role=Role.OWNER)

    with tenant_context(theirs.id):
        assert not Membership.objects.filter(user=person).exists()


def test_the_tenant_ends_with_the_block_even_inside_another() -> None:
    outer, inner = make_tenant("Outer"), make_tenant("Inner")

    with tenant_context(outer.id):
        with tenant_context(inner.id):
            assert Tenant.objects.get().name == "Inner"
        assert Tenant.objects.get().name == "Outer"
    assert Tenant.objects.count() == 0


def test_a_failed_block_gives_the_outer_tenant_back() -> None:
    outer, inner = make_tenant("Outer"), make_tenant("Inner")

    with tenant_context(outer.id):
        with pytest.raises(ValueError, match="no"), tenant_context(inner.id):
            raise ValueError("no")
        assert Tenant.objects.get().name == "Outer"


def test_a_person_finds_her_own_tenants_and_no_others() -> None:
    ours, _theirs = make_tenant("Ours"), make_tenant("Theirs")
    member = make_member(ours, Role.OPERATOR)

    assert [(access.tenant_name, access.role) for access in tenants_of(member)] == [("Ours", Role.OPERATOR)]


def test_the_application_may_not_change_what_happened() -> None:
    tenant = make_tenant()
    with tenant_context(tenant.id):
        happenings(tenant.id, [Happening(kind=Event.Kind.MOVED, subject_kind="delivery", subject=uuid.uuid4())])

    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_event SET actor = 'nobody'")
