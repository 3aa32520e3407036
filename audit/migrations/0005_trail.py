"""What is hashed of an event can be read as text; the events of one chain of causes are found together."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

TEXT = """
CREATE FUNCTION audit_event_text(e audit_event, previous text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT jsonb_build_array(
        previous, e.tenant_id, e.sequence, to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),
        e.code, e.actor, e.correlation, e.kind, e.subject_kind, e.subject, e.from_state, e.to_state, e.details
    )::text
$$;
CREATE OR REPLACE FUNCTION audit_event_hash(e audit_event, previous text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT encode(sha256(convert_to(audit_event_text(e, previous), 'UTF8')), 'hex')
$$;
"""
NO_TEXT = """
CREATE OR REPLACE FUNCTION audit_event_hash(e audit_event, previous text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT encode(sha256(convert_to(jsonb_build_array(
        previous, e.tenant_id, e.sequence, to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),
        e.code, e.actor, e.correlation, e.kind, e.subject_kind, e.subject, e.from_state, e.to_state, e.details
    )::text, 'UTF8')), 'hex')
$$;
DROP FUNCTION audit_event_text(audit_event, text);
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [('audit', '0004_event_indexes')]

    operations = [
        migrations.RunSQL(TEXT, NO_TEXT),
        AddIndexConcurrently(
            model_name='event',
            index=models.Index(
                fields=['tenant', 'correlation', 'sequence'],
                condition=models.Q(correlation__isnull=False),
                name='event_of_correlation',
            ),
        ),
    ]
