"""Requests of a closed customer that nobody can settle any more, and none is erased that is still to be looked at."""

from django.db import migrations, models

from connector_site.lib.row_security import REENCRYPTING_SETTING

# The moves as they stood when this migration was written; later changes come in migrations of their own.
MOVES = (
    "planned>sending planned>cancelled sending>created sending>refused sending>not_sent sending>in_doubt "
    "in_doubt>created in_doubt>absent in_doubt>voided_there in_doubt>review absent>orphan absent>created "
    "orphan>voiding created>voiding voiding>voided voiding>void_refused void_refused>voiding void_refused>created void_refused>review "
    "review>created review>absent review>voiding review>voided_there "
    "sending>abandoned in_doubt>abandoned review>abandoned orphan>abandoned voiding>abandoned"
)
# Only what is settled, and not looked for once more, can be erased: the others are still asked for.
ERASABLE = "created refused not_sent absent voided_there voided void_refused cancelled abandoned"

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
        NEW.request IS DISTINCT FROM OLD.request
        AND NOT (NEW.request IS NULL AND NEW.erased_at IS NOT NULL AND NEW.due_at IS NULL
                 AND NEW.state = ANY (string_to_array('{ERASABLE}', ' ')))
        AND NOT (OLD.request IS NOT NULL AND NEW.request IS NOT NULL
                 AND coalesce(current_setting('{REENCRYPTING_SETTING}', true), '') = 'on')
    ) THEN
        RAISE EXCEPTION 'the request of an attempt is frozen' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state <> OLD.state AND NOT (OLD.state || '>' || NEW.state) = ANY (string_to_array('{MOVES}', ' ')) THEN
        RAISE EXCEPTION 'an attempt does not move from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state = 'abandoned' AND OLD.state <> 'abandoned'
       AND NOT EXISTS (SELECT FROM tenants_tenant t WHERE t.id = NEW.tenant_id AND t.closed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'what may exist at UPS is abandoned with its customer alone' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.due_at IS NULL AND NEW.state IN ('sending', 'in_doubt', 'review', 'orphan', 'voiding') THEN
        -- A worker of the version before this one knows nothing of the column.
        NEW.due_at := greatest(coalesce(NEW.lease_until, clock_timestamp()), clock_timestamp());
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0013_lists_of_many"), ("tenants", "0003_people_and_going_live")]

    operations = [
        migrations.AlterField(
            model_name="attempt",
            name="state",
            field=models.CharField(
                choices=[
                    ("planned", "planned"),
                    ("sending", "sent, answer awaited"),
                    ("created", "shipment made"),
                    ("refused", "refused by UPS"),
                    ("not_sent", "never reached UPS"),
                    ("in_doubt", "outcome unknown"),
                    ("absent", "proven not made"),
                    ("voided_there", "voided at UPS by somebody"),
                    ("review", "needs a decision"),
                    ("orphan", "made although given up"),
                    ("voiding", "being voided"),
                    ("voided", "voided"),
                    ("void_refused", "void refused"),
                    ("cancelled", "cancelled before sending"),
                    ("abandoned", "never settled, the company was closed"),
                ],
                default="planned",
                max_length=12,
            ),
        ),
        migrations.RemoveField(model_name="export", name="problem"),
        migrations.RunSQL(GUARD, migrations.RunSQL.noop),
    ]
