"""A label waits at one packing station, not at several."""

from django.db import migrations, models

KEEP_THE_LAST_ASKED = """
DELETE FROM syncjobs_printjob older USING syncjobs_printjob newer
 WHERE older.taken_at IS NULL AND newer.taken_at IS NULL AND older.tenant_id = newer.tenant_id
   AND older.label_id = newer.label_id AND older.id < newer.id
"""


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0024_news")]

    operations = [
        migrations.RunSQL("ALTER TABLE syncjobs_printjob NO FORCE ROW LEVEL SECURITY", migrations.RunSQL.noop),
        migrations.RunSQL(KEEP_THE_LAST_ASKED, migrations.RunSQL.noop),
        migrations.RunSQL("ALTER TABLE syncjobs_printjob FORCE ROW LEVEL SECURITY", migrations.RunSQL.noop),
        migrations.RemoveConstraint(model_name="printjob", name="print_job_open_once"),
        migrations.AddConstraint(
            model_name="printjob",
            constraint=models.UniqueConstraint(
                condition=models.Q(taken_at=None), fields=["tenant", "label"], name="print_job_waits_once"
            ),
        ),
    ]
