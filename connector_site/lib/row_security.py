"""The second tenant wall: row-level security, forced, for a role that owns nothing.

Migrations run as the owner of the tables; everything else runs as `ml_connector_app`. A few functions that must look
across tenants (claiming jobs, routing an inbound call) belong to `ml_connector_dispatch`, which nobody logs in as. The
admin reads as `ml_connector_staff`. Tried rules: `reliability.md` 5 and `dependencies.md` 5.
"""

from django.db import migrations

APP_ROLE = "ml_connector_app"
DISPATCH_ROLE = "ml_connector_dispatch"
STAFF_ROLE = "ml_connector_staff"
TENANT_SETTING = "app.tenant"
USER_SETTING = "app.user"
REENCRYPTING_SETTING = "app.reencrypting"
"""Lets what is frozen be encrypted anew (`connector_site.reencryption`); its words stay, and so does their hash."""
CURRENT_TENANT = f"nullif(current_setting('{TENANT_SETTING}', true), '')::uuid"
CURRENT_USER = f"nullif(current_setting('{USER_SETTING}', true), '')::bigint"

CREATE_ROLES = f"""
DO $$
DECLARE wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['{APP_ROLE}', '{DISPATCH_ROLE}', '{STAFF_ROLE}'] LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = wanted) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', wanted);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
      END;
    END IF;
    IF NOT pg_has_role(current_user, wanted, 'MEMBER') OR current_setting('is_superuser') = 'off' THEN
      EXECUTE format('GRANT %I TO %I', wanted, current_user);
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', wanted);
  END LOOP;
  EXECUTE 'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APP_ROLE}';
  EXECUTE 'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {APP_ROLE}';
  EXECUTE 'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {STAFF_ROLE}';
  EXECUTE 'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_ROLE}';
  EXECUTE 'GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE}';
  EXECUTE 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO {STAFF_ROLE}';
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END $$;
"""  # noqa: S608  role names are constants of this module


def create_roles() -> migrations.RunSQL:
    """The three roles and what they may do with tables made later; run by the first migration."""
    return migrations.RunSQL(CREATE_ROLES, migrations.RunSQL.noop)


def as_dispatch(functions: str, take_down: str) -> list[migrations.RunSQL]:
    """Make functions that belong to the dispatch role, which may create nothing outside this moment.

    Each must set `search_path = pg_catalog, public, pg_temp`: otherwise a temporary table of the caller's could stand
    in for ours and its trigger would run as the dispatch role.
    """
    return [
        migrations.RunSQL(f"GRANT CREATE ON SCHEMA public TO {DISPATCH_ROLE}", migrations.RunSQL.noop),
        migrations.RunSQL(functions, take_down),
        migrations.RunSQL(f"REVOKE CREATE ON SCHEMA public FROM {DISPATCH_ROLE}", migrations.RunSQL.noop),
    ]


def wall(table: str, *, references: dict[str, str] | None = None) -> migrations.RunSQL:
    """Put the wall around `table`: forced row security, and composite keys for each `{column: table referred to}`.

    Foreign keys do not see row security, so a row could point at another tenant's row; a key of (tenant, id) cannot.
    """
    statements: list[str] = [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
        (
            f'CREATE POLICY tenant_wall ON "{table}" TO {APP_ROLE} '
            f"USING (tenant_id = {CURRENT_TENANT}) WITH CHECK (tenant_id = {CURRENT_TENANT})"
        ),
        f'CREATE POLICY staff_reads ON "{table}" FOR SELECT TO {STAFF_ROLE} USING (true)',
        f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_tenant_id_id_key" UNIQUE (tenant_id, id)',
    ]
    for column, target in (references or {}).items():
        statements.append(
            f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_{column}_same_tenant" '
            f'FOREIGN KEY (tenant_id, "{column}") REFERENCES "{target}" (tenant_id, id) DEFERRABLE INITIALLY DEFERRED'
        )
    return migrations.RunSQL([*statements], [*_take_down(table, list(references or {}))])


def _take_down(table: str, columns: list[str]) -> list[str]:
    return [
        *(f'ALTER TABLE "{table}" DROP CONSTRAINT "{table}_{column}_same_tenant"' for column in columns),
        f'ALTER TABLE "{table}" DROP CONSTRAINT "{table}_tenant_id_id_key"',
        f'DROP POLICY staff_reads ON "{table}"',
        f'DROP POLICY tenant_wall ON "{table}"',
        f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY',
    ]
