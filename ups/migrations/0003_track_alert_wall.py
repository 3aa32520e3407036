"""The wall around the new tables, and the two ways in that cross tenants: UPS's pushes, and its calls for a token."""

from django.db import migrations

from connector_site.lib.row_security import APP_ROLE, DISPATCH_ROLE, as_dispatch, wall

FUNCTIONS = f"""
GRANT SELECT (id, tenant_id, code, alert_hook_code, alert_credential_digest, alert_previous_digest,
              alert_previous_until, alert_client_id, alert_client_secret_digest, alert_generation,
              alert_version)
    ON ups_account TO {DISPATCH_ROLE};
CREATE POLICY dispatch_routes ON ups_account FOR SELECT TO {DISPATCH_ROLE} USING (true);

CREATE FUNCTION ups_alert_route(hook uuid)
RETURNS TABLE (tenant_id uuid, account_id bigint, credential_digest text, previous_digest text,
               previous_until timestamptz, client_id text, generation integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT a.tenant_id, a.id, CASE WHEN a.alert_version = 'v1' THEN a.alert_credential_digest::text ELSE '' END,
         a.alert_previous_digest::text, a.alert_previous_until, a.alert_client_id::text, a.alert_generation
  FROM ups_account a WHERE a.alert_hook_code = hook
$$;

CREATE FUNCTION ups_alert_client(wanted text)
RETURNS TABLE (hook_code uuid, secret_digest text, generation integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT a.alert_hook_code, a.alert_client_secret_digest::text, a.alert_generation
  FROM ups_account a WHERE a.alert_client_id = wanted AND wanted <> ''
$$;

ALTER FUNCTION ups_alert_route(uuid) OWNER TO {DISPATCH_ROLE};
ALTER FUNCTION ups_alert_client(text) OWNER TO {DISPATCH_ROLE};
SET LOCAL ROLE {DISPATCH_ROLE};
REVOKE ALL ON FUNCTION ups_alert_route(uuid), ups_alert_client(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ups_alert_route(uuid), ups_alert_client(text) TO {APP_ROLE};
RESET ROLE;
"""
TAKE_DOWN = """
DROP FUNCTION ups_alert_client(text);
DROP FUNCTION ups_alert_route(uuid);
DROP POLICY dispatch_routes ON ups_account;
"""


class Migration(migrations.Migration):
    dependencies = [("ups", "0002_track_alert_and_quantum_view")]

    operations = [
        wall("ups_alertsubscription", references={"account_id": "ups_account"}),
        wall("ups_quantumviewfeed", references={"account_id": "ups_account"}),
        *as_dispatch(FUNCTIONS, TAKE_DOWN),
    ]
