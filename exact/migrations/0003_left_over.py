"""Which ended connections still hold a permission, across all customers."""

from django.db import migrations

from connector_site.lib.row_security import APP_ROLE, DISPATCH_ROLE, as_dispatch

FUNCTIONS = f"""
CREATE FUNCTION exact_left_over_connections()
RETURNS TABLE (tenant_id uuid, connection_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT c.tenant_id, c.id FROM exact_connection c
  WHERE c.disconnected_at IS NOT NULL AND c.grant_id IS NOT NULL ORDER BY c.id
$$;

ALTER FUNCTION exact_left_over_connections() OWNER TO {DISPATCH_ROLE};
SET LOCAL ROLE {DISPATCH_ROLE};
REVOKE ALL ON FUNCTION exact_left_over_connections() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION exact_left_over_connections() TO {APP_ROLE};
RESET ROLE;
"""


class Migration(migrations.Migration):
    dependencies = [("exact", "0002_safety_net")]

    operations = as_dispatch(FUNCTIONS, "DROP FUNCTION exact_left_over_connections()")
