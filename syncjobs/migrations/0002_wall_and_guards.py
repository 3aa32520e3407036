"""What Django cannot say: the tenant wall, the claim across tenants, and the moves of attempts."""

from django.db import migrations

from connector_site.lib.row_security import APP_ROLE, DISPATCH_ROLE, as_dispatch, wall

# The moves as they stood when this migration was written; later changes come in migrations of their own.
MOVES = (
    "planned>sending planned>cancelled sending>created sending>refused sending>not_sent sending>in_doubt "
    "in_doubt>created in_doubt>absent in_doubt>voided_there in_doubt>review absent>orphan absent>created "
    "orphan>voiding orphan>review created>voiding voiding>voided voiding>void_refused "
    "review>created review>absent review>voiding"
)

CLAIM = f"""
CREATE FUNCTION syncjobs_claim(
    queues text[], kinds text[], per_tenant integer, running_per_tenant integer, at_once integer, lease interval
) RETURNS SETOF syncjobs_syncjob LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH waiting AS (
        SELECT DISTINCT tenant_id FROM syncjobs_syncjob
         WHERE state IN ('due', 'running') AND queue = ANY (queues) AND due_at <= clock_timestamp()
    ), room AS (
        SELECT w.tenant_id, least(per_tenant, running_per_tenant - (
            SELECT count(*) FROM syncjobs_syncjob r
             WHERE r.tenant_id = w.tenant_id AND r.state = 'running' AND r.lease_until > clock_timestamp()
               AND r.queue = ANY (queues)
        )) AS jobs
          FROM waiting w
    ), picked AS (
        SELECT oldest.id FROM (SELECT * FROM room ORDER BY random()) room CROSS JOIN LATERAL (
            SELECT j.id FROM syncjobs_syncjob j
             WHERE j.tenant_id = room.tenant_id AND j.queue = ANY (queues) AND j.kind = ANY (kinds)
               AND j.state IN ('due', 'running') AND j.due_at <= clock_timestamp()
             ORDER BY j.due_at LIMIT greatest(room.jobs, 0) FOR UPDATE SKIP LOCKED
        ) oldest LIMIT at_once
    )
    UPDATE syncjobs_syncjob j
       SET state = 'running', starts = j.starts + 1, lease_until = clock_timestamp() + lease,
           due_at = clock_timestamp() + lease
      FROM picked WHERE j.id = picked.id
    RETURNING j.*
$$;
ALTER FUNCTION syncjobs_claim(text[], text[], integer, integer, integer, interval) OWNER TO {DISPATCH_ROLE};
REVOKE ALL ON FUNCTION syncjobs_claim(text[], text[], integer, integer, integer, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION syncjobs_claim(text[], text[], integer, integer, integer, interval) TO {APP_ROLE};

CREATE FUNCTION syncjobs_due_queues() RETURNS TABLE (queue text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT DISTINCT queue::text FROM syncjobs_syncjob
     WHERE state IN ('due', 'running') AND due_at <= clock_timestamp()
$$;
ALTER FUNCTION syncjobs_due_queues() OWNER TO {DISPATCH_ROLE};
REVOKE ALL ON FUNCTION syncjobs_due_queues() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION syncjobs_due_queues() TO {APP_ROLE};

CREATE POLICY dispatch_claims ON syncjobs_syncjob TO {DISPATCH_ROLE} USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE (state, starts, lease_until, due_at) ON syncjobs_syncjob TO {DISPATCH_ROLE};
"""

GUARD = f"""
CREATE FUNCTION syncjobs_attempt_guard() RETURNS trigger LANGUAGE plpgsql AS $$
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
    RETURN NEW;
END $$;
CREATE TRIGGER syncjobs_attempt_guard BEFORE INSERT OR UPDATE ON syncjobs_attempt
    FOR EACH ROW EXECUTE FUNCTION syncjobs_attempt_guard();
"""

TAKE_DOWN = """
DROP TRIGGER syncjobs_attempt_guard ON syncjobs_attempt;
DROP FUNCTION syncjobs_attempt_guard();
DROP POLICY dispatch_claims ON syncjobs_syncjob;
DROP FUNCTION syncjobs_due_queues();
DROP FUNCTION syncjobs_claim(text[], text[], integer, integer, integer, interval);
"""


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0001_initial"), ("audit", "0001_initial")]

    operations = [
        wall("syncjobs_delivery", references={"connection_id": "exact_connection"}),
        wall("syncjobs_partyaddress", references={"delivery_id": "syncjobs_delivery"}),
        wall(
            "syncjobs_attempt",
            references={"delivery_id": "syncjobs_delivery", "account_id": "ups_account"},
        ),
        wall(
            "syncjobs_shipment",
            references={"attempt_id": "syncjobs_attempt", "delivery_id": "syncjobs_delivery"},
        ),
        wall("syncjobs_parcel", references={"shipment_id": "syncjobs_shipment"}),
        wall("syncjobs_label", references={"parcel_id": "syncjobs_parcel"}),
        wall(
            "syncjobs_shippingrule",
            references={"connection_id": "exact_connection", "account_id": "ups_account"},
        ),
        wall("syncjobs_receipt"),
        wall("syncjobs_syncjob"),
        *as_dispatch(CLAIM + GUARD, TAKE_DOWN),
    ]
