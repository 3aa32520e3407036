"""Exports in parts, words to find a receiver by, and requests that may be erased once they are settled."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

import connector_site.lib.references
import connector_site.lib.secrets
from connector_site.lib.row_security import REENCRYPTING_SETTING, wall

# The moves as they stood when this migration was written; later changes come in migrations of their own.
MOVES = (
    "planned>sending planned>cancelled sending>created sending>refused sending>not_sent sending>in_doubt "
    "in_doubt>created in_doubt>absent in_doubt>voided_there in_doubt>review absent>orphan absent>created "
    "orphan>voiding created>voiding voiding>voided voiding>void_refused void_refused>voiding void_refused>created void_refused>review "
    "review>created review>absent review>voiding review>voided_there"
)
# Only what is settled can be erased: the others are still asked for, or looked for.
ERASABLE = "created refused not_sent absent voided_there voided void_refused cancelled"

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
        AND NOT (NEW.request IS NULL AND NEW.erased_at IS NOT NULL AND NEW.state = ANY (string_to_array('{ERASABLE}', ' ')))
        AND NOT (OLD.request IS NOT NULL AND NEW.request IS NOT NULL
                 AND coalesce(current_setting('{REENCRYPTING_SETTING}', true), '') = 'on')
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
    dependencies = [("syncjobs", "0011_receipt_newest")]

    operations = [
        migrations.AddField(
            model_name="partyaddress",
            name="finders",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=32), null=True, size=None
            ),
        ),
        migrations.AddIndex(
            model_name="partyaddress",
            index=django.contrib.postgres.indexes.GinIndex(fields=["finders"], name="party_finders"),
        ),
        migrations.AddField(model_name="attempt", name="erased_at", field=models.DateTimeField(null=True)),
        migrations.AlterField(
            model_name="attempt", name="request", field=connector_site.lib.secrets.SealedField(null=True)
        ),
        migrations.RemoveField(model_name="export", name="content"),
        migrations.CreateModel(
            name="ExportPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.UUIDField(default=connector_site.lib.references.new_code, editable=False, unique=True),
                ),
                ("position", models.PositiveIntegerField()),
                ("table", models.CharField(max_length=40)),
                ("last_id", models.BigIntegerField()),
                ("name", models.CharField(max_length=120)),
                ("rows", models.PositiveIntegerField()),
                ("packed", connector_site.lib.secrets.EncryptedBytesField()),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"
                    ),
                ),
                (
                    "export",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="syncjobs.export"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "export", "position"), name="export_part_once")
                ],
            },
        ),
        wall("syncjobs_exportpart", references={"export_id": "syncjobs_export"}),
        migrations.RunSQL(GUARD, migrations.RunSQL.noop),
    ]
