"""No key opens a company that was closed."""

from django.db import migrations

from connector_site.lib.row_security import as_dispatch

ROUTE = """
CREATE OR REPLACE FUNCTION tenants_api_key_route(digest text)
RETURNS TABLE (tenant_id uuid, key_code uuid, role text, last_used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT k.tenant_id, k.code, k.role, k.last_used_at FROM tenants_apikey k
    JOIN tenants_tenant t ON t.id = k.tenant_id AND t.closed_at IS NULL
   WHERE k.token_digest = digest AND digest <> '' AND k.revoked_at IS NULL
$$;
"""
BEFORE = """
CREATE OR REPLACE FUNCTION tenants_api_key_route(digest text)
RETURNS TABLE (tenant_id uuid, key_code uuid, role text, last_used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT k.tenant_id, k.code, k.role, k.last_used_at FROM tenants_apikey k
   WHERE k.token_digest = digest AND digest <> '' AND k.revoked_at IS NULL
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0008_api_key_route")]

    operations = [*as_dispatch(ROUTE, BEFORE)]
