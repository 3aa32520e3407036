"""The batches taken last at a packing station, found without looking at all."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [('syncjobs', '0022_figures')]

    operations = [
        AddIndexConcurrently(
            model_name='printjob',
            index=models.Index(condition=models.Q(('taken_at__isnull', False)), fields=['tenant', 'station', '-taken_at', '-id'], name='print_job_taken_last'),
        ),
    ]
