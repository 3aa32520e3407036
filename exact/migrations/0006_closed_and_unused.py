"""What no longer works for a closed company, and permissions that nobody uses."""

from django.db import migrations

from connector_site.lib.row_security import APP_ROLE, DISPATCH_ROLE, as_dispatch

FUNCTIONS = f"""
GRANT SELECT (id, closed_at) ON tenants_tenant TO {DISPATCH_ROLE};
DROP POLICY IF EXISTS dispatch_closed ON tenants_tenant;
CREATE POLICY dispatch_closed ON tenants_tenant FOR SELECT TO {DISPATCH_ROLE} USING (true);
GRANT SELECT (consented_at) ON exact_grant TO {DISPATCH_ROLE};

CREATE OR REPLACE FUNCTION exact_consent_link_route(digest text)
RETURNS TABLE (tenant_id uuid, link_code uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT l.tenant_id, l.code FROM exact_consentlink l JOIN tenants_tenant t ON t.id = l.tenant_id
   WHERE l.token_digest = digest AND digest <> '' AND l.given_at IS NULL AND l.ended_at IS NULL
     AND l.expires_at > clock_timestamp() AND t.closed_at IS NULL
$$;

CREATE OR REPLACE FUNCTION exact_route(hook uuid)
RETURNS TABLE (tenant_id uuid, connection_id bigint, code uuid, site text, division integer, client_id text, live boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT c.tenant_id, c.id, c.code, c.site::text, c.division, coalesce(g.client_id::text, ''), c.disconnected_at IS NULL
  FROM exact_connection c JOIN tenants_tenant t ON t.id = c.tenant_id LEFT JOIN exact_grant g ON g.id = c.grant_id
  WHERE c.hook_code = hook AND t.closed_at IS NULL
$$;

CREATE OR REPLACE FUNCTION exact_grant_is_awaited(wanted bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM exact_connection c WHERE c.grant_id = wanted AND c.disconnected_at IS NOT NULL)
      OR EXISTS (SELECT FROM exact_consentlink l WHERE l.grant_id = wanted AND l.given_at IS NOT NULL
                    AND l.ended_at IS NULL AND l.expires_at > clock_timestamp())
$$;

CREATE FUNCTION exact_unneeded_grants(consented_before timestamptz) RETURNS TABLE (grant_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT g.id FROM exact_grant g
   WHERE g.consented_at < consented_before
     AND NOT EXISTS (SELECT FROM exact_connection c WHERE c.grant_id = g.id)
     AND NOT EXISTS (SELECT FROM exact_consentlink l WHERE l.grant_id = g.id AND l.given_at IS NOT NULL
                        AND l.ended_at IS NULL AND l.expires_at > clock_timestamp())
   ORDER BY g.id
$$;

ALTER FUNCTION exact_unneeded_grants(timestamptz) OWNER TO {DISPATCH_ROLE};
SET LOCAL ROLE {DISPATCH_ROLE};
REVOKE ALL ON FUNCTION exact_unneeded_grants(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION exact_unneeded_grants(timestamptz) TO {APP_ROLE};
RESET ROLE;
"""
TAKE_DOWN = "DROP FUNCTION exact_unneeded_grants(timestamptz)"
"""What else changed serves the older code as well, so it stays."""


class Migration(migrations.Migration):
    dependencies = [("exact", "0005_links_that_wait"), ("tenants", "0003_people_and_going_live")]

    operations = as_dispatch(FUNCTIONS, TAKE_DOWN)
