"""Pages of the list cost the same however far one goes back."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [('syncjobs', '0017_desk')]

    operations = [
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(fields=['tenant', '-created_at', '-id'], name='delivery_newest_first'),
        ),
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(fields=['tenant', '-changed_at', '-id'], name='delivery_changed_first'),
        ),
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(fields=['tenant', '-delivery_number', '-id'], name='delivery_by_number'),
        ),
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(fields=['tenant', 'state', '-created_at', '-id'], name='delivery_of_state'),
        ),
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(condition=models.Q(('printed_at', None), ('state__in', ['labelled', 'reported'])), fields=['tenant', '-created_at'], name='delivery_to_print'),
        ),
        AddIndexConcurrently(
            model_name='shipment',
            index=models.Index(fields=['tenant', 'created_at'], name='shipment_newest'),
        ),
        RemoveIndexConcurrently(model_name='delivery', name='delivery_newest'),
    ]
