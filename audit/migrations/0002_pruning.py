"""Letting go of old events: only the oldest of a chain, none younger than a year, and told in the chain itself.

The last event that goes leaves its number and hash in an event of its own, the anchor: from there on the chain is
checked. The application's role still may delete nothing; the function belongs to the dispatch role, and the trigger lets
nobody else through.
"""

from django.db import migrations

from connector_site.lib.row_security import APP_ROLE, CURRENT_TENANT, DISPATCH_ROLE, as_dispatch

REFUSE = """
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' AND current_setting('app.allow_truncate', true) = 'on' THEN RETURN NULL; END IF;
    IF TG_OP = 'DELETE' AND current_user = '%(role)s' AND OLD.recorded_at < clock_timestamp() - interval '12 months' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'audit events are append-only' USING ERRCODE = 'restrict_violation';
END $$;
""" % {"role": DISPATCH_ROLE}
REFUSE_ALL = """
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' AND current_setting('app.allow_truncate', true) = 'on' THEN RETURN NULL; END IF;
    RAISE EXCEPTION 'audit events are append-only' USING ERRCODE = 'restrict_violation';
END $$;
"""

PRUNE = f"""
CREATE POLICY prune ON audit_event TO {DISPATCH_ROLE}
    USING (tenant_id = {CURRENT_TENANT}) WITH CHECK (tenant_id = {CURRENT_TENANT});
GRANT SELECT (tenant_id, sequence, recorded_at, hash), INSERT (code, tenant_id, sequence, actor, kind, subject_kind,
    subject, from_state, to_state, details, previous_hash, hash), DELETE ON audit_event TO {DISPATCH_ROLE};
GRANT USAGE ON SEQUENCE audit_event_id_seq TO {DISPATCH_ROLE};

CREATE FUNCTION audit_prune(before timestamptz, at_once integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    whose uuid := {CURRENT_TENANT};
    cutoff timestamptz := least(before, clock_timestamp() - interval '12 months');
    end_sequence bigint;
    end_hash text;
    gone bigint;
BEGIN
    PERFORM FROM audit_chainhead WHERE tenant_id = whose FOR UPDATE;
    SELECT e.sequence, e.hash INTO end_sequence, end_hash FROM (
        SELECT sequence, hash, bool_and(recorded_at < cutoff) OVER (ORDER BY sequence) AS is_old
          FROM audit_event WHERE tenant_id = whose ORDER BY sequence LIMIT at_once
    ) e WHERE e.is_old ORDER BY e.sequence DESC LIMIT 1;
    IF NOT FOUND THEN RETURN 0; END IF;
    DELETE FROM audit_event WHERE tenant_id = whose AND sequence <= end_sequence;
    GET DIAGNOSTICS gone = ROW_COUNT;
    INSERT INTO audit_event (code, tenant_id, sequence, actor, kind, subject_kind, subject, from_state, to_state,
                             details, previous_hash, hash)
    VALUES (gen_random_uuid(), whose, 0, 'system', 'changed', 'audit', whose, '', '', jsonb_build_object(
        'what', 'old events deleted', 'events', gone, 'through', end_sequence, 'hash', end_hash), '', '');
    RETURN gone;
END $$;
ALTER FUNCTION audit_prune(timestamptz, integer) OWNER TO {DISPATCH_ROLE};
SET LOCAL ROLE {DISPATCH_ROLE};
REVOKE ALL ON FUNCTION audit_prune(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_prune(timestamptz, integer) TO {APP_ROLE};
RESET ROLE;
"""
UNPRUNE = f"""
DROP FUNCTION audit_prune(timestamptz, integer);
DROP POLICY prune ON audit_event;
REVOKE ALL ON audit_event FROM {DISPATCH_ROLE};
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(REFUSE, REFUSE_ALL),
        *as_dispatch(PRUNE, UNPRUNE),
    ]
