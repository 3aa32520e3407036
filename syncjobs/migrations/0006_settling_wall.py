"""The wall around the new tables, the moves that settling makes, and unsettled attempts turned into jobs."""

from django.db import migrations

from connector_site.lib.row_security import APP_ROLE, DISPATCH_ROLE, as_dispatch, wall

# The moves as they stood when this migration was written; later changes come in migrations of their own.
MOVES = (
    "planned>sending planned>cancelled sending>created sending>refused sending>not_sent sending>in_doubt "
    "in_doubt>created in_doubt>absent in_doubt>voided_there in_doubt>review absent>orphan absent>created "
    "orphan>voiding created>voiding voiding>voided voiding>void_refused void_refused>voiding void_refused>created void_refused>review "
    "review>created review>absent review>voiding review>voided_there"
)

GUARD = f"""
CREATE OR REPLACE FUNCTION syncjobs_attempt_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'planned' THEN
            RAISE EXCEPTION 'an attempt begins as planned, not as %', NEW.state USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.reference <> OLD.reference OR NEW.request <> OLD.request OR NEW.request_hash <> OLD.request_hash THEN
        RAISE EXCEPTION 'the request of an attempt is frozen' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state <> OLD.state AND NOT (OLD.state || '>' || NEW.state) = ANY (string_to_array('{MOVES}', ' ')) THEN
        RAISE EXCEPTION 'an attempt does not move from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.due_at IS NULL AND NEW.state IN ('sending', 'in_doubt', 'review', 'orphan', 'voiding') THEN
        -- A worker of the version before this one knows nothing of the column.
        NEW.due_at := greatest(coalesce(NEW.lease_until, clock_timestamp()), clock_timestamp());
    END IF;
    RETURN NEW;
END $$;
"""

# `statement_timestamp()`, not `clock_timestamp()`: the indexes of what is due serve only a moment that stands still.
TURN_DUE = f"""
DROP FUNCTION syncjobs_turn_due(integer);
CREATE FUNCTION syncjobs_turn_due(at_once integer) RETURNS TABLE (kind text, jobs bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH parcels AS (
        SELECT d.tenant_id, d.code FROM syncjobs_parcel p
          JOIN syncjobs_shipment s ON s.id = p.shipment_id JOIN syncjobs_delivery d ON d.id = s.delivery_id
         WHERE p.look_at <= statement_timestamp() AND NOT EXISTS (
            SELECT FROM syncjobs_syncjob j WHERE j.tenant_id = d.tenant_id AND j.kind = 'look' AND j.subject = d.code
               AND j.state IN ('due', 'running'))
         ORDER BY p.look_at LIMIT at_once
    ), attempts AS (
        SELECT d.tenant_id, d.code FROM syncjobs_attempt a JOIN syncjobs_delivery d ON d.id = a.delivery_id
         WHERE a.due_at <= statement_timestamp() AND NOT EXISTS (
            SELECT FROM syncjobs_syncjob j WHERE j.tenant_id = d.tenant_id AND j.kind = 'settle' AND j.subject = d.code
               AND j.state IN ('due', 'running'))
         ORDER BY a.due_at LIMIT at_once
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
        SELECT DISTINCT tenant_id, 'settle', code FROM attempts
        UNION ALL
        SELECT DISTINCT tenant_id, 'alert', code FROM subscriptions
        UNION ALL
        SELECT tenant_id, 'view', code FROM feeds
        UNION ALL
        SELECT DISTINCT tenant_id, 'events', code FROM receipts
    ), made AS (
        INSERT INTO syncjobs_syncjob (code, tenant_id, kind, queue, subject, state, due_at, starts, failures,
                                      last_error, created_at)
        SELECT gen_random_uuid(), w.tenant_id, w.kind,
               CASE w.kind WHEN 'events' THEN 'track' WHEN 'settle' THEN 'ship' ELSE 'sync' END,
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

GRANT SELECT (delivery_id, due_at) ON syncjobs_attempt TO {DISPATCH_ROLE};
CREATE POLICY dispatch_reads ON syncjobs_attempt FOR SELECT TO {DISPATCH_ROLE} USING (true);
"""


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0005_settling"), ("exact", "0002_safety_net")]

    operations = [
        wall("syncjobs_alarm"),
        wall("syncjobs_reconciliation", references={"connection_id": "exact_connection"}),
        wall(
            "syncjobs_finding",
            references={"connection_id": "exact_connection", "reconciliation_id": "syncjobs_reconciliation"},
        ),
        *as_dispatch(GUARD + TURN_DUE, "DROP POLICY dispatch_reads ON syncjobs_attempt"),
    ]
