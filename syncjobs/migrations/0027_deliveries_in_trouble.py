"""Deliveries that wait to be put right, and those UPS is in trouble with: how many of each company, found across all."""

from django.db import migrations

from connector_site.lib.row_security import APP_ROLE, DISPATCH_ROLE, as_dispatch

SIGNATURE = "timestamptz, interval, interval, text[]"
# Each part costs by what is wrong: the partial indexes `delivery_needs_a_person` and `delivery_exceptions` serve them.
FUNCTIONS = f"""
CREATE FUNCTION syncjobs_deliveries_in_trouble(
    moment timestamptz, held_age interval, followed interval, by_choice text[]
) RETURNS TABLE (kind text, tenant_id uuid, subject text, since timestamptz, details jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT found.kind, c.tenant_id, c.code::text, min(found.changed_at),
           jsonb_build_object('deliveries', count(*), 'newest', max(found.known_at))
      FROM (
        SELECT 'held' AS kind, d.connection_id, d.changed_at, d.changed_at + held_age AS known_at FROM syncjobs_delivery d
         WHERE d.state = 'hold' AND d.changed_at <= moment - held_age
           AND coalesce(d.problems -> 0 ->> 'code', '') <> ALL (by_choice)
        UNION ALL
        SELECT 'exception', d.connection_id, d.changed_at, d.changed_at FROM syncjobs_delivery d
         WHERE d.milestone = 'exception' AND d.state IN ('reported', 'in_transit', 'delivered')
           AND d.created_at >= moment - followed
      ) found JOIN exact_connection c ON c.id = found.connection_id
     WHERE c.disconnected_at IS NULL
     GROUP BY found.kind, c.tenant_id, c.code
$$;
ALTER FUNCTION syncjobs_deliveries_in_trouble({SIGNATURE}) OWNER TO {DISPATCH_ROLE};
REVOKE ALL ON FUNCTION syncjobs_deliveries_in_trouble({SIGNATURE}) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION syncjobs_deliveries_in_trouble({SIGNATURE}) TO {APP_ROLE};

GRANT SELECT (connection_id, problems, milestone, created_at) ON syncjobs_delivery TO {DISPATCH_ROLE};
"""  # noqa: S608  role names are constants
TAKE_DOWN = f"DROP FUNCTION syncjobs_deliveries_in_trouble({SIGNATURE});"


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0026_views_of_nobody")]

    operations = [*as_dispatch(FUNCTIONS, TAKE_DOWN)]
