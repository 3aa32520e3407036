"""The wall around the new tables, what is due turned into jobs by one statement, and the way to a tracking page."""

from django.db import migrations

from connector_site.lib.row_security import APP_ROLE, DISPATCH_ROLE, as_dispatch, wall

# `statement_timestamp()`, not `clock_timestamp()`: the indexes of what is due serve only a moment that stands still.
FUNCTIONS = f"""
CREATE FUNCTION syncjobs_turn_due(at_once integer) RETURNS TABLE (kind text, jobs bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH parcels AS (
        SELECT d.tenant_id, d.code FROM syncjobs_parcel p
          JOIN syncjobs_shipment s ON s.id = p.shipment_id JOIN syncjobs_delivery d ON d.id = s.delivery_id
         WHERE p.look_at <= statement_timestamp() AND NOT EXISTS (
            SELECT FROM syncjobs_syncjob j WHERE j.tenant_id = d.tenant_id AND j.kind = 'look' AND j.subject = d.code
               AND j.state IN ('due', 'running'))
         ORDER BY p.look_at LIMIT at_once
    ), subscriptions AS (
        SELECT a.tenant_id, a.code FROM ups_alertsubscription s JOIN ups_account a ON a.id = s.account_id
         WHERE s.due_at <= statement_timestamp() AND NOT EXISTS (
            SELECT FROM syncjobs_syncjob j WHERE j.tenant_id = a.tenant_id AND j.kind = 'alert' AND j.subject = a.code
               AND j.state IN ('due', 'running'))
         ORDER BY s.due_at LIMIT at_once
    ), feeds AS (
        SELECT f.tenant_id, f.code FROM ups_quantumviewfeed f
         WHERE f.poll_at <= statement_timestamp() AND NOT EXISTS (
            SELECT FROM syncjobs_syncjob j WHERE j.tenant_id = f.tenant_id AND j.kind = 'view' AND j.subject = f.code
               AND j.state IN ('due', 'running'))
         ORDER BY f.poll_at LIMIT at_once
    ), receipts AS (
        SELECT r.tenant_id, r.subject AS code FROM syncjobs_receipt r
         WHERE r.source = 'ups' AND r.applied_at IS NULL AND r.dead_letter = ''
           AND r.received_at < statement_timestamp() - interval '2 minutes' AND NOT EXISTS (
            SELECT FROM syncjobs_syncjob j WHERE j.tenant_id = r.tenant_id AND j.kind = 'events' AND j.subject = r.subject
               AND j.state IN ('due', 'running'))
         LIMIT at_once
    ), wanted AS (
        SELECT DISTINCT tenant_id, 'look' AS kind, code AS subject FROM parcels
        UNION ALL
        SELECT DISTINCT tenant_id, 'alert', code FROM subscriptions
        UNION ALL
        SELECT tenant_id, 'view', code FROM feeds
        UNION ALL
        SELECT DISTINCT tenant_id, 'events', code FROM receipts
    ), made AS (
        INSERT INTO syncjobs_syncjob (code, tenant_id, kind, queue, subject, state, due_at, starts, failures,
                                      last_error, created_at)
        SELECT gen_random_uuid(), w.tenant_id, w.kind, CASE w.kind WHEN 'events' THEN 'track' ELSE 'sync' END,
               w.subject, 'due', clock_timestamp(), 0, 0, '', clock_timestamp()
          FROM wanted w
        ON CONFLICT (tenant_id, kind, subject) WHERE state IN ('due', 'running') DO NOTHING
        RETURNING syncjobs_syncjob.kind
    )
    SELECT made.kind::text, count(*) FROM made GROUP BY made.kind
$$;
ALTER FUNCTION syncjobs_turn_due(integer) OWNER TO {DISPATCH_ROLE};
REVOKE ALL ON FUNCTION syncjobs_turn_due(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION syncjobs_turn_due(integer) TO {APP_ROLE};

CREATE FUNCTION syncjobs_track_route(wanted uuid) RETURNS TABLE (tenant_id uuid, delivery_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT d.tenant_id, d.id FROM syncjobs_delivery d WHERE d.track_code = wanted
$$;
ALTER FUNCTION syncjobs_track_route(uuid) OWNER TO {DISPATCH_ROLE};
REVOKE ALL ON FUNCTION syncjobs_track_route(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION syncjobs_track_route(uuid) TO {APP_ROLE};

GRANT SELECT (id, tenant_id, code, track_code) ON syncjobs_delivery TO {DISPATCH_ROLE};
GRANT SELECT (id, delivery_id) ON syncjobs_shipment TO {DISPATCH_ROLE};
GRANT SELECT (shipment_id, look_at) ON syncjobs_parcel TO {DISPATCH_ROLE};
GRANT SELECT (account_id, due_at) ON ups_alertsubscription TO {DISPATCH_ROLE};
GRANT SELECT (tenant_id, code, poll_at) ON ups_quantumviewfeed TO {DISPATCH_ROLE};
GRANT SELECT (tenant_id, subject, source, applied_at, dead_letter, received_at) ON syncjobs_receipt TO {DISPATCH_ROLE};
CREATE POLICY dispatch_reads ON syncjobs_receipt FOR SELECT TO {DISPATCH_ROLE} USING (true);
GRANT INSERT (code, tenant_id, kind, queue, subject, state, due_at, starts, failures, last_error, created_at)
    ON syncjobs_syncjob TO {DISPATCH_ROLE};
CREATE POLICY dispatch_routes ON syncjobs_delivery FOR SELECT TO {DISPATCH_ROLE} USING (true);
CREATE POLICY dispatch_reads ON syncjobs_shipment FOR SELECT TO {DISPATCH_ROLE} USING (true);
CREATE POLICY dispatch_reads ON syncjobs_parcel FOR SELECT TO {DISPATCH_ROLE} USING (true);
CREATE POLICY dispatch_reads ON ups_alertsubscription FOR SELECT TO {DISPATCH_ROLE} USING (true);
CREATE POLICY dispatch_reads ON ups_quantumviewfeed FOR SELECT TO {DISPATCH_ROLE} USING (true);
"""
FOLLOW = """
ALTER TABLE syncjobs_parcel NO FORCE ROW LEVEL SECURITY;
ALTER TABLE syncjobs_shipment NO FORCE ROW LEVEL SECURITY;
UPDATE syncjobs_parcel p SET look_at = clock_timestamp() + random() * interval '6 hours' FROM syncjobs_shipment s
 WHERE s.id = p.shipment_id AND s.voided_at IS NULL AND s.created_at > clock_timestamp() - interval '60 days';
ALTER TABLE syncjobs_shipment FORCE ROW LEVEL SECURITY;
ALTER TABLE syncjobs_parcel FORCE ROW LEVEL SECURITY;
"""
"""Parcels that were shipped before there was any tracking: UPS is asked about each, one after the other. Forced row security holds even for
the owner, who sees no tenant's rows."""
TAKE_DOWN = """
DROP POLICY dispatch_reads ON syncjobs_receipt;
DROP POLICY dispatch_reads ON ups_quantumviewfeed;
DROP POLICY dispatch_reads ON ups_alertsubscription;
DROP POLICY dispatch_reads ON syncjobs_parcel;
DROP POLICY dispatch_reads ON syncjobs_shipment;
DROP POLICY dispatch_routes ON syncjobs_delivery;
DROP FUNCTION syncjobs_track_route(uuid);
DROP FUNCTION syncjobs_turn_due(integer);
"""


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0003_tracking"), ("ups", "0003_track_alert_wall")]

    operations = [
        wall("syncjobs_reporting", references={"connection_id": "exact_connection"}),
        wall("syncjobs_trackingevent", references={"parcel_id": "syncjobs_parcel"}),
        wall("syncjobs_viewpage", references={"feed_id": "ups_quantumviewfeed"}),
        wall("syncjobs_viewfile", references={"feed_id": "ups_quantumviewfeed"}),
        wall("syncjobs_manifest", references={"account_id": "ups_account"}),
        *as_dispatch(FUNCTIONS, TAKE_DOWN),
        migrations.RunSQL(FOLLOW, migrations.RunSQL.noop),
    ]
