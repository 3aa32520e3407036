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
CREATE POLICY prune_reads ON audit_event FOR SELECT TO {DISPATCH_ROLE} USING (true);
CREATE POLICY prune_deletes ON audit_event FOR DELETE TO {DISPATCH_ROLE} USING (true);
CREATE POLICY prune_tells ON audit_event FOR INSERT TO {DISPATCH_ROLE} WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON audit_event TO {DISPATCH_ROLE};
GRANT USAGE ON SEQUENCE audit_event_id_seq TO {DISPATCH_ROLE};

CREATE FUNCTION audit_prune(before timestamptz, at_once integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    whose uuid := {CURRENT_TENANT};
    cutoff timestamptz := least(before, clock_timestamp() - interval '12 months');
    last_one audit_event;
    gone bigint;
BEGIN
    PERFORM FROM audit_chainhead WHERE tenant_id = whose FOR UPDATE;
    SELECT e.* INTO last_one FROM (
        SELECT * FROM audit_event WHERE tenant_id = whose ORDER BY sequence LIMIT at_once
    ) e WHERE e.recorded_at < cutoff AND NOT EXISTS (
        SELECT FROM audit_event younger
         WHERE younger.tenant_id = whose AND younger.sequence < e.sequence AND younger.recorded_at >= cutoff
    ) ORDER BY e.sequence DESC LIMIT 1;
    IF NOT FOUND THEN RETURN 0; END IF;
    DELETE FROM audit_event WHERE tenant_id = whose AND sequence <= last_one.sequence;
    GET DIAGNOSTICS gone = ROW_COUNT;
    INSERT INTO audit_event (code, tenant_id, sequence, actor, kind, subject_kind, subject, from_state, to_state,
                             details, previous_hash, hash)
    VALUES (gen_random_uuid(), whose, 0, 'system', 'changed', 'audit', whose, '', '', jsonb_build_object(
        'what', 'old events deleted', 'events', gone, 'through', last_one.sequence, 'hash', last_one.hash), '', '');
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
DROP POLICY prune_reads ON audit_event;
DROP POLICY prune_deletes ON audit_event;
DROP POLICY prune_tells ON audit_event;
REVOKE ALL ON audit_event FROM {DISPATCH_ROLE};
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(REFUSE, REFUSE_ALL),
        *as_dispatch(PRUNE, UNPRUNE),
    ]
