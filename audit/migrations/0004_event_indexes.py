"""Events are found by person, kind and time."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [('audit', '0003_desk')]

    operations = [
        AddIndexConcurrently(
            model_name='event',
            index=models.Index(fields=['tenant', 'recorded_at'], name='event_time'),
        ),
        AddIndexConcurrently(
            model_name='event',
            index=models.Index(condition=models.Q(('actor__startswith', 'user:')), fields=['tenant', 'actor', '-sequence'], name='event_of_person'),
        ),
        AddIndexConcurrently(
            model_name='event',
            index=models.Index(condition=models.Q(('kind__in', ['asked', 'changed', 'connected', 'disconnected', 'failed'])), fields=['tenant', 'kind', '-sequence'], name='event_of_rare_kind'),
        ),
    ]
