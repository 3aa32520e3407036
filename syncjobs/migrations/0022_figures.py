"""Which companies have something new to count: one function looks across them."""

from django.db import migrations

from connector_site.lib.row_security import APP_ROLE, DISPATCH_ROLE, as_dispatch

# A company that was never counted is found by any delivery, another one by its newest change, and each once a day by
# itself. What it costs grows with the number of companies, not with what they have. Every delivery has a connection.
TO_COUNT = f"""
CREATE FUNCTION syncjobs_to_count(overlap interval, at_least_every interval) RETURNS TABLE (tenant_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT e.tenant_id FROM (SELECT DISTINCT tenant_id FROM exact_connection) e
      LEFT JOIN syncjobs_counting c ON c.tenant_id = e.tenant_id
     WHERE c.counted_to_at < statement_timestamp() - at_least_every OR EXISTS (
        SELECT FROM syncjobs_delivery d
         WHERE d.tenant_id = e.tenant_id AND d.changed_at > coalesce(c.counted_to_at - overlap, '-infinity'))
$$;
ALTER FUNCTION syncjobs_to_count(interval, interval) OWNER TO {DISPATCH_ROLE};
REVOKE ALL ON FUNCTION syncjobs_to_count(interval, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION syncjobs_to_count(interval, interval) TO {APP_ROLE};
GRANT SELECT (tenant_id, counted_to_at) ON syncjobs_counting TO {DISPATCH_ROLE};
CREATE POLICY dispatch_reads ON syncjobs_counting FOR SELECT TO {DISPATCH_ROLE} USING (true);
"""
FORGET = f"""
DROP POLICY dispatch_reads ON syncjobs_counting;
REVOKE SELECT (tenant_id, counted_to_at) ON syncjobs_counting FROM {DISPATCH_ROLE};
DROP FUNCTION syncjobs_to_count(interval, interval);
"""


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0021_find_deliveries"), ("exact", "0001_initial")]

    operations = [*as_dispatch(TO_COUNT, FORGET)]
