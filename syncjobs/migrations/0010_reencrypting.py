"""A frozen request may be encrypted anew: the same words under a newer key, by the command for it alone."""

from django.db import migrations

from connector_site.lib.row_security import REENCRYPTING_SETTING

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
    IF NEW.reference <> OLD.reference OR NEW.request_hash <> OLD.request_hash OR (
        NEW.request <> OLD.request AND coalesce(current_setting('{REENCRYPTING_SETTING}', true), '') <> 'on'
    ) THEN
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


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0009_onboarding")]

    operations = [migrations.RunSQL(GUARD, migrations.RunSQL.noop)]
