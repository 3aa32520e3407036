"""Finding the company that a machine's key belongs to, by the key's digest alone."""

from django.db import migrations

from connector_site.lib.row_security import APP_ROLE, DISPATCH_ROLE, as_dispatch

ROUTE = f"""
GRANT SELECT (tenant_id, code, token_digest, role, last_used_at, revoked_at) ON tenants_apikey TO {DISPATCH_ROLE};
CREATE POLICY dispatch_routes ON tenants_apikey FOR SELECT TO {DISPATCH_ROLE} USING (true);

CREATE FUNCTION tenants_api_key_route(digest text)
RETURNS TABLE (tenant_id uuid, key_code uuid, role text, last_used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT k.tenant_id, k.code, k.role, k.last_used_at FROM tenants_apikey k
   WHERE k.token_digest = digest AND digest <> '' AND k.revoked_at IS NULL
$$;

ALTER FUNCTION tenants_api_key_route(text) OWNER TO {DISPATCH_ROLE};
SET LOCAL ROLE {DISPATCH_ROLE};
REVOKE ALL ON FUNCTION tenants_api_key_route(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenants_api_key_route(text) TO {APP_ROLE};
RESET ROLE;
"""
TAKE_DOWN = """
DROP FUNCTION tenants_api_key_route(text);
DROP POLICY dispatch_routes ON tenants_apikey;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0007_desk")]

    operations = [*as_dispatch(ROUTE, TAKE_DOWN)]
