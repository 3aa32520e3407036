"""The database keeps tenants apart by itself, whatever the code asks for."""

import uuid

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.models import Model

from audit.models import Event
from audit.record import Happening, happenings
from connector_site.lib.row_security import APP_ROLE, DISPATCH_ROLE, STAFF_ROLE
from syncjobs.models import PartyAddress
from tenants.access import tenants_of
from tenants.context import tenant_context
from tenants.models import Membership, Role, Tenant
from tests.factories import make_member, make_tenant, make_user
from tests.syncjobs.rows import make_connection, make_delivery

pytestmark = pytest.mark.django_db

OPEN_TO_ALL = {"tenants.User", "exact.Grant", "tenants.Tenant", "syncjobs.SystemAlarm", "syncjobs.Heartbeat"}
"""These belong to no tenant; the tenant's own table has a policy of its own."""


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


OURS = r"^(tenants|audit|exact|ups|syncjobs)_"
"""Names of our own tables and functions."""


def found(query: str) -> list[str]:
    """The first column of what a question to the catalogue brings."""
    with connection.cursor() as cursor:
        cursor.execute(query, {"ours": OURS, "app": APP_ROLE, "dispatch": DISPATCH_ROLE, "staff": STAFF_ROLE})
        return sorted(row[0] for row in cursor.fetchall())


def walled_tables() -> list[str]:
    """By name."""
    return sorted(model._meta.db_table for model in tables_with_a_tenant())


def test_every_table_of_ours_with_a_tenant_column_is_known_to_these_tests() -> None:
    with_a_tenant = found(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND a.attname = 'tenant_id'"
        " AND NOT a.attisdropped"
    )

    assert with_a_tenant == walled_tables()


def test_every_walled_table_can_be_pointed_at_with_its_tenant() -> None:
    keyed = found(
        "SELECT i.indrelid::regclass::text FROM pg_index i WHERE i.indisunique AND i.indpred IS NULL"
        " AND (SELECT array_agg(a.attname::text ORDER BY k.place) FROM unnest(i.indkey::int[])"
        " WITH ORDINALITY AS k (number, place) JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number)"
        " = ARRAY['tenant_id', 'id']"
    )

    assert keyed == walled_tables()


def test_every_unique_index_of_a_walled_table_begins_with_the_tenant_or_tells_nothing() -> None:
    told_on_purpose = {
        # One Exact company belongs to one customer: that it is taken must be told (`exact/models.py`).
        "exact_connection_live_once",
    }
    loose = found(
        "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid"
        " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0] JOIN pg_attribute tenant"
        " ON tenant.attrelid = t.oid AND tenant.attname = 'tenant_id'"
        " WHERE t.relnamespace = 'public'::regnamespace AND i.indisunique AND a.attname <> 'tenant_id'"
        # These are given out by us, at random or in order: nobody can ask for another's.
        " AND NOT (i.indnatts = 1 AND a.attname IN ('id', 'code', 'hook_code', 'alert_hook_code', 'track_code'))"
        # A one-to-one column points at a row of the same tenant: the composite foreign key beside it sees to that.
        " AND NOT (i.indnatts = 1 AND EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conrelid = t.oid"
        "     AND c.conname = t.relname || '_' || a.attname || '_same_tenant'))"
    )

    assert set(loose) == told_on_purpose


def test_what_looks_across_tenants_is_short_and_known() -> None:
    across = found("SELECT p.proname FROM pg_proc p WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace")

    assert across == [
        "audit_chain",
        "audit_prune",
        "audit_tenants",
        "exact_consent_link_route",
        "exact_expired_consent_links",
        "exact_grant_is_awaited",
        "exact_grant_users",
        "exact_hook_validated",
        "exact_left_over_connections",
        "exact_live_connections",
        "exact_route",
        "exact_unneeded_grants",
        "syncjobs_alarmed_tenants",
        "syncjobs_alarms_to_mail",
        "syncjobs_claim",
        "syncjobs_deliveries_in_trouble",
        "syncjobs_digests_due",
        "syncjobs_due_queues",
        "syncjobs_find_deliveries",
        "syncjobs_to_count",
        "syncjobs_track_route",
        "syncjobs_troubles",
        "syncjobs_turn_due",
        "tenants_api_key_route",
        "tenants_invitation_route",
        "ups_alert_client",
        "ups_alert_route",
    ]


def across_where(flaw: str) -> list[str]:
    """The functions that look across tenants and have this flaw."""
    return found(f"SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace AND ({flaw})")  # noqa: S608  fixed text


@pytest.mark.parametrize(
    "flaw",
    [
        "pg_get_userbyid(proowner) <> %(dispatch)s",
        "NOT coalesce('search_path=pg_catalog, public, pg_temp' = ANY (proconfig), false)",
        "prorettype <> 'trigger'::regtype AND has_function_privilege('public', oid, 'EXECUTE')",
        "prorettype <> 'trigger'::regtype AND NOT has_function_privilege(%(app)s, oid, 'EXECUTE')",
        "prorettype <> 'trigger'::regtype AND has_function_privilege(%(staff)s, oid, 'EXECUTE')",
    ],
    ids=["belongs to another role", "search path", "everybody", "not the application", "staff"],
)
def test_what_looks_across_tenants_has_no_flaw(flaw: str) -> None:
    assert across_where(flaw) == []


def test_a_table_of_the_callers_cannot_stand_in_for_ours() -> None:
    """What makes a search path matter: the application cannot make a table, not even for a moment."""
    for statement in ("CREATE TEMPORARY TABLE syncjobs_syncjob (id integer)", "CREATE TABLE mine (id integer)"):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            run(statement)


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_dispatch_role_can_neither_log_in_nor_make_anything_nor_by_pass_the_wall() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,"
            " has_schema_privilege(rolname, 'public', 'CREATE'),"
            " has_database_privilege(rolname, current_database(), 'TEMPORARY') FROM pg_roles WHERE rolname = %s",
            [DISPATCH_ROLE],
        )
        assert cursor.fetchone() == (False,) * 7


MAY = {
    "INSERT audit_event": (
        "actor code details from_state hash kind previous_hash sequence subject subject_kind tenant_id to_state"
    ),
    "SELECT audit_event": "hash recorded_at sequence tenant_id",
    "INSERT syncjobs_syncjob": ("code created_at due_at failures kind last_error queue starts state subject tenant_id"),
    "UPDATE syncjobs_syncjob": "due_at lease_until starts state",
    "UPDATE exact_connection": "hook_validated_at",
    "SELECT exact_breaker": "connection_id endpoint opened_at",
    "SELECT exact_callbudget": "connection_id day_calls day_number",
    "SELECT exact_connection": (
        "code day_limit disconnected_at division grant_id hook_code hook_validated_at id missed_hook_at site tenant_id"
    ),
    "SELECT exact_consentlink": "code ended_at expires_at given_at grant_id tenant_id token_digest",
    "SELECT exact_grant": "client_id code consented_at id needs_reconnect_at received_at reconnect_reason",
    "SELECT syncjobs_alarm": "cleared_at mail_due_at tenant_id",
    "SELECT syncjobs_attempt": ("code delivery_id doubt_at due_at orphaned_at review_reason sent_at state tenant_id"),
    "SELECT syncjobs_counting": "counted_to_at tenant_id",
    "SELECT syncjobs_delivery": (
        "changed_at code connection_id created_at delivery_number id milestone order_numbers problems state tenant_id"
        " track_code"
    ),
    "SELECT syncjobs_finding": "connection_id found_at kind resolved_at",
    "SELECT syncjobs_newschoice": "mail tenant_id user_id",
    "SELECT syncjobs_newsmark": "digest_date tenant_id user_id",
    "SELECT syncjobs_parcel": "look_at shipment_id tenant_id tracking_number void_asked_at voided_at",
    "SELECT syncjobs_partyaddress": "delivery_id finders tenant_id",
    "SELECT syncjobs_receipt": "applied_at dead_letter received_at source subject tenant_id",
    "SELECT syncjobs_shipment": "delivery_id id tenant_id voided_at",
    "SELECT tenants_tenant": "closed_at id time_zone",
    "SELECT tenants_apikey": "code last_used_at revoked_at role tenant_id token_digest",
    "SELECT tenants_invitation": "accepted_at code expires_at tenant_id token_digest",
    "SELECT ups_account": (
        "alert_client_id alert_client_secret_digest alert_credential_digest alert_generation alert_hook_code"
        " alert_previous_digest alert_previous_until alert_version code id stopped_at tenant_id token_calls"
        " token_calls_date"
    ),
    "SELECT ups_alertsubscription": "account_id due_at",
    "SELECT ups_quantumviewfeed": "code poll_at tenant_id",
}
"""What the functions that look across tenants need, column by column; digests are of random secrets."""


def test_the_dispatch_role_reads_and_writes_no_more_than_its_functions_need() -> None:
    tables = found(
        "SELECT c.relname || ' ' || g.privilege_type FROM pg_class c, aclexplode(c.relacl) g"
        " WHERE c.relkind IN ('r', 'p') AND g.grantee = %(dispatch)s::regrole"
    )
    columns = found(
        "SELECT g.privilege_type || ' ' || c.relname || '.' || a.attname FROM pg_attribute a"
        " JOIN pg_class c ON c.oid = a.attrelid, aclexplode(a.attacl) g WHERE g.grantee = %(dispatch)s::regrole"
    )

    assert tables == [
        "audit_chainhead INSERT",
        "audit_chainhead SELECT",
        "audit_chainhead UPDATE",
        "audit_event DELETE",
        "syncjobs_syncjob SELECT",
    ]
    assert columns == sorted(f"{what}.{name}" for what, names in MAY.items() for name in names.split())


@pytest.mark.parametrize("role", [APP_ROLE, STAFF_ROLE, DISPATCH_ROLE])
def test_no_role_at_run_time_may_empty_a_table_or_put_a_trigger_on_it(role: str) -> None:
    """Row security does not hold TRUNCATE back (`reliability.md` 5)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
            " AND (has_table_privilege(%(role)s, oid, 'TRUNCATE') OR has_table_privilege(%(role)s, oid, 'TRIGGER'))",
            {"role": role},
        )
        assert cursor.fetchall() == []


def test_the_application_may_not_rewrite_the_trail_or_its_head() -> None:
    writable = found(
        "SELECT DISTINCT relname FROM pg_class WHERE relname IN ('audit_event', 'audit_chainhead')"
        " AND (has_table_privilege(%(app)s, oid, 'UPDATE') OR has_table_privilege(%(app)s, oid, 'DELETE'))"
    )
    heads = found(
        "SELECT relname FROM pg_class WHERE relname = 'audit_chainhead' AND has_table_privilege(%(app)s, oid, 'INSERT')"
    )

    assert (writable, heads) == ([], [])


def test_no_view_lends_its_owners_eyes() -> None:
    """A view reads as its owner unless it says otherwise (`reliability.md` 5)."""
    assert (
        found(
            "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace"
            " AND NOT coalesce(reloptions @> ARRAY['security_invoker=true'], false)"
        )
        == []
    )


def test_a_row_cannot_point_at_a_row_of_another_tenant() -> None:
    ours, theirs = make_tenant("Ours"), make_tenant("Theirs")
    foreign = make_delivery(make_connection(theirs))

    with tenant_context(ours.id):
        PartyAddress.objects.create(tenant=ours, delivery=foreign, sealed={})

        with pytest.raises(DatabaseError, match="same_tenant"):
            run("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)
