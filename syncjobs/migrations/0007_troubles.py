"""What is wrong now, found across tenants; which customers have open alarms, and which have mails to come."""

from django.db import migrations, models

from connector_site.lib.row_security import APP_ROLE, DISPATCH_ROLE, as_dispatch

SIGNATURE = "timestamptz, interval, interval, interval, interval, interval, integer, integer, integer, text[]"
# Each part costs by what is wrong, or by connections and accounts, never by deliveries: partial indexes serve them.
FUNCTIONS = f"""
CREATE FUNCTION syncjobs_troubles(
    moment timestamptz, doubt_age interval, orphan_age interval, token_age interval, breaker_age interval,
    job_age interval, day_limit integer, day_share integer, token_calls integer, serious text[]
) RETURNS TABLE (kind text, tenant_id uuid, subject text, since timestamptz, details jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT 'in_doubt', d.tenant_id, d.code::text, min(coalesce(a.doubt_at, a.sent_at)), '{{}}'::jsonb
      FROM syncjobs_attempt a JOIN syncjobs_delivery d ON d.id = a.delivery_id
     WHERE a.state = 'in_doubt' AND coalesce(a.doubt_at, a.sent_at) <= moment - doubt_age
     GROUP BY d.tenant_id, d.code
    UNION ALL
    SELECT 'review', found.tenant_id, found.code::text, min(found.since), '{{}}'::jsonb FROM (
        SELECT d.tenant_id, d.code, d.changed_at AS since FROM syncjobs_delivery d WHERE d.state = 'review'
        UNION ALL
        SELECT d.tenant_id, d.code, coalesce(a.doubt_at, a.sent_at, moment)
          FROM syncjobs_attempt a JOIN syncjobs_delivery d ON d.id = a.delivery_id WHERE a.review_reason <> ''
    ) found GROUP BY found.tenant_id, found.code
    UNION ALL
    SELECT 'orphan', a.tenant_id, a.code::text, a.orphaned_at, '{{}}'::jsonb FROM syncjobs_attempt a
     WHERE a.orphaned_at IS NOT NULL
       AND (a.orphaned_at > moment - orphan_age OR a.state IN ('orphan', 'voiding'))
    UNION ALL
    SELECT 'needs_reconnect', c.tenant_id, c.code::text, g.needs_reconnect_at, '{{}}'::jsonb
      FROM exact_connection c JOIN exact_grant g ON g.id = c.grant_id
     WHERE c.disconnected_at IS NULL AND g.needs_reconnect_at IS NOT NULL
    UNION ALL
    SELECT 'token', c.tenant_id, c.code::text, g.received_at, jsonb_build_object('grant', g.code)
      FROM exact_connection c JOIN exact_grant g ON g.id = c.grant_id
     WHERE c.disconnected_at IS NULL AND g.needs_reconnect_at IS NULL AND g.received_at <= moment - token_age
    UNION ALL
    SELECT g.reconnect_reason::text, NULL, c.site::text, moment, jsonb_build_object('connections', count(*))
      FROM exact_connection c JOIN exact_grant g ON g.id = c.grant_id
     WHERE c.disconnected_at IS NULL AND g.needs_reconnect_at IS NULL
       AND g.reconnect_reason IN ('registration_refused', 'renewed_too_early')
     GROUP BY g.reconnect_reason, c.site
    UNION ALL
    SELECT 'breaker', c.tenant_id, c.code::text, b.opened_at,
           jsonb_build_object('site', c.site, 'endpoint', b.endpoint)
      FROM exact_breaker b JOIN exact_connection c ON c.id = b.connection_id
     WHERE c.disconnected_at IS NULL AND b.opened_at > moment - breaker_age
    UNION ALL
    SELECT 'hooks_silent', c.tenant_id, c.code::text, c.missed_hook_at, '{{}}'::jsonb FROM exact_connection c
     WHERE c.disconnected_at IS NULL AND c.missed_hook_at IS NOT NULL
    UNION ALL
    SELECT 'day_budget', c.tenant_id, c.code::text, moment, jsonb_build_object('calls', used.calls, 'limit', used.most)
      FROM exact_callbudget b JOIN exact_connection c ON c.id = b.connection_id CROSS JOIN LATERAL (
        SELECT coalesce(sum(v.value::bigint), 0) AS calls, coalesce(c.day_limit, syncjobs_troubles.day_limit) AS most
          FROM jsonb_each_text(b.day_calls) v
      ) used
     WHERE c.disconnected_at IS NULL AND b.day_number = floor(extract(epoch FROM moment) / 86400)::integer
       AND used.calls * 100 > used.most::bigint * day_share
    UNION ALL
    SELECT 'token_calls', a.tenant_id, a.code::text, moment, jsonb_build_object('calls', a.token_calls)
      FROM ups_account a
     WHERE a.token_calls_date = (moment AT TIME ZONE 'UTC')::date AND a.token_calls > syncjobs_troubles.token_calls
    UNION ALL
    SELECT 'account_stopped', a.tenant_id, a.code::text, a.stopped_at, '{{}}'::jsonb FROM ups_account a
     WHERE a.stopped_at IS NOT NULL
    UNION ALL
    SELECT 'finding', c.tenant_id, c.code::text, min(f.found_at), jsonb_build_object('findings', count(*))
      FROM syncjobs_finding f JOIN exact_connection c ON c.id = f.connection_id
     WHERE c.disconnected_at IS NULL AND f.resolved_at IS NULL AND (serious IS NULL OR f.kind = ANY (serious))
     GROUP BY c.tenant_id, c.code
    UNION ALL
    SELECT 'jobs_late', NULL, j.queue::text, min(j.due_at), jsonb_build_object('jobs', count(*))
      FROM syncjobs_syncjob j WHERE j.state IN ('due', 'running') AND j.due_at <= moment - job_age GROUP BY j.queue
$$;
ALTER FUNCTION syncjobs_troubles({SIGNATURE}) OWNER TO {DISPATCH_ROLE};
REVOKE ALL ON FUNCTION syncjobs_troubles({SIGNATURE}) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION syncjobs_troubles({SIGNATURE}) TO {APP_ROLE};

CREATE FUNCTION syncjobs_alarmed_tenants() RETURNS TABLE (tenant_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT DISTINCT a.tenant_id FROM syncjobs_alarm a WHERE a.cleared_at IS NULL
$$;
ALTER FUNCTION syncjobs_alarmed_tenants() OWNER TO {DISPATCH_ROLE};
REVOKE ALL ON FUNCTION syncjobs_alarmed_tenants() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION syncjobs_alarmed_tenants() TO {APP_ROLE};

CREATE FUNCTION syncjobs_alarms_to_mail(moment timestamptz) RETURNS TABLE (tenant_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT a.tenant_id FROM syncjobs_alarm a WHERE a.mail_due_at <= moment
     GROUP BY a.tenant_id ORDER BY min(a.mail_due_at)
$$;
ALTER FUNCTION syncjobs_alarms_to_mail(timestamptz) OWNER TO {DISPATCH_ROLE};
REVOKE ALL ON FUNCTION syncjobs_alarms_to_mail(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION syncjobs_alarms_to_mail(timestamptz) TO {APP_ROLE};

GRANT SELECT (tenant_id, code, state, sent_at, doubt_at, review_reason, orphaned_at) ON syncjobs_attempt TO {DISPATCH_ROLE};
GRANT SELECT (state, changed_at) ON syncjobs_delivery TO {DISPATCH_ROLE};
GRANT SELECT (missed_hook_at, day_limit) ON exact_connection TO {DISPATCH_ROLE};
GRANT SELECT (code, received_at, needs_reconnect_at, reconnect_reason) ON exact_grant TO {DISPATCH_ROLE};
GRANT SELECT (connection_id, endpoint, opened_at) ON exact_breaker TO {DISPATCH_ROLE};
GRANT SELECT (connection_id, day_number, day_calls) ON exact_callbudget TO {DISPATCH_ROLE};
GRANT SELECT (stopped_at, token_calls, token_calls_date) ON ups_account TO {DISPATCH_ROLE};
GRANT SELECT (connection_id, kind, found_at, resolved_at) ON syncjobs_finding TO {DISPATCH_ROLE};
GRANT SELECT (tenant_id, cleared_at, mail_due_at) ON syncjobs_alarm TO {DISPATCH_ROLE};
CREATE POLICY dispatch_reads ON exact_breaker FOR SELECT TO {DISPATCH_ROLE} USING (true);
CREATE POLICY dispatch_reads ON exact_callbudget FOR SELECT TO {DISPATCH_ROLE} USING (true);
CREATE POLICY dispatch_reads ON syncjobs_finding FOR SELECT TO {DISPATCH_ROLE} USING (true);
CREATE POLICY dispatch_reads ON syncjobs_alarm FOR SELECT TO {DISPATCH_ROLE} USING (true);
"""

TAKE_DOWN = f"""
DROP POLICY dispatch_reads ON syncjobs_alarm;
DROP POLICY dispatch_reads ON syncjobs_finding;
DROP POLICY dispatch_reads ON exact_callbudget;
DROP POLICY dispatch_reads ON exact_breaker;
DROP FUNCTION syncjobs_alarms_to_mail(timestamptz);
DROP FUNCTION syncjobs_alarmed_tenants();
DROP FUNCTION syncjobs_troubles({SIGNATURE});
"""


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0006_settling_wall")]

    operations = [
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                condition=models.Q(("orphaned_at__isnull", False)), fields=["orphaned_at"], name="attempt_orphaned"
            ),
        ),
        *as_dispatch(FUNCTIONS, TAKE_DOWN),
    ]
