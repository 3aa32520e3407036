"""Deliveries are found by the beginning of each of their numbers, and by the last digits of a tracking number."""

import django.contrib.postgres.indexes
import django.db.models.functions
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [('syncjobs', '0019_preview_used')]

    operations = [
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(fields=['tenant', 'warehouse_code', 'state', '-created_at', '-id'], name='delivery_of_warehouse'),
        ),
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(fields=['tenant', 'delivery_number'], name='delivery_number', opclasses=['uuid_ops', 'text_pattern_ops']),
        ),
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(fields=['tenant', 'order_numbers'], name='delivery_order', opclasses=['uuid_ops', 'text_pattern_ops']),
        ),
        AddIndexConcurrently(
            model_name='delivery',
            index=django.contrib.postgres.indexes.GinIndex(models.Func(models.F('order_numbers'), models.Value(', '), function='string_to_array'), name='delivery_orders'),
        ),
        AddIndexConcurrently(
            model_name='parcel',
            index=models.Index(fields=['tenant', 'tracking_number'], name='parcel_number', opclasses=['uuid_ops', 'text_pattern_ops']),
        ),
        AddIndexConcurrently(
            model_name='parcel',
            index=models.Index(models.F('tenant'), django.db.models.functions.Collate(django.db.models.functions.Reverse('tracking_number'), 'C'), name='parcel_number_ending'),
        ),
    ]
